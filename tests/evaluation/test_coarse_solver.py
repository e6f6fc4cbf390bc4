"""The solver of a data set on coarse grids, next to a surrogate."""

from __future__ import annotations

from pathlib import Path

import pytest

from neurop import Surrogate, models
from neurop.datasets import Burgers, NavierStokes
from neurop.evaluation import superres
from neurop.evaluation.coarse_solver import coarse_solver, in_equal_time


def test_its_error_falls_with_the_grid_to_that_of_the_solver(tmp_path: Path) -> None:
    storage = {"folder": str(tmp_path), "held_out": 1}
    source = NavierStokes(samples=3, resolution=32, steps=3, storage=storage)
    test = source.test()
    surrogate = Surrogate.of(test, models.FNO.spec(modes=4, width=4, depth=1))
    found = coarse_solver(surrogate, source, test)
    assert found is not None
    assert found.points.values.tolist() == [16, 32]
    coarse, fine = found.relative_l2.values
    assert 1e-3 < coarse < 0.5
    assert fine < coarse / 5
    assert bool((found.seconds > 0).all())
    line = in_equal_time(superres(surrogate, {32: test}), found, 32)
    assert line.startswith("At 32 points the surrogate takes ")


def test_a_map_has_none(tmp_path: Path) -> None:
    source = Burgers(samples=3, resolution=32, storage={"folder": str(tmp_path), "held_out": 1})
    test = source.test()
    assert coarse_solver(Surrogate.of(test, "fno"), source, test) is None


@pytest.mark.parametrize("points", [16, 32])
def test_a_flow_with_drawn_viscosities_has_none(points: int, tmp_path: Path) -> None:
    storage = {"folder": str(tmp_path), "held_out": 1}
    source = NavierStokes(samples=3, resolution=32, viscosity=[1e-3, 1e-2], storage=storage)
    assert source.advance(source.start(range(1), points).numpy()[:, None]) is None
