"""Objectives: the loss that a training minimises."""

from __future__ import annotations

from neurop.registry import Registry

REGISTRY = Registry(
    "objective",
    {
        "combined": "neurop.objectives.combined:Combined",
        "crps": "neurop.objectives.crps:Crps",
        "pino": "neurop.objectives.pino:Pino",
        "regression": "neurop.objectives.regression:Regression",
        "residual": "neurop.objectives.residual:Residual",
    },
    "neurop.objectives",
)
"""Registered name to class."""
