"""The command: a file next to its run, a table, and one line for what cannot be."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest


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
