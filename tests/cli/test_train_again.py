"""Runs that were interrupted go on as if they had not been; sweeps make a table."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from neurop.training.module import TrainingModule

Command = Callable[..., int]


def weights(run: Path) -> dict[str, torch.Tensor]:
    return load_file(run / "model" / "model.safetensors")


def state(run: Path) -> dict[str, torch.Tensor]:
    return torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]


def columns(run: Path, name: str) -> list[str]:
    with (run / "metrics.csv").open(newline="") as file:
        return [row[name] for row in csv.DictReader(file) if row[name]]


def content(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in folder.rglob("*")
        if p.is_file()
    }


@pytest.fixture
def interrupt(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, int], None]:
    """Return a function after which Ctrl-C is pressed, once, before a batch of an epoch (both
    counted from 0).
    """

    def at(epoch: int, batch: int) -> None:
        pressed: list[int] = []

        def press(self: TrainingModule, data: object, index: int) -> None:
            if (self.current_epoch, index) == (epoch, batch) and not pressed:
                pressed.append(1)
                raise KeyboardInterrupt

        monkeypatch.setattr(TrainingModule, "on_train_batch_start", press, raising=False)

    return at


SETTINGS = {
    "plain": (),
    "averaged": ("callback=[ema]", "callback.ema.decay=0.7"),
    "unrolled": (
        "problem.unroll=2",
        "augment=[coarse_to_fine]",
        "augment.coarse_to_fine.shape=[8,10]",
        "augment.coarse_to_fine.share=0.5",
    ),
    "accumulated": ("trainer.accumulate_grad_batches=2",),
    "read ahead": ("loader.workers=2",),
    "steps": ("trainer.max_steps=25",),
    "float64": ("trainer.precision=64-true",),
    "bf16": ("trainer.precision=bf16-mixed",),
    "bounded": ("callback=[spectral_bound]",),
    "muon": ("optimizer=muon",),
    "soap": ("optimizer=soap", "optimizer.interval=2"),
    "validated twice": ("+trainer.val_check_interval=0.5",),
    "pushed": ("objective.pushforward=1", "augment=[noise]"),
    # Nothing is an improvement by 10, so it ends after the second epoch.
    "stopped": (
        "callback=[early_stopping]",
        "callback.early_stopping.min_delta=10.0",
        "callback.early_stopping.patience=1",
    ),
}

OFTEN = ("plain", "averaged")


@pytest.mark.trust(
    "A resumed run ends bit for bit as one that was not interrupted",
    "Ctrl-C within an epoch, one setting at a time",
)
@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(words, id=name, marks=[] if name in OFTEN else pytest.mark.slow)
        for name, words in SETTINGS.items()
    ],
)
def test_a_continued_run_ends_where_it_would_have_ended(
    settings: tuple[str, ...],
    train: Command,
    neurop: Command,
    interrupt: Callable,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    more = ("data.samples=45", "trainer.max_epochs=3", "trainer.log_every_n_steps=1", *settings)
    assert train(*more, "hydra.run.dir=runs/a/whole") == 0
    whole = tmp_path / "runs" / "a" / "whole"
    capsys.readouterr()
    # In the middle of the second epoch: the first is kept.
    interrupt(1, 1)
    assert train(*more, "hydra.run.dir=runs/a/halved") == 130
    assert capsys.readouterr().err.splitlines()[-1] == (
        "neurop train: interrupted in epoch 2 of 3; to continue: neurop train resume=runs/a/halved"
    )
    halved = tmp_path / "runs" / "a" / "halved"
    # It can be used meanwhile: the surrogate of the best epoch is there.
    best = torch.load(halved / "checkpoints" / "best.ckpt", weights_only=True)["state_dict"]
    assert not (halved / "model").exists()
    made = load_file(halved / "checkpoints" / "best" / "model.safetensors")
    model = {f"surrogate.{name}": value for name, value in made.items()}
    assert all(torch.equal(best[name], value) for name, value in model.items())
    assert neurop("eval", "ckpt=runs/a/halved") == 0
    assert "runs/a/halved has not ended" in capsys.readouterr().out
    assert json.loads((halved / "eval" / "eval.json").read_text())["unfinished"] is True
    (tmp_path / "moved").mkdir()
    halved = halved.rename(tmp_path / "moved" / "run")
    assert neurop("train", f"resume={halved.relative_to(tmp_path)}") == 0
    assert [
        line for line in capsys.readouterr().out.splitlines() if line.startswith("epoch 1")
    ] == []
    for read in (weights, state):
        before, after = read(whole), read(halved)
        assert before.keys() == after.keys()
        assert all(torch.equal(before[name], value) for name, value in after.items())
    for name in ("step", "train/loss", "val/relative_l2"):
        assert columns(halved, name) == columns(whole, name)
    records = [json.loads((run / "train.json").read_text()) for run in (whole, halved)]
    first, both = (
        torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)["callbacks"][
            "neurop.Timer"
        ]
        for run in (whole, halved)
    )
    assert both["count"] == first["count"] > 0
    assert both["total"] >= both["stepping"] > 0
    clocks = ("seconds", "train_seconds", "waiting_share", "step_ms", "peak_mb")
    assert {k: v for k, v in records[0].items() if k not in clocks} == {
        k: v for k, v in records[1].items() if k not in clocks
    }


def test_a_run_without_an_epoch_behind_it_has_nothing_to_continue(
    train: Command,
    neurop: Command,
    interrupt: Callable,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    interrupt(0, 1)
    assert train("hydra.run.dir=runs/a/b") == 130
    said = capsys.readouterr().err
    assert "in epoch 1 of 2" in said
    assert "resume=" not in said
    before = content(tmp_path)
    assert neurop("train", "resume=runs/a/b") == 2
    assert (
        capsys.readouterr().err
        == "neurop train: resume=runs/a/b: no checkpoints/last.ckpt in this folder, so there is "
        "nothing to continue\n"
    )
    assert content(tmp_path) == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            "model.width=8",
            "a resumed run keeps its model: runs/a/b has model.width=4, not model.width=8; start "
            "a new run for it",
        ),
        (
            "problem.history=2",
            "a resumed run keeps its problem: runs/a/b has problem.history=null, not "
            "problem.history=2; start a new run for it, with init=runs/a/b from these weights",
        ),
        (
            "trainer.max_epochs=1",
            "trainer.max_epochs=1: runs/a/b/checkpoints/last.ckpt has 2 completed epochs; give 2 "
            "or more",
        ),
        (
            "recommended=navier_stokes",
            "a resumed run keeps its recommended: runs/a/b has ~recommended, not "
            "recommended=navier_stokes",
        ),
        ("damage", "runs/a/b/checkpoints/last.ckpt: damaged, or no checkpoint"),
    ],
)
def test_a_checkpoint_that_does_not_fit_leaves_the_run_as_it_was(
    change: str,
    message: str,
    train: Command,
    neurop: Command,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert train("hydra.run.dir=runs/a/b") == 0
    last = tmp_path / "runs/a/b/checkpoints/last.ckpt"
    if change == "damage":
        last.write_bytes(last.read_bytes()[:1000])
        change = "trainer.max_epochs=3"
    before = content(tmp_path)
    capsys.readouterr()
    assert neurop("train", "resume=runs/a/b", change) == 2
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert message in err
    assert content(tmp_path) == before


def test_a_sweep_trains_every_combination(
    train: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train("-m", "model.width=4,8", "trainer.max_epochs=1") == 0
    (sweep,) = tmp_path.glob("runs/sweeps/*")
    with (sweep / "summary.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["model.width"] for row in rows] == ["4", "8"]
    jobs = sorted(sweep.glob("*-navier_stokes-fno"))
    for row, job in zip(rows, jobs, strict=True):
        record = json.loads((job / "train.json").read_text())
        assert float(row["test/relative_l2"]) == record["test/relative_l2"]
        assert weights(job)["net.lift.weight"].shape[0] == int(row["model.width"])
    assert [float(row["val/relative_l2"]) for row in rows] == [
        json.loads((job / "train.json").read_text())["val/relative_l2"] for job in jobs
    ]
    assert [row["best"] for row in rows].index("best") == int(
        float(rows[1]["val/relative_l2"]) < float(rows[0]["val/relative_l2"])
    )
    assert capsys.readouterr().out.splitlines()[-1] == f"wrote {sweep.relative_to(tmp_path)}"
