"""What a file holds, in the words that all formats share: named arrays with named axes, read
when asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurop.geometry.grid import Grid

LEADING = ("sample", "time", "channel", "level")
"""Axes with a meaning of their own; every other is one of the grid's. Each entry of ``channel``
and ``level`` is a channel.
"""


@dataclass(frozen=True)
class Array:
    """One array of a file.

    Parameters
    ----------
    name
        Its name in the file.
    axes
        Name of each axis, in stored order: those of :data:`LEADING`, ``latitude`` and ``longitude``
        mean the same in all formats; ``""`` where the file does not say.
    shape, dtype
        Of the values that `fetch` returns.
    fetch
        From one slice per axis, of step 1, to the values. It can be pickled and keeps no open file.
    unit, long_name
        As the file says, in CF spelling.
    labels
        Names of the entries of the axis ``channel``, where there is one.
    chunks
        Sizes that are read together, where the file is chunked.
    """

    name: str
    axes: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fetch: Callable[[tuple[slice, ...]], NDArray[Any]]
    unit: str = ""
    long_name: str = ""
    labels: tuple[str, ...] = ()
    chunks: tuple[int, ...] | None = None

    def sizes(self) -> dict[str, int]:
        """Return the length of each axis by its name."""
        return dict(zip(self.axes, self.shape, strict=True))

    def values(self) -> NDArray[Any]:
        """Return all values."""
        return self.fetch(tuple(slice(0, n) for n in self.shape))


@dataclass(frozen=True)
class Coordinate:
    """Coordinate of one axis: numbers or ``datetime64``, and their unit."""

    values: NDArray[Any]
    unit: str = ""


@dataclass(frozen=True)
class FileContent:
    """What a file holds.

    Parameters
    ----------
    format
        Name of the format, for people.
    path
        The file.
    arrays
        All arrays of numbers.
    lines
        Coordinates per axis name.
    boundary, layout
        Per axis of the grid, where the format says: see :class:`neurop.geometry.axis.Axis`.
    input, target
        Names of the arrays that the learning task of the format takes and predicts; no target for
        an evolution in time. Empty where the format has no task.
    attributes
        Parameters that describe the fields (viscosity, ...), plain values.
    facts
        What else the file says of itself, for people.
    grid
        The exact grid, where the file has it.
    """

    format: str
    path: str
    arrays: tuple[Array, ...]
    lines: Mapping[str, Coordinate] = field(default_factory=dict)
    boundary: Mapping[str, str] = field(default_factory=dict)
    layout: Mapping[str, str] = field(default_factory=dict)
    input: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    grid: Grid | None = None

    def names(self) -> list[str]:
        """Return the names of the arrays."""
        return [array.name for array in self.arrays]

    def array(self, name: str) -> Array:
        """Return one array by its name; KeyError if there is none."""
        return {array.name: array for array in self.arrays}[name]


def in_memory(name: str, axes: tuple[str, ...], values: NDArray[Any], **more: Any) -> Array:
    """Return an array whose values are in memory already.

    Examples
    --------
    >>> in_memory("u", ("x",), np.arange(3.0)).fetch((slice(1, 3),))
    array([1., 2.])
    """
    return Array(name, axes, values.shape, values.dtype, values.__getitem__, **more)
