"""Evaluations of a surrogate: one step, forecasts, rollouts, super-resolution, comparisons.

Each returns an ``xarray.Dataset``.
"""

from neurop.evaluation.calibrate import calibrate
from neurop.evaluation.compare import compare, errors_of
from neurop.evaluation.coverage import coverage
from neurop.evaluation.ensemble import ensemble
from neurop.evaluation.floor import truncation_floor
from neurop.evaluation.lagged import Lagged
from neurop.evaluation.perturbation import Perturbation
from neurop.evaluation.probabilistic import probabilistic
from neurop.evaluation.rollout import rollout
from neurop.evaluation.rollout_bands import with_bands
from neurop.evaluation.score import score
from neurop.evaluation.superres import example, superres
from neurop.evaluation.white_noise import WhiteNoise
from neurop.metrics.spectra import power_spectrum, spectrum_error

__all__ = [
    "Lagged",
    "Perturbation",
    "WhiteNoise",
    "calibrate",
    "compare",
    "coverage",
    "ensemble",
    "errors_of",
    "example",
    "power_spectrum",
    "probabilistic",
    "rollout",
    "score",
    "spectrum_error",
    "superres",
    "truncation_floor",
    "with_bands",
]
