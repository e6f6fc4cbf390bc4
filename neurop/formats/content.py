"""Content of a file in terms common to all formats: named arrays with named axes, read lazily."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurop.geometry.grid import Grid
from neurop.memory import check_fits

LEADING = ("sample", "member", "time", "channel", "level")
"""Reserved axes; every other axis belongs to the grid. Each entry of ``channel`` and ``level`` is
a channel; the members of an ensemble are samples.
"""


@dataclass(frozen=True)
class Array:
    """One array of a file.

    Parameters
    ----------
    name
        Name in the file.
    axes
        Name of each axis, in stored order: those of :data:`LEADING`, ``latitude`` and ``longitude``
        have the same meaning in all formats; ``""`` for an axis without a name.
    shape, dtype
        Shape and type of the values that `fetch` returns.
    fetch
        Function from one slice per axis, of step 1, to the values. It can be pickled and keeps no
        open file.
    unit, long_name
        Unit and long name in the file, in CF spelling.
    labels
        Names of the entries of the axis ``channel``, if there is one.
    chunks
        Sizes of a chunk, if the file is chunked.
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

    @property
    def problem(self) -> str:
        """Reason why the values cannot be used, such as parts never written; ``""`` if none."""
        return str(getattr(self.fetch, "problem", ""))

    @property
    def nbytes(self) -> int:
        """Number of bytes of all values in memory."""
        return math.prod(self.shape) * self.dtype.itemsize

    def sizes(self) -> dict[str, int]:
        """Return the length of each axis by its name."""
        return dict(zip(self.axes, self.shape, strict=True))

    def values(self) -> NDArray[Any]:
        """Return all values; raise InputError if they are more than the memory can take."""
        check_fits(f"'{self.name}'", self.nbytes, "use a part of the array, or a coarser grid")
        return self.fetch(tuple(slice(0, n) for n in self.shape))


@dataclass(frozen=True)
class Coordinate:
    """Coordinate of one axis.

    Parameters
    ----------
    values
        Numbers or ``datetime64``.
    unit
        Unit of numbers.
    origin
        Date and calendar from which numbers count a time, such as ``2001-01-01 noleap``.
    """

    values: NDArray[Any]
    unit: str = ""
    origin: str = ""


@dataclass(frozen=True)
class Task:
    """Learning task of a format.

    Parameters
    ----------
    input, target
        Names of the input and the predicted arrays; no target for an evolution in time. Empty if
        the format has no task.
    conditions
        Names of the arrays that go in and are not predicted.
    """

    input: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Metadata:
    """Metadata of a file.

    Parameters
    ----------
    parameters
        Parameters that describe the fields (viscosity, ...), plain values.
    facts
        Other metadata, as text for reports.
    irregular
        Axes whose points are not those of a grid, with the reason.
    """

    parameters: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    irregular: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FileContent:
    """Content of a file.

    Parameters
    ----------
    format
        Name of the format, for reports.
    path
        Path of the file.
    arrays
        All arrays of numbers.
    coordinates
        Coordinates per axis name.
    boundary, layout
        Boundary and layout per grid axis, if the format defines them: see
        :class:`neurop.geometry.axis.Axis`.
    task
        Learning task of the format.
    metadata
        Parameters of the fields and other metadata.
    grid
        Exact grid, if the file records it.
    """

    format: str
    path: str
    arrays: tuple[Array, ...]
    coordinates: Mapping[str, Coordinate] = field(default_factory=dict)
    boundary: Mapping[str, str] = field(default_factory=dict)
    layout: Mapping[str, str] = field(default_factory=dict)
    task: Task = Task()
    metadata: Metadata = Metadata()
    grid: Grid | None = None

    @property
    def irregular(self) -> Mapping[str, str]:
        """Axes whose points are not those of a grid, with the reason."""
        return self.metadata.irregular

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
