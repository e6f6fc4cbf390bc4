"""The figure of a comparison."""

from __future__ import annotations

import numpy as np
import xarray as xr

from neurop.plots import comparison
from neurop.plots.comparison import MODELS


def result(growth: bool, seeds: int = 1, names: tuple[str, ...] = ("tfno", "fno")) -> xr.Dataset:
    errors = np.array([[0.2, 0.4], [0.01, 0.03]])[: len(names)]
    data = {"error_samples": (("model", "sample"), errors), "error": ("model", errors.mean(1))}
    data |= {
        f"error_{end}": ("model", errors.mean(1) * f) for end, f in (("low", 0.9), ("high", 1.1))
    }
    coords = {"model": list(names), "seeds": ("model", [seeds] * len(names))}
    if growth:
        curve = errors.mean(1)[:, None] * np.arange(1, 7)
        data |= {
            f"growth{end}": (("model", "step"), curve * f)
            for end, f in (("", 1.0), ("_low", 0.9), ("_high", 1.1))
        }
        coords |= {"step": np.arange(1, 7), "time": ("step", 6.0 * np.arange(1, 7), {"units": "h"})}
    return xr.Dataset(data, coords)


def test_errors_over_the_time_of_a_rollout() -> None:
    figure = comparison(result(growth=True))
    (axes,) = figure.axes
    best, other = axes.lines
    assert [line.get_label() for line in axes.lines] == ["fno", "tfno"]
    np.testing.assert_allclose(best.get_xdata(), 6 * np.arange(1, 7))
    np.testing.assert_allclose(np.asarray(other.get_ydata()), 0.3 * np.arange(1, 7))
    assert (axes.get_yscale(), axes.get_xlabel()) == ("log", "time (h)")
    assert (best.get_color(), other.get_color()) == (MODELS["fno"][0], MODELS["tfno"][0])
    assert not axes.collections


def test_the_range_over_seeds_is_a_band() -> None:
    (axes,) = comparison(result(growth=True, seeds=2)).axes
    assert len(axes.collections) == 2


def test_a_diverged_model_leaves_the_others_readable() -> None:
    data = result(growth=True)
    data["growth"][0, 3:] = [1e3, 1e9, np.inf]
    (axes,) = comparison(data).axes
    assert axes.get_ylim()[1] == 20


def test_the_samples_of_a_map() -> None:
    (axes,) = comparison(result(growth=False)).axes
    assert [text.get_text() for text in axes.get_yticklabels()] == ["fno", "tfno"]
    dots, mean = axes.lines[:2]
    np.testing.assert_allclose(np.asarray(dots.get_xdata()), [0.01, 0.03])
    np.testing.assert_allclose(np.asarray(mean.get_xdata()), [0.02])
    assert axes.get_xscale() == "log"
    assert axes.yaxis_inverted()


def test_other_models_take_the_colours_that_are_left() -> None:
    (axes,) = comparison(result(growth=True, names=("mine", "fno"))).axes
    fno, mine = (line.get_color() for line in axes.lines)
    assert fno == MODELS["fno"][0]
    assert mine not in (fno, None)
