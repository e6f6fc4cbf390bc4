"""Panels of fields: limits, labels, orientation and proportions."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.plots import fields, save
from neurop.plots.orientation import raster


def field(values: np.ndarray, names: tuple[str, ...] = ("x", "y"), **extent: float) -> xr.DataArray:
    coords = {
        name: (name, np.arange(n) / n * extent.get(name, 1.0), {"units": "m"})
        for name, n in zip(names, values.shape, strict=True)
    }
    return xr.DataArray(values, dims=names, coords=coords).assign_coords(
        field="vorticity", unit="s-1"
    )


def panels(figure: Figure) -> list[Axes]:
    return [axes for axes in figure.axes if axes.images]


def test_truth_and_prediction_share_limits_and_the_error_is_symmetric() -> None:
    truth = field(np.linspace(1, 5, 12).reshape(4, 3))
    figure = fields([truth], [truth + 2], ["sample 0"])
    left, middle, right = (axes.images[0] for axes in panels(figure))
    assert left.get_clim() == middle.get_clim() == (1.0, 5.0)
    assert right.get_clim() == pytest.approx((-2.0, 2.0))
    assert left.get_cmap().name == "viridis"
    assert [axes.get_title() for axes in panels(figure)] == ["truth", "prediction", "error"]
    assert figure.get_suptitle() == "vorticity (s$^{-1}$)"
    assert panels(figure)[0].get_ylabel() == "sample 0\ny (m)"
    assert panels(figure)[0].get_xlabel() == "x (m)"


def test_a_field_of_both_signs_has_a_diverging_map_about_zero() -> None:
    truth = field(np.linspace(-1, 3, 12).reshape(4, 3))
    first = panels(fields([truth], [truth], ["a"]))[0].images[0]
    assert first.get_cmap().name == "RdBu_r"
    assert first.get_clim() == (-3.0, 3.0)


def test_rows_of_like_size_share_limits_and_others_have_their_own() -> None:
    truth = field(np.linspace(0, 1, 12).reshape(4, 3))
    alike = panels(fields([truth, 2 * truth], [truth, truth], ["a", "b"]))
    assert {axes.images[0].get_clim() for axes in (alike[0], alike[3])} == {(0.0, 2.0)}
    apart = panels(fields([truth, 50 * truth], [truth, truth], ["a", "b"]))
    assert [axes.images[0].get_clim() for axes in (apart[0], apart[3])] == [(0.0, 1.0), (0.0, 50.0)]


def test_the_first_axis_runs_to_the_right_and_cells_surround_their_points() -> None:
    truth = field(np.arange(8.0).reshape(4, 2), x=2.0)
    image = panels(fields([truth], [truth], ["a"]))[0].images[0]
    np.testing.assert_array_equal(image.get_array(), truth.values.T)
    assert image.get_extent() == [-0.25, 1.75, -0.25, 0.75]
    assert panels(fields([truth], [truth], ["a"]))[0].get_box_aspect() == pytest.approx(0.5)


@pytest.mark.parametrize("north_first", [True, False])
def test_a_map_of_the_earth_has_north_up_and_ticks_in_degrees(north_first: bool) -> None:
    latitude = np.linspace(90, -90, 7) if north_first else np.linspace(-90, 90, 7)
    coords = {"latitude": latitude, "longitude": np.arange(12) * 30.0, "field": "msl", "unit": "Pa"}
    truth = xr.DataArray(
        np.broadcast_to(latitude[:, None], (7, 12)).copy(),
        dims=("latitude", "longitude"),
        coords=coords,
    )
    axes = panels(fields([truth], [truth], ["6 h"]))[0]
    assert axes.images[0].get_array()[-1, 0] == 90
    assert axes.get_ylim() == (-90, 90)
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["60°S", "0°", "60°N"]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["0°", "90°E", "180°", "90°W"]
    assert axes.get_box_aspect() == pytest.approx(0.5)


def test_one_dimension_is_drawn_as_lines_and_three_as_a_slice() -> None:
    line = field(np.sin(np.arange(16.0)), ("x",))
    figure = fields([line], [2 * line], ["a"], [3 * line])
    given, _, error = figure.axes
    (legend,) = figure.legends
    np.testing.assert_allclose(given.lines[0].get_ydata(), 3 * line)
    assert [text.get_text() for text in legend.get_texts()] == ["truth", "prediction"]
    np.testing.assert_allclose(error.lines[-1].get_ydata(), line)
    solid = field(np.random.default_rng(0).normal(size=(4, 5, 6)), ("x", "y", "z"))
    np.testing.assert_array_equal(
        panels(fields([solid], [solid], ["a"]))[0].images[0].get_array(), solid.values[:, :, 3].T
    )
    assert fields([solid], [solid], ["a"]).get_suptitle().endswith(", slice z = 0.5 m")


def test_x_is_to_the_right_and_y_up_whatever_the_order_in_the_file() -> None:
    truth = field(np.arange(8.0).reshape(2, 4), ("y", "x"), x=2.0)
    axes = panels(fields([truth], [truth], ["a"]))[0]
    np.testing.assert_array_equal(axes.images[0].get_array(), truth.values)
    assert axes.images[0].get_extent() == [-0.25, 1.75, -0.25, 0.75]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("x (m)", "a\ny (m)")


def test_a_volume_is_cut_at_the_same_height_in_both_orders() -> None:
    solid = field(np.random.default_rng(0).normal(size=(6, 5, 4)), ("z", "y", "x"))
    turned = solid.transpose("x", "y", "z")
    first, second = (panels(fields([s], [s], ["a"]))[0].images[0] for s in (solid, turned))
    np.testing.assert_array_equal(first.get_array(), solid.values[3])
    np.testing.assert_array_equal(second.get_array(), solid.values[3])


def test_coasts_are_drawn_on_the_earth_alone() -> None:
    coords = {
        "latitude": ("latitude", np.linspace(90, -90, 7), {"body": "Earth"}),
        "longitude": np.arange(12) * 30.0,
    }
    truth = xr.DataArray(np.ones((7, 12)), coords, ("latitude", "longitude"), name="msl")
    axes = panels(fields([truth], [truth], ["6 h"]))[0]
    horn = np.array([51.05, 10.64])  # near the easternmost point of Africa
    (africa,) = [line for line in axes.lines if (abs(line.get_xydata() - horn) < 0.1).all(1).any()]
    assert len(africa.get_xdata()) > 500
    assert axes.get_xlim() == (-15, 345)
    ideal = truth.drop_vars("latitude").assign_coords(latitude=np.linspace(90, -90, 7))
    assert not panels(fields([ideal], [ideal], ["6 h"]))[0].lines


def test_errors_of_like_size_share_limits_too() -> None:
    truth = field(np.linspace(0, 1, 12).reshape(4, 3))
    alike = panels(fields([truth, truth], [truth + 0.1, truth + 0.2], ["a", "b"]))
    assert alike[2].images[0].get_clim() == alike[5].images[0].get_clim()
    assert alike[2].images[0].get_clim()[1] == pytest.approx(0.2)
    apart = panels(fields([truth, truth], [truth + 0.1, truth + 0.5], ["a", "b"]))
    assert [a.images[0].get_clim()[1] for a in (apart[2], apart[5])] == pytest.approx([0.1, 0.5])


def test_panels_have_the_same_size(tmp_path: object) -> None:
    truth = field(np.linspace(0, 1e5, 12).reshape(4, 3))
    figure = fields([truth, truth], [truth, 1.1 * truth], ["a", "sample 0, frame 12"])
    save(figure, f"{tmp_path}/figure.png", dpi=40)
    sizes = {tuple(np.round(axes.get_window_extent().size, 1)) for axes in panels(figure)}
    assert len(sizes) == 1


def test_input_has_its_own_limits_and_title() -> None:
    truth = field(np.linspace(0, 1, 12).reshape(4, 3))
    given = field(np.where(np.arange(12).reshape(4, 3) > 5, 12.0, 3.0)).assign_coords(
        field="coefficient", unit="1"
    )
    shown = panels(fields([truth], [truth], ["sample 0"], [given]))
    assert shown[0].get_title() == "input: coefficient"
    assert shown[0].images[0].get_clim() == (3.0, 12.0)


def test_what_is_missing_or_infinite_can_be_drawn(tmp_path: object) -> None:
    truth = field(np.full((4, 4), np.nan))
    bad = field(np.linspace(0, 1, 16).reshape(4, 4))
    bad[0, 0] = np.inf
    save(fields([truth, bad], [bad, bad], ["a", "b"]), f"{tmp_path}/bad.png", dpi=50)


def test_drawing_leaves_the_state_of_pyplot_alone(tmp_path: object) -> None:
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    before = dict(mpl.rcParams)
    truth = field(np.linspace(0, 1, 12).reshape(4, 3))
    path = save(fields([truth], [truth], ["a"]), f"{tmp_path}/figure.png")
    assert plt.get_fignums() == []
    assert dict(mpl.rcParams) == before
    assert [p.name for p in path.parent.iterdir()] == ["figure.png"]


def test_chebyshev_points_are_drawn_where_they_lie() -> None:
    """Each pixel has the value of the nearest point; uniform points and Gauss latitudes stay."""
    times, x = Axis("t", "open", layout="chebyshev"), np.arange(4.0)
    t = times.coordinates(33)
    place = xr.DataArray(np.tile(t[:, None], 4), {"t": t, "x": x}, ("t", "x"))
    uniform = np.linspace(0, 1, 33)
    for image in (raster(place), raster(place[::-1])):
        drawn = image if image.shape[0] == 33 else image.T
        gap = np.abs(drawn[:, 0] - uniform)
        assert gap.max() < np.diff(t).max() / 2 + 1e-12
        np.testing.assert_allclose(gap, np.abs(t[:, None] - uniform).min(0), atol=1e-15)
    for points in (uniform, np.sort(Grid.latlon(gauss=True).axes[0].coordinates(33))):
        values = np.random.default_rng(0).normal(size=(33, 4))
        image = raster(xr.DataArray(values, {"t": points, "x": x}, ("t", "x")))
        np.testing.assert_array_equal(image if len(image) == 33 else image.T, values)
