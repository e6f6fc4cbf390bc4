"""A trainer that does nothing beside training."""

from __future__ import annotations

from functools import partial
from typing import Any

import lightning
import torch
from small import ARGUMENTS, surrogate
from torch import nn

from neurop.fields.fieldset import FieldSet
from neurop.losses import RelativeL2
from neurop.training import Batches, Operator, warmup_cosine

ADAM = partial(torch.optim.AdamW, lr=1e-2)


def trainer(epochs: int = 1, **more: Any) -> lightning.Trainer:
    quiet = dict.fromkeys(
        ("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False
    )
    return lightning.Trainer(
        max_epochs=epochs, accelerator="cpu", **(quiet | {"num_sanity_val_steps": 0} | more)
    )


def fit(
    train: FieldSet,
    val: FieldSet,
    epochs: int = 2,
    loss: nn.Module | None = None,
    seed: int = 0,
    **more: Any,
) -> Operator:
    s = surrogate(train, seed, arguments=more.pop("arguments", ARGUMENTS)).train()
    module = Operator(s, loss or RelativeL2(), ADAM, warmup_cosine)
    module.trainer_ = trainer(epochs)
    module.trainer_.fit(module, Batches({"train": train, "val": val}, s.history, seed=seed, **more))
    return module
