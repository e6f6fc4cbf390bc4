"""Steady diffusion with a smooth variable coefficient on a periodic box, by Fourier collocation."""

from __future__ import annotations

import torch
from torch import Tensor

from neurop.errors import InputError
from neurop.physics.operators import inverse_laplacian, wavenumbers

MOST_ITERATIONS = 200


def solve_darcy_periodic(
    coefficient: Tensor, source: Tensor, *, tolerance: float = 1e-10
) -> Tensor:
    r"""Solve :math:`-\nabla\cdot(a\nabla u) = f` on the periodic unit box, for u of zero mean.

    .. math:: A u = -\sum_i D_i\,(a\,D_i u)

    with D the spectral derivative and the products at the points of an odd grid, on which A is
    symmetric and has the constants as its kernel. For smooth a and f the error falls faster than
    any power of the spacing. Conjugate gradients with the preconditioner
    :math:`a^{-1/2} (-\Delta)^{-1} a^{-1/2}` (Concus and Golub, SIAM J. Numer. Anal. 10, 1973, page
    1103), whose number of iterations depends on how smooth a is, and hardly on the grid. Each
    sample stops at its own tolerance, so its solution does not depend on the rest of the batch.

    Parameters
    ----------
    coefficient
        Coefficient a > 0, ``(batch, *grid)``: odd numbers of points j/n of the unit box, any number
        of axes.
    source
        Source f, broadcast against `coefficient`; its mean has no effect.
    tolerance
        Bound of the residual's L2 norm relative to that of f.

    Returns
    -------
    Tensor
        Solution u, ``(batch, *grid)``, float64.

    Raises
    ------
    InputError
        If a is not positive and finite, a number of points is even, or 200 iterations do not reach
        the tolerance.

    Examples
    --------
    >>> x = torch.arange(9, dtype=torch.float64) / 9
    >>> u = solve_darcy_periodic(torch.full((1, 9), 2.0), torch.cos(2 * torch.pi * x))
    >>> round(float(u[0, 0] * 8 * torch.pi**2), 6)
    1.0
    """
    a = coefficient.double()
    least, most = a.aminmax()
    if not 0 < float(least) <= float(most) < float("inf"):  # false for a nan too
        given = f"{float(least):g}..{float(most):g}"
        raise InputError.of("coefficient", given, "use values that are positive and finite")
    if even := [n for n in a.shape[1:] if n % 2 == 0]:
        raise InputError.of("points", even[0], "use an odd number of points")
    lengths = (1.0,) * (a.dim() - 1)
    root = a.rsqrt()
    f = source.to(a).expand_as(a)
    residual = _centred(f)
    bound = tolerance * _dot(residual, residual).sqrt()
    u, direction, before = torch.zeros_like(a), torch.zeros_like(a), torch.ones_like(bound)
    for _ in range(MOST_ITERATIONS):
        active = _dot(residual, residual).sqrt() > bound
        if not bool(active.any()):
            return u
        z = _centred(-root * inverse_laplacian(root * residual, lengths))
        now = _dot(residual, z)
        direction = z + torch.where(active, now / before, 0.0) * direction
        image = _diffusion(a, direction)
        step = torch.where(active, now / _dot(direction, image), 0.0)
        u, residual, before = u + step * direction, residual - step * image, now
    remedy = f"{MOST_ITERATIONS} iterations did not reach it; use a smoother coefficient"
    raise InputError.of("tolerance", tolerance, remedy)


def _diffusion(a: Tensor, u: Tensor) -> Tensor:
    """Return A u."""
    grid = tuple(range(1, a.dim()))
    k = wavenumbers(a.shape[1:], (1.0,) * len(grid), device=a.device)
    hat, size = torch.fft.rfftn(u, dim=grid), a.shape[1:]
    flux = (1j * ki * torch.fft.rfftn(a * _back(1j * ki * hat, size, grid), dim=grid) for ki in k)
    return -_back(sum(flux, torch.zeros_like(hat)), size, grid)


def _back(hat: Tensor, size: torch.Size, grid: tuple[int, ...]) -> Tensor:
    return torch.fft.irfftn(hat, s=size, dim=grid)


def _centred(u: Tensor) -> Tensor:
    return u - u.mean(tuple(range(1, u.dim())), keepdim=True)


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).sum(tuple(range(1, a.dim())), keepdim=True)
