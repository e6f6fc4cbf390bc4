"""Training under Lightning: batches, steps (single and unrolled), schedule, callbacks."""

from neurop.training.batches import Batches
from neurop.training.callbacks import Clock, averaging, checkpoints, progress
from neurop.training.estimate import Estimate, Preflight, estimate
from neurop.training.gain import Gain
from neurop.training.module import Operator
from neurop.training.online import Online
from neurop.training.preflight import check_checkpoint, check_modes, check_optimizer, fewer_modes
from neurop.training.schedule import warmup_cosine
from neurop.training.stability import Stability
from neurop.training.warm_start import begin_with

__all__ = [
    "Batches",
    "Clock",
    "Estimate",
    "Gain",
    "Online",
    "Operator",
    "Preflight",
    "Stability",
    "averaging",
    "begin_with",
    "check_checkpoint",
    "check_modes",
    "check_optimizer",
    "checkpoints",
    "estimate",
    "fewer_modes",
    "progress",
    "warmup_cosine",
]
