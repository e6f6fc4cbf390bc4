"""Options for long rollouts, from the command line: what they hold, that a run goes on with
them, that a new one begins with them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf
from safetensors.torch import load_file

import neurop as package
from neurop.cli._training import _budget
from neurop.training.budget import Budget
from neurop.training.callbacks.spectral_bound import channel_matrices, matrices, transfer

Command = Callable[..., int]
OPTIONS = (
    "augment=[noise]",
    "augment.noise.std=0.05",
    "objective.pushforward=1",
    "callback=[spectral_bound]",
    "callback.spectral_bound.bound=0.9",
    "callback.spectral_bound.order=6",
)


def weights(run: Path) -> dict[str, torch.Tensor]:
    return load_file(run / "model" / "model.safetensors")


def test_the_surrogate_of_a_bounded_run_is_bounded(train: Command, tmp_path: Path) -> None:
    assert train(*OPTIONS, "hydra.run.dir=run") == 0
    s = package.load(tmp_path / "run")
    for weight, modes in channel_matrices(s.net):
        norms = torch.linalg.matrix_norm(matrices(weight.detach().double()), 2)
        assert (norms <= 0.9 * (1 if modes is None else transfer(modes, 6)) * (1 + 1.1e-5)).all()


def test_a_run_with_options_goes_on_as_it_would_have(
    train: Command, neurop: Command, tmp_path: Path
) -> None:
    more = (*OPTIONS, "scheduler=warmup_cosine", "scheduler.warmup=0", "scheduler.final=1")
    assert train(*more, "trainer.max_epochs=3", "hydra.run.dir=whole") == 0
    # Without a change of the rate the length of the run changes nothing before its end.
    assert train(*more, "trainer.max_epochs=2", "hydra.run.dir=halved") == 0
    assert neurop("train", "resume=halved", "trainer.max_epochs=3") == 0
    whole, halved = weights(tmp_path / "whole"), weights(tmp_path / "halved")
    assert all(torch.equal(whole[name], value) for name, value in halved.items())


def test_a_new_run_begins_with_the_weights_of_another(
    train: Command, trained: Path, tmp_path: Path
) -> None:
    frozen = ("optimizer.lr=0", "trainer.max_epochs=1")
    assert train(f"init={trained}", "problem.unroll=2", *frozen, "hydra.run.dir=again") == 0
    before, after = weights(trained), weights(tmp_path / "again")
    assert all(torch.equal(before[name], value) for name, value in after.items())
    records = [
        json.loads((run / "train.json").read_text()) for run in (trained, tmp_path / "again")
    ]
    assert records[0]["test/relative_l2"] == pytest.approx(records[1]["test/relative_l2"], rel=1e-6)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("init=nowhere", "init=nowhere: no such folder"),
        ("augment=[noise] augment.noise.std=-1.0", "augment.noise.std=-1.0: give a number above 0"),
        ("objective.pushforward=-1", "objective.pushforward=-1: give 0 or more"),
        (
            "callback=[spectral_bound] callback.spectral_bound.bound=0.0",
            "callback.spectral_bound.bound=0.0: give a number above 0, or null",
        ),
        ("objective.pushforward=2", "navier_stokes: 3 frames are fewer than history=1 + steps=3"),
    ],
)
def test_what_is_refused(
    override: str, message: str, train: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(*override.split(" ")) == 2
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert message in err
    assert list(tmp_path.iterdir()) == []


def test_weights_of_another_shape_are_refused(
    train: Command, trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert train(f"init={trained}", "model.width=8") == 2
    assert (
        "has shape (4,) there and (8,) by the settings; give those that it was made with"
        in capsys.readouterr().err
    )


def test_space_time_of_another_data_set(neurop: Command, tmp_path: Path) -> None:
    small = {"samples": 41, "resolution": 16, "length": 10.0, "steps": 8, "warmup": 1.0}
    source = [
        "data=space_time",
        "data@data.source=kuramoto_sivashinsky",
        *(f"data.source.{name}={value}" for name, value in small.items()),
    ]
    model = [
        "~recommended",
        "model.modes=4",
        "model.width=4",
        "model.depth=1",
        "data.given=1",
        "debug=default",
    ]
    assert neurop("train", *source, *model, "hydra.run.dir=run") == 0
    assert neurop("eval", "ckpt=run") == 0
    trained, scored = (
        json.loads((tmp_path / "run" / name).read_text())
        for name in ("train.json", "eval/eval.json")
    )
    assert trained["train_shape"] == [16, 8]
    assert scored["relative_l2"] == pytest.approx(trained["test/relative_l2"], rel=1e-5)


def test_a_resumed_run_keeps_the_steps_of_its_budget(
    train: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of a time are counted once, or the schedule would change within the run."""
    assert train("budget=3steps", "hydra.run.dir=run") == 0
    record = json.loads((tmp_path / "run" / "train.json").read_text())
    assert (record["steps"], record["epochs"]) == (3, 2)
    assert record["train_seconds"] <= record["seconds"]
    later = OmegaConf.create({"budget": "10min", "resume": str(tmp_path / "run")})
    monkeypatch.setattr("neurop.cli._training.overrides", lambda chosen: ["resume=run"])
    assert _budget(later) == Budget(steps=3)
    later.resume = None
    assert _budget(later) == Budget(600.0)


def test_a_resumed_run_takes_another_number_of_steps(
    train: Command, neurop: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def record() -> tuple[int, int]:
        found = json.loads((tmp_path / "run" / "train.json").read_text())
        return found["steps"], found["epochs"]

    assert train("budget=3steps", "hydra.run.dir=run") == 0  # two steps per epoch
    assert neurop("train", "resume=run", "trainer.max_steps=5") == 0
    assert record() == (5, 3)
    # Without a word it keeps them, whatever was said when it began.
    assert neurop("train", "resume=run") == 0
    assert record() == (5, 3)
    capsys.readouterr()
    assert neurop("train", "resume=run", "trainer.max_epochs=9") == 2
    said = capsys.readouterr().err
    assert "trainer.max_epochs=9: the run has a budget of steps; give trainer.max_steps" in said
    assert len(said.splitlines()) == 1
    assert record() == (5, 3)


def test_the_last_step_is_validated_though_few_epochs_are(train: Command, tmp_path: Path) -> None:
    # Data of its own, which are generated: the settings are tried on an outline first.
    words = ("data.samples=43", "trainer.check_val_every_n_epoch=5")
    assert train("budget=3steps", *words, "hydra.run.dir=run") == 0
    record = json.loads((tmp_path / "run" / "train.json").read_text())
    assert record["steps"] == 3
    assert 0 < record["val/relative_l2"] < 10
