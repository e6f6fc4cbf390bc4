"""The solvers that are compared solve the same equations, and the command times them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from raising import raises_input

from neurop.bench.data import PROBLEMS, measure
from neurop.bench.data.darcy import matrix
from neurop.datasets import Darcy, DarcyPublic, NavierStokes
from neurop.physics.solvers.darcy import fluxes


def test_the_matrix_is_the_balance_of_the_fluxes() -> None:
    rng = np.random.default_rng(0)
    a, u = rng.uniform(1, 5, (9, 9)), np.zeros((9, 9))
    u[1:-1, 1:-1] = rng.normal(size=(7, 7))
    system = matrix(a, "harmonic")
    across_x, across_y = (
        f[0].numpy() for f in fluxes(torch.from_numpy(a)[None], torch.from_numpy(u)[None])
    )
    balance = np.diff(across_x, axis=0)[:, 1:-1] + np.diff(across_y, axis=1)[1:-1]
    np.testing.assert_allclose(
        system @ u[1:-1, 1:-1].ravel(), balance.ravel(), rtol=1e-12, atol=1e-12
    )
    assert abs(system - system.T).max() == 0


@pytest.mark.parametrize("coefficient", ["piecewise", "lognormal"])
def test_all_darcy_solvers_agree(coefficient: str) -> None:
    rows = measure(
        Darcy(solver=33, resolution=33, coefficient={"kind": coefficient}),
        repeats=1,
        log=lambda _: None,
    )
    assert [row["path"] for row in rows] == ["neurop", "spsolve", "splu", "cg", "cg-poisson"]
    assert {row["case"] for row in rows} == {f"darcy-{coefficient}-33"}
    for row in rows:
        assert row["error"] < 1e-5
        assert row["ms_per_sample"] > 0


def test_a_solver_that_is_not_there() -> None:
    with raises_input("paths", "spsolv", "did you mean 'spsolve'"):
        measure(Darcy(solver=17, resolution=17), 1, ["spsolv"], lambda _: None)
    with raises_input("data", "darcy_public", ", ".join(PROBLEMS)):
        measure(DarcyPublic(), 1)


def test_the_command(
    neurop: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        "data=darcy",
        "data.solver=17",
        "data.resolution=17",
        "paths=[neurop,spsolve]",
        "repeats=2",
    ]
    assert neurop("bench", *words) == 0
    record = json.loads((tmp_path / "runs" / "bench" / "bench.json").read_text())
    assert [(row["path"], row["scope"], row["samples"]) for row in record["rows"]] == [
        ("neurop", "data", 4),
        ("spsolve", "data", 4),
    ]
    assert record["settings"]["data"]["solver"] == 17
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "darcy-piecewise-17"
    assert lines[-1] == "wrote runs/bench"


def test_the_paper_scheme_is_matched_with_fewer_steps() -> None:
    source = NavierStokes(resolution=16, steps=2, viscosity=1e-2)
    rows = {row["path"]: row for row in measure(source, repeats=1, log=lambda _: None)}
    assert set(rows) >= {"neurop", "neurop-equal", "paper"}
    assert rows["neurop"]["error"] < 1e-6
    # First order in time, with a step of 1e-3.
    assert 1e-5 < rows["paper"]["error"] < 1e-2
    assert rows["neurop-equal"]["error"] <= rows["paper"]["error"]
    assert int(rows["neurop-equal"]["how"].split()[4]) < int(rows["neurop"]["how"].split()[4])
