"""Spectral-Refiner: predictions over space and time, corrected by their equation alone."""

from neurop.refinement.spectral.corrected import Corrected
from neurop.refinement.spectral.refine import Refined, refine

__all__ = ["Corrected", "Refined", "refine"]
