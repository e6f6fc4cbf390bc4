"""``neurop generate`` makes the file once and says what is in it."""

import csv
import json

import pytest

from neurop.cli import main
from neurop.datasets import NavierStokes
from neurop.errors import ExternalFailure
from neurop.generation.generate import data_folder

from .conftest import Home

SMALL = ["data.samples=42", "data.resolution=8", "data.steps=2", "data.interval=0.1"]


def test_generate(
    home: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NEUROP_DATA", raising=False)
    assert main(["generate", "data=navier_stokes", *SMALL]) == 0
    lines = capsys.readouterr().out.splitlines()
    (file,) = data_folder().glob("*.h5")
    record = json.loads((home.folder / "data" / "generate.json").read_text())
    assert {split: facts["samples"] for split, facts in record["splits"].items()} == {
        "train": 2,
        "val": 20,
        "test": 20,
    }
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
    assert (
        capsys.readouterr().err
        == "neurop generate: data.viscosity=-1: use a finite number above 0\n"
    )
    assert sorted(p.name for p in home.folder.iterdir()) == ["own"]


def test_shards_of_a_sweep_are_joined_by_the_same_command(
    home: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEUROP_DATA", "cut")
    assert main(["generate", "-m", "data=navier_stokes", *SMALL, "shard=0/3,1/3,2/3"]) == 0
    assert not list(data_folder().glob("*.h5"))
    (sweep,) = (home.folder / "runs" / "sweeps").iterdir()
    with (sweep / "summary.csv").open(newline="") as file:
        made = {row["shard"]: int(float(row["samples"])) for row in csv.DictReader(file)}
    assert made == {"0/3": 15, "1/3": 15, "2/3": 12}
    assert "navier_stokes, shard 2/3: 12 samples" in capsys.readouterr().out
    assert main(["generate", "data=navier_stokes", *SMALL]) == 0
    cut = json.loads((data_folder() / "generate.json").read_text())["splits"]
    assert main(["generate", "data=navier_stokes", *SMALL, "shard=1/3"]) == 0
    assert "shard 1/3: 0 samples" in capsys.readouterr().out
    monkeypatch.setenv("NEUROP_DATA", "whole")
    assert main(["generate", "data=navier_stokes", *SMALL, "workers=1"]) == 0
    whole = json.loads((data_folder() / "generate.json").read_text())["splits"]
    assert {split: facts["digest"] for split, facts in cut.items()} == {
        split: facts["digest"] for split, facts in whole.items()
    }


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        (
            "shard=4/4",
            "shard=4/4: give the number of the shard, counted from 0, and of all shards, such as "
            "shard=0/4 to shard=3/4",
        ),
        (
            "shard=a",
            "shard=a: give the number of the shard, counted from 0, and of all shards, such as "
            "shard=0/4 to shard=3/4",
        ),
        ("shard=2", "shard: expected str or null, got 2"),
        ("workers=0", "workers=0: use 1 or more, or null for one per core"),
        ("data.storage.mode=live", "data.storage.mode: expected 'stored' or 'online', got 'live'"),
    ],
)
def test_wrong_use_is_one_line(
    home: Home, capsys: pytest.CaptureFixture[str], wrong: str, line: str
) -> None:
    assert main(["generate", "data=navier_stokes", *SMALL, wrong]) == 2
    assert capsys.readouterr().err == f"neurop generate: {line}\n"
    assert sorted(p.name for p in home.folder.iterdir()) == ["own"]


def test_what_is_read_has_no_shards(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate", "data=era5", "shard=0/2"]) == 2
    assert (
        capsys.readouterr().err
        == "neurop generate: shard=0/2: era5 is read, not generated; leave the shard out\n"
    )


def test_a_process_that_was_ended_is_one_line_and_status_1(
    home: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended(*_: object, **__: object) -> None:
        raise ExternalFailure("a process of the solver was ended (SIGKILL)")

    monkeypatch.setattr(NavierStokes, "solve", ended)
    monkeypatch.setenv("NEUROP_DATA", "own-data")
    assert main(["generate", "data=navier_stokes", *SMALL]) == 1
    assert capsys.readouterr().err.splitlines()[1:] == [
        "neurop generate: a process of the solver was ended (SIGKILL)"
    ]


def test_online_makes_the_first_stock_alone(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEUROP_DATA", "online")
    assert (
        main(
            [
                "generate",
                "data=navier_stokes",
                *SMALL,
                "data.samples=1000",
                "data.storage.mode=online",
            ]
        )
        == 0
    )
    splits = json.loads((data_folder() / "generate.json").read_text())["splits"]
    assert {split: facts["samples"] for split, facts in splits.items()} == {
        "train": 20,
        "val": 20,
        "test": 20,
    }
