"""Training in one call."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.strategies import FSDPStrategy
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from neurop.errors import InputError
from neurop.fields.fieldset import FieldSet
from neurop.objectives.objective import Objective
from neurop.objectives.regression import Regression
from neurop.registry import Spec
from neurop.source import Source
from neurop.surrogate import Surrogate
from neurop.training.budget import Budget, count_steps
from neurop.training.callbacks.checkpoints import checkpoints
from neurop.training.callbacks.epoch_log import progress_callbacks
from neurop.training.callbacks.step_limit import StepLimit
from neurop.training.loader import Loader
from neurop.training.plan import planned
from neurop.training.preflight import check_checkpoint
from neurop.training.quiet import quiet
from neurop.training.schedule import warmup_cosine
from neurop.transforms.transform import Transform

ADAMW = partial(torch.optim.AdamW, lr=2e-3, betas=(0.9, 0.98), weight_decay=1e-5)
"""Optimizer by default."""
LAST = Path("checkpoints") / "last.ckpt"
"""Checkpoint in a run folder that a run is resumed from."""
INTERIM = Path("checkpoints") / "best"
"""Surrogate of the best epoch in the folder of a run that has not ended."""


def fit(
    model: Surrogate | Spec | str,
    data: Source | FieldSet | Mapping[str, FieldSet],
    objective: Objective | None = None,
    *,
    epochs: int = 10,
    budget: Budget | str | None = None,
    batch_size: int = 16,
    optimizer: Callable[..., Optimizer] = ADAMW,
    scheduler: Callable[[Optimizer, float], LRScheduler] | None = warmup_cosine,
    augment: Sequence[Transform] = (),
    callbacks: Iterable[Callback] = (),
    loader: Callable[..., Loader] | None = None,
    trainer: Callable[..., lightning.Trainer] | None = None,
    folder: str | Path | None = None,
    resume: bool = False,
    seed: int = 0,
) -> Surrogate:
    """Train a surrogate and return it with the weights of the smallest validation error.

    Those before the first step count too where some weights are frozen, as by
    :mod:`neurop.refinement`: the result is then not worse than what it started from. All
    arguments are checked before the first step and before any file is written.

    Parameters
    ----------
    model
        Surrogate, trained or not, or a model: ``"fno"``, ``neurop.models.FNO.spec(modes=16)``. For
        constraints, or another problem than the default, give a surrogate of
        :meth:`neurop.Surrogate.of`.
    data
        Data set, or its splits ``train`` and ``val``. The last tenth of the samples of a single set
        of fields is used for validation.
    objective
        Loss to minimise; the relative L2 error by default.
    epochs, batch_size
        Number of passes over the training examples, and of examples per step.
    budget
        Length of the training instead of `epochs`: ``"10min"`` without validation, or
        ``"2000steps"``. The steps of a time are counted by a measured step before the training, so
        that the schedule ends with it.
    optimizer
        Function from parameters to optimizer.
    scheduler
        Function from optimizer and number of steps to a learning-rate schedule; None for a constant
        rate.
    augment
        Transforms of training batches.
    callbacks
        Further callbacks of Lightning.
    loader
        Function from ``(splits, problem, extra=, seed=)`` to a data module, instead of
        `batch_size`.
    trainer
        Function from ``callbacks`` and ``default_root_dir`` to a trainer of Lightning, instead of
        `epochs`; for example ``partial(lightning.Trainer, max_epochs=3, devices=2)``. Its callbacks
        are used together with `callbacks`.
    folder
        Run folder for ``checkpoints/`` and ``model/``; None to write nothing.
    resume
        Whether to continue from the last checkpoint in `folder`.
    seed
        Seed of weights, batches and transforms.

    Returns
    -------
    Surrogate
        Trained surrogate in evaluation mode; the same object as `model` if that is a surrogate,
        except after sharded training (FSDP), where the first process alone has the weights.

    Raises
    ------
    InputError
        If an argument cannot be used; during training, if the loss is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from neurop import Field, Grid, models
    >>> waves = np.sin(2 * np.pi * (np.arange(16) - np.arange(50)[:, None, None]) / 16)
    >>> data = FieldSet(waves.reshape(10, 5, 1, 16), (Field("u", "m s-1"),), Grid.periodic(1))
    >>> surrogate = fit(models.FNO.spec(modes=4, width=4), data, epochs=1)  # doctest: +ELLIPSIS
    epoch 1/1  train ...
    >>> surrogate.card.history
    1
    """
    splits = splits_of(data)
    objective = objective or Regression()
    if isinstance(data, Source):
        objective.bind(data.equation)
    if not isinstance(model, Surrogate):
        lightning.seed_everything(seed, workers=True, verbose=False)
        problem = data.problem if isinstance(data, Source) else None
        noise = objective.noise(splits["train"])
        model = Surrogate.of(splits["train"], model, problem, noise=noise)
    plan = planned(
        model,
        splits,
        objective,
        optimizer=optimizer,
        scheduler=scheduler,
        augment=augment,
        callbacks=[*callbacks, *([] if trainer else progress_callbacks())],
        loader=loader or partial(Loader, batch_size=batch_size),
        trainer=trainer or partial(_trainer, epochs),
        seed=seed,
    )
    for part in splits.values():
        if part.is_lazy:
            part.digest()  # refuses a value that is not finite, which would be found hours later
    length = Budget.of(budget) if isinstance(budget, str) else budget
    with tempfile.TemporaryDirectory() as scratch:
        where = Path(folder or scratch)
        interim = where / INTERIM if folder else None
        # Frozen weights are those of a trained surrogate, which the training may fail to improve.
        frozen = not all(weight.requires_grad for weight in model.parameters())
        best, last = checkpoints(where / LAST.parent, interim, plan.module.monitor, start=frozen)
        kept = [best, last] if folder else [best]
        model.train()  # a loaded surrogate is in evaluation mode, and Lightning leaves it there
        how: dict[str, Any] = {"callbacks": [*kept, *plan.callbacks, StepLimit()]}
        if length:
            steps = count_steps(
                length, plan.module, plan.more_batches, partial(plan.trainer, where)
            )
            how |= {"max_steps": steps, "max_epochs": -1}
        runner = plan.trainer(where, **how)
        if isinstance(plan.batches, Loader):
            plan.batches.check_processes(runner.world_size)  # before Lightning starts the others
        sharded = isinstance(runner.strategy, FSDPStrategy)
        if sharded:
            best.model = where / INTERIM  # where the whole weights are put together
        if runner.precision == "64-true":
            plan.module.double()  # before a checkpoint is loaded, which would be rounded
        checkpoint = where / LAST if resume else None
        if checkpoint:
            check_checkpoint(checkpoint, plan.module, runner.max_epochs)
        runner.fit(plan.module, plan.batches, ckpt_path=checkpoint, weights_only=True)
        if sharded:
            model = Surrogate.load(where / INTERIM) if runner.is_global_zero else model
        elif runner.is_global_zero and best.best_model_path:
            state = torch.load(best.best_model_path, map_location="cpu", weights_only=True)
            plan.module.load_state_dict(state["state_dict"])
    if not sharded:
        model = model.to(runner.strategy.root_device)
    model = model.eval()
    if folder and runner.is_global_zero:
        model.save(where / "model")
        shutil.rmtree(where / INTERIM, ignore_errors=True)
    return model


def _trainer(epochs: int, **how: Any) -> lightning.Trainer:
    """Return the trainer of a call without one: Lightning's, quiet, with the progress in lines."""
    quiet()
    plain: dict[str, Any] = {
        "max_epochs": epochs,
        "gradient_clip_val": 1.0,
        "enable_model_summary": False,
        "enable_progress_bar": sys.stdout.isatty(),
        "logger": False,
    }
    return lightning.Trainer(**(plain | how))


def splits_of(data: Source | FieldSet | Mapping[str, FieldSet]) -> dict[str, FieldSet]:
    """Return the splits of a data set; ``train`` and ``val`` are among them.

    Raises
    ------
    InputError
        If the data are something else, a split is missing, or a single set has fewer than 2
        samples.
    """
    if isinstance(data, FieldSet):
        if len(data) < 2:
            raise InputError(
                f"{len(data)} samples; 2 or more are needed to hold one out for validation",
                "samples",
                len(data),
            )
        held_out = max(1, len(data) // 10)
        return {
            "train": data.samples(slice(-held_out)),
            "val": data.samples(slice(-held_out, None)),
        }
    if isinstance(data, Source):
        data = data.splits()
    if not isinstance(data, Mapping) or not all(isinstance(d, FieldSet) for d in data.values()):
        remedy = "give a data set, a FieldSet, or a mapping of splits to FieldSets"
        raise InputError.of("data", type(data).__name__, remedy)
    splits = dict(data)
    for name in ("train", "val"):
        if name not in splits:
            raise InputError(
                f"no split '{name}' among {', '.join(splits)}; give both train and val",
                "splits",
                name,
            )
    return splits
