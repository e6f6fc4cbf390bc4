"""Standard names of axes, for the different names in the formats."""

from __future__ import annotations

_CANONICAL = {
    "time": ("time", "t", "valid_time"),
    "sample": (
        "sample",
        "samples",
        "run",
        "runs",
        "case",
        "cases",
        "trajectory",
        "trajectories",
        "batch",
        "simulation",
        "simulations",
        "sim",
        "experiment",
        "initial_time",
        "init_time",
        "forecast_reference_time",
    ),
    "member": (
        "member",
        "members",
        "number",
        "realization",
        "realisation",
        "ensemble",
        "ensemble_member",
        "ens",
    ),
    "channel": ("channel", "channels", "variable", "component"),
    "level": (
        "level",
        "levels",
        "pressure_level",
        "isobaricInhPa",
        "isobaric",
        "plev",
        "lev",
        "ilev",
    ),
    "latitude": ("latitude", "lat"),
    "longitude": ("longitude", "lon", "long"),
}
_ALIASES = {alias.lower(): name for name, aliases in _CANONICAL.items() for alias in aliases}

_LETTERS = "x y z r t i j k u v s"
_WORDS = "x0 y0 z0 x1 x2 x3 nx ny nz xi eta zeta xc yc zc radius theta phi row column space"
GRID = frozenset(f"{_LETTERS} {_WORDS} height width depth latitude longitude".split())
"""Names of axes of a grid that are known without a coordinate."""


def canonical(axis: str) -> str:
    """Return the standard name of an axis.

    Examples
    --------
    >>> canonical("lat"), canonical("pressure_level"), canonical("x"), canonical("run")
    ('latitude', 'level', 'x', 'sample')
    """
    return _ALIASES.get(axis.lower(), axis)
