"""Figures of error bands and of ensembles."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from neurop.plots import bands, reliability


def field(values: np.ndarray, names: tuple[str, ...] = ("x", "y")) -> xr.DataArray:
    coords = {name: np.arange(n) / n for name, n in zip(names, values.shape, strict=True)}
    return xr.DataArray(values, coords, names).assign_coords(field="u", unit="m s-1")


def test_half_width_and_error_share_limits_and_points_outside_are_marked() -> None:
    truth = field(np.zeros((6, 4)))
    prediction = field(np.linspace(0, 1, 24).reshape(6, 4))
    figure = bands([(truth, prediction, truth + 0.8)], ["sample 0"])
    left, middle, right = (axes for axes in figure.axes if axes.images)
    assert left.images[0].get_clim() == pytest.approx((0.0, 1.0))
    assert middle.images[0].get_clim() == right.images[0].get_clim() == pytest.approx((0.0, 1.0))
    np.testing.assert_allclose(right.images[0].get_array(), prediction.values.T)
    (line,) = (c for c in right.collections)
    # Errors above 0.8 are in the last two of six columns, x from 4/6 on, half a cell more.
    assert min(path.vertices[:, 0].min() for path in line.get_paths() if len(path)) > 0.5
    covered = bands([(truth, prediction, truth + 2)], ["sample 0"])
    assert [len(axes.collections) for axes in covered.axes if axes.images] == [0, 0, 0]


def test_the_band_of_a_line_surrounds_the_prediction() -> None:
    truth, prediction = field(np.zeros(5), ("x",)), field(np.arange(5.0), ("x",))
    figure = bands([(truth, prediction, truth + 2)] * 2, ["step 1", "step 2"])
    both, error = figure.axes[:2]
    for axes, middle in ((both, np.arange(5.0)), (error, np.zeros(5))):
        corners = axes.collections[0].get_paths()[0].vertices
        for x, y in zip(np.arange(5) / 5, middle, strict=True):
            at = corners[np.isclose(corners[:, 0], x), 1]
            assert (at.min(), at.max()) == pytest.approx((y - 2, y + 2))
    assert both.get_ylabel() == "step 1\nu (m s$^{-1}$)"


def scores(steps: int) -> xr.Dataset:
    by = ("step", "field")
    one = np.ones((steps, 1))
    return xr.Dataset(
        {
            "rmse": (by, 2 * one),
            "spread": (by, one),
            "member_rmse": (by, 3 * one),
            "rank_frequency": ((*by, "rank"), np.tile([0.4, 0.1, 0.1, 0.4], (steps, 1, 1))),
            "interval_coverage": ((*by, "level"), np.full((steps, 1, 1), 0.2)),
            "spread_samples": (("sample", *by), np.full((3, steps, 1), 0.5)),
            "rmse_samples": (("sample", *by), np.full((3, steps, 1), 2.0)),
        },
        {
            "field": ["u"],
            "unit": ("field", ["m"]),
            "step": np.arange(1, steps + 1),
            "time": ("step", np.arange(1.0, steps + 1), {"units": "1"}),
            "rank": np.arange(4),
            "level": [0.5],
        },
    )


def test_the_reliability_of_an_ensemble() -> None:
    left, middle, right = reliability(scores(4)).axes
    curves = {line.get_label(): line.get_ydata()[0] for line in left.lines}
    assert curves == {"RMSE of a member": 3.0, "RMSE of the mean": 2.0, "spread": 1.0}
    np.testing.assert_allclose(middle.patches[0].get_data().values, [1.6, 0.4, 0.4, 1.6])
    np.testing.assert_allclose(right.lines[0].get_xydata(), [[0, 0], [0.5, 0.2], [1, 1]])
    assert [text.get_text() for text in right.get_legend().get_texts()] == [
        "step 1",
        "step 2",
        "step 4",
    ]


def test_of_one_lead_time_every_sample_is_a_point() -> None:
    left = reliability(scores(1)).axes[0]
    np.testing.assert_allclose(left.lines[0].get_xydata(), [[0.5, 2.0]] * 3)
    assert left.get_xlim() == left.get_ylim() == pytest.approx((0, 2.1))
    assert left.get_xlabel() == "spread of u (m)"
