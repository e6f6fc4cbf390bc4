"""Sobolev norms by Parseval's identity."""

from __future__ import annotations

import torch
from torch import Tensor

from neurop.errors import InputError
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.spectral.axis_bases import natural_basis, spacing
from neurop.spectral.matrices import analysis_matrix

LEAST, MOST = -2.0, 1.0


def sobolev_square(u: Tensor, grid: Grid, order: float, mean: bool = False) -> Tensor:
    r"""Return the squared Sobolev seminorm of order s of fields ``(..., *grid)``.

    .. math:: |u|_s^2 = \sum_{k \ne 0} |\omega_k|^{2s}\, |\hat u_k|^2, \qquad
       |u|_0^2 = \langle u^2 \rangle

    with :math:`\hat u_k` the coefficients in an orthonormal basis of the mean square, Fourier
    (periodic), sine (dirichlet) or cosine (neumann, open) along each axis, and :math:`\omega_k` the
    angular wavenumbers in the units of the coordinates, :math:`2\pi k / L` along a periodic axis.
    Without `mean` the mean counts at s = 0 alone, where Parseval's sum is the mean square itself;
    modes from the Nyquist frequency on do not count at any other s.

    Parameters
    ----------
    u
        Real fields.
    grid
        Flat grid of the trailing axes.
    order
        Order s, from -2 to 1.
    mean
        Count the mean at every s, with the weight of the longest wave: a norm of all fields, not of
        those of mean 0 alone.

    Returns
    -------
    Tensor
        ``(...)``, in the squared unit of `u` times that of length to the power -2 s.

    Raises
    ------
    InputError
        If the order is out of range, or an axis has no basis of waves.

    Examples
    --------
    >>> x = torch.arange(32, dtype=torch.float64) / 32
    >>> u = torch.cos(2 * torch.pi * 3 * x)
    >>> norm = sobolev_square(u, Grid.periodic(1), -1.0).sqrt() * (6 * torch.pi) * 2**0.5
    >>> round(float(norm), 12)
    1.0
    """
    if not LEAST <= order <= MOST:
        raise InputError.of("order", order, f"give a number from {LEAST:g} to {MOST:g}")
    if grid.geometry != "flat":
        raise InputError.of("grid", grid.geometry, "Sobolev norms need a flat grid")
    shape = u.shape[-grid.dimensions :]
    if order == 0:
        dims = tuple(range(-grid.dimensions, 0))
        return (u.square() * grid.measure(shape, u)).mean(dim=dims)
    square = torch.zeros((), dtype=u.dtype, device=u.device)
    for dim, axis in enumerate(grid.axes, -grid.dimensions):
        u, frequency = _orthonormal(u, dim, axis)
        rest = [1] * (-1 - dim)
        square = square + frequency.square().to(u).view(-1, *rest)
    waves = square > 0
    longest = square[waves].min() ** order if mean and bool(waves.any()) else 0.0
    power = torch.where(waves, torch.where(waves, square, 1.0) ** order, longest)
    return (power * u.square()).sum(dim=tuple(range(-grid.dimensions, 0)))


def _orthonormal(u: Tensor, dim: int, axis: Axis) -> tuple[Tensor, Tensor]:
    """Return the orthonormal coefficients along an axis, and their angular wavenumbers."""
    if axis.layout not in ("left", "ends", "cells"):
        remedy = f"axis {axis.name}: Sobolev norms need equidistant points"
        raise InputError.of("layout", axis.layout, remedy)
    n = u.shape[dim]
    basis = natural_basis(axis, 1, n)
    basis = natural_basis(axis, max(1, basis.resolved(spacing(axis, n))), n)
    matrix = analysis_matrix(basis, basis.modes, axis, n, u.dtype, u.device)
    norms = torch.as_tensor(basis.norms()).sqrt().to(u)
    c = (u.movedim(dim, -1) @ matrix.T) * norms
    omega = torch.as_tensor(basis.waves()[0]) / abs(axis.length)
    return c.movedim(-1, dim), omega
