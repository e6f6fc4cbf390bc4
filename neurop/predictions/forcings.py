"""Read the forcings of a prediction from files of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import xarray as xr

from neurop.card import Card
from neurop.errors import InputError, nearest
from neurop.fields.fieldset import FieldSet
from neurop.fields.labelled import in_unit
from neurop.fields.times import Times
from neurop.formats.axes import Order, grid_of
from neurop.formats.choose import ReadOptions
from neurop.formats.conditions import read_conditions
from neurop.formats.content import LEADING, Array, FileContent
from neurop.formats.conventions.calendars import shifted
from neurop.formats.detect import file_content
from neurop.formats.find_files import find_files
from neurop.formats.times import times_of
from neurop.predictions.inputs import Inputs
from neurop.predictions.starting_data import forcing_dataset


def read_forcings(
    given: str | Sequence[str],
    card: Card,
    inputs: Inputs,
    options: ReadOptions | None = None,
) -> xr.Dataset:
    """Return the forcings of a surrogate, along ``time``, from files of any known format.

    Parameters
    ----------
    given
        Path of a file, a pattern, or a list of both. Files with the same forcing follow each other
        in time.
    card
        Description of the surrogate.
    inputs
        Files of the initial frames: an array without names of its axes has theirs, and times that
        are numbers count from the same date.
    options
        Settings of the user.

    Raises
    ------
    InputError
        If the surrogate takes no forcing, a file has none of them, or one cannot be read.
    """
    known = {k.name: k.field for k in card.conditions if k.role == "forcing" and k.computed is None}
    names = list(known)
    if not names:
        raise InputError.of("forcing", given, "the surrogate takes none; leave it out")
    user, parts = options or ReadOptions(), dict[str, list[xr.DataArray]]()
    for path in find_files(given):
        content = file_content(path)
        found = [a for a in content.arrays if a.name.replace("/", "_") in names]
        if not found:
            shown = ", ".join(content.names()[:8]) or "no array"
            remedy = f"has {shown}; the surrogate takes {', '.join(names)}"
            raise InputError.in_file(path, f"{remedy}; {nearest(names[0], content.names())}")
        for array in found:
            made = _one(content, _with_axes(array, inputs.data, path), card, inputs, user)
            name = array.name.replace("/", "_")
            # In the unit of the surrogate, as files may differ in it.
            parts.setdefault(name, []).append(in_unit(made[name], known[name]))
    joined = [_in_time(name, arrays) for name, arrays in parts.items()]
    timed = [one for one in joined if "time" in one.coords]
    if 0 < len(timed) < len(joined):
        untimed = ", ".join(str(one.name) for one in joined if "time" not in one.coords)
        remedy = f"the files of {untimed} have no times, the others have; add times to all"
        raise InputError(f"forcing: {remedy}", "forcing", untimed)
    if not timed:  # all begin at the last input frame
        shortest = min(one.sizes["time"] for one in joined)
        joined = [one.isel(time=slice(shortest)) for one in joined]
    return xr.merge(joined, join="inner", compat="override", combine_attrs="override")


def with_rest(files: xr.Dataset, inputs: xr.Dataset) -> xr.Dataset:
    """Return the forcings of files, and those of the input that the files do not have.

    Raises
    ------
    InputError
        If both are needed and do not have times to align them by.
    """
    rest = inputs.drop_vars([name for name in files.data_vars if name in inputs])
    if not rest.data_vars:
        return files
    if "time" not in rest.coords or "time" not in files.coords:
        missing = ", ".join(map(str, rest.data_vars))
        remedy = f"the files lack {missing}; add it to them, or times to all files"
        raise InputError(f"forcing: {remedy}", "forcing", missing)
    return xr.merge([files, rest], join="inner", combine_attrs="override")


def _with_axes(array: Array, data: FieldSet, path: str) -> Array:
    """Return an array with names of its axes, found by their lengths where it has none."""
    if any(array.axes):
        return array
    samples, axes = len(data), data.grid.names
    known = {("time",): (), ("time", *axes): data.shape}
    known |= {("sample", *names): (samples, *points) for names, points in known.items()}
    fit = [
        names
        for names, sizes in known.items()
        if len(names) == len(array.shape)
        and sizes == tuple(n for n, name in zip(array.shape, names) if name != "time")
    ]
    if len(fit) != 1:
        shown = " or ".join(f"({', '.join(names)})" for names in fit or known)
        remedy = f"'{array.name}' has shape {array.shape} and axes without names: {shown}?"
        raise InputError.in_file(path, f"{remedy} give a file that names them, such as NetCDF")
    return replace(array, axes=fit[0])


def _one(
    content: FileContent, array: Array, card: Card, inputs: Inputs, user: ReadOptions
) -> xr.Dataset:
    """Return one forcing of a file."""
    axes, origin = card.grid.names, str(inputs.data.attributes.get("time_origin", ""))
    if "time" not in array.axes:
        shown = ", ".join(array.axes)
        raise InputError.in_file(
            content.path, f"'{array.name}' has the axes {shown}; a forcing has an axis time"
        )
    content = replace(
        content, arrays=tuple(array if a.name == array.name else a for a in content.arrays)
    )
    sizes = array.sizes()
    spatial = {name: n for name, n in sizes.items() if name not in LEADING}
    orders: dict[str, Order] = {}
    if spatial:
        sides = {"boundary": {a.name: a.boundary for a in card.grid.axes if a.name in spatial}}
        globe = {"latitude", "longitude"} == set(spatial) <= set(content.coordinates)
        grid, orders = grid_of(
            content,
            spatial,
            {option: {} for option in ("length", "layout", "boundary")}
            if globe
            else {"length": {}, "layout": {}, **sides},
        )
        axes = grid.names
    frames = sizes["time"]
    line = content.coordinates.get("time")
    times, order = times_of(line, frames, user.step, content.path)
    counts = {"sample": sizes.get("sample", 1), "time": frames}
    counts |= spatial or dict.fromkeys(axes, 1)
    members = (sizes.get("sample", 1), sizes.get("member", 1))
    read = read_conditions(content, {array.name: "forcing"}, counts, orders, order, members)
    # Without times of its own a forcing begins at the last input frame.
    placed = None if line is None else _counted(times, line, origin)
    made = forcing_dataset(list(read), axes, placed)
    if not array.unit:
        for name in made.data_vars:
            del made[name].attrs["units"]
    return made


def _counted(times: Times, line: object, origin: str) -> Times:
    """Return times that count from a date of the initial frames."""
    own = str(getattr(line, "origin", ""))
    if times.dated or not own or not origin:
        return times
    values = shifted(times.values, times.unit, own, origin)
    if values is None:
        remedy = f"the forcing counts time from {own}, the input from {origin}; convert one"
        raise InputError(remedy, "forcing", own)
    return replace(times, values=np.asarray(values))


def _in_time(name: str, arrays: list[xr.DataArray]) -> xr.DataArray:
    """Return one forcing of several files, sorted by time."""
    if len(arrays) == 1:
        return arrays[0]
    if any("time" not in one.coords for one in arrays):
        remedy = f"'{name}' is in {len(arrays)} files without times; give times, or one file"
        raise InputError("forcing: " + remedy, "forcing", name)
    whole = xr.concat(arrays, "time").sortby("time")
    if (whole.indexes["time"].duplicated()).any():
        raise InputError(f"forcing: '{name}' has a time twice; give each once", "forcing", name)
    return whole
