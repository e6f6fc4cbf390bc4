"""Files of trajectories of different lengths."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from neurop.datasets.file import File

LENGTHS = (7, 4, 6, 9, 5, 8)


@pytest.fixture
def runs(tmp_path: Path) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    states = [rng.normal(size=(1, n, 12)) for n in LENGTHS]
    for number, u in enumerate(states):
        np.savez(tmp_path / f"run{number}.npz", u=u, heat=rng.normal(size=(1, u.shape[1])))
    return states


@pytest.mark.parametrize("lazy", [False, True])
def test_each_trajectory_keeps_its_length(
    lazy: bool, runs: list[np.ndarray], tmp_path: Path
) -> None:
    source = File(
        str(tmp_path / "run*.npz"),
        "u",
        axes=["sample", "time", "x"],
        boundary="periodic",
        conditions={"forcings": "heat"},
        storage={"lazy": lazy, "held_out": 0.2},
    )
    splits = source.splits()
    assert [splits[name].times.lengths for name in ("train", "val", "test")] == [
        LENGTHS[:4],
        (5,),
        (8,),
    ]
    train = splits["train"]
    assert train.values.shape == (4, 9, 1, 12)
    for sample, u in enumerate(runs[:4]):
        n = u.shape[1]
        np.testing.assert_allclose(train.values[sample, :n, 0], u[0], rtol=1e-6)
        np.testing.assert_allclose(train.values[sample, n - 1 :, 0], u[0, n - 1 :][[0] * (10 - n)])
    np.testing.assert_allclose(np.asarray(train.values[1, 6:8, 0]), runs[1][0, [3, 3]], rtol=1e-6)


def test_they_train_and_roll_out(
    runs: list[np.ndarray], neurop: Callable[..., int], tmp_path: Path
) -> None:
    words = ["data=file", "data.path=run*.npz", "data.input=u", "data.axes=[sample,time,x]"]
    words += ["data.boundary=periodic", "data.conditions.forcings=heat", "hydra.run.dir=run"]
    sizes = ["model.modes=3", "model.width=4", "model.depth=1", "trainer.max_epochs=1"]
    assert neurop("train", *words, *sizes) == 0
    assert neurop("rollout", "ckpt=run", "gif=false") == 0
