"""Error bands of labelled predictions, and their file."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from raising import raises_input
from safetensors import safe_open
from safetensors.torch import save_file
from small import evolution, mapping, surrogate

import neurop
from neurop.fields.mask import mask_missing
from neurop.fields.times import Times
from neurop.inference.bands import BandWarning, add_bands
from neurop.inference.conformal.calibration import Calibration
from neurop.inference.conformal.file import FILE
from neurop.inference.conformal.share import Share
from neurop.problems import LeadTimes, Problem
from neurop.surrogate import Surrogate

LEADS = 3


def calibrated(
    data: Any, leads: int = LEADS, level: float = 0.8, problem: Problem | None = None
) -> Surrogate:
    """Return a surrogate whose factor at level 0.8 is 8, and 9 at 0.9, times a known modulation."""
    s = surrogate(data, problem=problem)
    outputs, shape = len(s.card.outputs), s.card.shape
    scores = np.broadcast_to(np.arange(1.0, 10.0)[:, None, None], (9, leads, outputs)).copy()
    size = 1.0 + np.arange(leads * outputs * np.prod(shape)).reshape(leads, outputs, *shape)
    about = {"level": level, "start": 0, "every": None, "step": s.card.sampling.step}
    s.bands = Calibration(Share(0.9), scores, size, s.card.grid, about)
    return s


def test_a_rollout_has_the_bands_of_its_lead_times() -> None:
    data = evolution()
    s = calibrated(data)
    given = s.rollout(data.initial(), steps=LEADS)
    for predicted in (given, given.transpose("y", "time", "x", "sample")):
        before = predicted.copy(deep=True)
        made = add_bands(s, predicted, 0.9)
        assert predicted.identical(before)
        for index, name in enumerate(("u", "p")):
            half = 9.0 * s.bands.modulation[:, index]  # type: ignore[union-attr]
            for word, sign in (("lower", -1), ("upper", 1)):
                edge = made[f"{name}_{word}"]
                assert edge.dims == predicted[name].dims
                assert edge.dtype == predicted[name].dtype
                assert edge.attrs["units"] == predicted[name].attrs["units"]
                found = edge.transpose("sample", "time", "x", "y").values
                exact = given[name].values + sign * half
                np.testing.assert_allclose(found, exact, rtol=1e-5)
        assert made.u.attrs["ancillary_variables"] == "u_lower u_upper"
        assert made.attrs["band_level"] == 0.9


def test_one_step_a_map_and_a_part_of_a_rollout() -> None:
    data = evolution()
    s = calibrated(data)
    modulation = s.bands.modulation  # type: ignore[union-attr]
    one = s.predict(data.initial().isel(sample=0, time=0))
    made = add_bands(s, one)
    assert made.u_upper.dims == ("x", "y")
    np.testing.assert_allclose(made.u_upper - one.u, 8 * modulation[0, 0], rtol=1e-4)
    run = s.rollout(data.initial(), steps=LEADS)
    whole, part = add_bands(s, run), add_bands(s, run.isel(time=[1, 2]), first=2)
    np.testing.assert_array_equal(part.p_lower, whole.p_lower.isel(time=[1, 2]))
    pairs = mapping()
    m = calibrated(pairs, leads=1)
    mapped = m.predict(pairs.to_xarray()[["a"]])
    upper = add_bands(m, mapped).u_upper - mapped.u
    exact = np.broadcast_to(8 * m.bands.modulation[0, 0], upper.shape)  # type: ignore[union-attr]
    np.testing.assert_allclose(upper, exact, rtol=1e-4)


def test_no_band_after_the_calibrated_lead_times() -> None:
    data = evolution()
    s = calibrated(data)
    run = s.rollout(data.initial(), steps=LEADS + 2)
    with pytest.warns(BandWarning, match="3 steps"):
        made = add_bands(s, run)
    assert (
        made.u_lower.notnull().all(("sample", "x", "y")).values.tolist() == [True] * 3 + [False] * 2
    )
    with pytest.warns(BandWarning, match="3 steps"):
        assert bool(add_bands(s, run.isel(time=slice(2)), first=4).u_lower.isnull().all())


def test_another_grid_is_warned_of_and_interpolated() -> None:
    data = evolution()
    s = calibrated(data)
    finer = s.rollout(evolution((18, 16)).initial(), steps=1)
    with pytest.warns(BandWarning, match="18 x 16"):
        made = add_bands(s, finer)
    half = (made.u_upper - made.u_lower).isel(
        sample=0, time=0, x=slice(None, None, 2), y=slice(None, None, 2)
    )
    np.testing.assert_allclose(half / 2, 8 * s.bands.modulation[0, 0], rtol=1e-3)  # type: ignore[union-attr]


@pytest.mark.parametrize("steps", [1, 2])
def test_another_lead_time_is_warned_of(steps: int) -> None:
    dates = np.datetime64("2026-02-01", "ns") + np.arange(6) * np.timedelta64(6, "h")
    data = evolution(times=Times(dates))
    s = calibrated(data, problem=LeadTimes(leads=(1, 2)))
    assert s.bands is not None
    s.bands.about.update(step=6.0, step_unit="h")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = s.rollout(data.initial(), steps=steps)
        add_bands(s, run)
        add_bands(s, run.isel(time=[-1]), first=steps)
    later = data.initial().assign(lead_time=((), 12.0, {"units": "h"}))
    run = s.rollout(later, steps=steps)
    for part, first in ((run, 1), (run.isel(time=[-1]), steps)):
        with pytest.warns(BandWarning, match="steps of 21600 s, not 43200"):
            add_bands(s, part, first=first)


def test_cells_outside_a_mask_have_no_band() -> None:
    data = evolution()
    values = data.values.copy()  # type: ignore[union-attr]
    values[..., :3, :] = np.nan
    data = mask_missing(replace(data, values=values))
    s = calibrated(data)
    made = add_bands(s, s.rollout(data.initial(), steps=2))
    assert (
        made.u_lower.isnull().all(("sample", "time", "y")).values.tolist()
        == [True] * 3 + [False] * 6
    )


def test_what_cannot_be_asked() -> None:
    data = evolution()
    s = calibrated(data)
    run = s.rollout(data.initial(), steps=1)
    with raises_input("level", 0.95, "19"):
        add_bands(s, run, 0.95)
    with raises_input("first", 0):
        add_bands(s, run, first=0)
    with raises_input("predicted", "p"):
        add_bands(s, run[["u"]])
    s.bands = None
    with raises_input("bands", None, "calibrate"):
        add_bands(s, run)


def test_bands_are_saved_beside_the_weights(tmp_path: Path) -> None:
    s = calibrated(evolution())
    s.save(tmp_path)
    again = neurop.load(tmp_path)
    assert again.bands is not None
    assert s.bands is not None
    assert again.bands.guarantee == Share(0.9)
    assert again.bands.about == s.bands.about
    np.testing.assert_array_equal(again.bands.scores, s.bands.scores)
    np.testing.assert_array_equal(again.bands.modulation, s.bands.modulation)
    again.double().save(tmp_path / "double")
    assert neurop.load(tmp_path / "double").bands is not None  # the same weights
    card = json.loads((tmp_path / "model.json").read_text())
    assert "bands" not in card
    again.bands = None
    again.save(tmp_path)
    assert not (tmp_path / FILE).exists()


def test_bands_of_other_weights_are_not_used(tmp_path: Path) -> None:
    s = calibrated(evolution())
    s.save(tmp_path)
    file = (tmp_path / FILE).read_bytes()
    with torch.no_grad():
        next(s.net.parameters()).mul_(1.5)
    s.bands = None
    s.save(tmp_path)
    (tmp_path / FILE).write_bytes(file)
    with pytest.warns(UserWarning, match="other weights"):
        assert neurop.load(tmp_path).bands is None


@pytest.mark.parametrize(
    "change",
    [
        {"format": 9},
        {"guarantee": {"name": "os.system", "arguments": {}}},
        {"guarantee": {"name": "share", "arguments": {"area": "all"}}},
        {"guarantee": []},
        {"about": {"level": 0.99}},
        {"about": 3},
        {"weights": None, "scores": torch.ones(9, 3, 1), "modulation": torch.ones(3, 1, 9, 8)},
        {"scores": torch.ones(9, 2, 2)},
        {"modulation": torch.full((3, 2, 9, 8), torch.nan)},
        {},
    ],
)
def test_a_damaged_file_of_bands(change: dict[str, Any], tmp_path: Path) -> None:
    calibrated(evolution()).save(tmp_path)
    path = tmp_path / FILE
    with safe_open(path, "pt") as file:
        record = json.loads(file.metadata()["bands"])
        arrays = {name: file.get_tensor(name) for name in ("scores", "modulation")}
    for name, value in change.items():
        (arrays if name in arrays else record)[name] = value
    save_file(arrays, path, metadata={"bands": json.dumps(record)})
    if not change:
        path.write_bytes(path.read_bytes()[:-40])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with raises_input("path", str(path)):
            neurop.load(tmp_path)
