"""What a training does apart from its steps: averaged weights, checkpoints, lines."""

from __future__ import annotations

import re
import shutil
from functools import partial
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import pytest
import torch
from lightning.pytorch.callbacks import Callback, RichProgressBar
from small import Scale, evolution, surrogate
from torch import Tensor

from neurop.errors import InputError
from neurop.objectives.objective import Objective
from neurop.objectives.regression import Regression
from neurop.surrogate import Surrogate
from neurop.training.callbacks.checkpoints import checkpoints
from neurop.training.callbacks.ema import ExponentialAverage
from neurop.training.callbacks.epoch_log import EpochLog, progress_callbacks
from neurop.training.callbacks.timer import Timer
from neurop.training.fit import fit
from neurop.training.loader import Loader
from neurop.training.module import TrainingModule
from neurop.training.schedule import warmup_cosine
from neurop.transforms.transform import Batch

from ..conftest import ADAM, loader, trainer


class Descent(Objective):
    """A loss with the same slope everywhere: plain gradient descent takes equal steps."""

    def forward(
        self, surrogate: Surrogate, batch: Batch, rng: np.random.Generator
    ) -> dict[str, Tensor]:
        frames, target = batch["input"], batch["target"]
        return {"mean": (surrogate.trajectory(frames, target.shape[1]) - target).mean()}


def data() -> Loader:
    return loader(evolution(), evolution(seed=1), batch_size=15)


def test_the_average_is_the_closed_form() -> None:
    decay, start, steps = 0.8, 3.0, 7
    s = surrogate(evolution())
    s.net = Scale(2, start)
    module = TrainingModule(s.train(), Descent(), partial(torch.optim.SGD, lr=0.1))
    seen: list[float] = []
    module.validation_step = lambda batch, batch_idx: seen.append(s.net.factor.item())  # type: ignore[assignment]
    trainer(steps, callbacks=[ExponentialAverage(decay)]).fit(module, data())
    # One step by hand gives the length c of all: the weights after t steps are start - c t.
    one = TrainingModule(surrogate(evolution()), Descent(), partial(torch.optim.SGD, lr=0.1))
    one.surrogate.net = Scale(2, start)
    one.train()
    trainer(1).fit(one, data())
    c = start - one.surrogate.net.factor.item()
    assert abs(c) > 1e-4
    # The average starts at the first weights and lags by c d (1 - d^(t-1)) / (1 - d).
    expected = [
        start - c * t + c * decay * (1 - decay ** (t - 1)) / (1 - decay)
        for t in range(1, steps + 1)
    ]
    assert seen == pytest.approx(expected, rel=1e-5)
    assert s.net.factor.item() == pytest.approx(expected[-1], rel=1e-5)


@pytest.mark.parametrize("decay", [0, 1, 1.5, -0.1])
def test_a_decay_lies_between_0_and_1(decay: float) -> None:
    with pytest.raises(InputError) as error:
        ExponentialAverage(decay)
    assert (error.value.key, error.value.value) == ("decay", decay)


class Scripted(TrainingModule):
    """Has these validation errors, whatever it has learnt."""

    errors = (0.5, 0.2, 0.4, 0.3)

    def validation_step(self, batch: dict[str, Tensor], batch_idx: int) -> None:
        self.log("val/relative_l2", self.errors[self.current_epoch])


class Watch(Callback):
    """Keeps the weights of each validation."""

    def __init__(self) -> None:
        self.states: list[dict[str, Tensor]] = []

    def on_validation_epoch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        self.states.append({name: value.clone() for name, value in pl_module.state_dict().items()})


def training(folder: Path, epochs: int, **how: Any) -> tuple[lightning.Trainer, Watch]:
    module, watch = Scripted(surrogate(evolution()).train(), Regression(), ADAM), Watch()
    average = [ExponentialAverage(decay)] if (decay := how.pop("ema", None)) else []
    kept = [watch, *checkpoints(folder), *average]
    run = trainer(epochs, callbacks=kept, enable_checkpointing=True, default_root_dir=folder)
    run.fit(module, data(), weights_only=True, **how)
    return run, watch


@pytest.mark.parametrize("ema", [None, 0.5])
def test_the_last_epoch_and_the_best_are_kept_as_plain_tensors(
    ema: float | None, tmp_path: Path
) -> None:
    _, watch = training(tmp_path, 4, ema=ema)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["best.ckpt", "last.ckpt"]
    for name, epoch in (("best", 1), ("last", 3)):
        kept = torch.load(tmp_path / f"{name}.ckpt", weights_only=True)
        assert kept["epoch"] == epoch
        # What was validated is what is kept, so the averaged weights where there are any.
        assert kept["state_dict"].keys() == watch.states[epoch].keys()
        assert all(
            torch.equal(kept["state_dict"][key], value)
            for key, value in watch.states[epoch].items()
        )
    assert not all(
        torch.equal(value, watch.states[3][key]) for key, value in watch.states[1].items()
    )


