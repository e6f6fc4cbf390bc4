"""The base class of computed conditions, and the conditions of a set that are computed."""

from __future__ import annotations

import hashlib
import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from neurop.errors import InputError
from neurop.fields.computed import REGISTRY
from neurop.fields.condition import Condition
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.fields.lazy import Lazy
from neurop.fields.times import Times
from neurop.geometry.grid import Grid
from neurop.geometry.sphere import Sphere
from neurop.plain_values import check_values
from neurop.spec import Spec

Given = str | Mapping[str, Any] | Spec
"""A registered name, or a name with arguments."""
BLOCK = 2**22
"""Bytes of the frames that are computed at once."""


class Computed(ABC):
    """A condition that is a function of the date and of the position on the sphere.

    A subclass is a frozen dataclass whose arguments are plain values, with the attributes below.
    Dates are UTC in the (proleptic) Gregorian calendar, with its leap years; other calendars have
    no ``datetime64`` and are refused.

    Attributes
    ----------
    fields
        Name, unit and long name of each value.
    role
        ``forcing`` if it varies in time, else ``static``.
    on_sphere
        Whether it varies over the sphere, so that the grid needs latitudes and longitudes.
    """

    fields: ClassVar[tuple[Field, ...]]
    role: ClassVar[Literal["static", "forcing"]]
    on_sphere: ClassVar[bool]

    @abstractmethod
    def values(
        self,
        dates: NDArray[np.datetime64],
        latitude: NDArray[np.float64],
        longitude: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Return the values, ``(field, time, *grid)``; axes without variation have length 1.

        Parameters
        ----------
        dates
            Dates of the frames; one of any value for a static field.
        latitude, longitude
            Coordinates in radians, ``(latitude, 1)`` and ``(longitude,)``; zeros of one point where
            the grid is no sphere.
        """


@dataclass(frozen=True)
class _Reader:
    """Reader of the frames of one field of a computed forcing."""

    made: Computed
    index: int
    dates: NDArray[np.datetime64]
    places: tuple[NDArray[np.float64], NDArray[np.float64]]
    axes: int

    def __call__(self, samples: slice, frames: slice) -> NDArray[np.float64]:
        found = self.made.values(self.dates[frames], *self.places)[self.index]
        points = found.shape[1:] if self.made.on_sphere else (1,) * self.axes
        return found.reshape(1, len(found), 1, *points)


def computed_conditions(
    given: Given | Iterable[Given],
    times: Times | None,
    grid: Grid,
    shape: Sequence[int],
    where: str = "the data",
) -> tuple[Condition, ...]:
    """Return computed conditions; forcings are evaluated frame by frame when they are read.

    Parameters
    ----------
    given
        Registered names (``solar``, ``time_of_day``, ``day_of_year``, ``latlon``), or specs.
    times
        Dates of the frames; None is enough for static fields.
    grid, shape
        Grid, and its points per axis.
    where
        Name of the data in messages.

    Raises
    ------
    InputError
        If a name is unknown, an argument is wrong, the frames have no dates, or the grid has no
        latitude and longitude.

    Examples
    --------
    >>> noon = Times(np.array(["2026-06-21T12:00", "2026-06-21T18:00"], "datetime64[ns]"))
    >>> (one,) = computed_conditions("solar", noon, Sphere.latlon(), (3, 4))
    >>> np.asarray(one.values)[0, :, 0, 0, 0].round()  # north pole
    array([524., 524.], dtype=float32)
    """
    listed = [given] if isinstance(given, str | Mapping | Spec) else given
    return tuple(
        one for each in listed for one in _conditions(Spec.of(each), times, grid, shape, where)
    )


def _conditions(
    spec: Spec, times: Times | None, grid: Grid, shape: Sequence[int], where: str
) -> list[Condition]:
    check_values(REGISTRY.get(spec.name), spec.arguments, "computed")
    made: Computed = REGISTRY.create(spec)
    spec = REGISTRY.spec_of(made)  # with the default arguments
    if made.on_sphere and not isinstance(grid, Sphere):
        remedy = f"needs latitude and longitude; {where} has the axes {', '.join(grid.names)}"
        raise InputError.of("computed", spec.name, remedy)
    dates = np.zeros(1, "datetime64[s]")
    if made.role == "forcing":
        if times is None or times.values.dtype.kind != "M":
            remedy = f"is computed from dates, which {where} lacks; give the times as datetime64"
            raise InputError.of("computed", spec.name, remedy)
        dates = times.values
    places = np.zeros((1, 1)), np.zeros(1)
    if isinstance(grid, Sphere):
        places = grid.latitudes(shape[0])[:, None], grid.longitudes(shape[1])
    found = []
    for index, field in enumerate(made.fields):
        read = _Reader(made, index, dates, places, grid.dimensions)
        points = tuple(shape) if made.on_sphere else (1,) * grid.dimensions
        key = (
            f"computed {spec} {index} {grid} {points} {hashlib.sha256(dates.tobytes()).hexdigest()}"
        )
        frames = max(1, BLOCK // (4 * math.prod(points)))
        lazy = Lazy(read, (1, len(dates), 1, *points), (1, frames), key)
        values = lazy if made.role == "forcing" else np.asarray(lazy)
        found.append(Condition(field, made.role, values, spec))
    return found


def with_computed(data: FieldSet, given: Given | Iterable[Given]) -> FieldSet:
    """Return a set with computed conditions after its own; see :func:`computed_conditions`."""
    more = computed_conditions(given, data.times, data.grid, data.shape, data.label)
    return replace(data, conditions=(*data.conditions, *more))


def recomputed(
    known: Iterable[Spec | None], times: Times | None, grid: Grid, shape: Sequence[int], where: str
) -> tuple[Condition, ...]:
    """Return the conditions of some specs, each once; None stands for one that is not computed."""
    specs: list[Spec] = []
    for spec in known:
        if spec is not None and spec not in specs:
            specs.append(spec)
    return computed_conditions(specs, times, grid, shape, where)


def up_to(data: FieldSet, frames: int) -> tuple[Condition, ...]:
    """Return the conditions of a set, its computed forcings for at least so many frames."""
    times = data.times
    if times is None or frames <= len(times):
        return data.conditions
    longer = replace(times, values=times.values[0] + np.arange(frames) * times.step)
    specs = (c.computed for c in data.conditions if c.role == "forcing")
    found = {c.field: c for c in recomputed(specs, longer, data.grid, data.shape, data.label)}
    return tuple(found.get(c.field, c) if c.computed else c for c in data.conditions)
