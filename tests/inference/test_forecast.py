"""Predictions in blocks are those of the surrogate called step by step."""

from __future__ import annotations

from itertools import islice
from typing import Any

import numpy as np
import pytest
import torch
import xarray as xr
from raising import raises_input
from small import FIELDS, evolution, mapping, surrogate

from neurop.constraints.positivity import Positivity
from neurop.fields.times import Times
from neurop.geometry.grid import Grid
from neurop.inference.forecast import forecast
from neurop.inference.start import start_of
from neurop.inference.where import AtPoints, OnGrid
from neurop.problems import Evolution

POINTS = np.array([[0.1, 0.7], [1.5, -0.25]])


def test_blocks_are_the_steps_one_by_one() -> None:
    data = evolution(samples=5)
    s = surrogate(data, problem=Evolution(2))
    start = start_of(s, data.to_xarray())
    frames = torch.from_numpy(data.values[:, -2:]).float()
    expected = s.trajectory(frames, 7).detach().numpy()
    seen = np.zeros((5, 7), int)
    for block in forecast(s, start, 7, batch_size=2, together=3):
        made = np.stack([block.data[f.name] for f in FIELDS], 2)
        np.testing.assert_allclose(made, expected[block.samples, block.steps], rtol=1e-5)
        assert block.data.u.dims == ("sample", "time", "x", "y")
        leads = 0.5 * np.arange(block.steps.start + 1, block.steps.stop + 1)
        np.testing.assert_allclose(block.data.lead, leads)
        np.testing.assert_allclose(block.data.time, 2.5 + leads)
        seen[block.samples, block.steps] += 1
    assert (seen == 1).all()


def test_a_labelled_rollout_may_be_taken_state_by_state() -> None:
    data = evolution()
    s = surrogate(data)
    whole = s.rollout(data.to_xarray(), 3)
    for i, state in enumerate(islice(s.steps(data.to_xarray()), 3)):
        xr.testing.assert_allclose(state, whole.isel(time=[i]), rtol=1e-5)
    (only,) = surrogate(mapping()).steps(mapping().to_xarray())
    assert only.u.dims == ("sample", "x", "y")


def test_another_grid_is_the_state_interpolated() -> None:
    data = evolution((9, 7))  # odd numbers: no mode at the Nyquist frequency is lost
    s, start = surrogate(data), start_of(surrogate(data), data.to_xarray())
    (own,) = forecast(s, start, 2)
    (fine,) = forecast(s, start, 2, OnGrid((18, 14)))
    np.testing.assert_allclose(fine.data.u[..., ::2, ::2], own.data.u, atol=1e-5)
    np.testing.assert_allclose(fine.data.x, np.arange(18) / 18)
    (same,) = forecast(s, start, 2, OnGrid((9, 7)))
    xr.testing.assert_equal(same.data, own.data)


def test_constraints_hold_on_the_other_grid_too() -> None:
    data = evolution(channels=1)
    s = surrogate(data, constraints=(Positivity(fields=("u",)),), seed=3)
    given = data.to_xarray().map(lambda u: u - 2.0, keep_attrs=True)
    (fine,) = forecast(s, start_of(s, given), 2, OnGrid((30, 31)))
    assert float(fine.data.u.min()) >= 0


def test_stations() -> None:
    data = evolution()
    s, start = surrogate(data), start_of(surrogate(data), data.to_xarray())
    (made,) = forecast(s, start, 2, AtPoints(POINTS, ("a", "b")))
    assert made.data.u.dims == ("sample", "time", "station")
    assert made.data.station_name.values.tolist() == ["a", "b"]
    frames = torch.from_numpy(data.values[:, -1]).float()
    first = s.at(frames, torch.from_numpy(POINTS))
    np.testing.assert_allclose(made.data.u[:, 0], first[:, 0], rtol=1e-5)
    # The same functions at a period later.
    (later,) = forecast(s, start, 2, AtPoints(POINTS + 1.0))
    np.testing.assert_allclose(later.data.p, made.data.p, rtol=1e-4)


@pytest.mark.parametrize(
    ("how", "key", "value"),
    [
        ({"steps": 0}, "steps", 0),
        ({"batch_size": 0}, "batch_size", 0),
        ({"where": OnGrid((8,))}, "grid", (8,)),
        ({"where": OnGrid((8, 1))}, "grid", (8, 1)),
        ({"where": AtPoints(np.zeros((1, 3)))}, "points", (1, 3)),
    ],
)
def test_what_cannot_be_done_is_refused_before_any_step(
    how: dict[str, Any], key: str, value: Any
) -> None:
    data = evolution()
    s = surrogate(data)
    start = start_of(s, data.to_xarray())
    with raises_input(key, value):
        forecast(s, start, **how)


def test_a_map_makes_one_step() -> None:
    s, data = surrogate(mapping()), mapping()
    start = start_of(s, data.to_xarray())
    with raises_input("steps", 2):
        forecast(s, start, 2)
    (block,) = forecast(s, start)
    assert "time" not in block.data.coords


def test_an_unusual_field_gives_a_warning() -> None:
    data = evolution()
    s, far = surrogate(data), data.to_xarray()
    far["p"] = (far.p + 900).assign_attrs(far.p.attrs)
    with pytest.warns(UserWarning, match="'p' is .* Pa, .* deviations .*mean 999"):
        start_of(s, far)


def test_dates_go_on_exactly_over_many_blocks() -> None:
    times = np.datetime64("2026-02-01", "ns") + np.arange(3) * np.timedelta64(6, "h")
    data = evolution(frames=3, times=Times(times), grid=Grid.periodic(2))
    s = surrogate(data)
    *_, last = forecast(s, start_of(s, data.to_xarray()), 1000, together=300)
    assert last.data.time.values[-1] == times[-1] + 1000 * np.timedelta64(6, "h")
    assert (last.data.lead.values[-1], last.data.lead.units) == (6000.0, "h")
