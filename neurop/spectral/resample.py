"""Exact changes of grid, by the functions that belong to the domain."""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch

from torch import Tensor

from neurop.geometry.grid import Grid
from neurop.geometry.sphere import Sphere
from neurop.spectral.bases import natural_basis, spacing
from neurop.spectral.legendre import check_sphere
from neurop.spectral.spherical import analyze_sphere, harmonics_held, synthesize_sphere
from neurop.spectral.transform import analyze, check_target, synthesize

Target = Sequence[int] | Tensor


def resample(x: Tensor, domain: Grid, shape: Target, band: Sequence[int] | None = None) -> Tensor:
    """Change the grid of a field exactly: project on the modes that the grids resolve, evaluate.

    On a flat grid the modes are those of :func:`resample_axes`, on a sphere those of
    :func:`resample_sphere`. A part of a sphere has no harmonics: its modes are those of its axes.

    Parameters
    ----------
    x
        ``(..., *grid)``.
    domain
        The domain of the grid.
    shape
        Number of points per axis of the result, or points ``(P, d)`` as fractions of the domain.
    band
        Number of points per axis of a grid that limits the modes as well.

    Returns
    -------
    Tensor
        ``(..., *shape)``, or ``(..., P)``.

    Raises
    ------
    InputError
        If `shape` or `band` does not have one entry per axis.
    """
    check_target(shape, domain)
    check_target(band or shape, domain)
    made: Tensor = _resampled(domain, x, shape, band)
    return made


def resample_axes(
    x: Tensor, domain: Grid, shape: Target, band: Sequence[int] | None = None
) -> Tensor:
    """Change a flat grid exactly: project on the resolved modes, evaluate on the new grid.

    Each axis uses the basis of its boundary (Fourier, sine, cosine). Only modes strictly below the
    Nyquist frequency of the old grid, of the new grid and of a grid of `band` points are kept, so
    that ``resample_axes(x, domain, x_shape, band)`` is the orthogonal projection on the band of a
    coarser grid.

    Parameters
    ----------
    x
        ``(..., *grid)``.
    domain
        Describes the axes of the grid.
    shape
        Number of points per axis of the result, or points ``(P, d)`` as fractions of the domain.
    band
        Number of points per axis of the grid that limits the band.

    Returns
    -------
    Tensor
        ``(..., *shape)``, or ``(..., P)``.

    Examples
    --------
    >>> import torch
    >>> x = 2 + torch.sin(2 * torch.pi * torch.arange(8) / 8)
    >>> resample_axes(x, Grid.periodic(1), (4,)).round(decimals=4).tolist()
    [2.0, 3.0, 2.0, 1.0]
    """
    d = domain.dimensions
    lead, old = x.shape[:-d], x.shape[-d:]
    bases = [natural_basis(axis, 1, n) for axis, n in zip(domain.axes, old, strict=True)]
    limits = [old, *([] if isinstance(shape, Tensor) else [shape]), *([band] if band else [])]
    modes = [
        max(min(basis.resolved(spacing(axis, n)) for n in sizes), 1)
        for basis, axis, *sizes in zip(bases, domain.axes, *limits, strict=True)
    ]
    coefficients = analyze(x.reshape(-1, *old, 1), bases, modes, domain.axes)
    values = synthesize(coefficients, bases, modes, domain.axes, shape)
    return values.reshape(*lead, *values.shape[1:-1])


def resample_sphere(
    x: Tensor,
    domain: Sphere,
    shape: Target,
    band: Sequence[int] | None = None,
    degrees: int | None = None,
) -> Tensor:
    """Change a grid of the sphere exactly, as a sum of spherical harmonics.

    Unlike waves in latitude and longitude these have one resolution everywhere and no singularity
    at the poles. Kept are the degrees and orders that the old grid, the new grid and a grid of
    `band` points hold; with points instead of a new grid, those of the old grid. A pole is one
    point, whatever its longitude.

    Parameters
    ----------
    x
        ``(..., latitude, longitude)``.
    domain
        The sphere.
    shape
        Latitudes and longitudes of the result, or points ``(P, 2)`` in fractions of the domain.
    band
        Latitudes and longitudes of a grid that limits the harmonics as well.
    degrees
        Largest number of degrees.

    Returns
    -------
    Tensor
        ``(..., *shape)``, or ``(..., P)``.

    Raises
    ------
    InputError
        If the grid does not reach from pole to pole and around the sphere.

    Examples
    --------
    >>> import torch
    >>> latitudes = torch.linspace(90, -90, 5, dtype=torch.float64).deg2rad()
    >>> x = latitudes.sin()[:, None].expand(5, 8)
    >>> points = torch.tensor([[0.0, 0.3], [1 / 3, 0.9]])  # the pole, and 30 degrees north
    >>> resample_sphere(x, Sphere.latlon(), points).round(decimals=6).tolist()
    [1.0, 0.5]
    """
    check_sphere(*domain.axes)
    old = x.shape[-2:]
    limits = [old, *([] if isinstance(shape, Tensor) else [shape]), *([band] if band else [])]
    held, orders = (min(each) for each in zip(*(harmonics_held(domain, n) for n in limits)))
    kept = min(held, degrees or held)
    c = analyze_sphere(x.reshape(-1, *old, 1), domain, kept, min(kept, orders))
    values = synthesize_sphere(c, domain, shape)
    return values.reshape(*x.shape[:-2], *values.shape[1:-1])


@singledispatch
def _resampled(domain: Grid, x: Tensor, shape: Target, band: Sequence[int] | None) -> Tensor:
    return resample_axes(x, domain, shape, band)


@_resampled.register
def _(domain: Sphere, x: Tensor, shape: Target, band: Sequence[int] | None) -> Tensor:
    return (resample_sphere if domain.is_whole else resample_axes)(x, domain, shape, band)
