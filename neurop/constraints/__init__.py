"""What a prediction is held to, whatever the network says; a list of them is part of a
surrogate.
"""

from __future__ import annotations

from neurop.registry import Registry

REGISTRY = Registry(
    "constraint",
    {
        "band_limit": "neurop.constraints.band_limit:BandLimit",
        "max_deviation": "neurop.constraints.max_deviation:MaxDeviation",
        "means": "neurop.constraints.means:Means",
        "positivity": "neurop.constraints.positivity:Positivity",
    },
    "neurop.constraints",
)
"""Registered name to class: a saved surrogate names its constraints by this."""
