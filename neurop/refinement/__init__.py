"""Refinement of a trained surrogate: functions that return one which `neurop.fit` trains further.

A method takes a surrogate and its data, and returns a surrogate that has weights to train, on top
of those of the given one, which are frozen. Functions in stages are in
:mod:`neurop.refinement.multistage`, corrections of predictions by their equation in
:mod:`neurop.refinement.spectral`; neither trains the surrogate.
"""

from neurop.refinement.denoising import denoising
from neurop.refinement.specboost import specboost
from neurop.refinement.thermalizer import thermalizer
from neurop.registry import Registry

__all__ = ["REGISTRY", "denoising", "specboost", "thermalizer"]

REGISTRY = Registry(
    "refinement",
    {
        "denoising": "neurop.refinement.denoising:denoising",
        "specboost": "neurop.refinement.specboost:specboost",
        "thermalizer": "neurop.refinement.thermalizer:thermalizer",
    },
    "neurop.refinement",
)
"""Registered name to function."""
