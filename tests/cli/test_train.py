"""``neurop train`` writes the whole run, the same again from the same settings."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf
from safetensors.torch import load_file

import neurop as package
from neurop.datasets import NavierStokes
from neurop.training.module import TrainingModule

Command = Callable[..., int]
AVERAGED = ("callback=[ema]", "callback.ema.decay=0.9")
COARSE = ("augment=[coarse_to_fine]", "augment.coarse_to_fine.shape=[10,12]")
FILES = {
    "config.yaml",
    "overrides.yaml",
    "versions.json",
    "metrics.csv",
    "train.json",
    "checkpoints/last.ckpt",
    "checkpoints/best.ckpt",
    "model/model.json",
    "model/model.safetensors",
    "plots/loss.png",
}


def only(tmp_path: Path) -> Path:
    (run,) = tmp_path.glob("runs/*/*")
    return run


def record(run: Path, name: str = "train.json") -> dict[str, Any]:
    return json.loads((run / name).read_text(), parse_constant=pytest.fail)


def data(**how: Any) -> NavierStokes:
    return NavierStokes(**({"samples": 42, "resolution": 16, "steps": 2} | how))


def strings(node: Any) -> Iterator[str]:
    for value in (
        node.values() if isinstance(node, dict) else node if isinstance(node, list) else [node]
    ):
        yield from strings(value) if isinstance(value, dict | list) else [str(value)]


def test_a_run_leaves_the_whole_contract(
    train: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train("trainer.log_every_n_steps=1") == 0
    run = only(tmp_path)
    assert run.parent.name == "navier_stokes-fno"
    assert {str(p.relative_to(run)) for p in run.rglob("*") if p.is_file()} == FILES
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "fno on navier_stokes: 4 training examples"
    assert (
        out[1] == f"  {record(run)['parameters']:,} real parameters; batches of 2 on 16 x 16 points"
    )
    assert [line.split("  ")[0] for line in out[5:7]] == ["epoch 1/2", "epoch 2/2"]
    assert out[-1] == f"wrote {run.relative_to(tmp_path)}"
    assert (run / "plots" / "loss.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    with (run / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    # Two batches in each of two epochs, and at the end of each one row of averages.
    assert [int(row["step"]) for row in rows if row["train/loss"]] == [0, 1, 2, 3]
    validations = [float(row["val/relative_l2"]) for row in rows if row["val/relative_l2"]]
    assert min(validations) == pytest.approx(record(run)["val/relative_l2"], rel=1e-6)
    losses = [float(row["train/loss"]) for row in rows if row["train/loss"]]
    averages = [float(row["train/loss_epoch"]) for row in rows if row["train/loss_epoch"]]
    assert averages == pytest.approx([sum(losses[:2]) / 2, sum(losses[2:]) / 2], rel=1e-5)
    versions = record(run, "versions.json")
    assert (versions["neurop"], versions["torch"]) == (package.__version__, torch.__version__)


def test_the_test_scores_are_those_of_the_saved_surrogate(train: Command, tmp_path: Path) -> None:
    assert train() == 0
    run = only(tmp_path)
    s, found = package.load(run), record(run)
    test = data().splits()["test"].values.astype(np.float64)
    x, y = test[:, :-1].reshape(-1, 1, 16, 16), test[:, 1:].reshape(-1, 1, 16, 16)
    made = s(torch.from_numpy(x).float()).detach().double().numpy()
    gap, size = (np.sqrt((f**2).sum((1, 2, 3))) for f in (made - y, y))
    assert found["test/relative_l2"] == pytest.approx((gap / size).mean(), rel=1e-5)
    assert found["test/relative_l2_worst"] == pytest.approx((gap / size).max(), rel=1e-5)
    assert found["test/rmse/vorticity"] == pytest.approx(
        np.sqrt(((made - y) ** 2).mean()), rel=1e-5
    )
    assert found["test/persistence_relative_l2"] == pytest.approx(
        (np.sqrt(((x - y) ** 2).sum((1, 2, 3))) / size).mean(), rel=1e-5
    )
    whole = s.trajectory(torch.from_numpy(test[:, :1]).float(), 2).detach().double().numpy()
    gap, size = (np.sqrt((f**2).sum((1, 2, 3, 4))) for f in (whole - test[:, 1:], test[:, 1:]))
    assert found["test/trajectory_2_relative_l2"] == pytest.approx((gap / size).mean(), rel=1e-5)
    assert found["data_hash"] == data().splits()["train"].digest()
    assert (found["epochs"], found["steps"], found["seed"], found["train_shape"]) == (
        2,
        4,
        0,
        [16, 16],
    )
    assert found["parameters"] == s.parameters_count()


def test_the_surrogate_is_that_of_the_best_epoch(
    train: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors = (0.3, 0.2, 0.4)
    monkeypatch.setattr(
        TrainingModule,
        "validation_step",
        lambda self, batch, batch_idx: self.log("val/relative_l2", errors[self.current_epoch]),
    )
    assert train("trainer.max_epochs=3") == 0
    run = only(tmp_path)
    best, last = (
        torch.load(run / "checkpoints" / f"{name}.ckpt", weights_only=True)["state_dict"]
        for name in ("best", "last")
    )
    weights = {
        f"surrogate.{name}": value
        for name, value in load_file(run / "model" / "model.safetensors").items()
    }
    assert weights.keys() == best.keys()
    assert all(torch.equal(best[name], value) for name, value in weights.items())
    assert not all(torch.equal(last[name], value) for name, value in weights.items())
    assert record(run)["val/relative_l2"] == pytest.approx(0.2)


def test_configuration_and_card_name_no_place_on_this_machine(
    train: Command, tmp_path: Path, store: Path
) -> None:
    assert train() == 0
    run = only(tmp_path)
    texts = [
        run / name for name in ("config.yaml", "overrides.yaml", "train.json", "model/model.json")
    ]
    for path in texts:
        found = list(strings(OmegaConf.to_container(OmegaConf.load(path))))
        assert len(found) > 10
        assert not [
            text
            for text in found
            if text.startswith("/") or str(tmp_path) in text or str(store) in text
        ]
    assert train(f"data.storage.folder={store}", "hydra.run.dir=runs/a/named") == 0
    assert OmegaConf.load(tmp_path / "runs/a/named/config.yaml").data.storage.folder == str(store)


def test_overrides_repeat_the_run_bit_for_bit(
    train: Command, neurop: Command, tmp_path: Path
) -> None:
    assert train("seed=3", *AVERAGED, "problem.unroll=2", *COARSE) == 0
    run = only(tmp_path)
    given = [str(o) for o in OmegaConf.load(run / "overrides.yaml")]
    assert neurop("train", *given, "hydra.run.dir=again") == 0
    first, second = (
        load_file(f / "model" / "model.safetensors") for f in (run, tmp_path / "again")
    )
    assert all(torch.equal(second[name], value) for name, value in first.items())


def test_the_seed_decides_weights_and_order(
    train: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[float, int]] = []

    def look(self: TrainingModule) -> None:
        seen.append((self.surrogate.net.lift.weight[0, 0].item(), self.trainer.datamodule.seed))

    monkeypatch.setattr(TrainingModule, "on_train_start", look)
    for number, seed in enumerate((3, 3, 4)):
        assert train(f"seed={seed}", "debug=default", f"hydra.run.dir=runs/a/{number}") == 0
    assert seen[0] == seen[1]
    assert seen[0][0] != seen[2][0]
    assert [order for _, order in seen] == [3, 3, 4]


def test_a_first_call_generates_what_is_missing(
    train: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(f"data.storage.folder={tmp_path / 'own'}", "trainer.max_epochs=1") == 0
    (file,) = (tmp_path / "own").iterdir()
    assert file.name.startswith("navier_stokes-16-")
    assert "generating navier_stokes at 16x16: 42 samples" in capsys.readouterr().err
    before = file.stat().st_mtime_ns
    assert (
        train(
            f"data.storage.folder={tmp_path / 'own'}", "trainer.max_epochs=1", "hydra.run.dir=again"
        )
        == 0
    )
    assert "generating" not in capsys.readouterr().err
    assert file.stat().st_mtime_ns == before


@pytest.mark.slow
def test_a_compiled_network_trains_and_saves_as_any_other(train: Command, tmp_path: Path) -> None:
    losses = []
    for number, compiled in enumerate(((), ("callback=[compile]",))):
        assert (
            train(
                *compiled,
                "trainer.max_epochs=1",
                f"hydra.run.dir=compile-{number}",
            )
            == 0
        )
        record = json.loads((tmp_path / f"compile-{number}" / "train.json").read_text())
        losses.append(record["test/relative_l2"])
    assert losses[1] == pytest.approx(losses[0], rel=1e-3)
