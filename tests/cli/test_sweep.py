"""Sweeps: one folder per job, one table for all."""

import csv
import json
from typing import Any

import pytest

from neurop.cli._hydra import run_folder
from neurop.errors import InputError

from .conftest import Home


def scores(cfg: Any) -> dict[str, float]:
    (run_folder() / "done").touch()
    return {"test/relative_l2": abs(cfg.model.length - 2.0), "seconds": 1.0}


def test_summary(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.run = scores
    assert home.train("-m", "model=tiny,other", "model.length=1.5,2.25") == 0
    (sweep,) = (home.folder / "runs" / "sweeps").iterdir()
    names = sorted(p.name for p in sweep.iterdir())
    assert names == [
        "0-tiny-tiny",
        "1-tiny-tiny",
        "2-tiny-other",
        "3-tiny-other",
        "multirun.yaml",
        "summary.csv",
    ]
    with (sweep / "summary.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [
        (r["job"], r["model"], r["model.length"], r["test/relative_l2"], r["seconds"], r["best"])
        for r in rows
    ] == [
        ("0", "tiny", "1.5", "0.5", "1.0", ""),
        ("1", "tiny", "2.25", "0.25", "1.0", "best"),
        ("2", "other", "1.5", "0.5", "1.0", ""),
        ("3", "other", "2.25", "0.25", "1.0", ""),
    ]
    assert "error" not in rows[0]
    printed = capsys.readouterr()
    assert printed.err == ""
    lines = printed.out.splitlines()
    assert lines[0] == "4 jobs"
    # The table shows the settings that differ; the file holds all.
    assert lines[1].split() == [
        "job",
        "model",
        "model.length",
        "test/relative_l2",
        "seconds",
        "best",
    ]
    assert {"data", "optimizer"} <= set(rows[0])
    assert [line.split()[-1] for line in lines if "best" in line] == ["best", "best"]
    assert lines[-1] == f"wrote runs/sweeps/{sweep.name}"


def test_a_failed_job_leaves_the_others(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    def run(cfg: Any) -> dict[str, float]:
        if cfg.model.length == 1:
            raise RuntimeError("blew up")
        if cfg.model.length == 2:
            raise InputError("too coarse")
        return {"loss": float("nan") if cfg.model.length == 3 else cfg.model.length}

    home.run = run
    assert home.train("-m", "model.length=1,2,3,4,5") == 1
    (sweep,) = (home.folder / "runs" / "sweeps").iterdir()
    with (sweep / "summary.csv").open(newline="") as file:
        rows = [(r["loss"], r["best"], r["error"]) for r in csv.DictReader(file)]
    assert rows == [
        ("", "", "RuntimeError: blew up"),
        ("", "", "too coarse"),
        ("", "", ""),
        ("4.0", "best", ""),
        ("5.0", "", ""),
    ]
    assert "RuntimeError: blew up" in capsys.readouterr().err
    record = json.loads((sweep / "3-tiny-tiny" / "job.json").read_text())
    assert (record["job"], record["metrics"], record["error"], record["wrong"]) == (
        3,
        {"loss": 4.0},
        None,
        False,
    )
    assert "model.length=4" in record["overrides"]


@pytest.mark.parametrize(
    "override", ["model=tiny,nope", "model.length=a,b", "modle=tiny,other", "model.lenght=1,2"]
)
def test_a_wrong_sweep_leaves_nothing(
    override: str, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    home.run = lambda cfg: pytest.fail("the verb was run")
    assert home.train("-m", override) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert all(line.startswith("neurop train: ") for line in printed.err.splitlines())
    assert "Traceback" not in printed.err
    assert sorted(p.name for p in home.folder.iterdir()) == ["own"]


def test_the_same_mistake_is_said_once(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.run = lambda cfg: (_ for _ in ()).throw(InputError("too coarse"))
    assert home.train("-m", "model.length=1,2") == 2
    assert capsys.readouterr().err == "neurop train: too coarse\n"


def test_an_interrupted_sweep_keeps_what_was_done(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(cfg: Any) -> dict[str, float]:
        if cfg.model.length == 2:
            raise KeyboardInterrupt
        return {"loss": cfg.model.length}

    home.run = run
    assert home.train("-m", "model.length=1,2,3") == 130
    (summary,) = home.folder.glob("runs/sweeps/*/summary.csv")
    assert len(summary.read_text().splitlines()) == 2
    assert capsys.readouterr().err == "neurop train: interrupted\n"


def test_the_folder_of_a_sweep_can_be_given(home: Home) -> None:
    home.run = scores
    assert home.train("-m", "model.length=1,2", "hydra.sweep.dir=mine") == 0
    assert sorted(p.name for p in (home.folder / "mine").iterdir()) == [
        "0-tiny-tiny",
        "1-tiny-tiny",
        "multirun.yaml",
        "summary.csv",
    ]
