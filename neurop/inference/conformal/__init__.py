"""Split conformal prediction of fields: error bands with a coverage that is exact for any model."""

from __future__ import annotations

from neurop.registry import Registry

REGISTRY = Registry(
    "guarantee",
    {
        "all_leads": "neurop.inference.conformal.all_leads:AllLeads",
        "everywhere": "neurop.inference.conformal.everywhere:Everywhere",
        "share": "neurop.inference.conformal.share:Share",
    },
    "neurop.guarantees",
)
"""Registered name to class, as used in saved bands."""
