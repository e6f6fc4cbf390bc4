"""Read the files that a prediction starts from, by the description of the surrogate."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import xarray as xr

from neurop.card import Card
from neurop.errors import InputError
from neurop.fields.condition import Role
from neurop.fields.fieldset import FieldSet
from neurop.formats.assemble import assemble_inputs, fields_of
from neurop.formats.axes import GLOBE
from neurop.formats.choose import ReadOptions, canonical_axis
from neurop.formats.concatenate import concatenate
from neurop.formats.conditions import ConditionNames
from neurop.formats.content import LEADING, Array, FileContent
from neurop.formats.detect import file_content
from neurop.formats.find_files import find_files
from neurop.formats.readers.arrays import one_name
from neurop.formats.readers.netcdf import opened


@dataclass(frozen=True, eq=False)
class Inputs:
    """Input fields of files, with the names of the surrogate.

    Parameters
    ----------
    data
        Fields and conditions; the values stay in the files.
    located
        Axes, and ``time``, whose coordinates the files define.
    files
        Paths of the files.
    sampled
        Whether the files have an axis of samples or members, or are samples.
    header
        The first file as it is stored, without values, if it is NetCDF or Zarr.
    """

    data: FieldSet
    located: frozenset[str]
    files: tuple[str, ...]
    sampled: bool
    header: xr.Dataset | None = None


def read_inputs(
    given: str | Sequence[str], card: Card, options: ReadOptions | None = None
) -> Inputs:
    """Read the input fields of a surrogate from files of any format that training reads.

    What the surrogate knows need not be given: the names of fields and conditions, and of an axis
    without coordinates its boundary and extent.

    Parameters
    ----------
    given
        Path of a file, a pattern, or a list of both.
    card
        Description of the surrogate.
    options
        Settings of the user, which come first.

    Raises
    ------
    InputError
        If a file cannot be read, or lacks an input field.
    """
    files, user = find_files(given), options or ReadOptions()
    parts, located, sampled, header = [], {"time", *card.grid.names}, False, None
    for content in one_name([file_content(path) for path in files]):
        arrays = _chosen(content, card, user)
        whole = {a.name: a for a in content.arrays} | {a.name: a for a in arrays}
        content = replace(content, arrays=tuple(whole.values()))
        sides = _extent(content, arrays[0], card, user)
        own = replace(
            user,
            input=tuple(a.name for a in arrays),
            target=(),
            axes=(),
            conditions=_roles(content, card),
            boundary=sides["boundary"],
            length=sides["length"],
            layout=sides["layout"],
        )
        parts.append(_named(assemble_inputs(content, own, card.is_state), card))
        sampled |= any({"sample", "member"} & {*a.axes} for a in arrays)
        if header is None and content.format.startswith(("NetCDF", "Zarr")):
            header = opened(content.path)
        located &= {*content.coordinates, *(content.grid.names if content.grid else ())}
    if user.step is not None:
        located.add("time")
    data = concatenate(parts, lazy=True)
    for known in card.conditions:
        base = known.name.removeprefix("1-")
        if known.role == "mask" and base in {c.field.name for c in data.conditions}:
            data = ConditionNames(mask=known.name).masked(data)
    sampled |= len(data) > 1
    return Inputs(data, frozenset(located), tuple(files), sampled, header)


def _chosen(content: FileContent, card: Card, user: ReadOptions) -> list[Array]:
    """Return the arrays of the input fields, with the names of their axes."""
    arrays = {a.name: _with_axes(a, card, user) for a in content.arrays}
    wanted = {field.name for field in card.inputs if not field.diagnostic}
    named = [arrays[name.strip("/")] for name in user.input if name.strip("/") in arrays]
    fit = [a for a in arrays.values() if wanted & {f.name for f in fields_of([a], content)}]
    if len(named) == len(user.input) > 0:
        found = named
    elif wanted <= {f.name for f in fields_of(fit, content)}:
        found = fit
    else:
        # Files without names of fields: their only array, or the input of the format's task.
        known = list(arrays) if len(arrays) == 1 else content.task.input
        found = [arrays[name] for name in known]
        if len(fields_of(found, content)) != len(wanted) or not found:
            raise InputError(
                f"{content.path}: has {', '.join(content.names()[:8]) or 'no array'}; the "
                f"surrogate needs {', '.join(sorted(wanted))}; name the arrays by input",
                "input",
                sorted(wanted),
            )
    for array in found:
        axes = {a for a in map(canonical_axis, array.axes) if a not in LEADING}
        if "" not in axes and axes != set(card.grid.names):
            raise InputError(
                f"{content.path}: '{array.name}' has the axes {', '.join(array.axes)}; the "
                f"surrogate is on {', '.join(card.grid.names)}; name them in the file's order",
                "axes",
                list(array.axes),
            )
    return found


def _with_axes(array: Array, card: Card, user: ReadOptions) -> Array:
    """Return an array with axes named by the user, or by the grid if it has no other axes."""
    if len(user.axes) == len(array.shape):
        return replace(array, axes=tuple(map(canonical_axis, user.axes)))
    if not any(array.axes) and len(array.shape) == card.grid.dimensions:
        return replace(array, axes=card.grid.names)
    return array


def _extent(
    content: FileContent, array: Array, card: Card, user: ReadOptions
) -> dict[str, dict[str, Any]]:
    """Return boundary, length and layout per axis, those of the surrogate if nothing gives them."""
    spatial = [a for a in map(canonical_axis, array.axes) if a not in LEADING]
    given = user.per_axis(spatial)
    globe = set(spatial) == set(GLOBE) <= set(content.coordinates)
    if not any(given.values()) and (content.grid is not None or globe):
        return {option: {} for option in given}
    own = {axis.name: axis for axis in card.grid.axes if axis.name in spatial}
    loose = {name: axis for name, axis in own.items() if name not in content.coordinates}
    return {
        "boundary": {n: a.boundary for n, a in own.items()} | dict(given["boundary"]),
        "length": {n: a.length for n, a in loose.items()} | dict(given["length"]),
        "layout": {n: a.layout for n, a in own.items()} | dict(given["layout"]),
    }


def _roles(content: FileContent, card: Card) -> dict[str, Role]:
    """Return the roles of the arrays with conditions of a surrogate."""
    found: dict[str, Role] = {}
    for known in card.conditions:
        name = known.name.removeprefix("1-") if known.role == "mask" else known.name
        for array in content.arrays if known.computed is None else ():
            own = array.name.replace("/", "_")
            columns = {own, *array.labels} if len(array.shape) < 2 or array.labels else {own}
            if len(array.shape) == 2 and known.role == "parameter":
                columns |= {f"{own}{i}" for i in range(array.shape[1])}
            if name in columns:
                found[array.name] = known.role
    return found


def _named(made: FieldSet, card: Card) -> FieldSet:
    """Return fields with the names of the surrogate; those without a unit are in its units."""
    expected = [field for field in card.inputs if not field.diagnostic]
    own = [field.name for field in made.fields]
    units = {field.name: field.unit for field in expected}
    if not set(units) <= set(own):
        if len(own) != len(expected):
            raise InputError(
                f"{made.source}: the arrays hold {', '.join(own)}; the surrogate needs "
                f"{', '.join(units)}",
                "input",
                own,
            )
        if len(own) > 1:
            pairs = ", ".join(f"{a} as {b}" for a, b in zip(own, units, strict=True))
            warnings.warn(f"{made.source}: fields are taken in their order: {pairs}", stacklevel=2)
        own = list(units)
    fields = []
    for name, field in zip(own, made.fields, strict=True):
        unit = field.unit
        if unit in ("", "1") and units.get(name, "1") not in ("", "1"):
            unit = units[name]
            warnings.warn(
                f"{made.source} has no unit for '{name}'; it is taken to be in {unit}",
                stacklevel=2,
            )
        fields.append(replace(field, name=name, unit=unit))
    return replace(made, fields=tuple(fields))
