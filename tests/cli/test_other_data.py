"""A run is evaluated from any folder, and on other data with the rest of its settings."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from omegaconf import OmegaConf
from raising import raises_input

from neurop.cli._results import results_folder
from neurop.cli._runs import Checkpoint
from neurop.cli._settings.saved import settings_for

Command = Callable[..., int]
READ = ("data=file", "data.path=u.npy", "data.axes=[sample,time,x]", "data.boundary=periodic")
SMALL = ("model.width=4", "model.depth=1", "model.modes=4", "trainer.max_epochs=1")


def waves(samples: int, seed: int) -> np.ndarray:
    """Return travelling sums of three sines, ``(sample, time, x)``."""
    rng = np.random.default_rng(seed)
    x, k = np.arange(32) / 32, np.arange(1, 4)
    size, phase = rng.standard_normal((samples, 1, 1, 3)), rng.random((samples, 1, 1, 3))
    t = np.arange(6)[None, :, None, None]
    made = size * np.sin(2 * np.pi * (k * x[None, None, :, None] + phase + 0.05 * k * t))
    return made.sum(-1).astype("f4")


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a run, and its data, that were named relative to it."""
    from neurop.cli import main

    folder = tmp_path_factory.mktemp("first")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr("sys.argv", ["neurop"])
        np.save("u.npy", waves(12, 0))
        words = (*READ, *SMALL, "trainer.accelerator=cpu", "hydra.run.dir=run")
        assert main(["train", *words]) == 0
    return folder


@pytest.fixture
def run(first: Path, tmp_path: Path) -> Path:
    """Return a copy of the run in another folder, next to other data."""
    np.savez(tmp_path / "other.npz", u=waves(9, 1))
    return shutil.copytree(first / "run", tmp_path / "run")


def record(folder: Path, verb: str = "eval") -> dict:
    return json.loads((folder / f"{verb}.json").read_text())


def test_every_place_of_the_record_is_absolute(
    run: Path, first: Path, neurop: Command, tmp_path: Path
) -> None:
    assert OmegaConf.load(run / "config.yaml").data.path == str(first / "u.npy")
    assert neurop("eval", "ckpt=run") == 0
    assert record(run / "eval")["data_settings"]["path"] == str(first / "u.npy")
    assert neurop("train", "resume=run", "trainer.max_epochs=2") == 0
    assert record(run, "train")["epochs"] == 2
    assert {f.name for f in tmp_path.iterdir()} == {"run", "other.npz"}
    # A run of an earlier version has the path as it was typed.
    config = OmegaConf.load(run / "config.yaml")
    config.data.path = "u.npy"
    OmegaConf.save(config, run / "config.yaml")
    with raises_input("data.path", "u.npy", "relative to the folder of the training"):
        settings_for(OmegaConf.create({"data": None}), Checkpoint(run, run / "model"))


def test_other_data_with_the_settings_of_the_run(
    run: Path, neurop: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert neurop("eval", "ckpt=run") == 0
    own = (run / "eval" / "eval.json").read_bytes()
    words = ("data.path=other.npz", "data.storage.held_out=1")
    assert neurop("eval", "ckpt=run", *words) == 0
    other = record(run / "eval-other")
    assert (other["samples"], other["data_settings"]["boundary"]) == (9, "periodic")
    assert (run / "eval" / "eval.json").read_bytes() == own
    capsys.readouterr()
    assert neurop("eval", "ckpt=run", *words) == 0
    assert "replaces the results in run/eval-other" in capsys.readouterr().out
    # ... and again other data of the same name.
    (tmp_path / "more").mkdir()
    np.savez("more/other.npz", u=waves(5, 2))
    assert neurop("eval", "ckpt=run", "data.path=more/other.npz", words[1]) == 0
    assert record(run / "eval-other-2")["samples"] == 5
    assert record(run / "eval-other")["samples"] == 9
    assert neurop("rollout", "ckpt=run", *words, "gif=false") == 0
    assert record(run / "rollout-other", "rollout")["samples"] == 9


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("data.pth=a.npz", "data.pth: neurop.datasets.File takes no 'pth'; did you mean 'path'?"),
        ("data.storage.held_out=0.7", "data.storage.held_out=0.7: give a share"),
        ("data.step=fast", "data.step: expected float or null, got 'fast'"),
        ("data.storage.held_out=0.4", "the surrogate was trained with some of these samples"),
        ("data.path=gone.npz", "gone.npz: no such file"),
    ],
)
def test_a_wrong_change_is_named_as_it_was_typed(
    word: str, message: str, run: Path, neurop: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert neurop("eval", "ckpt=run", word) == 2
    assert message in capsys.readouterr().err
    assert not list(run.glob("eval*"))


@pytest.mark.slow
def test_a_sweep_over_other_data(run: Path, neurop: Command, tmp_path: Path) -> None:
    for name in ("one", "two"):
        np.savez(f"{name}.npz", u=waves(4, 3))
    words = ("data.path=one.npz,two.npz", "data.storage.held_out=1")
    assert neurop("eval", "-m", "ckpt=run", *words, "hydra.sweep.dir=s") == 0
    table = (tmp_path / "s" / "summary.csv").read_text().splitlines()
    assert table[0].startswith("job,ckpt,data.path,")
    assert {f.name for f in run.glob("eval*")} == {"eval-one", "eval-two"}


def test_the_folder_of_a_model_without_its_run(tmp_path: Path) -> None:
    alone = Checkpoint(None, tmp_path / "model")
    assert results_folder(alone, "eval", "waves", {"a": 1}, False) == tmp_path / "eval"
    (tmp_path / "eval").mkdir()
    (tmp_path / "eval" / "eval.json").write_text('{"data_settings": {"a": 1}}')
    assert results_folder(alone, "eval", "waves", {"a": 1}, False) == tmp_path / "eval"
    assert results_folder(alone, "eval", "waves", {"a": 2}, False) == tmp_path / "eval-waves"
