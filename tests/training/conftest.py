"""A trainer that only trains."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import lightning
import pytest
import torch
from small import ARGUMENTS, surrogate

from neurop.fields import lazy
from neurop.fields.fieldset import FieldSet
from neurop.objectives.objective import Objective
from neurop.objectives.regression import Regression
from neurop.problems import Problem, problem_of
from neurop.training.loader import Loader
from neurop.training.module import TrainingModule
from neurop.training.schedule import warmup_cosine
from neurop.transforms.transform import Transform

ADAM = partial(torch.optim.AdamW, lr=1e-2)


def trainer(epochs: int = 1, **more: Any) -> lightning.Trainer:
    quiet = dict.fromkeys(
        ("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False
    )
    return lightning.Trainer(
        max_epochs=epochs, accelerator="cpu", **(quiet | {"num_sanity_val_steps": 0} | more)
    )


def loader(data: FieldSet, val: FieldSet | None = None, **how: Any) -> Loader:
    """Return batches of an evolution of one frame, or of the problem in `how`."""
    splits = {"train": data, "val": data if val is None else val}
    return Loader(splits, how.pop("problem", None) or problem_of(data), **how)


def block_reads(fields: FieldSet, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Return a list that grows by sample and frame of each block that is read.

    The cache holds six blocks of five frames of 4 x 4 points.
    """
    reads: list[tuple[int, int]] = []
    values: Any = fields.values
    original = values._read
    monkeypatch.setattr(
        values, "_read", lambda s, f: (reads.append((s.start, f.start)), original(s, f))[1]
    )
    monkeypatch.setattr(lazy, "CACHE", 6 * 5 * 4 * 4 * 4)
    monkeypatch.setattr("neurop.fields.windows.CACHE", 6 * 5 * 4 * 4 * 4)
    return reads


def fit(
    train: FieldSet,
    val: FieldSet,
    epochs: int = 2,
    objective: Objective | None = None,
    seed: int = 0,
    problem: Problem | None = None,
    augment: Sequence[Transform] = (),
    arguments: dict[str, Any] = ARGUMENTS,
    **more: Any,
) -> TrainingModule:
    s = surrogate(train, seed, arguments, problem).train()
    module = TrainingModule(s, objective or Regression(), ADAM, warmup_cosine, augment, seed)
    module.trainer_ = trainer(epochs)
    batches = loader(train, val, problem=s.card.problem, seed=seed, **more)
    module.trainer_.fit(module, batches)
    return module
