"""The validation error of a surrogate before the first step of its training."""

from __future__ import annotations

from itertools import islice
from typing import Any

import lightning
import torch
from torch import Tensor

from neurop.training.means import Means
from neurop.training.module import TrainingModule


@torch.no_grad()
def start_score(trainer: lightning.Trainer, module: TrainingModule) -> Tensor | None:
    """Return the score that marks the best weights, of the validation set; None without batches.

    It is the value that a validation epoch would log, on all processes.
    """
    loaders: Any = trainer.val_dataloaders
    counts = trainer.num_val_batches
    if loaders is None or not counts or counts[0] == 0:
        return None
    means, training = Means(), module.training
    module.eval()
    try:
        most = None if counts[0] == float("inf") else int(counts[0])
        for index, given in enumerate(islice(loaders, most)):
            batch = trainer.strategy.batch_to_device(trainer.precision_plugin.convert_input(given))
            with trainer.precision_plugin.forward_context():
                means.add(module.batch_scores(batch, index), len(batch["target"]))
    finally:
        module.train(training)
    strategy = trainer.strategy
    found = means.reduced(lambda sums: strategy.reduce(sums, reduce_op="sum"))
    return found.get(module.monitor.removeprefix("val/"))
