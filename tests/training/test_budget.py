"""The length of a training as a time or a number of steps."""

from __future__ import annotations

from functools import partial
from typing import Any

import lightning
import pytest
import torch
from lightning.pytorch.callbacks import Callback
from raising import raises_input
from small import ARGUMENTS, evolution, surrogate

from neurop.models import FNO
from neurop.objectives.regression import Regression
from neurop.training import budget
from neurop.training.budget import Budget, count_steps
from neurop.training.callbacks.timer import Timer
from neurop.training.fit import ADAMW, fit
from neurop.training.loader import Loader
from neurop.training.module import TrainingModule
from neurop.training.schedule import warmup_cosine

SPLITS = {"train": evolution(), "val": evolution(samples=2, seed=1)}
SPEC = FNO.spec(**ARGUMENTS)


class Seen(Callback):
    """The trainer, the rate at every step, and the steps after which there was a validation."""

    def __init__(self) -> None:
        self.rates: list[float] = []
        self.validated: list[int] = []

    def on_train_batch_start(self, trainer: lightning.Trainer, *_: Any) -> None:
        self.trainer = trainer
        self.rates.append(float(trainer.optimizers[0].param_groups[0]["lr"]))

    def on_validation_end(self, trainer: lightning.Trainer, *_: Any) -> None:
        self.validated.append(trainer.global_step)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("90s", Budget(90.0)),
        ("10min", Budget(600.0)),
        (".5 h", Budget(1800.0)),
        ("2000steps", Budget(steps=2000)),
        ("1step", Budget(steps=1)),
    ],
)
def test_a_text(text: str, found: Budget) -> None:
    assert Budget.of(text) == found


@pytest.mark.parametrize("text", [10, "10", "0s", "1.5steps", "0steps", "-3min", "3 days", None])
def test_a_text_that_is_none(text: object) -> None:
    with raises_input("budget", text):
        Budget.of(text)


def test_the_schedule_spans_the_steps_and_the_last_one_is_validated() -> None:
    seen = Seen()
    fit(SPEC, SPLITS, budget="7steps", batch_size=5, callbacks=[seen])  # three steps per epoch
    assert seen.trainer.global_step == 7
    assert seen.validated[-3:] == [3, 6, 7]
    # The cosine ends at one hundredth of the peak after the last step.
    expected = [
        warmup_cosine(torch.optim.SGD([torch.zeros(1)], lr=2e-3), 7).lr_lambdas[0](i)
        for i in range(7)
    ]
    assert seen.rates == pytest.approx([2e-3 * share for share in expected])


def test_the_weights_of_the_last_step_can_be_the_best() -> None:
    """Within the first epoch there is no other validation than the last."""
    seen = Seen()
    trained = fit(SPEC, SPLITS, budget="2steps", batch_size=4, callbacks=[seen])
    assert seen.validated[-1] == 2
    module = seen.trainer.lightning_module
    best = seen.trainer.checkpoint_callbacks[0].best_model_path  # type: ignore[attr-defined]
    assert best
    assert module.surrogate is trained
    assert {v.item() for v in seen.trainer.callback_metrics.values()}


def test_a_time_is_divided_by_the_time_of_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = []

    def seconds(_: Any, __: Any, ___: Any, count: int) -> float:
        counts.append(count)
        return 0.5

    monkeypatch.setattr(budget, "_seconds_per_step", seconds)
    seen = Seen()
    fit(SPEC, SPLITS, budget="4s", callbacks=[seen])
    assert seen.trainer.lightning_module.max_steps == seen.trainer.global_step == 8
    assert counts == [budget.FEWEST, budget.FEWEST]
    unused: Any = None
    assert count_steps(Budget(1200.0), unused, lambda: unused, unused) == 2400
    # 5 % of 20 minutes are 120 steps of half a second.
    assert counts[2:] == [budget.FEWEST, 120]


class Clock(Timer):
    """Counts a hundredth of a second for each batch."""

    @property
    def trained(self) -> float:
        return 0.01 * self.count


@pytest.mark.parametrize(
    ("batch_size", "accumulate", "steps"),
    # The last case has 3 batches and 2 steps per epoch: the last batch makes a step alone.
    [(3, 1, 100), (3, 5, 20), (5, 2, 67)],
)
def test_a_step_of_several_batches_takes_their_time(
    batch_size: int, accumulate: int, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "Timer", Clock)
    s = surrogate(evolution()).train()
    module = TrainingModule(s, Regression(), ADAMW, warmup_cosine)
    batches = partial(Loader, SPLITS, s.card.problem, batch_size=batch_size)
    trainer = partial(
        lightning.Trainer,
        accumulate_grad_batches=accumulate,
        accelerator="cpu",
        enable_model_summary=False,
    )
    assert count_steps(Budget.of("1s"), module, batches, trainer) == steps


def test_the_measurement_leaves_weights_and_random_numbers() -> None:
    s = surrogate(evolution()).train()
    module = TrainingModule(s, Regression(), ADAMW, warmup_cosine)
    before = {name: value.clone() for name, value in module.state_dict().items()}
    state = torch.get_rng_state()
    progress = []

    class Watch(Callback):
        def on_train_batch_start(self, trainer: Any, pl_module: Any, *_: Any) -> None:
            progress.append(pl_module._progress())

    def trainer(callbacks: list[Callback], **how: Any) -> lightning.Trainer:
        return lightning.Trainer(
            callbacks=[*callbacks, Watch()], accelerator="cpu", enable_model_summary=False, **how
        )

    batches = partial(Loader, SPLITS, s.card.problem, batch_size=5)
    assert count_steps(Budget(1e-9), module, batches, trainer) == 1
    assert torch.equal(torch.get_rng_state(), state)
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name])
    # Transforms that depend on the progress take their share of the measured time.
    assert progress == pytest.approx(2 * [i / 12 for i in range(12)])


def test_a_time_is_for_one_device() -> None:
    trainer = partial(lightning.Trainer, devices=2, strategy="ddp", accelerator="cpu", logger=False)
    with pytest.raises(ValueError, match="one device, not 2; give steps"):
        fit(SPEC, SPLITS, budget="1s", trainer=trainer)
