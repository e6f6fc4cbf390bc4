"""What can be refused is refused before data are generated, and a file before large imports."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from neurop.generation.dataset import SolvedDataset

Command = Callable[..., int]
NEW = ("data=burgers", "data.samples=41", "data.resolution=16", "trainer.accelerator=cpu")
WRONG = {
    "loader.batch_size=-1": "loader.batch_size=-1: give 1 or more",
    "model=sfno": "sphere",
    "model.modes=99": "model.modes=[99]: the 16 points of axis x resolve 8",
    "problem=evolution": "problem",
    "constraint=[positivity] constraint.positivity.fields=[v]": "v",
    "trainer.precision=bf16-true": "trainer.precision=bf16-true: choose from",
    "trainer.devices=0": "devices",
    "optimizer.lr=-1": "optimizer",
    "scheduler.warmup=3": "scheduler.warmup=3: give a share",
    "callback=[spectral_bound] callback.spectral_bound.bound=0.0": "bound=0.0",
    "augment=[swap]": "augment=swap",
    # Lightning shards weights on GPUs alone.
    "trainer.strategy=fsdp": "fsdp",
}


@pytest.fixture
def unsolved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail where a data set would be generated."""
    monkeypatch.setattr(
        SolvedDataset, "splits", lambda self: pytest.fail("the data were generated first")
    )
    monkeypatch.setattr(
        SolvedDataset, "test", lambda self: pytest.fail("the data were generated first")
    )


@pytest.mark.parametrize("words", WRONG)
def test_settings_that_do_not_fit_the_data(
    words: str, unsolved: None, neurop: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = f"data.storage.folder={tmp_path / 'data'}"
    assert neurop("train", *NEW, folder, *words.split(" ")) == 2
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert WRONG[words] in err
    assert list(tmp_path.iterdir()) == []


def test_data_that_do_not_fit_the_surrogate(
    trained: Path,
    unsolved: None,
    neurop: Command,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for verb in ("eval", "superres", "rollout"):
        assert neurop(verb, f"ckpt={trained}", "data=burgers") == 2
        assert "the surrogate is an evolution in time" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("word", ["data.path=gone.npy", "data.axes=[x]", "data.boundary=round"])
def test_a_mistake_about_a_file_needs_no_large_package(word: str, tmp_path: Path) -> None:
    np.save(tmp_path / "u.npy", np.zeros((4, 3, 8), np.float32))
    words = ["data=file", "data.path=u.npy", "data.axes=[sample,time,x]", "data.boundary=periodic"]
    words = [w for w in words if w.split("=")[0] != word.split("=")[0]]
    code = (
        "import sys; from neurop.cli import main; status = main(sys.argv[1:]); "
        "heavy = {'torch', 'lightning', 'xarray', 'matplotlib', 'scipy'} & set(sys.modules); "
        "sys.exit(f'imported {heavy}' if heavy else status)"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code, "train", *words, word],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
    assert done.stderr.startswith("neurop train: ")
