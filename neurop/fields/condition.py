"""What goes into a surrogate and is not predicted: parameters, static fields, forcings, a mask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from neurop.errors import InputError
from neurop.fields.field import Field
from neurop.fields.lazy import Lazy
from neurop.spec import Spec

Role = Literal["parameter", "static", "forcing", "mask"]


@dataclass(frozen=True, eq=False)
class Condition:
    """A known input: a parameter, a static field, a forcing or a mask.

    A parameter is a number per sample, a static field varies over the grid, and a forcing (numbers
    or fields) varies in time and is known ahead, also at the time that is predicted. A mask is a
    static field that is 1 in the cells of the domain and 0 in the others (land, an obstacle), which
    count in no norm.

    Parameters
    ----------
    field
        Name, unit and long name.
    role
        ``parameter``, ``static``, ``forcing`` or ``mask``.
    values
        ``(sample, time, 1, *grid)``. An axis along which it does not vary has length 1: time except
        for a forcing, the grid for a number, the samples where it is the same for all.
    computed
        Name and arguments of its formula, if it is computed
        (:mod:`neurop.fields.computed`); None if it is data.

    Raises
    ------
    InputError
        If the values vary along an axis that the role does not have, or those of a mask are not 0
        and 1.

    Examples
    --------
    >>> numbers = np.array([1e-3, 1e-4]).reshape(2, 1, 1, 1, 1)
    >>> Condition(Field("viscosity", "m2 s-1"), "parameter", numbers).samples(slice(1)).values.shape
    (1, 1, 1, 1, 1)
    >>> solar = Condition(Field("solar", "W m-2"), "forcing", np.ones((1, 8, 1, 16, 32)))
    >>> solar.channels
    ('solar', 'solar at the predicted time')
    """

    field: Field
    role: Role
    values: NDArray[Any] | Lazy
    computed: Spec | None = None

    def __post_init__(self) -> None:
        frames, points = self.values.shape[1], self.values.shape[3:]
        if self.values.ndim < 4 or self.values.shape[2] != 1:
            need = "need (sample, time, 1, *grid)"
            raise InputError.of(self.field.name, tuple(self.values.shape), need)
        if self.role != "forcing" and frames != 1:
            raise InputError.of(
                self.field.name, frames, f"frames of a {self.role}; declare it as a forcing"
            )
        if self.role == "parameter" and max(points) > 1:
            raise InputError.of(
                self.field.name, points, "points of a parameter; declare it as a static field"
            )

        if self.role == "mask" and max(points) > 1:
            array = np.asarray(self.values)
            if (wrong := array[(array != 0) & (array != 1)]).size:
                raise InputError.of(
                    self.field.name, float(wrong[0]), "in a mask; give 1 in the domain, else 0"
                )

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels that it takes in the input of a network."""
        return channels_of(self.field, self.role)

    def samples(self, which: slice) -> Condition:
        """Return the condition of some samples."""
        return self if len(self.values) == 1 else replace(self, values=self.values[which])

    def frames(self, which: slice) -> Condition:
        """Return the condition of some frames."""
        return replace(self, values=self.values[:, which]) if self.role == "forcing" else self

    def loaded(self) -> Condition:
        """Return the condition with its values in memory."""
        return replace(self, values=np.asarray(self.values))

    def at(self, sample: int, frames: slice) -> NDArray[Any]:
        """Return the values of a sample at some frames of a forcing, ``(frames, *grid)``."""
        row = self.values[sample if len(self.values) > 1 else 0, frames]
        return np.asarray(row)[:, 0]


def domain_of(conditions: Sequence[Condition], shape: Sequence[int]) -> NDArray[np.bool_] | None:
    """Return the cells inside the mask among conditions, ``(sample | 1, *grid)``; None without."""
    for one in conditions:
        if one.role == "mask":
            inside = np.asarray(one.values)[:, 0, 0] > 0
            return np.broadcast_to(inside, (len(inside), *shape))
    return None


def channels_of(field: Field, role: str) -> tuple[str, ...]:
    """Return the names of the channels of a condition: two of a forcing, now and next."""
    name = field.name
    return (name, f"{name} at the predicted time") if role == "forcing" else (name,)


def channels_at(
    conditions: Sequence[Condition], sample: int, last: int, steps: int, shape: Sequence[int]
) -> NDArray[np.float32]:
    """Return the conditions of some steps as channels, ``(steps, channel, *grid)``.

    Parameters
    ----------
    conditions
        Conditions of a set, in their order.
    sample
        Index of the sample.
    last
        Index of the last frame that goes into the first step.
    steps
        Number of steps; a forcing is needed up to frame ``last + steps``.
    shape
        Points per axis.

    Raises
    ------
    InputError
        If a forcing ends before the last step.
    """
    columns = []
    for one in conditions:
        if one.role != "forcing":
            columns.append(one.at(sample, slice(0, 1)))
            continue
        known = one.values.shape[1] - 1 - last
        if steps > known:
            remedy = f"the forcing '{one.field.name}' is known for {known} steps; give it for more"
            raise InputError.of("steps", steps, remedy)
        found = one.at(sample, slice(last, last + steps + 1))
        columns += [found[:-1], found[1:]]
    whole = [np.broadcast_to(column, (steps, *shape)) for column in columns]
    return np.stack(whole, axis=1).astype(np.float32, copy=False)
