"""What training makes small: a loss on data, or terms that need no data."""

from __future__ import annotations

from neurop.registry import Registry

REGISTRY = Registry(
    "objective",
    {"regression": "neurop.objectives.regression:Regression"},
    "neurop.objectives",
)
"""Registered name to class."""
