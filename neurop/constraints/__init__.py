"""Constraints: conditions that a surrogate enforces on every prediction of its network."""

from __future__ import annotations

from neurop.registry import Registry

REGISTRY = Registry(
    "constraint",
    {
        "band_limit": "neurop.constraints.band_limit:BandLimit",
        "boundary_values": "neurop.constraints.boundary_values:BoundaryValues",
        "initial_value": "neurop.constraints.initial_value:InitialValue",
        "max_deviation": "neurop.constraints.max_deviation:MaxDeviation",
        "means": "neurop.constraints.means:Means",
        "positivity": "neurop.constraints.positivity:Positivity",
    },
    "neurop.constraints",
)
"""Registered name to class, as used in saved surrogates."""
