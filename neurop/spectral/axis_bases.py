"""Which basis suits an axis, and how many of its modes a number of points resolves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import count

import torch

from neurop.geometry.axis import Axis
from neurop.geometry.symbolic import is_symbolic
from neurop.spectral.bases import Basis, Cosine, Fourier, Sine
from neurop.spectral.chebyshev import Chebyshev
from neurop.spectral.inputs import one_per_axis


def natural_basis(axis: Axis, modes: int, n: int) -> Basis:
    """Return the basis of the axis's boundary, orthogonal on n points.

    It is Chebyshev at the points of that layout whatever the boundary, else Fourier (periodic),
    sine (dirichlet) or cosine.
    """
    if axis.layout == "chebyshev":
        return Chebyshev(modes)
    if axis.boundary == "periodic":
        return Fourier(modes)
    if axis.boundary == "dirichlet":
        return Sine(modes)
    return Cosine(modes, 0.5 / n if axis.layout == "left" else 0.0)


def padded_bases(
    axes: Sequence[Axis], modes: Sequence[int], padding: float
) -> tuple[Fourier | Chebyshev, ...]:
    """Return the Fourier basis of each axis; axes that are not periodic are padded with zeros.

    An axis of Chebyshev points has Chebyshev polynomials instead, which need no padding: they
    converge for every smooth function, whatever it does at the ends.

    Parameters
    ----------
    axes, modes
        Axes of the grid, and the number of modes of each.
    padding
        Length of the padding, as a fraction of the domain.

    Raises
    ------
    InputError
        If there is not one number of modes per axis.
    """
    one_per_axis(axes, modes)
    return tuple(
        Chebyshev(m)
        if axis.layout == "chebyshev"
        else Fourier(m, 1.0 if axis.boundary == "periodic" else 1.0 + padding)
        for axis, m in zip(axes, modes, strict=True)
    )


def below_nyquist(
    bases: Sequence[Basis], axes: Sequence[Axis], shape: Sequence[int]
) -> tuple[int, ...]:
    """Return the number of modes below the Nyquist frequency of a grid, per axis.

    A size that an exported graph leaves open must resolve all modes of its basis: their number.
    """
    return tuple(
        all_resolved(basis, axis, n) if is_symbolic(n) else basis.resolved(spacing(axis, n))
        for basis, axis, n in zip(bases, axes, shape, strict=True)
    )


def all_resolved(basis: Basis, axis: Axis, n: int) -> int:
    """Return the number of modes of a basis; limit the symbol n to sizes that resolve them all."""
    torch._check(n >= least_points(basis, axis))
    return basis.modes


def least_points(basis: Basis, axis: Axis) -> int:
    """Return the least number of points of an axis that resolves all modes of a basis.

    Examples
    --------
    >>> least_points(Fourier(8), Axis("x"))  # the frequencies 0 to 7
    15
    """
    return next(n for n in count(2) if basis.resolved(spacing(axis, n)) >= basis.modes)


def spacing(axis: Axis, n: int) -> float:
    """Return the distance of neighbouring points in domain lengths.

    For ``gauss`` the mean; for ``chebyshev`` the largest, that in the middle of an even number of
    points, which limits the waves that the points resolve.
    """
    if axis.layout == "chebyshev":
        return math.sin(0.5 * math.pi / (n - 1))
    return 1.0 / (n - 1 if axis.layout == "ends" else n)
