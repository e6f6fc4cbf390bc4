"""Bring the fields of one file to the order and the units of another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurop.errors import InputError
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.fields.lazy import Lazy
from neurop.fields.units import conversion, same_unit


def like(first: FieldSet, other: FieldSet) -> FieldSet:
    """Return a set with the fields of another in its order, converted to its units.

    Raises
    ------
    InputError
        If fields are missing, or a unit cannot be converted.
    """

    def refuse(field: Field, unit: str) -> InputError:
        return InputError(
            f"{other.source} has '{field.name}' in {unit or 1}, {first.source} in "
            f"{field.unit or 1}; "
            "convert one of them",
            "path",
            other.source,
        )

    conditions = []
    for known in first.conditions:
        found = next((c for c in other.conditions if c.field.name == known.field.name), None)
        if found is not None:
            fields = (known.field,), (found.field,)
            values = _converted(found.values, *fields, refuse)
            conditions.append(replace(found, field=known.field, values=values))
    return replace(
        other,
        values=_converted(other.values, first.fields, other.fields, refuse),
        fields=first.fields,
        targets=None
        if other.targets is None
        else _converted(other.targets, first.target_fields, other.target_fields, refuse),
        target_fields=first.target_fields,
        conditions=tuple(conditions),
    )


def in_units(data: FieldSet, fields: tuple[Field, ...], outputs: tuple[Field, ...]) -> FieldSet:
    """Return the fields of a set in the units of a surrogate.

    Parameters
    ----------
    data
        Set with the names of these fields.
    fields, outputs
        Input and predicted fields of the surrogate.

    Raises
    ------
    InputError
        If a unit cannot be converted.
    """

    def refuse(field: Field, unit: str) -> InputError:
        remedy = f"in '{unit}'; convert the data"
        if not unit:
            remedy = f"of unknown unit; give it, units={{{field.name}: ...}}"
        return InputError(
            f"field '{field.name}': the surrogate works in '{field.unit or 1}', {data.label} is "
            f"{remedy}",
            "unit",
            unit,
        )

    values = _converted(data.values, fields, data.fields, refuse)
    own = tuple(replace(f, unit=known.unit) for f, known in zip(data.fields, fields, strict=True))
    if data.targets is None:
        return replace(data, values=values, fields=own)
    targets = _converted(data.targets, outputs, data.target_fields, refuse)
    pairs = zip(data.target_fields, outputs, strict=True)
    made = tuple(replace(f, unit=known.unit) for f, known in pairs)
    return replace(data, values=values, fields=own, targets=targets, target_fields=made)


def _converted(
    values: NDArray[Any] | Lazy,
    wanted: tuple[Field, ...],
    given: tuple[Field, ...],
    refuse: Callable[[Field, str], InputError],
) -> NDArray[Any] | Lazy:
    names = [field.name for field in given]
    order = [names.index(field.name) for field in wanted]
    pairs = []
    for field, i in zip(wanted, order, strict=True):
        unit = given[i].unit
        # The unit 1 may stand for no unit in the file.
        pair: tuple[float, float] | None = (1.0, 0.0)
        if not same_unit(unit, field.unit):
            unknown = {"", "1"} & {unit, field.unit}
            pair = None if unknown else conversion(unit, field.unit)
        if pair is None:
            raise refuse(field, unit)
        pairs.append(pair)
    factor, offset = np.array(pairs).T
    if order == list(range(len(names))) and not offset.any() and (factor == 1).all():
        return values
    turn = _Turn(values, tuple(order), tuple(factor), tuple(offset))
    if not isinstance(values, Lazy):
        return turn(slice(0, len(values)), slice(0, values.shape[1]))
    return Lazy(turn, values.shape, values.block, f"{values.key} {order} {pairs}")


@dataclass(frozen=True)
class _Turn:
    """Reader of blocks whose channels are reordered and converted in float64."""

    values: NDArray[Any] | Lazy
    order: tuple[int, ...]
    factor: tuple[float, ...]
    offset: tuple[float, ...]

    def __call__(self, samples: slice, frames: slice) -> NDArray[Any]:
        found = np.asarray(self.values[samples, frames], np.float64)[:, :, list(self.order)]
        shape = (-1, *(1,) * (found.ndim - 3))
        factor, offset = (np.reshape(n, shape) for n in (self.factor, self.offset))
        return (found * factor + offset).astype(np.float32)
