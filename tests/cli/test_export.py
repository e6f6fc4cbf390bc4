"""The command: a file next to its run, a table, and one line for what cannot be."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from small import ARGUMENTS, evolution

from neurop.fields.noise_input import NoiseInput
from neurop.registry import Spec
from neurop.surrogate import Surrogate


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained, tmp_path / "run"))


@pytest.mark.slow
def test_a_run_is_exported_beside_its_model(
    neurop: Callable[..., int], run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert neurop("export", f"ckpt={run}", "grids=[16,[8,24]]") == 0
    shown, folder = capsys.readouterr(), run / "export" / "pt2"
    assert shown.out.splitlines()[-1] == f"wrote {folder}"
    assert shown.err == ""
    record = json.loads((folder / "export.json").read_text())
    assert [one["file"] for one in record["files"]] == ["model-16x16.pt2", "model-8x24.pt2"]
    assert record["checkpoint"] == str(run / "model")
    assert record["largest_difference"] < 1e-4


def test_a_probabilistic_surrogate_loses_its_noise(
    neurop: Callable[..., int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    spec, noise = Spec("fno", ARGUMENTS), NoiseInput(2, modes=3)
    Surrogate.of(evolution((16,)), spec, noise=noise).save(tmp_path / "model")
    ports = [{"name": name, "shape": ["batch", 1, "x"]} for name in ("x", "y")]
    channels = [{"name": "u", "unit": ""}, {"name": "p", "unit": "Pa"}]
    x, y = (port | {"channels": channels} for port in ports)
    compared = [{"batch": 1, "grid": [16], "largest_difference": 0.0}]
    files = [{"file": "model.pt2", "inputs": [x], "outputs": [y], "compared": compared}]
    record = {"model": "fno", "format": "pt2", "files": files, "grid_fixed_because": None}
    monkeypatch.setattr("neurop.cli.export.export", lambda *_: record | {"largest_difference": 0.0})
    assert neurop("export", "ckpt=model") == 0
    shown = capsys.readouterr()
    assert shown.err == (
        "fno is probabilistic: the file has no noise and makes one forecast; an ensemble is made "
        "by neurop rollout\n"
    )
    assert "  x     (batch, 1, x)  u, p (Pa)" in shown.out.splitlines()


@pytest.mark.parametrize(
    ("word", "line"),
    [
        ("grids=[]", "grids=[] is empty"),
        ("grids=[[16]]", "grids=[16]: give 2 sizes"),
        ("grids=[1]", "grids=1: give at least 2"),
        ("grids=[[16,1.5]]", "grids=1.5: give an integer"),
        ("out=taken", "out=taken: is a file"),
        ("ckpt=nowhere", "ckpt=nowhere: no such folder"),
    ],
)
def test_wrong_use(
    word: str,
    line: str,
    neurop: Callable[..., int],
    trained: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("taken").write_text("")
    words = [word] if word.startswith("ckpt") else [f"ckpt={trained}", word]
    assert neurop("export", *words) == 2
    assert capsys.readouterr().err.startswith(f"neurop export: {line}")
    assert not list(trained.glob("export/*"))
