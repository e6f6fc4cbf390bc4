"""Evaluations made up for figures."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr


@pytest.fixture
def run() -> Callable[..., xr.Dataset]:
    """Return a maker of rollouts as neurop.evaluation.rollout returns them: a wave that the
    prediction follows too slowly.
    """

    def make(steps: int = 6, known: int = 6, dimensions: int = 2, unit: str = "s") -> xr.Dataset:
        x, t = np.arange(8) / 8, np.arange(1, steps + 1)
        axes = ["x", "y"][:dimensions]
        wave = np.cos(2 * np.pi * (x - t[:, None] / 16))
        slow = np.cos(2 * np.pi * (x - t[:, None] / 20))
        if dimensions == 2:
            wave, slow = (w[:, :, None] * np.ones(8) for w in (wave, slow))
        truth = np.where(np.arange(steps).reshape(-1, *[1] * dimensions) < known, wave, np.nan)
        dims = ("sample", "step", "field", *axes)
        curve = np.where(t <= known, np.linspace(0.1, 1, steps), np.nan)
        power = np.broadcast_to(10.0 ** -np.arange(5), (steps, 1, 5))
        data = {
            "truth": (dims, truth[None, :, None]),
            "prediction": (dims, slow[None, :, None]),
            "relative_l2": ("step", curve),
            "persistence_relative_l2": ("step", 2 * curve),
            "relative_l2_samples": (("sample", "step"), curve[None]),
            "correlation": ("step", 1 - curve / 2),
            "correlation_time_0.9": 4.0 if unit == "s" else 4 * 21600.0,
            "first_divergent_step": np.nan,
            "spectrum_truth": (
                ("step", "field", "wavenumber"),
                np.where((t <= known)[:, None, None], power, np.nan),
            ),
            "spectrum_prediction": (("step", "field", "wavenumber"), 0.5 * power),
        }
        coords = {name: (name, x, {"units": "m"}) for name in axes}
        coords |= {
            "field": ["vorticity"],
            "unit": ("field", ["s-1"]),
            "step": t,
            "wavenumber": ("wavenumber", np.arange(5), {"long_name": "zonal wavenumber"}),
        }
        coords["time"] = ("step", t * (2.0 if unit == "s" else 21600.0), {"units": "s"})
        return xr.Dataset(data, coords, {"known_steps": known})

    return make


@pytest.fixture
def scores() -> xr.Dataset:
    """Return what neurop.evaluation.superres returns, without examples."""
    curves = {
        "relative_l2": [0.1, 0.12, 0.2],
        "relative_l2_interpolated": [0.1, 0.15, 0.25],
        "relative_l2_in_band": [0.1, 0.11, 0.13],
        "relative_l2_beyond_band": [1e-9, 0.05, 0.15],
        "truth_beyond_band": [1e-9, 0.04, 0.1],
    }
    data = {name: ("resolution", values) for name, values in curves.items()}
    power = np.broadcast_to(10.0 ** -np.arange(40), (3, 1, 40))
    data |= {
        f"spectrum_{kind}": (("resolution", "field", "wavenumber"), power)
        for kind in ("truth", "prediction", "interpolated")
    }
    data["train_resolution"] = 16
    coords = {
        "resolution": [16, 32, 64],
        "field": ["u"],
        "unit": ("field", ["m s-1"]),
        "wavenumber": np.arange(40),
    }
    return xr.Dataset(data, coords, {"train_shape": [16, 16], "axes": ["x", "y"], "warning": ""})
