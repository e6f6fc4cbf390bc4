"""Evolutions as maps over space and time: every number where it belongs, on every grid, in
memory and in a file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from raising import raises_input
from small import evolution, mapping

from neurop.datasets import NavierStokes, SpaceTime
from neurop.errors import InputError
from neurop.evaluation import score, superres
from neurop.fields.fieldset import FieldSet
from neurop.fields.lazy import Lazy
from neurop.fields.times import Times
from neurop.fields.windows import Windows
from neurop.geometry.grid import Grid
from neurop.models import FNO
from neurop.source import Source
from neurop.surrogate import Surrogate


class Waves(Source):
    name = "waves"

    def __init__(self, **how: Any) -> None:
        self.fields = evolution((5, 4), frames=8, **how)

    def splits(self) -> dict[str, FieldSet]:
        return dict.fromkeys(("train", "val", "test"), self.fields)

    def at(self, shape: tuple[int, ...]) -> FieldSet:
        if shape != (5, 4):
            raise InputError("waves has no other grid")
        return self.fields


def test_every_frame_is_where_it_belongs() -> None:
    source = Waves()
    fields, u = SpaceTime(source, 2, 4).splits()["train"], source.fields.values
    assert fields.has_targets
    assert (fields.values.shape, fields.targets.shape) == ((3, 1, 4, 5, 4, 4), (3, 1, 2, 5, 4, 4))
    for t in range(4):
        for frame in range(2):
            for c in range(2):
                np.testing.assert_array_equal(
                    fields.values[:, 0, 2 * frame + c, ..., t], u[:, frame, c]
                )
        np.testing.assert_array_equal(fields.targets[:, 0, ..., t], u[:, 2 + t])
    assert [f.name for f in fields.fields] == ["u_0", "p_0", "u_1", "p_1"]
    assert [(f.name, f.unit) for f in fields.outputs] == [("u", "m s-1"), ("p", "Pa")]
    assert fields.fields[3].unit == "Pa"


def test_the_time_axis_has_the_times_of_the_frames() -> None:
    fields = SpaceTime(Waves(), 2, 4).splits()["test"]
    axis = fields.grid.axes[-1]
    # Frames 0.5 s apart, of which the third is the first to predict.
    np.testing.assert_allclose(axis.coordinates(4), [1.0, 1.5, 2.0, 2.5])
    np.testing.assert_allclose(axis.coordinates(8), 1 + 0.25 * np.arange(8))
    assert (axis.name, axis.unit, axis.boundary) == ("t", "s", "open")
    np.testing.assert_allclose(fields.grid.weights(fields.shape), 1, rtol=1e-12)
    labelled = fields.to_xarray()
    assert labelled.u.dims == ("sample", "time", "x", "y", "t")
    np.testing.assert_allclose(labelled.t, [1.0, 1.5, 2.0, 2.5])


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (None, [2.0, 3.0]),
        (Times(np.datetime64("2025-12-01") + np.arange(8) * np.timedelta64(6, "h")), [12.0, 18.0]),
    ],
)
def test_frames_without_times_are_counted_and_dates_are_hours(
    times: Times | None, expected: list[float]
) -> None:
    axis = SpaceTime(Waves(times=times), 2, 4).splits()["train"].grid.axes[-1]
    np.testing.assert_allclose(axis.coordinates(4)[:2], expected)
    assert axis.unit == ("1" if times is None else "h")


def test_without_a_number_all_frames_are_predicted() -> None:
    assert SpaceTime(Waves(), 2).splits()["val"].shape == (5, 4, 6)


def test_values_in_a_file_stay_there_and_are_the_same() -> None:
    source = Waves()
    whole, expected = (
        source.fields.values.astype(np.float32),
        SpaceTime(source, 2, 4).splits()["train"],
    )
    reads = []

    def read(samples: slice, frames: slice) -> Any:
        reads.append((samples, frames))
        return whole[samples, frames]

    lazy = Lazy(read, whole.shape, (1, 8), "test")
    source.fields = FieldSet(
        lazy, source.fields.fields, source.fields.grid, times=source.fields.times
    )
    found = SpaceTime(source, 2, 4).splits()["train"]
    assert isinstance(found.values, Lazy)
    assert not reads
    np.testing.assert_array_equal(np.asarray(found.values), expected.values.astype(np.float32))
    np.testing.assert_array_equal(
        np.asarray(found.targets[1:]), expected.targets[1:].astype(np.float32)
    )
    assert (
        len(
            {
                found.values.key,
                found.targets.key,
                SpaceTime(source, 2, 3).splits()["train"].values.key,
            }
        )
        == 3
    )


def test_one_window_is_one_trajectory_and_a_surrogate_scores_it() -> None:
    fields = SpaceTime(Waves(), 2, 4).splits()["test"]
    windows = Windows(fields)
    assert len(windows) == 3
    assert windows[1]["input"].shape == (1, 4, 5, 4, 4)
    torch.manual_seed(0)
    surrogate = Surrogate.of(fields, FNO.spec(modes=[2, 2, 2], width=4, depth=1)).eval()
    found = score(surrogate, fields)
    y = torch.from_numpy(fields.targets[:, 0])
    made = (
        surrogate(torch.from_numpy(np.ascontiguousarray(fields.values[:, 0])).float())
        .detach()
        .double()
    )
    # Each field by itself, then the mean.
    expected = ((made - y).flatten(2).norm(dim=2) / y.flatten(2).norm(dim=2)).mean()
    assert float(found.relative_l2) == pytest.approx(float(expected), rel=1e-5)
    assert found.prediction.dims == ("example", "field", "x", "y", "t")


def flow(folder: Path, **how: Any) -> NavierStokes:
    return NavierStokes(
        **(
            {
                "samples": 41,
                "resolution": 16,
                "steps": 4,
                "storage": {"folder": str(folder)},
            }
            | how
        )
    )


def test_finer_space_and_time_are_the_same_flow(tmp_path: Path) -> None:
    """The set at twice the points and times holds the coarse one: its points in space but for
    the modes beyond, its times in between.
    """
    source = SpaceTime(flow(tmp_path), 2)
    coarse, fine = source.splits()["test"], source.at((32, 32, 6))
    assert (coarse.shape, fine.shape) == ((16, 16, 3), (32, 32, 6))
    assert [(a.start, a.length) for a in fine.grid.axes] == [
        (a.start, a.length) for a in coarse.grid.axes
    ]
    np.testing.assert_allclose(fine.grid.axes[-1].coordinates(6), [2.0, 2.5, 3.0, 3.5, 4.0, 4.5])
    direct = flow(tmp_path, resolution=32, steps=8, interval=0.5).splits()["test"].values
    np.testing.assert_allclose(
        fine.targets[:, 0, 0, ..., :5], np.moveaxis(direct[:, 4:9, 0], 1, -1), atol=1e-5
    )
    np.testing.assert_allclose(fine.values[:, 0, 1, ..., 3], direct[:, 2, 0], atol=1e-5)
    # The same fields, but for the modes that 16 points do not hold.
    shared = fine.targets[..., ::2, ::2, ::2]
    assert np.linalg.norm(shared - coarse.targets) < 0.02 * np.linalg.norm(coarse.targets)
    torch.manual_seed(0)
    model = FNO.spec(modes=[3, 3, 2], width=4, depth=1)
    surrogate = Surrogate.of(source.splits()["train"], model)
    scores = superres(surrogate, {16: coarse, 32: fine})
    assert np.isfinite(scores.relative_l2).all()
    assert scores.truth_32.dims == ("field", "x_32", "y_32", "t_32")


def test_what_makes_no_pairs(tmp_path: Path) -> None:
    source = Waves()
    with raises_input("steps", 1, "2 frames or more"):
        SpaceTime(source, 2, 1)
    with raises_input("steps", 7):
        SpaceTime(source, 2, 7).splits()
    with raises_input("shape", (5, 4, 6)):
        SpaceTime(source, 2, 4).at((5, 4, 6))
    with raises_input("shape", (5, 4, 8)):
        SpaceTime(source, 2, 4).at((5, 4, 8))
    with raises_input("mode", "online", "use stored"):
        SpaceTime(flow(tmp_path, storage={"mode": "online"}))
    source.fields = mapping((5, 4))
    with raises_input("source", "pairs"):
        SpaceTime(source, 2).splits()


def test_a_sphere_is_refused_in_words() -> None:
    source = Waves(grid=Grid.latlon())
    with raises_input("source", "waves", "flat grid"):
        SpaceTime(source, 2).splits()
