"""Rollouts of surrogates whose error, correlation and stability are known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from raising import leaf, raises_input

from neurop.evaluation.climate import climate_drift
from neurop.evaluation.rollout import rollout
from neurop.fields import Field, FieldSet
from neurop.fields.times import Times
from neurop.geometry.grid import Grid

Make = Callable[..., Any]
SHIFT = lambda x: torch.roll(x, x.shape[-1] // 16, -1)  # noqa: E731
STILL = lambda x: x  # noqa: E731


def test_the_exact_operator_has_no_error_and_keeps_its_spectrum(
    analytic: Make, travelling: Make
) -> None:
    data = travelling(interval=0.5)
    r = rollout(analytic(SHIFT, data, step=0.5), data, steps=8, batch_size=2)
    np.testing.assert_allclose(r.relative_l2, 0, atol=1e-6)
    np.testing.assert_allclose(r.correlation, 1, atol=1e-12)
    np.testing.assert_allclose(r.spectrum_error, 0, atol=1e-6)
    np.testing.assert_allclose(
        r.spectrum_truth[:, 0, :5], np.broadcast_to([0, 1 / 6, 1 / 6, 1 / 6, 0], (8, 5)), atol=1e-12
    )
    np.testing.assert_allclose(r.prediction, r.truth, atol=1e-6)
    assert np.isnan(r["correlation_time_0.9"])
    assert np.isnan(r.first_divergent_step)
    np.testing.assert_allclose(r.time, np.arange(1, 9) * 0.5)
    assert r.time.attrs["units"] == "s"


def test_the_identity_is_persistence_and_decorrelates_on_time(
    analytic: Make, travelling: Make
) -> None:
    data = travelling(wavenumbers=(1, 1), interval=2.0)
    r = rollout(analytic(STILL, data, step=2.0), data, steps=8)
    phase = 2 * np.pi * np.arange(1, 9) / 16
    np.testing.assert_allclose(r.relative_l2, r.persistence_relative_l2, rtol=1e-12)
    np.testing.assert_allclose(r.relative_l2, 2 * np.sin(phase / 2), rtol=1e-6)
    np.testing.assert_allclose(r.correlation, np.cos(phase), atol=1e-12)
    assert (
        float(r["correlation_time_0.9"]) == 4.0
    )  # cos(2 pi/16) = 0.92, cos(4 pi/16) = 0.71: the second step, 2 s each
    assert float(r["correlation_time_0.8"]) == 4.0
    np.testing.assert_allclose(
        r.trajectory_relative_l2, np.sqrt((4 * np.sin(phase / 2) ** 2).mean()), rtol=1e-6
    )


def test_the_trajectory_error_is_the_mean_over_samples_of_the_stacked_error(
    analytic: Make, travelling: Make
) -> None:
    data = travelling(wavenumbers=(1, 3))
    r = rollout(analytic(STILL, data, step=1.0), data, steps=4, start=2)
    true, given = data.values[:, 3:7], data.values[:, 2:3]
    stacked = np.sqrt(((given - true) ** 2).sum((1, 2, 3)) / (true**2).sum((1, 2, 3)))
    np.testing.assert_allclose(r.trajectory_relative_l2, stacked.mean(), rtol=1e-12)
    np.testing.assert_allclose(r.relative_l2_samples.mean("sample"), r.relative_l2)


def test_divergence_is_found_at_its_first_step_and_beyond_the_truth(
    analytic: Make, travelling: Make
) -> None:
    data = travelling(frames=4)
    r = rollout(analytic(lambda x: 2 * SHIFT(x), data, step=1.0), data, steps=6)
    assert float(r.first_divergent_step) == 4  # 2**4 > 10 >= 2**3
    np.testing.assert_allclose(r.relative_l2[:3], [1, 3, 7], rtol=1e-6)
    assert r.relative_l2[3:].isnull().all()
    assert r.truth[:, 3:].isnull().all()
    assert r.attrs["known_steps"] == 3

    broken = rollout(
        analytic(lambda x: SHIFT(x) / (x.abs().amax() < 0.5), data, step=1.0), data, steps=2
    )
    assert float(broken.first_divergent_step) == 1
    assert float(broken["correlation_time_0.9"]) == 1.0


def test_history_is_given_and_the_next_frame_is_step_one(analytic: Make, travelling: Make) -> None:
    data = travelling(wavenumbers=(1, 2))

    def extrapolate(x: torch.Tensor) -> torch.Tensor:
        """A wave moved by a phase p satisfies u(t+1) = 2 cos(p) u(t) - u(t-1)."""
        k = torch.fft.rfft(x[:, 1:]).abs().argmax(-1, keepdim=True)
        return 2 * torch.cos(2 * torch.pi * k / 16) * x[:, 1:] - x[:, :1]

    r = rollout(analytic(extrapolate, data, history=2, step=1.0), data, steps=7)
    np.testing.assert_allclose(r.prediction, data.values[:, 2:], atol=1e-5)
    np.testing.assert_allclose(
        r.persistence_relative_l2[0],
        np.mean([2 * np.sin(np.pi * k / 16) for k in (1, 2)]),
        rtol=1e-12,
    )


def test_errors_on_the_sphere_are_weighted_by_area(analytic: Make) -> None:
    grid = Grid.latlon()
    values = np.random.default_rng(0).normal(size=(1, 3, 1, 9, 16)) + 5
    data = FieldSet(
        values, (Field("z", "m"),), grid, times=Times(6 * np.arange(3.0), "h"), source="sphere"
    )
    r = rollout(analytic(STILL, data, step=6.0), data, steps=2)
    w = grid.weights((9, 16))
    a, b = values[0, 0, 0], values[0, 2, 0]
    np.testing.assert_allclose(
        r.relative_l2[1], np.sqrt((w * (a - b) ** 2).sum() / (w * b**2).sum()), rtol=1e-12
    )
    u, v = a - (w * a).mean(), b - (w * b).mean()
    np.testing.assert_allclose(
        r.correlation[1],
        (w * u * v).mean() / np.sqrt((w * u * u).mean() * (w * v * v).mean()),
        rtol=1e-10,
    )
    values[..., [0, -1], :] += 100  # the poles have no area
    assert np.isfinite(r.correlation).all()
    np.testing.assert_allclose(
        rollout(analytic(STILL, data, step=6.0), data, steps=2).relative_l2,
        r.relative_l2,
        rtol=1e-12,
    )


def test_drift_of_energy_and_enstrophy_of_a_decaying_vortex(analytic: Make) -> None:
    x = np.arange(16) / 16
    w0 = np.sin(2 * np.pi * x)[:, None] * np.sin(2 * np.pi * x)
    values = w0 * 0.5 ** np.arange(4)[None, :, None, None, None]
    data = FieldSet(
        values,
        (Field("vorticity"),),
        Grid.periodic(2),
        times=Times(np.arange(4.0)),
        source="vortex",
    )
    r = rollout(
        analytic(lambda w: 0.9 * w + 0.01, data, step=1.0),
        data,
        steps=2,
        invariants=("energy", "enstrophy", "mean"),
    )
    np.testing.assert_allclose(r.energy_drift[0], [0.9**2 - 1, 0.9**4 - 1], rtol=1e-6)
    np.testing.assert_allclose(r.enstrophy_drift[0, 0], 0.9**2 - 1 + 0.01**2 / 0.25, rtol=1e-6)
    np.testing.assert_allclose(
        r.mean_drift[0], [0.01 / 0.5, 0.019 / 0.5], rtol=1e-5
    )  # relative to the root mean square
    np.testing.assert_allclose(r.enstrophy_drift_truth[0], [0.25 - 1, 1 / 16 - 1], rtol=1e-6)
    with raises_input("invariants", "enrgy"):
        rollout(analytic(STILL, data, step=1.0), data, steps=2, invariants=("enrgy",))


@pytest.mark.parametrize(
    "arguments",
    [{"steps": 0}, {"start": 9, "steps": 1}, {"start": -1, "steps": 1}],
)
def test_what_is_out_of_range_is_said(
    analytic: Make, travelling: Make, arguments: dict[str, int]
) -> None:
    data = travelling()
    with raises_input(*leaf(arguments)):
        rollout(analytic(STILL, data, step=1.0), data, **arguments)


def test_the_last_frame_can_be_the_start(analytic: Make, travelling: Make) -> None:
    r = rollout(analytic(SHIFT, travelling(), step=1.0), travelling(), steps=3, start=8)
    assert r.relative_l2.isnull().all()
    assert np.isfinite(r.prediction).all()
    assert np.isnan(r.trajectory_relative_l2)


def test_the_climate_of_a_rollout(analytic: Make) -> None:
    x = np.arange(32) / 32
    # Power at 1..9, each 1/2: the middle third are 4, 5, 6.
    waves = np.stack([np.cos(2 * np.pi * k * x) for k in range(1, 10)])
    values = np.repeat(waves.sum(0)[None, None, None], 4, 1)
    data = FieldSet(
        values, (Field("u"),), Grid.periodic(1), times=Times(np.arange(4.0)), source="waves"
    )
    louder = torch.from_numpy(waves[4]).float()
    r = rollout(analytic(lambda u: u + 0.5 * louder + 0.3, data, step=1.0), data, steps=4)
    power = [(2 + (1 + n / 2) ** 2) / 2 for n in (1, 2, 3)]
    np.testing.assert_allclose(r.mid_band_power[0, :3, 0], power, rtol=1e-5)
    np.testing.assert_allclose(r.mid_band_power_truth[0, :3, 0], 1.5, rtol=1e-5)
    np.testing.assert_allclose(
        r.mean_bias[:3, 0], np.array([0.3, 0.6, 0.9]) / np.sqrt(4.5), rtol=1e-5
    )
    last, half, none = (
        climate_drift(r, 0.1),
        climate_drift(r, 0.7),
        climate_drift(rollout(analytic(STILL, data, step=1.0), data, steps=1, start=3), 0.5),
    )
    assert last["mean_bias"].item() == pytest.approx(0.9 / np.sqrt(4.5), rel=1e-5)
    assert last["mid_band_drift"].item() == pytest.approx((2 + 2.5**2) / 3 - 1, rel=1e-5)
    assert half["mid_band_drift"].item() == pytest.approx(
        (2 + (2**2 + 2.5**2) / 2) / 3 - 1, rel=1e-5
    )
    assert last["mid_band_drift_error"].isnull().all()
    assert all(found.isnull().all() for found in none.values())
    assert r.mid_band_power[:, 3:].isnull().all()
    assert r.mean_bias[3:].isnull().all()


def test_the_drift_of_the_climate_has_the_error_of_its_samples(analytic: Make) -> None:
    x = np.arange(32) / 32
    sizes = np.array([1.0, 1.2, 0.8, 1.1])
    values = sizes[:, None, None, None] * np.cos(2 * np.pi * x) * np.ones((4, 3, 1, 1))
    data = FieldSet(
        values, (Field("u"),), Grid.periodic(1), times=Times(np.arange(3.0)), source="waves"
    )
    gain = torch.tensor([1.1, 0.9, 1.0, 1.2]).reshape(4, 1, 1)
    found = climate_drift(rollout(analytic(lambda u: u * gain, data, step=1.0), data, steps=1), 1.0)
    power, true = sizes**2 * gain.numpy().ravel().astype(float) ** 2, sizes**2
    kept = [[j for j in range(4) if j != i] for i in range(4)]
    drifts = np.array([power[j].sum() / true[j].sum() - 1 for j in kept])
    assert found["mid_band_drift"].item() == pytest.approx(power.sum() / true.sum() - 1, rel=1e-5)
    assert found["mid_band_drift_error"].item() == pytest.approx(
        np.sqrt(3 / 4 * ((drifts - drifts.mean()) ** 2).sum()), rel=1e-4
    )
    steady = climate_drift(rollout(analytic(lambda u: 0.9 * u, data, step=1.0), data, steps=1), 1.0)
    assert steady["mid_band_drift_error"].item() == pytest.approx(0, abs=1e-6)