@pytest.mark.filterwarnings("error:The dirpath has changed")
def test_the_best_is_known_after_a_run_was_continued_elsewhere(tmp_path: Path) -> None:
    training(tmp_path / "a", 2)
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    run, _ = training(tmp_path / "b", 4, ckpt_path=tmp_path / "b" / "last.ckpt")
    best = run.checkpoint_callbacks[0]
    assert float(best.best_model_score) == pytest.approx(0.2)
    assert best.best_model_path == str(tmp_path / "b" / "best.ckpt")
    kept = [
        torch.load(tmp_path / "b" / f"{name}.ckpt", weights_only=True)["epoch"]
        for name in ("best", "last")
    ]
    assert kept == [1, 3]
    for folder in (tmp_path / "a", tmp_path / "b"):
        assert sorted(p.name for p in folder.iterdir()) == ["best.ckpt", "last.ckpt"]


def test_the_time_to_go_is_that_of_the_epochs_of_this_run(tmp_path: Path) -> None:
    training(tmp_path, 2)
    lines = EpochLog()
    run = trainer(4, callbacks=[lines])
    module = Scripted(surrogate(evolution()).train(), Regression(), ADAM)
    run.fit(module, data(), ckpt_path=tmp_path / "last.ckpt", weights_only=True)
    assert lines.first == 2


def test_one_line_per_epoch(capsys: pytest.CaptureFixture[str]) -> None:
    module = TrainingModule(surrogate(evolution()).train(), Regression(), ADAM, warmup_cosine)
    run = trainer(3, callbacks=progress_callbacks())
    run.fit(module, data())
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    for epoch, line in enumerate(lines, 1):
        left = r", \d+ s to go" if epoch < 3 else ""
        assert re.fullmatch(rf"epoch {epoch}/3  train \d\S*  val \d\S*  \d+ s{left}", line)
    shown = [
        float(re.search(r"val (\S+)", lines[-1])[1]),
        float(re.search(r"train (\S+)", lines[-1])[1]),
    ]  # type: ignore[index]
    metrics = run.callback_metrics
    assert shown == pytest.approx(
        [float(metrics["val/relative_l2"]), float(metrics["train/loss_epoch"])], rel=1e-3
    )


@pytest.mark.parametrize(
    ("batch_size", "steps", "epochs"),
    # 15 examples and 2 batches per step: 2 batches make 1 step, 3 make 2, 5 make 3.
    [(7, 3, 3), (5, 6, 3), (3, 6, 2)],
)
def test_the_epochs_of_a_number_of_steps_are_counted_in_batches(
    batch_size: int, steps: int, epochs: int, capsys: pytest.CaptureFixture[str]
) -> None:
    how = {"accumulate_grad_batches": 2, "max_steps": steps, "accelerator": "cpu"}
    quiet = dict.fromkeys(("logger", "enable_progress_bar", "enable_model_summary"), False)
    fit(
        surrogate(evolution()),
        {"train": evolution(), "val": evolution(seed=1)},
        batch_size=batch_size,
        callbacks=[EpochLog()],
        trainer=partial(lightning.Trainer, **how, **quiet),
    )
    shown = [line.split("  ")[0] for line in capsys.readouterr().out.splitlines()]
    assert shown == [f"epoch {i + 1}/{epochs}" for i in range(epochs)]


def test_progress_suits_the_output(monkeypatch: pytest.MonkeyPatch) -> None:
    assert progress_callbacks(False) == []
    assert [type(c) for c in progress_callbacks()] == [EpochLog]
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert [type(c) for c in progress_callbacks()] == [RichProgressBar]


def test_waiting_is_the_time_between_the_steps_of_an_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter([1.0, 0.0, 4.0, 5.0, 8.0, 100.0, 103.0, 120.0, 200.0, 205.0])
    monkeypatch.setattr("neurop.training.callbacks.timer.time.perf_counter", lambda: next(ticks))
    waiting = Timer()
    assert waiting.share is None
    waiting.on_train_epoch_start()
    for _ in range(2):
        waiting.on_train_batch_start()
        waiting.on_train_batch_end()
    waiting.on_train_epoch_start()
    waiting.on_train_batch_start()
    waiting.on_train_batch_end()
    assert (waiting.waiting, waiting.stepping) == (1.0, 10.0)
    assert waiting.share == pytest.approx(1 / 11)
    earlier = waiting.state_dict()
    assert earlier == {"total": 119.0, "waiting": 1.0, "stepping": 10.0, "count": 3}
    continued = Timer()
    continued.load_state_dict(earlier)
    assert (continued.total, continued.waiting, continued.stepping, continued.count) == (
        124.0,
        1.0,
        10.0,
        3,
    )
