"""Read the forcings of a prediction from files of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import xarray as xr

from neurop.card import Card
from neurop.errors import InputError, nearest
from neurop.fields.times import Times
from neurop.formats.axes import grid_of
from neurop.formats.choose import ReadOptions
from neurop.formats.conditions import read_conditions
from neurop.formats.content import LEADING, Array, FileContent
from neurop.formats.conventions.calendars import shifted
from neurop.formats.detect import file_content
from neurop.formats.find_files import find_files
from neurop.formats.start import forcing_dataset
from neurop.formats.times import times_of


def read_forcings(
    given: str | Sequence[str], card: Card, options: ReadOptions | None = None, origin: str = ""
) -> xr.Dataset:
    """Return the forcings of a surrogate, along ``time``, from files of any known format.

    Parameters
    ----------
    given
        Path of a file, a pattern, or a list of both. Files with the same forcing follow each other
        in time.
    card
        Description of the surrogate.
    options
        Settings of the user.
    origin
        Date and calendar from which the numbers of the initial frames count time, as in
        :class:`neurop.formats.content.Coordinate`.

    Raises
    ------
    InputError
        If the surrogate takes no forcing, a file has none of them, or one cannot be read.
    """
    names = [k.name for k in card.conditions if k.role == "forcing" and k.computed is None]
    if not names:
        raise InputError.of("forcing", given, "the surrogate takes none; leave it out")
    parts: dict[str, list[xr.DataArray]] = {}
    for path in find_files(given):
        content = file_content(path)
        found = [a for a in content.arrays if a.name.replace("/", "_") in names]
        if not found:
            known = ", ".join(content.names()[:8]) or "no array"
            remedy = f"has {known}; the surrogate takes {', '.join(names)}"
            raise InputError.in_file(path, f"{remedy}; {nearest(names[0], content.names())}")
        for array in found:
            made = _one(content, array, card, options or ReadOptions(), origin)
            name = array.name.replace("/", "_")
            parts.setdefault(name, []).append(made[name])
    joined = [_in_time(name, arrays) for name, arrays in parts.items()]
    return xr.merge(joined, join="inner", compat="override", combine_attrs="drop")


def _one(
    content: FileContent, array: Array, card: Card, user: ReadOptions, origin: str
) -> xr.Dataset:
    """Return one forcing of a file."""
    axes = card.grid.names
    if not any(array.axes):
        shapes = {1: ("time",), 1 + len(axes): ("time", *axes), 2: ("sample", "time")}
        array = replace(array, axes=shapes.get(len(array.shape), array.axes))
    if "time" not in array.axes:
        shown = ", ".join(a or "?" for a in array.axes)
        raise InputError.in_file(
            content.path, f"'{array.name}' has the axes {shown}; a forcing has an axis time"
        )
    content = replace(
        content, arrays=tuple(array if a.name == array.name else a for a in content.arrays)
    )
    sizes = array.sizes()
    spatial = {name: n for name, n in sizes.items() if name not in LEADING}
    orders = {}
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
    placed = line is not None or user.step is not None
    made = forcing_dataset(list(read), axes, _counted(times, line, origin) if placed else None)
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
