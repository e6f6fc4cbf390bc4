"""A condition as a saved surrogate describes it: its role, and its range in training."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from neurop.errors import InputError
from neurop.fields.condition import Condition, Role, channels_of
from neurop.fields.field import Field
from neurop.fields.lazy import blocks
from neurop.fields.units import converted, same_unit
from neurop.spec import Spec

LABELLED = "the dataset"
"""Name in messages of the labelled data of a prediction."""
SLACK = 1e-3
"""Share of the range of a condition by which a value may lie beyond it without a warning."""


@dataclass(frozen=True)
class ConditionRange:
    """Name, unit, role and training range of a condition.

    Parameters
    ----------
    name, unit, long_name
        As of :class:`neurop.fields.field.Field`.
    role
        ``parameter``, ``static``, ``forcing`` or ``mask``.
    low, high
        Smallest and largest value in the training data.
    computed
        Name and arguments of its formula, if it is computed from dates and grid; None if it is
        given with the data.

    Examples
    --------
    >>> ConditionRange("viscosity", "m2 s-1", "", "parameter", 1e-4, 1e-3).channels
    ('viscosity',)
    """

    name: str
    unit: str
    long_name: str
    role: Role
    low: float
    high: float
    computed: Spec | None = None

    @classmethod
    def of(cls, one: Condition) -> ConditionRange:
        """Return the description of a condition of the training set."""
        if one.role == "mask":
            return cls(one.field.name, one.field.unit, one.field.long_name, one.role, 0.0, 1.0)
        parts = [(float(block.min()), float(block.max())) for _, _, block in blocks(one.values)]
        low, high = min(part[0] for part in parts), max(part[1] for part in parts)
        about = (one.field.name, one.field.unit, one.field.long_name, one.role)
        return cls(*about, low, high, one.computed)

    @property
    def field(self) -> Field:
        """Name, unit and long name."""
        return Field(self.name, self.unit, self.long_name)

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels that it takes in the input of a network."""
        return channels_of(self.field, self.role)


def check_conditions(
    expected: Sequence[ConditionRange],
    found: Sequence[Condition],
    where: str,
    dimensions: int,
    numbers: Mapping[str, Any] | None = None,
) -> tuple[Condition, ...]:
    """Return the conditions that a surrogate takes, in its order.

    Parameters
    ----------
    expected
        Those of the training.
    found
        Those of the data at hand; others than the expected are left out.
    where
        Name of the data in messages.
    dimensions
        Number of axes of the grid.
    numbers
        Parameters that are the same for all samples, where they are among them.

    Warns
    -----
    UserWarning
        For values outside the range of the training.

    Raises
    ------
    InputError
        If one is missing, has another role, or a unit that does not convert.
    """
    given = {one.field.name: one for one in found}
    chosen = []
    for known in expected:
        number = (numbers or {}).get(known.name)
        if known.name not in given and known.role == "parameter" and type(number) in (int, float):
            values = np.full((1,) * (3 + dimensions), number)
            given[known.name] = Condition(known.field, "parameter", values)
        if known.name not in given:
            what = f"the surrogate needs the {known.role} '{known.name}' in {known.unit!r}"
            labelled = "give forcing=" if known.role == "forcing" else f"add it to {where}"
            how = labelled if where == LABELLED else "name it in data.conditions"
            raise InputError(
                f"{what}, which is not among the conditions of {where}; {how}", known.name
            )
        one = given[known.name]
        held: Any = one.values
        if not same_unit(one.field.unit, known.unit):
            held = converted(np.asarray(held), one.field.unit, known.unit)
        if one.role != known.role or held is None:
            raise InputError(
                f"'{known.name}' is a {one.role} in {one.field.unit!r} in {where}, and a "
                f"{known.role} in {known.unit!r} to the surrogate; convert it",
                known.name,
                one.role,
            )
        one = replace(one, field=known.field, values=held)
        slack = SLACK * (known.high - known.low)
        found_range = ConditionRange.of(one)
        low, high = found_range.low, found_range.high
        if low < known.low - slack or high > known.high + slack:
            warnings.warn(
                f"{known.role} '{known.name}' is {low:g} to {high:g} in {where}; the surrogate was "
                f"trained on {known.low:g} to {known.high:g}",
                stacklevel=2,
            )
        chosen.append(one)
    return tuple(chosen)
