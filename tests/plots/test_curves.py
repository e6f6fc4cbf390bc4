"""Curves: what is drawn, in which units, on which scale."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from matplotlib.axes import Axes
from raising import raises_input

from neurop.plots import (
    error_by_resolution,
    error_growth,
    forecast_skill,
    loss_curves,
    read_metrics,
    rollout_spectra,
    save,
    superres_spectra,
)
from neurop.plots.style import COLORS

Make = Callable[..., xr.Dataset]


def curves(axes: Axes) -> dict[str, np.ndarray]:
    return {
        str(line.get_label()): np.asarray(line.get_ydata())
        for line in axes.lines
        if not str(line.get_label()).startswith("_")
    }


def test_error_growth_shows_prediction_and_persistence(run: Make) -> None:
    upper, lower = error_growth(run()).axes
    shown = curves(upper)
    np.testing.assert_allclose(shown["prediction"], np.linspace(0.1, 1, 6))
    np.testing.assert_allclose(shown["persistence"], 2 * np.linspace(0.1, 1, 6))
    assert upper.get_yscale() == "log"
    assert (upper.get_ylabel(), lower.get_ylabel(), lower.get_xlabel()) == (
        "relative L2 error",
        "correlation",
        "time (s)",
    )
    marked = next(line for line in lower.lines if line.get_label() == "correlation below 0.9")
    assert marked.get_xdata()[0] == 4.0


def test_steps_of_hours_are_shown_in_hours_and_the_end_of_the_truth_is_shaded(run: Make) -> None:
    upper, lower = error_growth(run(known=4, unit="h")).axes
    assert lower.get_xlabel() == "time (h)"
    assert (
        next(
            line for line in lower.lines if line.get_label() == "correlation below 0.9"
        ).get_xdata()[0]
        == 24.0
    )
    assert [patch.get_label() for patch in upper.patches] == ["no truth"]


def test_divergence_is_marked(run: Make) -> None:
    diverging = run()
    diverging["first_divergent_step"] = 3.0
    assert "a sample diverges" in curves(error_growth(diverging).axes[0])


def test_spectra_are_of_the_first_middle_and_last_steps(run: Make) -> None:
    figure = rollout_spectra(run(steps=8, known=5))
    assert [axes.get_title() for axes in figure.axes] == [
        "step 1 (2 s)",
        "step 3 (6 s)",
        "step 5 (10 s)",
        "step 8 (16 s)",
    ]
    assert figure.axes[0].get_ylabel() == "power of vorticity\n(s$^{-1}$)$^2$"
    assert figure.axes[0].get_xlabel() == "zonal wavenumber"
    assert figure.axes[0].get_ylim()[0] == pytest.approx(0.25e-4)
    np.testing.assert_allclose(curves(figure.axes[0])["truth"], [0.1, 0.01, 0.001, 0.0001])
    assert curves(figure.axes[3])["truth"].size == 0


def test_errors_by_resolution_are_split_beyond_the_training_grid_alone(scores: xr.Dataset) -> None:
    left, right = error_by_resolution(scores).axes
    np.testing.assert_allclose(curves(left)["prediction"], [0.1, 0.12, 0.2])
    np.testing.assert_allclose(curves(left)["training grid, interpolated"], [0.1, 0.15, 0.25])
    np.testing.assert_allclose(curves(right)["beyond the training band"], [np.nan, 0.05, 0.15])
    assert [tick.get_text() for tick in left.get_xticklabels()] == ["16", "32", "64"]


def test_superres_spectra_mark_the_training_nyquist(scores: xr.Dataset) -> None:
    figure = superres_spectra(scores)
    assert [axes.get_title() for axes in figure.axes] == ["16 points", "32 points", "64 points"]
    assert (
        next(
            line for line in figure.axes[1].lines if line.get_label() == "training Nyquist"
        ).get_xdata()[0]
        == 8
    )


def test_forecast_skill_has_units_and_baselines(tmp_path: Path) -> None:
    dims = ("lead", "field")
    values = {
        n: (dims, [[1.0], [2.0]])
        for n in ("rmse", "persistence_rmse", "climatology_rmse", "acc", "persistence_acc")
    }
    coords = {
        "lead": [1, 4],
        "lead_time": ("lead", [21600.0, 86400.0], {"units": "s"}),
        "field": ["msl"],
        "unit": ("field", ["Pa"]),
    }
    figure = forecast_skill(xr.Dataset(values, coords))
    assert set(curves(figure.axes[0])) == {"prediction", "persistence", "climatology"}
    assert (figure.axes[0].get_ylabel(), figure.axes[0].get_xlabel()) == (
        "RMSE of msl (Pa)",
        "lead time (h)",
    )
    assert [tick.get_text() for tick in figure.axes[0].get_xticklabels()] == ["6", "24"]
    assert figure.axes[0].get_yscale() == "linear"
    assert list(figure.axes[0].lines[0].get_xdata()) == [6.0, 24.0]
    assert save(figure, tmp_path / "skill.pdf").is_file()


def test_a_forecast_that_is_much_better_than_persistence_is_not_drawn_as_zero() -> None:
    values = {"rmse": [[0.001], [0.003]], "persistence_rmse": [[0.3], [0.5]]}
    data = {name: (("lead", "field"), value) for name, value in values.items()}
    coords = {"lead": [1, 4], "field": ["u"], "unit": ("field", ["1"])}
    (axes,) = forecast_skill(xr.Dataset(data, coords)).axes
    assert (axes.get_yscale(), axes.get_xlabel()) == ("log", "lead (frames)")


def test_one_resolution_is_a_table_of_points_on_a_logarithmic_axis(scores: xr.Dataset) -> None:
    (axes,) = error_by_resolution(scores.isel(resolution=[1])).axes
    assert [text.get_text() for text in axes.get_yticklabels()] == [
        "prediction",
        "training grid, interpolated",
        "inside the training band",
        "beyond the training band",
        "nothing predicted beyond",
    ]
    drawn = [line.get_xdata()[0] for line in axes.lines]
    np.testing.assert_allclose(drawn, [0.12, 0.15, 0.11, 0.05, 0.04])
    assert axes.get_title() == "32 points; trained at 16"


def test_what_is_far_below_the_other_errors_is_seen(scores: xr.Dataset) -> None:
    scores["relative_l2_beyond_band"][:] = 1e-6
    left, right = error_by_resolution(scores).axes
    assert left.get_yscale() == "log"
    assert right.get_ylim()[0] < 1e-6


def test_single_samples_are_named_and_steps_are_whole(run: Make) -> None:
    two = xr.concat([run(), run()], "sample", data_vars="minimal")
    two["time"] = two.step * 1.0
    figure = error_growth(two)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "single samples",
        "persistence",
        "prediction, mean",
        "correlation below 0.9",
    ]
    assert figure.axes[1].get_xlabel() == "step"
    ticks = figure.axes[1].get_xticks()
    np.testing.assert_array_equal(ticks, np.round(ticks))


def test_loss_curves_join_the_sparse_rows_of_a_run(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text(
        "epoch,lr-AdamW,step,train/loss,val/relative_l2\n0,0.1,0,,\n0,,9,4.0,\n0,,9,,3.0\n1,,19,1.0,\n1,,19,,0.5\n2,,29,0.5,\n2,,29,,0.6\n"
    )
    metrics = read_metrics(path)
    np.testing.assert_allclose(metrics["train/loss"], [4, 1, 0.5])
    axes = loss_curves(metrics).axes[0]
    shown = {str(line.get_label()): line for line in axes.lines}
    assert set(shown) == {"training loss", "validation relative L2", "best, 0.5"}
    assert shown["training loss"].get_color() == COLORS["truth"]
    assert shown["validation relative L2"].get_color() == COLORS["prediction"]
    assert list(shown["training loss"].get_xdata()) == [1, 2, 3]
    assert axes.get_yscale() == "log"
    figure = loss_curves(metrics.rename({"train/loss": "train/loss_epoch"}).isel(epoch=[0]))
    figure.canvas.draw()
    assert [tick for tick in figure.axes[0].get_xticks() if 0.5 <= tick <= 1.5] == [1]
    with raises_input("path", str(tmp_path / "none.csv")):
        read_metrics(tmp_path / "none.csv")
    path.write_text("epoch,step\n")
    with raises_input("path", str(path)):
        read_metrics(path)
