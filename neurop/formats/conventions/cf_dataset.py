"""What the variables of a CF data set are: axes, positions, auxiliary data, parameters.

CF conventions 1.11, chapters 3 to 7, https://cfconventions.org.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurop.fields.cf import LEADS, axis_name, irregular, is_position, word
from neurop.formats.content import Coordinate
from neurop.formats.conventions.calendars import decode_times
from neurop.formats.conventions.packing import unpack

if TYPE_CHECKING:
    import xarray as xr

_ABOUT = ("bounds", "grid_mapping", "ancillary_variables", "cell_measures", "climatology")
"""Attributes that name variables about others."""

_NOT_PARAMETERS = ("step", "surface", "height", "altitude", "depth", "expver", "valid_time", "crs")


def line_of(coordinate: xr.DataArray) -> Coordinate:
    """Return the values of a coordinate: unpacked, times decoded."""
    about = coordinate.attrs
    values = unpack(np.asarray(coordinate.values), about)
    return decode_times(values, word(about, "units"), word(about, "calendar"))


def irregular_axes(data: xr.Dataset, axes: dict[str, str]) -> dict[str, str]:
    """Return the axes along which latitude and longitude do not make a grid, with the reason."""
    found: dict[tuple[str, ...], dict[str, str]] = {}
    for name, variable in data.variables.items():
        position = is_position(str(name), variable.attrs)
        over = tuple(axes[str(d)] for d in variable.dims)
        over = tuple(axis for axis in over if axis not in ("time", "sample", "member"))
        if position and over and over != (position,) and variable.dtype.kind in "iuf":
            found.setdefault(over, {})[position] = str(name)
    return irregular(found)


def auxiliary(data: xr.Dataset) -> set[str]:
    """Return the names of variables that describe others: bounds, flags, cell areas, positions."""
    found = {str(n) for n, v in data.variables.items() if is_position(str(n), v.attrs)}
    for variable in data.variables.values():
        for key in _ABOUT:
            text = word(variable.attrs, key) or word(variable.encoding, key)
            found |= {part for part in text.split() if not part.endswith(":")}
        if "formula_terms" in variable.attrs:
            found |= set(word(variable.attrs, "formula_terms").split())
    return found | {str(n) for n, v in data.data_vars.items() if "flag_masks" in v.attrs}


def scalars(data: xr.Dataset) -> dict[str, Any]:
    """Return the scalar variables that are parameters of the file, such as a viscosity."""
    about = auxiliary(data)
    found = {}
    for name, variable in data.variables.items():
        known = str(name) in (*about, *_NOT_PARAMETERS, *LEADS)
        standard = axis_name(str(name), variable.attrs, globe=True)
        if variable.ndim or variable.dtype.kind not in "iuf" or known:
            continue
        if standard not in ("time", "level", "member", "sample", "latitude", "longitude"):
            found[str(name)] = float(unpack(np.asarray(variable.values), variable.attrs))
    return found
