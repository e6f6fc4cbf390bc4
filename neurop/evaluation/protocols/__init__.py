"""Checks of a surrogate besides its scores, one class each, and the registry of their names."""

from __future__ import annotations

from neurop.registry import Registry

REGISTRY = Registry(
    "protocol",
    {
        "convergence": "neurop.evaluation.protocols.convergence:Convergence",
        "equivariance": "neurop.evaluation.protocols.equivariance:Equivariance",
    },
    "neurop.protocols",
)
"""Registered name to class."""
