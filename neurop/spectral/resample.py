"""Exact changes of grid, by the basis functions of the domain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import singledispatch

from torch import Tensor

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.geometry.sphere import Sphere
from neurop.geometry.symbolic import is_symbolic
from neurop.spectral.axis_bases import all_resolved, natural_basis, spacing
from neurop.spectral.bases import Basis
from neurop.spectral.legendre import check_sphere
from neurop.spectral.spherical import analyze_sphere, harmonics_resolved, synthesize_sphere
from neurop.spectral.transform import analyze, check_target, synthesize

Target = Sequence[int] | Tensor


def resample(x: Tensor, domain: Grid, shape: Target, band: Sequence[int] | None = None) -> Tensor:
    """Change the grid of a field exactly: project on the modes that the grids resolve, evaluate.

    On a flat grid the modes are those of :func:`resample_axes`, on a sphere those of
    :func:`resample_sphere`. A part of a sphere has no harmonics: its modes are those of its axes.

    Parameters
    ----------
    x
        Field ``(..., *grid)``.
    domain
        Domain of the grid.
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
    values: Tensor = _resample(domain, x, shape, band)
    return values


def resample_axes(
    x: Tensor, domain: Grid, shape: Target, band: Sequence[int] | None = None
) -> Tensor:
    """Change a flat grid exactly: project on the resolved modes, evaluate on the new grid.

    Each axis uses the basis of its boundary (Fourier, sine, cosine) or of its points (Chebyshev).
    Only modes strictly below the Nyquist frequency of the old grid, of the new grid and of a grid
    of `band` points are retained, so that ``resample_axes(x, domain, x_shape, band)`` is the
    projection on the band of a coarser grid: orthogonal, except along Chebyshev points, where it
    cuts the interpolating polynomial to as many terms as the coarser grid has points.

    Parameters
    ----------
    x
        Field ``(..., *grid)``.
    domain
        Domain of the grid.
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
        _common(basis, axis, sizes)
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

    Unlike waves in latitude and longitude, spherical harmonics have a uniform resolution and no
    singularity at the poles. The retained degrees and orders are those that the old grid, the new
    grid and a grid of `band` points resolve; with points instead of a new grid, those of the old
    grid. All longitudes of a pole are one point.

    Parameters
    ----------
    x
        Field ``(..., latitude, longitude)``.
    domain
        Sphere, from pole to pole.
    shape
        Numbers of latitudes and longitudes of the result, or points ``(P, 2)`` as fractions of the
        domain.
    band
        Numbers of latitudes and longitudes of a grid that limits the harmonics as well.
    degrees
        Largest number of degrees.

    Returns
    -------
    Tensor
        ``(..., *shape)``, or ``(..., P)``.

    Raises
    ------
    InputError
        If the grid does not extend from pole to pole and around the sphere.

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
    resolved, orders = (min(each) for each in zip(*(harmonics_resolved(domain, n) for n in limits)))
    degrees = min(resolved, degrees or resolved)
    c = analyze_sphere(x.reshape(-1, *old, 1), domain, degrees, min(degrees, orders))
    values = synthesize_sphere(c, domain, shape)
    return values.reshape(*x.shape[:-2], *values.shape[1:-1])


def _common(basis: Basis, axis: Axis, sizes: Sequence[int]) -> int:
    """Return the number of modes that all sizes resolve; open sizes must resolve the others'."""
    known = [n for n in sizes if not is_symbolic(n)]
    modes = max(min(basis.resolved(spacing(axis, n)) for n in known), 1)
    for n in sizes:
        if is_symbolic(n):
            all_resolved(replace(basis, modes=modes), axis, n)
    return modes


@singledispatch
def _resample(domain: Grid, x: Tensor, shape: Target, band: Sequence[int] | None) -> Tensor:
    return resample_axes(x, domain, shape, band)


@_resample.register
def _(domain: Sphere, x: Tensor, shape: Target, band: Sequence[int] | None) -> Tensor:
    return (resample_sphere if domain.is_whole else resample_axes)(x, domain, shape, band)
