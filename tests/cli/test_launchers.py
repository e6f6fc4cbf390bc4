"""Sweeps by the plugins of Hydra: jobs in processes of their own, and a search."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

Command = Callable[..., int]
JOBS = ("trainer.max_epochs=1", "model.width=4,6", "hydra.sweep.dir=sweep")


def rows(sweep: Path) -> list[dict[str, str]]:
    with (sweep / "summary.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let new processes import this neurop."""
    folders = [str(Path(__file__).parents[2]), *sys.path]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(folders))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("launcher", "more"),
    [
        ("joblib", ("hydra.launcher.n_jobs=2",)),
        ("submitit_local", ("hydra.launcher.timeout_min=5",)),
    ],
)
def test_jobs_in_processes_of_their_own(
    launcher: str, more: tuple[str, ...], train: Command, path: None, tmp_path: Path
) -> None:
    pytest.importorskip(f"hydra_plugins.hydra_{launcher.split('_')[0]}_launcher")
    assert train("-m", f"hydra/launcher={launcher}", *more, *JOBS) == 0
    sweep = tmp_path / "sweep"
    found = rows(sweep)
    jobs = sorted(sweep.glob("[0-9]-*"))
    assert [job.name for job in jobs] == ["0-navier_stokes-fno", "1-navier_stokes-fno"]
    for row, job, width in zip(found, jobs, ("4", "6"), strict=True):
        record = json.loads((job / "train.json").read_text())
        assert row["model.width"] == width
        assert float(row["val/relative_l2"]) == record["val/relative_l2"]
        assert float(row["test/relative_l2"]) == record["test/relative_l2"]
    best = min(found, key=lambda row: float(row["val/relative_l2"]))
    assert [row["job"] for row in found if row["best"]] == [best["job"]]
    assert {p.name for p in tmp_path.iterdir()} == {"sweep"}


@pytest.mark.slow
def test_a_job_in_another_process_that_fails_is_in_the_table(
    train: Command, path: None, tmp_path: Path
) -> None:
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    words = ("trainer.max_epochs=1", "model.modes=4,99", "hydra.sweep.dir=sweep")
    assert train("-m", "hydra/launcher=joblib", "hydra.launcher.n_jobs=1", *words) == 1
    found = rows(tmp_path / "sweep")
    assert [row["best"] for row in found] == ["best", ""]
    assert "model.modes=[99, 99]" in found[1]["error"]


@pytest.mark.slow
def test_a_search_minimises_the_validation_error(train: Command, tmp_path: Path) -> None:
    pytest.importorskip("hydra_plugins.hydra_optuna_sweeper")
    search = ("hydra/sweeper=optuna", "hydra.sweeper.n_trials=3", "hydra.sweeper.n_jobs=1")
    words = ("hydra.sweeper.sampler.seed=1", "hydra.sweep.dir=sweep", "trainer.max_epochs=1")
    assert train("-m", *search, *words, "optimizer.lr=tag(log,interval(1e-4,1e-1))") == 0
    sweep = tmp_path / "sweep"
    found = rows(sweep)
    errors = [float(row["val/relative_l2"]) for row in found]
    assert len(set(errors)) == 3
    best = yaml.safe_load((sweep / "optimization_results.yaml").read_text())
    assert best["best_value"] == min(errors)
    (row,) = (row for row in found if row["best"])
    assert float(row["optimizer.lr"]) == pytest.approx(best["best_params"]["optimizer.lr"])


@pytest.mark.parametrize(
    ("word", "package"),
    [("hydra/launcher=ray", "hydra-ray-launcher")],
)
def test_a_plugin_that_is_not_installed_is_named(
    word: str, package: str, train: Command, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert train("-m", word, "model.width=4,8") == 2
    assert f"{word} needs the package {package}: pip install" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
