"""Conditions that are computed from the dates of the frames and the grid, and never stored."""

from __future__ import annotations

from neurop.registry import Registry

REGISTRY = Registry(
    "computed condition",
    {
        "day_of_year": "neurop.fields.computed.day_of_year:DayOfYear",
        "latlon": "neurop.fields.computed.latlon:LatLon",
        "solar": "neurop.fields.computed.solar:Solar",
        "time_of_day": "neurop.fields.computed.time_of_day:TimeOfDay",
    },
    "neurop.computed",
)
"""Registered name to class, as used in settings and in saved surrogates."""
