"""Standard names of axes by the attributes of their coordinates, and names of levels.

CF conventions 1.11, chapter 4 (coordinate types), https://cfconventions.org.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neurop.fields.standard_names import canonical

if TYPE_CHECKING:
    import xarray as xr

# Forecasts have two times: the start, which distinguishes the samples, and the lead time.
LEADS = ("prediction_timedelta", "step", "lead_time", "lead", "forecast_period")

_NORTH = {"degrees_north", "degree_north", "degree_n", "degrees_n", "degreen", "degreesn"}
_EAST = {"degrees_east", "degree_east", "degree_e", "degrees_e", "degreee", "degreese"}
_PRESSURE = {"pa", "hpa", "kpa", "mb", "mbar", "millibar", "millibars", "bar", "dbar", "decibar"}
_STANDARD = {
    "latitude": "latitude",
    "longitude": "longitude",
    "time": "time",
    "realization": "member",
    "air_pressure": "level",
    "sea_water_pressure": "level",
}
_VERTICAL = ("depth", "deptht", "height", "altitude", "pressure", "olevel", "geopotential_height")


def axis_name(name: str, attributes: Mapping[str, Any], globe: bool = False) -> str:
    """Return the standard name of an axis by the attributes of its coordinate, else by its name.

    Parameters
    ----------
    name, attributes
        Name of the axis, and attributes of its coordinate.
    globe
        Whether the fields also have latitude and longitude: heights and depths are then levels.

    Examples
    --------
    >>> axis_name("g0_lat_1", {"units": "degrees_north"}), axis_name("plev", {"units": "Pa"})
    ('latitude', 'level')
    >>> axis_name("z", {"positive": "up"}), axis_name("z", {"positive": "up"}, globe=True)
    ('z', 'level')
    """
    said = {key: word(attributes, key) for key in ("units", "standard_name", "axis", "positive")}
    unit, standard, axis = (said[key].lower() for key in ("units", "standard_name", "axis"))
    if unit in _NORTH or unit in _EAST:
        return "latitude" if unit in _NORTH else "longitude"
    if standard in _STANDARD:
        return _STANDARD[standard]
    if unit.startswith(("degree", "rad")) and axis in ("x", "y"):
        return "latitude" if axis == "y" else "longitude"
    if " since " in unit or axis == "t":
        return "time"
    vertical = said["positive"].lower() in ("up", "down") or axis == "z"
    vertical |= standard.endswith("_coordinate") or {standard, name.lower()} & {*_VERTICAL} != set()
    if unit in _PRESSURE or (globe and vertical):
        return "level"
    return canonical(name)


def axes_of_dataset(data: xr.Dataset) -> dict[str, str]:
    """Return the standard name of each dimension; the first of two with one name has it."""
    about = {
        str(dim): data[dim].attrs | ({"units": "days since"} if data[dim].dtype.kind == "M" else {})
        if dim in data.coords
        else {}
        for dim in data.dims
    }
    found = [axis_name(name, known) for name, known in about.items()]
    globe = {"latitude", "longitude"} <= set(found)
    lead = next((name for name in LEADS if name in about), None)
    axes: dict[str, str] = {}
    for name, known in about.items():
        standard = axis_name(name, known, globe)
        if lead is not None and (name == lead or standard == "time"):
            standard = "time" if name == lead else "sample"
        axes[name] = name if standard in axes.values() else standard
    return axes


def level_names(values: NDArray[Any], unit: str) -> list[str]:
    """Return the suffixes of levels in ascending order: pressures in hPa, others with their unit.

    Examples
    --------
    >>> level_names(np.array([85000.0, 50000.0]), "Pa"), level_names(np.array([5.0, 10.0]), "m")
    (['500', '850'], ['_5m', '_10m'])
    """
    values, unit = np.sort(np.asarray(values, np.float64)), unit.strip().lower()
    if unit in ("pa", "pascal"):
        values = values / 100
    metres = {"m": "m", "meter": "m", "meters": "m", "metre": "m", "metres": "m", "km": "km"}
    length = metres.get(unit, "")
    return [f"_{v:g}{length}" if length else f"{v:g}" for v in values]


def is_position(name: str, attributes: Mapping[str, Any]) -> str:
    """Return ``latitude`` or ``longitude`` of a variable of positions, ``""`` of others."""
    found = axis_name(name, attributes)
    plain = canonical(name.lower().removeprefix("nav_").removeprefix("x").removeprefix("c"))
    found = found if found in ("latitude", "longitude") else plain
    return found if found in ("latitude", "longitude") else ""


def irregular(found: Mapping[tuple[str, ...], Mapping[str, str]]) -> dict[str, str]:
    """Return the axes along which latitude and longitude do not make a grid, with the reason.

    Parameters
    ----------
    found
        For axes, the variables of ``latitude`` and ``longitude`` that vary over them.

    Examples
    --------
    >>> list(irregular({("cell",): {"latitude": "clat", "longitude": "clon"}}))
    ['cell']
    """
    reasons: dict[str, str] = {}
    for axes, both in found.items():
        if len(both) == 2:
            what = "is curvilinear" if len(axes) > 1 else "is scattered or unstructured"
            reason = (
                f"the grid {what}: {' and '.join(map(repr, both.values()))} vary over "
                f"({', '.join(axes)}); neurop reads regular grids, interpolate the fields to "
                "latitude by longitude first"
            )
            reasons |= dict.fromkeys(axes, reason)
    return reasons


def word(attributes: Mapping[str, Any], key: str) -> str:
    """Return an attribute as text, ``""`` if it is missing."""
    value = np.atleast_1d(np.asarray(attributes.get(key, ""), object)).ravel()
    text = value[0] if len(value) else ""
    return text.decode(errors="replace") if isinstance(text, bytes) else str(text)
