"""The truncation floor: zero in the band, the known share beyond it, and a bound of every error."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_module

from neurop.cli import eval as verb
from neurop.cli._evaluation import Task
from neurop.constraints.band_limit import BandLimit
from neurop.evaluation import score, truncation_floor
from neurop.fields import Field, FieldSet
from neurop.fields.times import Times
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.problems import Evolution
from neurop.registry import Spec
from neurop.surrogate import Surrogate

X = np.arange(32) / 32
SMALL = {"modes": 5, "width": 3, "depth": 1}


def t1(**arguments: Any) -> Spec:
    return Spec("t1", SMALL | arguments)


def evolution(samples: int = 3, frames: int = 5) -> FieldSet:
    """Return waves of the frequencies 2 and 7; from frame to frame the first one changes by 3/2
    of its size, the second by 1/2.
    """
    low, high = np.cos(2 * np.pi * 2 * X), np.sin(2 * np.pi * 7 * X)
    t, a = np.arange(frames)[:, None], np.arange(1, samples + 1)[:, None, None]
    values = a * (2.5**t * low + 1.5**t * high)
    return FieldSet(
        values[:, :, None],
        (Field("u"),),
        Grid.periodic(1),
        times=Times(np.arange(frames), "s"),
        source="waves",
    )


def mapping(grid: Grid, n: int, mean: float = 0.0) -> FieldSet:
    a, u = np.random.default_rng(0).normal(size=(2, 6, 1, 1, n, n))
    return FieldSet(a, (Field("a"),), grid, mean + u, (Field("u"),), source="noise")


@pytest.mark.parametrize("increments", [False, True])
def test_floor_is_the_share_beyond_the_modes(increments: bool) -> None:
    """Predicting states loses the high wave, predicting increments only its change."""
    data = evolution()
    problem = Evolution(increments=increments)
    found = truncation_floor(Surrogate.of(data, t1(), problem), data, batch_size=5)
    t = np.arange(1, 5)
    lost = 1.5**t - 1.5 ** (t - 1) if increments else 1.5**t
    assert found == pytest.approx(np.mean(lost / np.hypot(2.5**t, 1.5**t)), rel=1e-5)


def test_more_modes_leave_no_floor() -> None:
    data = evolution()
    assert truncation_floor(Surrogate.of(data, t1(modes=8)), data) == pytest.approx(0, abs=1e-5)


def test_what_a_band_cuts_off_counts() -> None:
    """In a band of 8 points neither the last frame's high wave nor its change is left."""
    data = evolution()
    found = truncation_floor(Surrogate.of(data, t1(modes=3), constraints=[BandLimit((8,))]), data)
    t = np.arange(1, 5)
    assert found == pytest.approx(np.mean(1.5**t / np.hypot(2.5**t, 1.5**t)), rel=1e-5)


@pytest.mark.parametrize("layout", ["left", "cells"])
def test_no_error_is_smaller(layout: Any) -> None:
    grid = Grid((Axis("x", layout=layout), Axis("y", "neumann", layout="cells")))
    data = mapping(grid, 12, mean=2.0)
    torch.manual_seed(0)
    surrogate = Surrogate.of(data, t1(modes=3, width=24))
    floor = truncation_floor(surrogate, data)
    assert floor is not None
    optimizer = torch.optim.Adam(surrogate.parameters(), 1e-2)
    x, y = (torch.from_numpy(v[:, 0]).float() for v in (data.values, data.targets))
    for _ in range(200):
        optimizer.zero_grad()
        (surrogate(x) - y).square().mean().backward()
        optimizer.step()
    error = float(score(surrogate, data).relative_l2)
    # The six samples are learnt by heart: what is left is beyond the modes, but for float32.
    assert (1 - 1e-6) * floor <= error < 1.01 * floor


def test_a_network_of_all_frequencies_has_none() -> None:
    data = evolution()
    assert truncation_floor(Surrogate.of(data, Spec("fno", SMALL)), data) is None


def test_eval_reports_it_beside_the_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = evolution()
    surrogate = Surrogate.of(data, t1())
    splits = {"train": data, "test": data}
    source = SimpleNamespace(
        name="waves", splits=lambda: splits, test=lambda: data, baselines=("persistence",)
    )
    monkeypatch.setattr(verb, "prepare", lambda cfg, name: Task(surrogate, source, tmp_path, {}))
    with initialize_config_module("neurop.conf", version_base="1.3"):
        verb.run(compose("eval", ["leads=[1]"]))
    floor = json.loads((tmp_path / "eval.json").read_text())["truncation_floor"]
    assert floor == truncation_floor(surrogate, data)
    assert floor < json.loads((tmp_path / "eval.json").read_text())["relative_l2"]
    line = next(
        line for line in capsys.readouterr().out.splitlines() if "beyond the model's modes" in line
    )
    assert float(line.split()[-1]) == pytest.approx(floor, rel=1e-3)
