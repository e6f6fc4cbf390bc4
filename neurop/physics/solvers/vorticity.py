"""Two-dimensional incompressible flow in vorticity form on the periodic unit square."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from neurop.physics.operators import dealias_mask, invert, laplacian_symbol, wavenumbers
from neurop.physics.solvers.steppers import ETDRK4, record

_LENGTHS = (1.0, 1.0)


def advection(
    shape: tuple[int, int], dtype: torch.dtype = torch.float64, device: torch.device | None = None
) -> Callable[[Tensor], Tensor]:
    r"""Return the function :math:`\hat\omega \mapsto -\widehat{u\cdot\nabla\omega}`.

    It acts on half spectra (``norm="forward"``).

    .. math:: u\cdot\nabla\omega = (\partial_x^2 - \partial_y^2)(uv) + \partial_x\partial_y(v^2 -
       u^2), \quad
              (u, v) = (\partial_y\psi, -\partial_x\psi), \quad -\Delta\psi = \omega,

    with four transforms instead of the five of the plain forms, and free of aliases: the modes from
    N/3 on are left out.

    References
    ----------
    C. Basdevant, J. Comput. Phys. 50 (1983) 209.
    """
    kx, ky = wavenumbers(shape, _LENGTHS, dtype, device)
    mask = dealias_mask(shape, device)
    inverse = -invert(laplacian_symbol(shape, _LENGTHS, dtype, device)) * mask
    to_u, to_v = 1j * ky * inverse, -1j * kx * inverse
    # Complex although real: torch multiplies tensors of one type faster.
    cross = ((kx**2 - ky**2) * mask).to(to_u.dtype)
    normal = (kx * ky * mask).to(to_u.dtype)

    def apply(vorticity: Tensor) -> Tensor:
        u = torch.fft.irfft2(to_u * vorticity, s=shape, norm="forward")
        v = torch.fft.irfft2(to_v * vorticity, s=shape, norm="forward")
        product = torch.fft.rfft2(u * v, norm="forward")
        difference = torch.fft.rfft2((v - u) * (v + u), norm="forward")
        return torch.addcmul(cross * product, normal, difference)

    return apply


def stable_rate(points: int, peak: float, viscosity: float) -> float:
    r"""Return the steps per unit of time that ETDRK4 needs to be stable.

    .. math:: \tfrac12\, \max_k\, (U k - \nu k^2 / 2), \qquad k \le 2\pi N/3,

    with the largest velocity U; its limit on the imaginary axis is 2.8.

    Parameters
    ----------
    points
        Points N per side.
    peak
        Largest velocity U.
    viscosity
        Viscosity :math:`\nu`.

    Examples
    --------
    >>> round(stable_rate(64, peak=1.0, viscosity=1e-4), 1)
    66.6
    """
    k = min(2 * math.pi * points / 3, peak / viscosity)
    return (peak * k - viscosity * k**2 / 2) / 2


def solve_vorticity(
    start: Tensor,
    forcing: Tensor,
    viscosity: float,
    dt: float,
    substeps: int,
    steps: int,
    shape: tuple[int, int] | None = None,
    closure: Callable[[Tensor], Tensor] | None = None,
    drag: float = 0.0,
) -> Tensor:
    r"""Integrate the vorticity equation with ETDRK4 and record frames.

    .. math:: \partial_t\omega + u\cdot\nabla\omega = \nu\Delta\omega - \alpha\omega + f

    Parameters
    ----------
    start
        Initial vorticity ``(sample, n, m)`` of zero mean; its dtype and device are those of the
        computation.
    forcing
        Forcing f on the grid, ``(n, m)``.
    viscosity
        Viscosity :math:`\nu`.
    dt, substeps
        Time step and number of them between frames.
    steps
        Frames after the first.
    shape
        Grid of the frames: the modes ``|k| < N/2`` of the solution. Default: that of `start`.
    closure
        Further term of the right side as a function of half spectra (``norm="forward"``), such as
        :meth:`neurop.physics.les.smagorinsky.Smagorinsky.on`; treated explicitly.
    drag
        Rate :math:`\alpha` of the linear drag.

    Returns
    -------
    Tensor
        Vorticity ``(sample, steps + 1, *shape)``, with the dtype and device of `start`.

    Examples
    --------
    >>> x = torch.arange(16, dtype=torch.float64) / 16
    >>> w = (2 * torch.pi * x).cos()[:, None] * (2 * torch.pi * x).cos()
    >>> force = torch.zeros_like(w)
    >>> frames = solve_vorticity(w[None], force, 0.01, dt=0.1, substeps=10, steps=1)
    >>> round(float(frames[0, 1, 0, 0]), 6)  # exp(-8 pi^2 viscosity)
    0.454041
    """
    grid = (start.shape[-2], start.shape[-1])
    state = torch.fft.rfft2(start, norm="forward")
    advect = advection(grid, start.dtype, start.device)
    source = torch.fft.rfft2(forcing, norm="forward").to(start.device)
    linear = viscosity * laplacian_symbol(grid, _LENGTHS, start.dtype, start.device) - drag

    def tendency(state: Tensor) -> Tensor:
        explicit = advect(state) + source
        return explicit if closure is None else explicit + closure(state)

    stepper = ETDRK4(linear, tendency, dt, state.dtype)
    return record(partial(stepper.advance, steps=substeps), state, steps, grid, shape)
