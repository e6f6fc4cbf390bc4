"""Runs made by hand: a network with random weights, its evaluation, the files of a training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from small_run import EVIL, TRAINED, pairs, waves, write

from neurop.evaluation import rollout, score
from neurop.fields import FieldSet
from neurop.report import Results, write_report
from neurop.report.run_folder import RunFolder
from neurop.surrogate import Surrogate


@pytest.fixture(scope="session")
def make() -> Callable[..., Results]:
    """Return a maker of results from data and a folder."""

    def made(folder: Path, data: FieldSet, name: str = "waves") -> Results:
        torch.manual_seed(0)
        surrogate = Surrogate.of(data, {"name": "fno", "arguments": {"modes": 3, "width": 4}})
        surrogate.save(folder / "model")
        scores = score(surrogate, data)
        rolled = rollout(surrogate, data, 4) if surrogate.card.is_state else None
        record = {
            "model": "fno",
            "data": name,
            "split": "test",
            "samples": len(data),
            "resolution": list(data.shape),
            "relative_l2": float(scores.relative_l2),
            "rmse": dict(zip(scores.field.values, map(float, scores.rmse_one_step), strict=True)),
            "unit": dict(zip(scores.field.values, scores.unit.values, strict=True)),
            "versions": {"torch": "2.13.0"},
            "device": "cpu",
        }
        folders = RunFolder(folder, folder / "model")
        return Results(folders, surrogate, scores, record, rolled, {"Source": "a test"})

    return made


@pytest.fixture(scope="session")
def evolution(make: Callable[..., Results], tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Return the results of two fields on a plane."""
    folder = tmp_path_factory.mktemp("evolution")
    write(folder, TRAINED)
    return make(folder, waves())


@pytest.fixture(scope="session")
def evolution_page(evolution: Results) -> Path:
    """Return its report."""
    return write_report(evolution, evolution.folder.path / "report.html")


@pytest.fixture(scope="session")
def map_page(make: Callable[..., Results], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the report of a map in one dimension, of a model folder without its run."""
    folder = tmp_path_factory.mktemp("map")
    return write_report(make(folder, pairs()), folder / "report.html")


@pytest.fixture(scope="session")
def stranger_page(make: Callable[..., Results], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the report of a run whose every word tries to be a script."""
    folder = tmp_path_factory.mktemp("stranger")
    files = {
        "config.yaml": EVIL,
        "overrides.yaml": EVIL,
        "versions.json": {EVIL: EVIL},
        "train.json": {"seed": EVIL, "seconds": EVIL, "steps": EVIL},
        "calibrate/calibrate.json": {EVIL: EVIL, "by": {EVIL: 0.9}, "rows": [{EVIL: EVIL}]},
    }
    write(folder, files)
    return write_report(make(folder, pairs(EVIL, EVIL), EVIL), folder / "report.html")
