"""One name for what the formats call by many."""

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
    """Return the name that all of neurop uses for an axis.

    Examples
    --------
    >>> canonical("lat"), canonical("pressure_level"), canonical("x")
    ('latitude', 'level', 'x')
    """
    return _ALIASES.get(axis.lower(), axis)
