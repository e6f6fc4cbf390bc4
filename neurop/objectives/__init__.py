"""Objectives: the loss that a training minimises."""

from __future__ import annotations

from neurop.registry import Registry

REGISTRY = Registry(
    "objective",
    {
        "crps": "neurop.objectives.crps:Crps",
        "regression": "neurop.objectives.regression:Regression",
    },
    "neurop.objectives",
)
"""Registered name to class."""
