"""A training ends once the validation error has stopped falling, also one that was resumed."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from raising import raises_input
from small import ARGUMENTS, evolution, surrogate

from neurop.models import FNO
from neurop.objectives.crps import Crps
from neurop.training.callbacks.early_stopping import StopEarly
from neurop.training.fit import fit
from neurop.training.module import TrainingModule

ERRORS = (0.5, 0.4, 0.39, 0.45, 0.38, 0.41, 0.37, 0.42, 0.43, 0.44, 0.45, 0.46)
"""Validation errors of the epochs."""


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Give the validations of a training these errors; return its epochs."""
    seen: list[int] = []

    def validation_step(self: TrainingModule, batch: object, batch_idx: int) -> None:
        self.log("val/relative_l2", ERRORS[self.current_epoch])

    monkeypatch.setattr(TrainingModule, "validation_step", validation_step)
    monkeypatch.setattr(
        TrainingModule, "on_train_epoch_start", lambda self: seen.append(self.current_epoch)
    )
    return seen


def train(folder: Path, stop: StopEarly, epochs: int = len(ERRORS), resume: bool = False) -> None:
    data = evolution(samples=4)
    splits = {"train": data.samples(slice(0, 2)), "val": data.samples(slice(2, 4))}
    fit(surrogate(data), splits, epochs=epochs, callbacks=[stop], folder=folder, resume=resume)


@pytest.mark.parametrize(
    ("patience", "min_delta", "expected"),
    # After the first `patience` errors in a row that are not below the smallest by `min_delta`.
    [(1, 0.0, 4), (2, 0.0, 9), (3, 0.0, 10), (1, 0.05, 3), (3, 0.015, 8), (12, 0.0, 12)],
)
def test_the_epochs(
    patience: int, min_delta: float, expected: int, scripted: list[int], tmp_path: Path
) -> None:
    train(tmp_path / "run", StopEarly(patience, min_delta))
    assert scripted == list(range(expected))


def test_a_resumed_training_counts_on(scripted: list[int], tmp_path: Path) -> None:
    train(tmp_path / "run", StopEarly(2), epochs=8)
    assert scripted == list(range(8))
    train(tmp_path / "run", StopEarly(2), resume=True)
    assert scripted == list(range(9))
    # It had ended: nothing more, unless there is more patience.
    train(tmp_path / "run", StopEarly(2), resume=True)
    assert scripted == list(range(9))
    train(tmp_path / "run", StopEarly(4), resume=True)
    assert scripted == list(range(11))


def test_an_ensemble_ends_by_its_own_score(
    scripted: list[int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def validation_step(self: TrainingModule, batch: object, batch_idx: int) -> None:
        falling = 1.0 - 0.01 * self.current_epoch
        self.log_dict({"val/fair_crps": ERRORS[self.current_epoch], "val/relative_l2": falling})

    monkeypatch.setattr(TrainingModule, "validation_step", validation_step)
    splits = {"train": evolution(samples=2), "val": evolution(samples=2)}
    ensemble = Crps(members=2, noise_channels=1, noise_modes=3)
    stop = StopEarly(2)
    fit(FNO.spec(**ARGUMENTS), splits, ensemble, epochs=12, callbacks=[stop], folder=tmp_path)
    assert scripted == list(range(9))
    assert stop.monitor == "val/fair_crps"
    kept = torch.load(tmp_path / "checkpoints" / "last.ckpt", weights_only=True)["callbacks"]
    assert kept[StopEarly().state_key]["wait_count"] == 2
    assert stop.state_key == StopEarly().state_key


def test_wrong_numbers_are_named() -> None:
    with raises_input("patience", 0):
        StopEarly(0)
    with raises_input("min_delta", -1.0):
        StopEarly(3, -1.0)
