"""Rotations and reflections of a square or a cube: permutations of the axes, with signs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations, product

import numpy as np

from neurop.errors import InputError
from neurop.geometry.grid import Grid


@dataclass(frozen=True)
class SignedPermutation:
    r"""Orthogonal map that exchanges and reverses axes, :math:`(g x)_i = s_i\, x_{p_i}`.

    Parameters
    ----------
    axes
        Axis :math:`p_i` that becomes axis i.
    signs
        Sign :math:`s_i` of each, 1 or -1.

    Examples
    --------
    >>> quarter = SignedPermutation((1, 0), (-1, 1))
    >>> quarter.of("x", "y"), quarter.determinant, (quarter @ quarter).of("x", "y")
    ('(-y, x)', 1, '(-x, -y)')
    """

    axes: tuple[int, ...]
    signs: tuple[int, ...]

    def __matmul__(self, other: SignedPermutation) -> SignedPermutation:
        """Return the map that applies `other` first."""
        axes = tuple(other.axes[p] for p in self.axes)
        signs = tuple(s * other.signs[p] for s, p in zip(self.signs, self.axes, strict=True))
        return SignedPermutation(axes, signs)

    @property
    def inverse(self) -> SignedPermutation:
        """The inverse map."""
        axes = tuple(self.axes.index(i) for i in range(len(self.axes)))
        return SignedPermutation(axes, tuple(self.signs[i] for i in axes))

    @property
    def determinant(self) -> int:
        """1 of a rotation, -1 of a reflection."""
        return round(float(np.linalg.det(np.array(self.matrix))))

    @property
    def matrix(self) -> tuple[tuple[int, ...], ...]:
        """Rows of the matrix of the map."""
        rows = zip(self.signs, self.axes, strict=True)
        return tuple(tuple(s * (p == j) for j in range(len(self.axes))) for s, p in rows)

    def of(self, *names: str) -> str:
        """Return the image of a point of these coordinates, in words."""
        parts = zip(self.signs, self.axes, strict=True)
        return f"({', '.join(('-' if s < 0 else '') + names[p] for s, p in parts)})"


def symmetries(dimensions: int) -> tuple[SignedPermutation, ...]:
    """Return the rotations, then the reflections, of a cube; the identity is first.

    Examples
    --------
    >>> [len(symmetries(d)) for d in (1, 2, 3)]
    [2, 8, 48]
    """
    found = [
        SignedPermutation(axes, signs)
        for axes in permutations(range(dimensions))
        for signs in product((1, -1), repeat=dimensions)
    ]
    return tuple(sorted(found, key=lambda g: -g.determinant))


def check_cube(grid: Grid) -> None:
    """Raise InputError unless rotations and reflections map the domain and its points to itself.

    Parameters
    ----------
    grid
        Grid, for as many points along each axis.
    """
    axes, names = grid.axes, ", ".join(grid.names)
    if len({(axis.boundary, axis.layout, abs(axis.length)) for axis in axes}) > 1:
        remedy = "axes of equal length, boundary and layout of points are needed"
        raise InputError.of("domain", names, remedy)
    if axes[0].layout == "left" and axes[0].boundary != "periodic":
        remedy = "points on one end of an axis alone are no image of themselves; use both or none"
        raise InputError.of("domain", names, remedy)


def quotients(group: Sequence[SignedPermutation]) -> tuple[tuple[int, ...], ...]:
    """Return where :math:`g^{-1} h` is in a group, one row for each g.

    Examples
    --------
    >>> quotients(symmetries(1))
    ((0, 1), (1, 0))
    """
    place = {g: i for i, g in enumerate(group)}
    return tuple(tuple(place[g.inverse @ h] for h in group) for g in group)
