"""Figures: functions from xarray data to a matplotlib Figure, without global state."""

from neurop.plots.animate import animate
from neurop.plots.bands import bands
from neurop.plots.comparison import comparison
from neurop.plots.cost import cost
from neurop.plots.ensemble import reliability
from neurop.plots.errors import error_by_resolution, error_growth, forecast_skill
from neurop.plots.fields import fields
from neurop.plots.spectra import rollout_spectra, superres_spectra
from neurop.plots.style import save
from neurop.plots.training import loss_curves, read_metrics

__all__ = [
    "animate",
    "bands",
    "comparison",
    "cost",
    "error_by_resolution",
    "error_growth",
    "fields",
    "forecast_skill",
    "loss_curves",
    "read_metrics",
    "reliability",
    "rollout_spectra",
    "save",
    "superres_spectra",
]
