"""Numbers and names as a reader expects them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

NONE = "–"
"""What stands for a value that does not exist."""
_WORDS = {
    "l2": "L2",
    "rmse": "RMSE",
    "acc": "ACC",
    "crps": "CRPS",
    "nc": "NetCDF",
    "mb": "(MB)",
    "ms": "(ms)",
}


def number(value: Any) -> str:
    """Return a value for a cell of a table: floats with four significant digits, names joined.

    Examples
    --------
    >>> number(0.00123456), number(1234567), number(2.5e-9), number(float("nan")), number([64, 64])
    ('0.001235', '1,234,567', '2.5e-09', '–', '64 × 64')
    >>> number(True), number({"a": 1}), number(["u", "v"])
    ('yes', 'a = 1', 'u, v')
    """
    if value is None:
        return NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        if not math.isfinite(value):
            return NONE
        return f"{value:,.0f}" if value.is_integer() and abs(value) < 1e6 else f"{value:.4g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} = {number(item)}" for key, item in value.items()) or NONE
    if isinstance(value, Sequence) and not isinstance(value, str):
        sizes = value and all(type(item) is int for item in value)
        return (" × " if sizes else ", ").join(number(item) for item in value) or NONE
    return str(value)


def words(name: str) -> str:
    """Return the name of an entry of a JSON file in words.

    Examples
    --------
    >>> words("test/relative_l2_worst"), words("step_ms"), words("correlation_time_0.9")
    ('test relative L2 worst', 'step (ms)', 'correlation time 0.9')
    """
    parts = re.split(r"[_/\s]+", name)
    return " ".join(_WORDS.get(part.lower(), part) for part in parts if part)


def time_text(seconds: Any) -> str:
    """Return seconds in a readable unit.

    Examples
    --------
    >>> time_text(7.25), time_text(444), time_text(9000), time_text(None)
    ('7.25 s', '7 min 24 s', '2 h 30 min', '–')
    """
    if not isinstance(seconds, int | float) or not math.isfinite(seconds):
        return NONE
    if seconds < 120:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 120:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def with_unit(name: Any, unit: Any = "") -> str:
    """Return a name with its unit in brackets; only the name of numbers without unit.

    Examples
    --------
    >>> with_unit("wind_speed", "m s-1"), with_unit("u", "1"), with_unit("lat", "degrees_north")
    ('wind speed (m s⁻¹)', 'u', 'lat (°N)')
    """
    text = str(name).replace("_", " ")
    shown = plain_unit(str(unit or ""))
    return f"{text} ({shown})" if shown else text


def plain_unit(unit: str) -> str:
    """Return a CF unit with raised exponents; empty for numbers without unit."""
    if unit in ("", "1"):
        return ""
    named = {"degrees_north": "°N", "degrees_east": "°E", "degrees": "°"}
    factor = re.sub(r"^1e(-?\d+)\b", lambda m: f"10{m[1].translate(_RAISED)}", unit)
    raised = re.sub(r"(?<=[A-Za-z])\^?(-?\d+)", lambda m: m[1].translate(_RAISED), factor)
    return named.get(unit, raised)


_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
