"""``neurop generate`` makes the file once and says what is in it."""

import json

import pytest

from neurop.cli import main
from neurop.data.generation import data_folder

from .conftest import Home

SMALL = ["data.samples=42", "data.resolution=8", "data.steps=2", "data.interval=0.1"]


def test_generate(home: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NEUROP_DATA", raising=False)
    assert main(["generate", "data=navier_stokes", *SMALL]) == 0
    lines = capsys.readouterr().out.splitlines()
    (file,) = data_folder().glob("*.h5")
    record = json.loads((home.folder / "data" / "generate.json").read_text())
    assert {split: facts["samples"] for split, facts in record["splits"].items()} == {"train": 2, "val": 20, "test": 20}
    assert record["splits"]["train"]["shape"] == [8, 8]
    assert {facts["file"] for facts in record["splits"].values()} == {file.name}
    assert lines[2].split()[:4] == ["train", "2", "3", "vorticity"]
    assert lines[-1] == "wrote data"
    # Hydra leaves nothing of its own.
    assert sorted(p.name for p in home.folder.iterdir()) == ["data", "own"]

    made = file.stat().st_mtime_ns
    assert main(["generate", "data=navier_stokes", *SMALL]) == 0
    assert file.stat().st_mtime_ns == made


def test_wrong_parameter_is_one_line(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate", "data=navier_stokes", "data.viscosity=-1"]) == 2
    assert capsys.readouterr().err == "neurop generate: viscosity=-1: use a finite number above 0\n"
    assert sorted(p.name for p in home.folder.iterdir()) == ["own"]
