"""Scalar equations with convection u u_x and a linear Fourier symbol, on a periodic interval."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from neurop.physics.operators import dealias_mask, wavenumbers
from neurop.physics.solvers.steppers import ETDRK4, record


def burgers_symbol(points: int, viscosity: float, length: float = 1.0) -> Tensor:
    r"""Return :math:`-\nu k^2`, the symbol of the viscous term of the Burgers equation.

    Examples
    --------
    >>> burgers_symbol(4, 0.5, length=6.283185307179586).tolist()
    [-0.0, -0.5, -2.0]
    """
    return -viscosity * _squares(points, length)


def kuramoto_sivashinsky_symbol(points: int, length: float) -> Tensor:
    r"""Return :math:`k^2 - k^4`, the linear part of :math:`u_t + (u^2/2)_x + u_{xx} + u_{xxxx}=0`.

    Waves longer than :math:`2\pi` grow, the fastest at :math:`k = 1/\sqrt2` with the rate 1/4.

    Examples
    --------
    >>> kuramoto_sivashinsky_symbol(4, length=6.283185307179586).tolist()
    [0.0, 0.0, -12.0]
    """
    square = _squares(points, length)
    return square - square.square()


def solve_convection(
    start: Tensor,
    linear: Tensor,
    length: float,
    dt: float,
    substeps: int,
    steps: int,
    points: int | None = None,
) -> Tensor:
    r"""Integrate :math:`\partial_t u + \partial_x(u^2/2) = L u` with ETDRK4 and record frames.

    The square is free of aliases: the modes from N/3 on are left out of it. The mean of u does not
    change if L(0) = 0.

    Parameters
    ----------
    start
        Initial field ``(sample, n)``; its dtype and device are those of the computation.
    linear
        Symbol of L over the half spectrum, ``(n // 2 + 1,)``.
    length
        Length of the interval.
    dt, substeps
        Time step and number of them between frames.
    steps
        Frames after the first.
    points
        Points of the frames, which contain the modes |k| < points/2 of the solution. Default: n.

    Returns
    -------
    Tensor
        ``(sample, steps + 1, points)``, with the dtype and device of `start`.

    Examples
    --------
    >>> x = torch.arange(32, dtype=torch.float64) / 32
    >>> u = 1 + 1e-9 * torch.sin(2 * torch.pi * x)  # a small wave travels with the mean and decays
    >>> linear = burgers_symbol(32, 0.01)
    >>> frames = solve_convection(u[None], linear, 1.0, dt=0.01, substeps=100, steps=1)
    >>> round(float((frames[0, 1] - 1).max() * 1e9), 3)
    0.674

    References
    ----------
    Kassam and Trefethen, SIAM J. Sci. Comput. 26 (2005) 1214, section 3, for both equations.
    """
    n = start.shape[-1]
    (k,) = wavenumbers((n,), (length,), start.dtype, start.device)
    flux = -0.5j * k * dealias_mask((n,), start.device)

    def convection(state: Tensor) -> Tensor:
        return flux * torch.fft.rfft(
            torch.fft.irfft(state, n=n, norm="forward").square_(), norm="forward"
        )

    state = torch.fft.rfft(start, norm="forward")
    stepper = ETDRK4(linear.to(start.device, start.dtype), convection, dt, state.dtype)
    return record(partial(stepper.advance, steps=substeps), state, steps, (n,), (points or n,))


def _squares(points: int, length: float) -> Tensor:
    return (2.0 * torch.pi / length * torch.arange(points // 2 + 1, dtype=torch.float64)).square()
