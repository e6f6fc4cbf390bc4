"""Filters for Lightning's messages that do not concern the user of a training."""

from __future__ import annotations

import logging
import warnings

# Tips, hardware and process lines of Lightning come through these loggers; its warnings come
# through `warnings`.
_LOGGERS = (
    "lightning.pytorch.utilities.rank_zero",
    "lightning.fabric.utilities.rank_zero",
    "lightning.fabric.utilities.seed",
    "lightning.fabric.utilities.distributed",
    "lightning.pytorch.accelerators.cuda",
)
_TIPS = (
    r".*does not have many workers.*",
    r".*LeafSpec.*",
    r".*smaller than the logging interval.*",
    r".*Experiment logs directory .* exists and is not empty.*",
    r".*Checkpoint directory .* exists and is not empty.*",
    r".*GPU available but not used.*",
    r".*Trying to infer the `batch_size`.*",
    r".*in eval mode at the start of training.*",  # frozen networks, which are meant to be
)


def quiet() -> None:
    """Silence Lightning's hints to programmers; its errors and other warnings stay."""
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    for message in _TIPS:
        warnings.filterwarnings("ignore", message=message)
