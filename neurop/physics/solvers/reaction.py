"""Reaction and diffusion of one or more species on periodic boxes of any dimension."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor

from neurop.physics.operators import dealias_mask, laplacian_symbol
from neurop.physics.solvers.steppers import ETDRK4, record


def fisher(rate: float) -> Callable[[Tensor], Tensor]:
    r"""Return the reaction :math:`u \mapsto \rho\,u(1 - u)` of Fisher's equation, of degree 2.

    Examples
    --------
    >>> fisher(4.0)(torch.tensor([0.0, 0.5, 1.0])).tolist()
    [0.0, 1.0, 0.0]
    """
    return lambda u: rate * u * (1 - u)


def gray_scott(feed: float, kill: float) -> Callable[[Tensor], Tensor]:
    r"""Return the reaction of Gray and Scott, of degree 3, on ``(sample, 2, *grid)``.

    .. math:: (A, B) \mapsto (-AB^2 + f(1 - A),\; AB^2 - (f + k)B).

    Examples
    --------
    >>> gray_scott(0.03, 0.06)(torch.tensor([[1.0, 0.0]])).tolist()  # at rest
    [[0.0, 0.0]]
    """

    def apply(state: Tensor) -> Tensor:
        a, b = state.unbind(1)
        product = a * b * b
        return torch.stack([feed * (1 - a) - product, product - (feed + kill) * b], 1)

    return apply


def solve_reaction(
    start: Tensor,
    reaction: Callable[[Tensor], Tensor],
    degree: int,
    diffusion: Sequence[float],
    length: float,
    dt: float,
    substeps: int,
    steps: int,
    shape: Sequence[int] | None = None,
) -> Tensor:
    r"""Integrate :math:`\partial_t u_i = D_i\Delta u_i + R_i(u)` with ETDRK4 and record frames.

    The modes from N/(degree + 1) on are left out, so that a polynomial R of this degree is free of
    aliases: the result is the Galerkin solution in the modes below.

    Parameters
    ----------
    start
        Initial fields ``(sample, species, *grid)``; their dtype and device are those of the
        computation.
    reaction
        R, from the fields to a tensor of their shape.
    degree
        Degree of R.
    diffusion
        Constants :math:`D_i`, one per species.
    length
        Side of the box.
    dt, substeps
        Time step and number of them between frames.
    steps
        Frames after the first.
    shape
        Grid of the frames: the modes |k| < N/2 of the solution. Default: that of `start`.

    Returns
    -------
    Tensor
        ``(sample, steps + 1, species, *shape)``, with the dtype and device of `start`.

    Examples
    --------
    >>> half = torch.full((1, 1, 8), 0.5, dtype=torch.float64)  # then 1 / (1 + exp(-t))
    >>> frames = solve_reaction(half, fisher(1.0), 2, [0.1], 1.0, dt=0.05, substeps=20, steps=1)
    >>> round(float(frames[0, 1, 0, 0]), 6)
    0.731059

    References
    ----------
    Kassam and Trefethen, SIAM J. Sci. Comput. 26 (2005) 1214.
    """
    samples, species, *grid = start.shape
    lengths, axes = (length,) * len(grid), tuple(range(-len(grid), 0))
    mask = dealias_mask(grid, start.device, degree)
    state = torch.fft.rfftn(start, dim=axes, norm="forward").mul_(mask).flatten(0, 1)
    symbol = laplacian_symbol(grid, lengths, start.dtype, start.device)
    constants = torch.tensor(diffusion, dtype=start.dtype, device=start.device).repeat(samples)
    linear = constants.reshape(-1, *(1,) * len(grid)) * symbol

    def react(hat: Tensor) -> Tensor:
        fields = torch.fft.irfftn(hat, s=grid, dim=axes, norm="forward")
        made = reaction(fields.unflatten(0, (samples, species))).flatten(0, 1)
        return torch.fft.rfftn(made, dim=axes, norm="forward").mul_(mask)

    stepper = ETDRK4(linear, react, dt, state.dtype)
    frames = record(partial(stepper.advance, steps=substeps), state, steps, grid, shape)
    return frames.unflatten(0, (samples, species)).transpose(1, 2)
