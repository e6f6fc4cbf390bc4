"""Training under Lightning: batches, steps (single and unrolled), schedule, callbacks."""

from neurop.training.batches import Batches
from neurop.training.callbacks import Timer, averaging, checkpoints, progress
from neurop.training.callbacks.spectral_bound import SpectralNormBound
from neurop.training.estimate import Estimate, Preflight, estimate
from neurop.training.module import Operator
from neurop.training.online import Online
from neurop.training.preflight import check_checkpoint, check_modes, check_optimizer, fewer_modes
from neurop.training.schedule import warmup_cosine
from neurop.training.stability import Stability
from neurop.training.warm_start import load_weights

__all__ = [
    "Batches",
    "Estimate",
    "Online",
    "Operator",
    "Preflight",
    "SpectralNormBound",
    "Stability",
    "Timer",
    "averaging",
    "check_checkpoint",
    "check_modes",
    "check_optimizer",
    "checkpoints",
    "estimate",
    "fewer_modes",
    "load_weights",
    "progress",
    "warmup_cosine",
]
