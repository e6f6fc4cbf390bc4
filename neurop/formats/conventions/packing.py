"""Unpack the values of a file by its attributes: scale, offset, fill values and valid range.

CF conventions 1.11, sections 2.5.1 (missing data) and 8.1 (packed data), https://cfconventions.org;
https://docs.unidata.ucar.edu/nug/2.0-draft/nc4-attribute-conventions.html.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurop.errors import InputError

KEYS = (
    "scale_factor",
    "add_offset",
    "_FillValue",
    "missing_value",
    "valid_min",
    "valid_max",
    "valid_range",
    "_Unsigned",
)
"""Attributes that change the stored values."""
STORED = KEYS[2:7]
"""Those that are of the type of the stored values."""

DEFAULT_FILL = {
    "f4": 9.969209968386869e36,
    "f8": 9.969209968386869e36,
    "i2": -32767,
    "i4": -(2**31) + 1,
}
"""Values that the NetCDF library writes where no value was given."""


def unpacked_dtype(dtype: np.dtype[Any], attributes: Mapping[str, Any]) -> np.dtype[Any]:
    """Return the type of the values that :func:`unpack` returns."""
    changed = any(key in attributes for key in KEYS if key != "_Unsigned")
    return np.dtype(np.float64) if dtype.kind in "iu" and changed else dtype


def unpack(values: NDArray[Any], attributes: Mapping[str, Any]) -> NDArray[Any]:
    """Return physical values, NaN where the file marks a value as missing.

    Parameters
    ----------
    values
        Stored values.
    attributes
        Attributes of the variable; those that are not in :data:`KEYS` are ignored.

    Raises
    ------
    InputError
        If one of them is not a number.

    Examples
    --------
    >>> stored = np.array([-32767, 0, 150], np.int16)
    >>> unpack(stored, {"scale_factor": 0.1, "add_offset": 280.0, "_FillValue": -32767})
    array([ nan, 280., 295.])
    >>> unpack(np.array([1.0, -9999.0]), {"valid_min": 0.0})
    array([ 1., nan])
    """
    if values.dtype.kind not in "iuf":
        return values
    if values.dtype.kind == "i" and str(_plain(attributes.get("_Unsigned", ""))).lower() == "true":
        signed, unsigned = values.dtype, np.dtype(values.dtype.str.replace("i", "u"))
        values = values.view(unsigned)
        attributes = {
            key: _unsigned(value, signed, unsigned) if key in STORED else value
            for key, value in attributes.items()
        }
    numbers = {key: _numbers(attributes[key], key) for key in KEYS[:-1] if key in attributes}
    packed = values.dtype.kind in "iu"
    missing = np.zeros(values.shape, bool)
    # A fill value is stored in the type of the values: the decimal -9999.9 is not a float32.
    kind = values.dtype.str[1:]
    default = "scale_factor" in numbers or not packed
    fills = [numbers[key] for key in ("_FillValue", "missing_value") if key in numbers]
    if "_FillValue" not in numbers and default and kind in DEFAULT_FILL:
        fills.append(np.array([DEFAULT_FILL[kind]]))
    for fill in np.concatenate(fills) if fills else ():
        with np.errstate(over="ignore", invalid="ignore"):
            missing |= values == (fill if packed else np.asarray(fill).astype(values.dtype))
    limits = numbers.get("valid_range", np.array([-np.inf, np.inf]))
    low = numbers.get("valid_min", limits[:1])[0]
    high = numbers.get("valid_max", limits[-1:])[0]
    given = next(
        (attributes[k] for k in ("valid_range", "valid_min", "valid_max") if k in attributes), 0
    )
    # Limits of another type than the packed integers are of the physical values.
    physical = packed and np.asarray(given).dtype.kind == "f"
    found = values
    if "scale_factor" in numbers or "add_offset" in numbers:
        scale, offset = (
            numbers.get(k, np.array([d]))[0]
            for k, d in (("scale_factor", 1.0), ("add_offset", 0.0))
        )
        found = values * np.float64(scale) + np.float64(offset)
    if np.isfinite([low, high]).any():
        bounded = found if physical else values
        missing |= (bounded < low) | (bounded > high)
    found = found.astype(unpacked_dtype(values.dtype, attributes), copy=False)
    return np.where(missing, np.array(np.nan, found.dtype), found) if missing.any() else found


def _unsigned(value: Any, signed: np.dtype[Any], unsigned: np.dtype[Any]) -> Any:
    """Return an attribute in the type of values that are stored as another: -1 of a byte is 255."""
    number = np.asarray(value)
    if number.dtype.kind != "i" or not (number < 0).any():
        return value
    return number.astype(signed).view(unsigned)


def _plain(value: Any) -> Any:
    first = np.atleast_1d(np.asarray(value, object)).ravel()[:1]
    one = first[0] if len(first) else ""
    return one.decode() if isinstance(one, bytes) else one


def _numbers(value: Any, key: str) -> NDArray[np.float64]:
    try:
        found = np.atleast_1d(np.asarray(value)).ravel().astype(np.float64)
    except (TypeError, ValueError):
        found = np.empty(0)
    if not len(found):
        raise InputError.of(
            key, _plain(value), "is not a number; correct this attribute of the file"
        )
    return found
