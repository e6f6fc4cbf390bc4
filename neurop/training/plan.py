"""A training before its first step: its parts, made and checked against each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import lightning
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.strategies import DDPStrategy
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from neurop.errors import InputError
from neurop.fields.fieldset import FieldSet
from neurop.objectives.objective import Objective
from neurop.surrogate import Surrogate
from neurop.training.callbacks.callback import PreparingCallback
from neurop.training.callbacks.spectral_bound import SpectralNormBound
from neurop.training.checkpoint_io import write_whole
from neurop.training.loader import Loader
from neurop.training.module import TrainingModule
from neurop.training.preflight import (
    check_clipping,
    check_counts,
    check_modes,
    check_optimizer,
    check_precision,
)
from neurop.transforms.transform import Transform


@dataclass(frozen=True)
class Plan:
    """The parts of a training.

    Parameters
    ----------
    module
        Training module.
    batches
        Batches of the training.
    more_batches
        Function that returns equal batches, for a trial before the training.
    callbacks
        Callbacks of the user and of the trainer.
    make_trainer, check
        Functions that return and check a trainer.
    """

    module: TrainingModule
    batches: lightning.LightningDataModule
    more_batches: Callable[[], lightning.LightningDataModule]
    callbacks: list[Callback]
    make_trainer: Callable[..., lightning.Trainer]
    check: Callable[[lightning.Trainer], None]

    def trainer(self, where: Path, **how: Any) -> lightning.Trainer:
        """Return a trainer for a folder, checked; nothing is written.

        Raises
        ------
        InputError
            For a precision, an optimizer or a schedule that cannot be used.
        """
        made = self.make_trainer(default_root_dir=str(where), **how)
        self.check(made)
        if isinstance(made.strategy, DDPStrategy) and self._routed:
            # Each process waits for the gradients of all weights unless it looks for those that
            # its samples do not use.
            made.strategy._ddp_kwargs.setdefault("find_unused_parameters", True)
        return made

    @property
    def _routed(self) -> bool:
        """Whether the network has parts that not every sample uses."""
        parts = self.module.surrogate.net.modules()
        return not all(getattr(part, "one_last_layer", True) for part in parts)


def planned(
    model: Surrogate,
    splits: Mapping[str, FieldSet],
    objective: Objective,
    *,
    optimizer: Callable[..., Optimizer],
    scheduler: Callable[[Optimizer, float], LRScheduler] | None,
    augment: Sequence[Transform],
    callbacks: Iterable[Callback],
    loader: Callable[..., Loader],
    trainer: Callable[..., lightning.Trainer],
    seed: int,
) -> Plan:
    """Return the parts of a training, from the arguments of :func:`neurop.training.fit.fit`.

    Raises
    ------
    InputError
        If an argument cannot be used, or does not fit the data or the surrogate.
    """
    own = _callbacks_of(trainer)
    objective.check(model)

    def more() -> Loader:
        made = loader(splits, model.card.problem, extra=objective.extra_frames, seed=seed)
        if not objective.needs_targets:
            made.without_targets()
        elif made.labels is not None and not objective.takes_missing_targets:
            remedy = (
                "leaves out targets that the objective needs; use objective=pino, or fewer samples"
            )
            raise InputError.of("labels", made.labels, remedy)
        return made

    batches = more()
    check_modes(model)
    # Averaged weights take the place of the others before they are bounded.
    callbacks = sorted([*callbacks, *own], key=lambda one: isinstance(one, SpectralNormBound))
    for callback in callbacks:
        if isinstance(callback, PreparingCallback):
            callback.prepare(model)
    module = TrainingModule(model, objective, optimizer, scheduler, augment, seed)

    def check(made: lightning.Trainer) -> None:
        check_precision(made)
        check_counts(made)
        check_clipping(made)
        write_whole(made)
        check_optimizer(optimizer, scheduler, made)

    return Plan(module, batches, more, callbacks, trainer, check)


def _callbacks_of(trainer: Callable[..., lightning.Trainer]) -> list[Callback]:
    """Return the callbacks of a partial trainer, since those of the call would replace them.

    Raises
    ------
    InputError
        If it has a folder, which the call would replace too.
    """
    given = trainer.keywords if isinstance(trainer, partial) else {}
    if (place := given.get("default_root_dir")) is not None:
        raise InputError.of("trainer.default_root_dir", place, "give the run folder as folder=")
    own = given.get("callbacks") or []
    return [own] if isinstance(own, Callback) else list(own)
