"""Units that the user gives for fields of which the file does not define them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from neurop.errors import InputError, nearest
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.fields.units import same_unit


def with_units(data: FieldSet, units: Mapping[str, str]) -> FieldSet:
    """Return a set whose fields, targets and conditions have the units of a mapping by name.

    Raises
    ------
    InputError
        If a name is none of them, or the file has another unit.

    Examples
    --------
    >>> import numpy as np
    >>> from neurop.geometry.grid import Grid
    >>> data = FieldSet(np.zeros((1, 2, 1, 8)), (Field("T", ""),), Grid.periodic(1))
    >>> with_units(data, {"T": "K"}).fields[0].unit
    'K'
    """
    if not units:
        return data
    given = [c.field for c in data.conditions]
    names = [f.name for f in (*data.fields, *data.outputs, *given)]
    for name in units:
        if name not in names:
            remedy = f"the data have no '{name}'; {nearest(name, names)}"
            raise InputError.of("units", dict(units), remedy)

    def set_unit(field: Field) -> Field:
        unit = units.get(field.name)
        if unit is None or field.unit == unit:
            return field
        if field.unit and not same_unit(field.unit, unit):
            remedy = f"{data.source} has '{field.name}' in {field.unit}; leave it out"
            raise InputError.of("units", dict(units), remedy)
        return replace(field, unit=unit)

    return replace(
        data,
        fields=tuple(map(set_unit, data.fields)),
        target_fields=tuple(map(set_unit, data.target_fields)),
        conditions=tuple(replace(c, field=set_unit(c.field)) for c in data.conditions),
    )
