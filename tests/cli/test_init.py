"""``neurop init``: a project that runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml

from neurop.cli._project.own_data import OwnData
from neurop.cli._project.texts import experiment, model_of, notebook

Command = Callable[..., int]


def trajectories(path: Path) -> Path:
    """Write a file that names no axes."""
    x, t = np.arange(16) / 16, np.arange(12)[:, None]
    waves = [np.sin(2 * np.pi * (x - 0.05 * t + p)) for p in np.linspace(0, 1, 12)]
    np.savez(path, u=np.array(waves, dtype=np.float32))
    return path


def test_a_project_of_the_sample(
    neurop: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert neurop("init", "flow") == 0
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "next: cd flow && make train",
        "wrote flow",
    ]
    made = {str(p.relative_to(tmp_path / "flow")) for p in (tmp_path / "flow").rglob("*.*")}
    assert made == {
        "conf/data/sample.yaml",
        "conf/experiment/first.yaml",
        "README.md",
        "notebook.ipynb",
        ".gitignore",
    }
    assert (tmp_path / "flow").stat().st_mode & 0o777 == 0o777 & ~umask()
    assert [p.name for p in tmp_path.iterdir()] == ["flow"]
    # Its settings are accepted, up to the model.
    assert neurop("train", "-cd", "flow/conf", "experiment=first", "model.depth=0") == 2
    assert "model.depth=0" in capsys.readouterr().err


def umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_what_the_file_does_not_tell_is_marked(
    neurop: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trajectories(tmp_path / "my waves.npz")
    assert neurop("init", "flow", "data=my waves.npz") == 0
    said = capsys.readouterr().out
    assert "set axes in conf/data/my_waves.yaml" in said
    assert "set boundary in conf/data/my_waves.yaml" in said
    path = tmp_path / "flow" / "conf" / "data" / "my_waves.yaml"
    assert yaml.safe_load(path.read_text())["path"] == str(tmp_path / "my waves.npz")
    assert neurop("train", "-cd", "flow/conf", "experiment=first") == 2


@pytest.mark.parametrize(
    ("axes", "sphere", "points", "expected"),
    [
        (1, False, 128, ("fno", 32)),
        (1, False, 32, ("fno", 16)),
        (2, False, 64, ("fno", 16)),
        (3, False, 64, ("fno", 8)),
        (2, True, 32, ("sfno", 16)),
        (2, False, 3, ("fno", 1)),
    ],
)
def test_the_model_fits_the_grid(
    axes: int, sphere: bool, points: int, expected: tuple[str, int]
) -> None:
    data = OwnData("waves", "", axes, sphere, points=points)
    name, arguments = model_of(data)
    assert (name, arguments["modes"]) == expected
    assert yaml.safe_load(experiment(data))["model"] == arguments


def test_the_notebook_is_valid() -> None:
    nbformat = pytest.importorskip("nbformat")
    made = nbformat.reads(notebook("flow", OwnData.sample()), as_version=4)
    nbformat.validate(made)
    for cell in made.cells:
        if cell.cell_type == "code":
            compile(cell.source.removeprefix("%matplotlib inline\n"), "cell", "exec")


@pytest.mark.parametrize("words", [(), ("full",), ("file",), ("new", "data=absent.h5"), ("a", "b")])
def test_wrong_words_leave_nothing(words: tuple[str, ...], neurop: Command, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").touch()
    (tmp_path / "file").touch()
    before = sorted(tmp_path.rglob("*"))
    assert neurop("init", *words) == 2
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_the_project_runs(neurop: Command, tmp_path: Path) -> None:
    """Train, score and publish by make, on data of the user's own, then run the notebook."""
    trajectories(tmp_path / "waves.npz")
    assert neurop("init", "flow", "data=waves.npz") == 0
    folder = tmp_path / "flow"
    data = folder / "conf" / "data" / "waves.yaml"
    text = data.read_text().replace('["???", "???", "???"]', "[sample, time, x]")
    data.write_text(text.replace("boundary: ???", "boundary: periodic"))
    command = f"NEUROP={sys.executable} -P -m neurop"
    settings = "ARGS=model.width=4 trainer.max_steps=3 trainer.accelerator=cpu"
    for target, more in (("train", [settings]), ("eval", []), ("rollout", []), ("publish", [])):
        subprocess.run(["make", target, command, *more], cwd=folder, check=True)
    (run,) = (folder / "runs").glob("waves-fno/*")
    assert {"eval", "rollout", "publish"} <= {path.name for path in run.iterdir()}
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    book = nbformat.read(folder / "notebook.ipynb", as_version=4)
    nbclient.NotebookClient(book, resources={"metadata": {"path": str(folder)}}).execute()
    outputs = [o for cell in book.cells for o in cell.get("outputs", [])]
    assert any("image/png" in o.get("data", {}) for o in outputs)
