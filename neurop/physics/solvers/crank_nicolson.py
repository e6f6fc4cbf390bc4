"""The scheme of the published Navier-Stokes files, for comparison."""

from __future__ import annotations

import torch
from torch import Tensor

from neurop.physics.operators import dealias_mask, invert, laplacian_symbol, wavenumbers
from neurop.physics.solvers.steppers import record

_LENGTHS = (1.0, 1.0)


def crank_nicolson_euler(
    start: Tensor,
    forcing: Tensor,
    viscosity: float,
    dt: float,
    substeps: int,
    steps: int,
    shape: tuple[int, int] | None = None,
) -> Tensor:
    r"""Integrate :math:`\partial_t\omega + u\cdot\nabla\omega = \nu\Delta\omega + f`.

    .. math:: \Big(1 + \frac{dt\,\nu|k|^2}{2}\Big)\,\hat\omega^{n+1} = \Big(1 -
       \frac{dt\,\nu|k|^2}{2}\Big)\,\hat\omega^n
              - dt\,\widehat{u\cdot\nabla\omega}^n + dt\,\hat f

    Crank-Nicolson for the viscosity and forward Euler for the advection, so first order in time.
    The advection is the product of velocity and vorticity gradient on the grid (five transforms a
    step), truncated to the modes below N/3. The paper takes dt = 1e-4 on 256 x 256 points. The
    arguments are those of :func:`neurop.physics.solvers.vorticity.solve_vorticity`.

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
        Grid of the frames: the modes |k| < N/2 of the solution. Default: that of `start`.

    Returns
    -------
    Tensor
        Vorticity ``(sample, steps + 1, *shape)``, with the dtype and device of `start`.

    Examples
    --------
    >>> x = torch.arange(16, dtype=torch.float64) / 16
    >>> w = (2 * torch.pi * x).cos()[:, None] * (2 * torch.pi * x).cos()
    >>> force = torch.zeros_like(w)
    >>> frames = crank_nicolson_euler(w[None], force, 0.01, dt=0.001, substeps=1000, steps=1)
    >>> round(float(frames[0, 1, 0, 0]), 6)  # exp(-8 pi^2 viscosity)
    0.454041

    References
    ----------
    Li et al., Fourier neural operator for parametric PDEs, arXiv:2010.08895, appendix A.3.
    """
    grid = (start.shape[-2], start.shape[-1])
    state = torch.fft.rfft2(start, norm="forward")
    kx, ky = wavenumbers(grid, _LENGTHS, start.dtype, start.device)
    symbol = laplacian_symbol(grid, _LENGTHS, start.dtype, start.device)
    inverse = -invert(symbol)
    to_u, to_v, to_x, to_y = 1j * ky * inverse, -1j * kx * inverse, 1j * kx, 1j * ky
    implicit = 1 / (1 - 0.5 * dt * viscosity * symbol)
    keep = ((1 + 0.5 * dt * viscosity * symbol) * implicit).to(state.dtype)
    source = dt * implicit * torch.fft.rfft2(forcing.to(start), norm="forward")
    advect = (-dt * implicit * dealias_mask(grid, start.device)).to(state.dtype)

    def physical(hat: Tensor) -> Tensor:
        return torch.fft.irfft2(hat, s=grid, norm="forward")

    def advance(state: Tensor) -> Tensor:
        for _ in range(substeps):
            product = physical(to_u * state) * physical(to_x * state)
            product.addcmul_(physical(to_v * state), physical(to_y * state))
            transformed = torch.fft.rfft2(product, norm="forward")
            state = torch.addcmul(source, keep, state).addcmul_(advect, transformed)
        return state

    return record(advance, state, steps, grid, shape)
