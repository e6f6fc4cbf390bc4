"""Length of a training as a time or a number of steps, which the learning rate spans."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from dataclasses import dataclass

import lightning
import torch

from neurop.errors import InputError
from neurop.training.callbacks.step_limit import StepLimit
from neurop.training.callbacks.timer import Timer
from neurop.training.module import TrainingModule

SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0}
# Steps of a measurement: enough that a transform that changes over the training takes its share.
FEWEST, MOST = 12, 200
SHARE = 0.05
"""Time of the measurement, as a share of the budget."""


@dataclass(frozen=True)
class Budget:
    """Length of a training: one of a time and a number of steps.

    Parameters
    ----------
    seconds
        Time in training steps and waiting for data, without validation and callbacks.
    steps
        Optimizer steps.

    Examples
    --------
    >>> Budget.of("1.5min"), Budget.of("2000steps")
    (Budget(seconds=90.0, steps=None), Budget(seconds=None, steps=2000))
    """

    seconds: float | None = None
    steps: int | None = None

    @classmethod
    def of(cls, text: object) -> Budget:
        """Return the budget of a text: a number and one of s, min, h, steps.

        Raises
        ------
        InputError
            If it is something else, or not above 0.
        """
        found = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+)\s*(s|min|h|steps?)", str(text).strip())
        if not found:
            raise InputError.of("budget", text, "give a time or steps: 90s, 10min, 1h, 2000steps")
        number, unit = float(found[1]), found[2]
        if number <= 0 or (unit not in SECONDS and number != int(number)):
            raise InputError.of("budget", text, "give more than 0, and whole steps")
        return cls(number * SECONDS[unit]) if unit in SECONDS else cls(steps=int(number))


def count_steps(
    budget: Budget,
    module: TrainingModule,
    batches: Callable[[], lightning.LightningDataModule],
    trainer: Callable[..., lightning.Trainer],
) -> int:
    """Return the number of steps of a budget; that of a time from the time of a step.

    The time is that of a short training through all of its phases, whose first steps (compilation,
    caches) do not count. Weights and random numbers are as before.

    Parameters
    ----------
    budget
        Time or steps.
    module
        Training module.
    batches
        Function that returns a new data module.
    trainer
        Function from arguments of Lightning's trainer to a trainer.

    Raises
    ------
    InputError
        If a time is given for more than one device, which would count different steps.
    """
    if budget.steps is not None:
        return budget.steps
    assert budget.seconds is not None
    rough = _seconds_per_step(module, batches(), trainer, FEWEST)
    count = int(min(max(SHARE * budget.seconds / rough, FEWEST), MOST))
    return max(1, round(budget.seconds / _seconds_per_step(module, batches(), trainer, count)))


def _seconds_per_step(
    module: TrainingModule,
    batches: lightning.LightningDataModule,
    trainer: Callable[..., lightning.Trainer],
    count: int,
) -> float:
    timer, before = Timer(), copy.deepcopy(module.state_dict())
    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    with torch.random.fork_rng(devices=devices):
        runner = trainer(
            callbacks=[timer, StepLimit()],
            max_steps=count,
            max_epochs=-1,
            limit_val_batches=0,
            num_sanity_val_steps=0,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
        )
        if runner.world_size > 1:
            raise InputError(
                f"budget: a time is for one device, not {runner.world_size}; give steps", "budget"
            )
        runner.fit(module, batches)
    module.load_state_dict(before)
    module.max_steps = -1
    return timer.trained / max(runner.global_step, 1)  # of several batches, if they accumulate
