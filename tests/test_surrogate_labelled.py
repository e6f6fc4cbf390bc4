"""A surrogate takes and returns labelled fields: by name, on their coordinates, in time."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import pytest
import torch
import xarray as xr
from raising import raises_input
from small import evolution, mapping, surrogate

from neurop.fields.times import Times
from neurop.geometry.grid import Grid
from neurop.problems import Evolution

HOUR = np.timedelta64(1, "h")
HOURS = Times(np.datetime64("2026-02-01T00", "ns") + np.arange(6) * np.timedelta64(6, "h"))


def array(made: xr.Dataset, names: str = "up") -> np.ndarray:
    """Return ``(sample, time, channel, x, y)``."""
    return np.stack([made[n].transpose("sample", "time", "x", "y") for n in names], 2)


@pytest.mark.parametrize("order", list(permutations(("sample", "time", "x", "y"))), ids="-".join)
def test_dimensions_come_in_any_order(order: tuple[str, ...]) -> None:
    data = evolution()
    s = surrogate(data, problem=Evolution(2))
    made = s.predict(data.to_xarray().transpose(*order))
    expected = s(torch.from_numpy(data.values[:, -2:]).float().flatten(1, 2)).detach()
    np.testing.assert_array_equal(array(made)[:, 0], expected)
    assert made.time.values.tolist() == [3.0]
    assert (made.u.attrs, made.p.attrs["units"]) == (
        {"units": "m s-1", "long_name": "velocity"},
        "Pa",
    )


def test_a_rollout_is_the_trajectory_in_later_time() -> None:
    data = evolution()
    s = surrogate(data, problem=Evolution(2)).train()
    made = s.rollout(data.to_xarray(), 3)
    np.testing.assert_array_equal(
        array(made), s.trajectory(torch.from_numpy(data.values[:, -2:]).float(), 3).detach()
    )
    np.testing.assert_allclose(made.time, [3.0, 3.5, 4.0])
    assert made.time.attrs["units"] == "s"
    assert s.training


def test_dimensions_that_were_not_given_are_not_returned() -> None:
    data = evolution()
    s, given = surrogate(data), data.to_xarray()
    whole = s.predict(given.isel(time=[3]))
    one = s.predict(given.isel(sample=1, time=3))
    assert one.u.dims == ("x", "y")
    np.testing.assert_allclose(one.u, whole.u.isel(sample=1, time=0), rtol=1e-6)
    # The time of a single state counts on; without one it starts from 0.
    assert float(one.time) == 2.0
    assert float(s.predict(given.isel(time=3, drop=True)).time) == 0.5
    steps = s.rollout(given.isel(sample=1, time=3), 2)
    assert steps.u.dims == ("time", "x", "y")
    assert steps.time.values.tolist() == [2.0, 2.5]


@pytest.mark.parametrize("which", [slice(None), -1])
def test_dates_go_on_by_the_step(which: Any) -> None:
    data = evolution(times=HOURS)
    s = surrogate(data)
    assert (s.card.sampling.step, s.card.sampling.unit) == (21600.0, "s")
    made = s.rollout(data.to_xarray().isel(time=which), 3)
    np.testing.assert_array_equal(
        made.time, HOURS.values[-1] + np.arange(1, 4) * np.timedelta64(6, "h")
    )


@pytest.mark.parametrize(
    ("times", "attrs", "expected", "unit"),
    [
        (np.arange(6) * 6.0, {"units": "h"}, [36.0, 42.0], "h"),
        (
            np.arange(6) * 6.0,
            {"units": "hours since 2026-02-01"},
            [36.0, 42.0],
            "hours since 2026-02-01",
        ),
        (np.arange(6) * 21600.0, {}, [129600.0, 151200.0], "s"),
        (np.arange(6) * 0.25, {"units": "d"}, [1.5, 1.75], "d"),
        (
            np.arange(6) * np.timedelta64(6, "h"),
            {},
            [np.timedelta64(36, "h"), np.timedelta64(42, "h")],
            None,
        ),
    ],
)
def test_the_unit_of_the_given_times_is_kept(
    times: np.ndarray, attrs: dict[str, str], expected: list[Any], unit: str | None
) -> None:
    s = surrogate(evolution(times=HOURS), problem=Evolution(2))
    made = s.rollout(evolution().to_xarray().assign_coords(time=("time", times, attrs)), 2)
    np.testing.assert_array_equal(made.time, expected)
    assert made.time.attrs.get("units") == unit


@pytest.mark.parametrize(
    ("times", "attrs", "key", "value"),
    [
        (HOURS.values[::-1], {}, "step", -21600),
        (np.arange(6) * 12.0, {"units": "h"}, "step", 43200),
        (np.arange(6) * 6.0, {"units": "turnovers"}, "time", "turnovers"),
        (np.array(["a"] * 6, object), {}, "time", "str"),
    ],
)
def test_frames_at_other_times_are_refused(
    times: np.ndarray, attrs: dict[str, str], key: str, value: Any
) -> None:
    s, given = surrogate(evolution(times=HOURS), problem=Evolution(2)), evolution().to_xarray()
    with raises_input(key, value):
        s.predict(given.assign_coords(time=("time", times, attrs)))


def test_dates_have_no_meaning_for_a_step_without_unit() -> None:
    s = surrogate(evolution(times=Times(0.5 * np.arange(6))))
    with raises_input("time", "1", "are dates"):
        s.predict(evolution(times=HOURS).to_xarray())


def test_predictions_align_with_what_was_given() -> None:
    earth = Grid.latlon()
    data = evolution((7, 14), grid=earth, samples=1)
    s = surrogate(data)
    given = data.to_xarray().assign_coords(sample=[7])
    given = given.assign_coords({n: given[n].astype("f4") for n in earth.names})
    made = s.predict(given)
    for name in ("sample", *earth.names):
        np.testing.assert_array_equal(made[name], given[name])
    # An inner join of coordinates that differ by rounding would be empty.
    assert (
        (made - given.isel(time=[-1]).assign_coords(time=made.time)).u.shape
        == made.u.shape
        == (1, 1, 7, 14)
    )
    assert made.latitude.attrs == {"units": "degrees_north"}


def test_a_map_returns_its_targets_without_time() -> None:
    data = mapping()
    s = surrogate(data)
    made = s.predict(data.to_xarray()[["a"]].isel(time=0))
    assert made.u.dims == ("sample", "x", "y")
    assert "time" not in made.coords
    expected = s(torch.from_numpy(data.values[:, 0]).float()).detach()
    np.testing.assert_array_equal(np.stack([made.u, made.p], 1), expected)


def test_other_resolutions_are_predicted_on_their_own_grid() -> None:
    s, fine = surrogate(evolution()), evolution((18, 16))
    made = s.predict(fine.to_xarray())
    np.testing.assert_array_equal(
        array(made)[:, 0], s(torch.from_numpy(fine.values[:, -1]).float()).detach()
    )


def test_too_few_frames_or_steps() -> None:
    data = evolution()
    s = surrogate(data, problem=Evolution(3))
    with raises_input("frames", 2):
        s.predict(data.frames(slice(2)).to_xarray())
    with raises_input("frames", 1):
        s.predict(data.to_xarray().isel(time=0))
    with raises_input("steps", 0):
        s.rollout(data.to_xarray(), 0)
