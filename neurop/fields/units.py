"""Compare and convert units that are spelled differently in different files.

CF conventions 1.11, section 3.1 (units), https://cfconventions.org; The International System of
Units, 9th edition, doi:10.59161/AUEZ1291.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Of each unit its factor, then its powers of metre, kilogram, second, kelvin, mole, ampere.
_Unit = tuple[float, tuple[int, ...]]

_UNITS: dict[str, _Unit] = {
    "m": (1.0, (1, 0, 0, 0, 0, 0)),
    "g": (1e-3, (0, 1, 0, 0, 0, 0)),
    "s": (1.0, (0, 0, 1, 0, 0, 0)),
    "K": (1.0, (0, 0, 0, 1, 0, 0)),
    "mol": (1.0, (0, 0, 0, 0, 1, 0)),
    "A": (1.0, (0, 0, 0, 0, 0, 1)),
    "Hz": (1.0, (0, 0, -1, 0, 0, 0)),
    "N": (1.0, (1, 1, -2, 0, 0, 0)),
    "Pa": (1.0, (-1, 1, -2, 0, 0, 0)),
    "bar": (1e5, (-1, 1, -2, 0, 0, 0)),
    "J": (1.0, (2, 1, -2, 0, 0, 0)),
    "W": (1.0, (2, 1, -3, 0, 0, 0)),
    "V": (1.0, (2, 1, -3, 0, 0, -1)),
    "l": (1e-3, (3, 0, 0, 0, 0, 0)),
}
_FIXED: dict[str, _Unit] = {
    "1": (1.0, (0,) * 6),
    "%": (0.01, (0,) * 6),
    "min": (60.0, _UNITS["s"][1]),
    "h": (3600.0, _UNITS["s"][1]),
    "d": (86400.0, _UNITS["s"][1]),
}
_PREFIXES = {"": 1.0, "n": 1e-9, "u": 1e-6, "m": 1e-3, "c": 1e-2, "d": 0.1, "h": 1e2, "k": 1e3}
_PREFIXES |= {"M": 1e6, "G": 1e9, "da": 10.0}
_WORDS = {
    "percent": "%",
    "radian": "1",
    "radians": "1",
    "rad": "1",
    "second": "s",
    "seconds": "s",
    "sec": "s",
    "minute": "min",
    "minutes": "min",
    "hour": "h",
    "hours": "h",
    "hr": "h",
    "day": "d",
    "days": "d",
    "meter": "m",
    "meters": "m",
    "metre": "m",
    "metres": "m",
    "kelvin": "K",
    "pascal": "Pa",
    "pascals": "Pa",
    "millibar": "hPa",
    "millibars": "hPa",
    "mb": "hPa",
    "mbar": "hPa",
    "degrees_kelvin": "K",
    "degk": "K",
    "degree_kelvin": "K",
    "dimensionless": "1",
    "none": "1",
}
_CELSIUS = {"degc", "deg_c", "celsius", "degree_celsius", "degrees_celsius", "degree_c", "°c"}
_FAHRENHEIT = {"degf", "deg_f", "fahrenheit", "degree_fahrenheit", "degrees_fahrenheit", "°f"}
_PART = re.compile(r"([A-Za-zµ%°_]+)(?:\*\*|\^)?([+-]?\d+)?|(\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)")


def conversion(unit: str, to: str) -> tuple[float, float] | None:
    """Return factor and offset that convert numbers of one unit to another; None if unknown.

    Examples
    --------
    >>> conversion("degC", "K"), conversion("m s**-1", "m/s"), conversion("hPa", "Pa")
    ((1.0, 273.15), (1.0, 0.0), (100.0, 0.0))
    >>> conversion("K", "Pa") is None
    True
    """
    if unit.strip() == to.strip():
        return 1.0, 0.0
    one, two = _temperature(unit), _temperature(to)
    if one and two:
        return one[0] / two[0], (one[1] - two[1]) / two[0]
    first, second = _parsed(unit), _parsed(to)
    if first is None or second is None or first[1] != second[1]:
        return None
    return first[0] / second[0], 0.0


def converted(values: NDArray[Any], unit: str, to: str) -> NDArray[Any] | None:
    """Return numbers of one unit in another, computed in float64; None if they do not convert.

    Equal units that are spelled differently leave the numbers as they are. As the unit 1 may stand
    for an unknown one, nothing is scaled to or from it.

    Examples
    --------
    >>> converted(np.array([0.0, 20.0]), "degC", "K"), converted(np.ones(1), "K", "Pa")
    (array([273.15, 293.15]), None)
    """
    pair = conversion(unit, to)
    if pair == (1.0, 0.0):
        return values
    if pair is None or "1" in (unit.strip(), to.strip()):
        return None
    made = np.asarray(values, np.float64) * pair[0] + pair[1]
    return made.astype(values.dtype) if values.dtype.kind == "f" else made


def same_unit(unit: str, other: str) -> bool:
    """Return whether two units are one, spelled in two ways; no unit may be spelled ``1``.

    Examples
    --------
    >>> same_unit("m s**-1", "m/s"), same_unit("", "1"), same_unit("hPa", "Pa")
    (True, True, False)
    """
    return conversion(unit or "1", other or "1") == (1.0, 0.0)


def _temperature(unit: str) -> tuple[float, float] | None:
    """Return factor and offset to kelvin of a unit of temperature."""
    plain = unit.strip().lower()
    if plain in _CELSIUS:
        return 1.0, 273.15
    if plain in _FAHRENHEIT:
        return 5 / 9, 273.15 - 32 * 5 / 9
    return (1.0, 0.0) if _parsed(unit) == _UNITS["K"] else None


def _parsed(unit: str) -> _Unit | None:
    """Return factor and powers of a product of units; None if a part is unknown."""
    text = unit.strip().replace("·", " ").replace("²", "2").replace("³", "3")
    factor, powers, sign, at = 1.0, [0] * 6, 1, 0
    if not text:
        return None
    while at < len(text):
        if text[at] in " .*/":
            sign = -1 if text[at] == "/" else sign
            at += 1
            continue
        found = _PART.match(text, at)
        if found is None:
            return None
        at = found.end()
        if found[3]:
            factor *= float(found[3]) ** sign
        elif (one := _named(found[1])) is None:
            return None
        else:
            power = sign * int(found[2] or 1)
            factor *= one[0] ** power
            powers = [p + power * q for p, q in zip(powers, one[1], strict=True)]
        sign = 1
    return factor, tuple(powers)


def _named(name: str) -> _Unit | None:
    name = _WORDS.get(name.lower(), name.replace("µ", "u"))
    if name in _FIXED:
        return _FIXED[name]
    for prefix, size in _PREFIXES.items():
        unit = _UNITS.get(name[len(prefix) :]) if name.startswith(prefix) else None
        if unit is not None:
            return size * unit[0], unit[1]
    return None
