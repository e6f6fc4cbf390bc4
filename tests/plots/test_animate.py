"""Animations: number of frames, one palette, no leftover files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from PIL import Image

from neurop.plots import animate
from neurop.plots.animate import FRAMES

Make = Callable[..., xr.Dataset]


@pytest.mark.parametrize("dimensions", [1, 2])
def test_a_film_has_one_frame_per_step(run: Make, tmp_path: Path, dimensions: int) -> None:
    path = animate(run(dimensions=dimensions), tmp_path / "film.gif", fps=5, dpi=40)
    with Image.open(path) as film:
        assert film.n_frames == 6
        assert film.info["duration"] == 200
        assert film.info["loop"] == 0
        film.seek(5)
        assert np.asarray(film.convert("RGB"))[0, 0].tolist() == [255, 255, 255]
    assert [p.name for p in tmp_path.iterdir()] == ["film.gif"]


def test_a_long_rollout_is_thinned(run: Make, tmp_path: Path) -> None:
    path = animate(run(steps=FRAMES + 50, known=3, dimensions=1), tmp_path / "film.gif", dpi=20)
    with Image.open(path) as film:
        assert film.n_frames == FRAMES


def test_a_prediction_that_is_not_finite_can_be_shown(run: Make, tmp_path: Path) -> None:
    broken = run(known=0)
    broken["prediction"][:, 3:] = np.inf
    assert animate(broken, tmp_path / "film.gif", dpi=40).is_file()
