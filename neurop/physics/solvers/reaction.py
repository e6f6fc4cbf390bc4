"""Reaction and diffusion of one or more species on boxes of any dimension."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor

from neurop.errors import InputError, nearest
from neurop.physics.solvers.modes import CosineModes, FourierModes
from neurop.physics.solvers.steppers import ETDRK4

MODES: dict[str, type[FourierModes | CosineModes]] = {
    "periodic": FourierModes,
    "neumann": CosineModes,
}


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


def fitzhugh_nagumo(threshold: float) -> Callable[[Tensor], Tensor]:
    r"""Return the reaction of FitzHugh and Nagumo, of degree 3, on ``(sample, 2, *grid)``.

    .. math:: (u, v) \mapsto (u - u^3 - k - v,\; u - v).

    Examples
    --------
    >>> fitzhugh_nagumo(0.5)(torch.tensor([[2.0, 1.0]])).tolist()
    [[-7.5, 1.0]]
    """

    def apply(state: Tensor) -> Tensor:
        u, v = state.unbind(1)
        return torch.stack([u - u**3 - threshold - v, u - v], 1)

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
    boundary: Literal["periodic", "neumann"] = "periodic",
) -> Tensor:
    r"""Integrate :math:`\partial_t u_i = D_i\Delta u_i + R_i(u)` with ETDRK4 and record frames.

    The modes from N/(degree + 1) on, those of cosines from 2N/(degree + 1) on, are left out, so
    that a polynomial R of this degree is free of aliases: the result is the Galerkin solution in
    the modes below.

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
        Grid of the frames: the modes |k| < N/2 of the solution, or k < N of cosines. Default: that
        of `start`.
    boundary
        ``periodic``, with the left end on the grid, or ``neumann`` for zero normal derivative, on
        the centres of cells.

    Returns
    -------
    Tensor
        ``(sample, steps + 1, species, *shape)``, with the dtype and device of `start`.

    Raises
    ------
    InputError
        For an unknown boundary.

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
    if boundary not in MODES:
        raise InputError.of("boundary", boundary, nearest(boundary, MODES))
    modes = MODES[boundary](grid, length, degree, start)
    state = modes.coefficients(start).flatten(0, 1)
    constants = torch.tensor(diffusion, dtype=start.dtype, device=start.device).repeat(samples)
    linear = constants.reshape(-1, *(1,) * len(grid)) * modes.laplacian

    def react(hat: Tensor) -> Tensor:
        fields = modes.fields(hat).unflatten(0, (samples, species))
        return modes.coefficients(reaction(fields)).flatten(0, 1)

    stepper = ETDRK4(linear, react, dt, state.dtype)
    frames = start.new_empty(samples, steps + 1, species, *(shape or grid))
    for frame in range(steps + 1):
        state = stepper.advance(state, substeps) if frame else state
        frames[:, frame] = modes.fields(state, shape or grid).unflatten(0, (samples, species))
    return frames
