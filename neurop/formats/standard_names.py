"""Standard names of axes, for the different names in the formats."""

from __future__ import annotations

_CANONICAL = {
    "time": ("time", "t", "valid_time"),
    "sample": (
        "sample",
        "samples",
        "number",
        "member",
        "realization",
        "ensemble",
        "trajectory",
        "batch",
    ),
    "channel": ("channel", "channels", "variable", "component"),
    "level": ("level", "pressure_level", "isobaricInhPa", "plev"),
    "latitude": ("latitude", "lat"),
    "longitude": ("longitude", "lon", "long"),
}
_ALIASES = {alias.lower(): name for name, aliases in _CANONICAL.items() for alias in aliases}


def canonical(axis: str) -> str:
    """Return the standard name of an axis.

    Examples
    --------
    >>> canonical("lat"), canonical("pressure_level"), canonical("x")
    ('latitude', 'level', 'x')
    """
    return _ALIASES.get(axis.lower(), axis)
