"""How good a surrogate is: on its test set, on finer grids, over many steps. Each evaluation
returns an xarray.Dataset.
"""

from neurop.evaluation.floor import truncation_floor
from neurop.evaluation.rollout import rollout
from neurop.evaluation.score import score
from neurop.evaluation.superres import example, superres
from neurop.metrics.spectra import power_spectrum, spectrum_error

__all__ = [
    "example",
    "power_spectrum",
    "rollout",
    "score",
    "spectrum_error",
    "superres",
    "truncation_floor",
]
