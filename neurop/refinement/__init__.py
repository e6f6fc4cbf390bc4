"""Refinement of a trained surrogate: functions that return one which `neurop.fit` trains further.

A method takes a surrogate and its data, and returns a surrogate with the same predictions that has
weights to train; those of the given one are frozen. Functions in stages are in
:mod:`neurop.refinement.multistage`, corrections of predictions by their equation in
:mod:`neurop.refinement.spectral`; neither trains the surrogate.
"""

from neurop.refinement.specboost import specboost
from neurop.registry import Registry

__all__ = ["REGISTRY", "specboost"]

REGISTRY = Registry(
    "refinement", {"specboost": "neurop.refinement.specboost:specboost"}, "neurop.refinement"
)
"""Registered name to function."""
