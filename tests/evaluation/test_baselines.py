"""Baselines, on data whose answer is known: linear ones, and those of which nothing follows."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from raising import raises_input
from small import evolution, mapping

from neurop.evaluation import rollout, score
from neurop.evaluation.baselines import Climatology, Linear, Persistence, fit_baseline
from neurop.evaluation.baselines.linear import RIDGES
from neurop.evaluation.baselines.modes import dominant_subspace
from neurop.fields import Field, FieldSet
from neurop.fields.condition import Condition
from neurop.fields.standardize import Standardize
from neurop.fields.times import Times
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.problems import Evolution

Array = NDArray[np.float64]
U = (Field("u", "K"),)
PERIODIC = Grid.periodic(1)


def split(data: FieldSet, held_out: int = 5) -> tuple[FieldSet, FieldSet, FieldSet]:
    """Return training, validation and test samples."""
    cut = [slice(2 * held_out, None), slice(held_out), slice(held_out, 2 * held_out)]
    return data.samples(cut[0]), data.samples(cut[1]), data.samples(cut[2])


def states(made: Array, grid: Grid = PERIODIC, **more: object) -> FieldSet:
    """Return an evolution of one field from ``(sample, time, *grid)``."""
    return FieldSet(made[:, :, None], U, grid, times=Times(np.arange(made.shape[1]), "s"), **more)  # type: ignore[arg-type]


def heat(frames: int = 12, points: int = 32) -> FieldSet:
    """Return exact solutions of the heat equation with up to ten waves."""
    rng = np.random.default_rng(0)
    k, x, t = np.arange(1, 11), np.arange(points) / points, 0.1 * np.arange(frames)
    waves = np.exp(2j * np.pi * k[:, None] * x) * np.exp(-0.05 * k**2)[:, None]
    size = rng.normal(size=(30, 10)) + 1j * rng.normal(size=(30, 10))
    decay = np.exp(-0.05 * k**2 * t[:, None])
    return states(3.0 + np.einsum("sk,tk,kx->stx", size, decay, waves).real)


@pytest.mark.parametrize("increments", [True, False])
def test_the_heat_equation_is_exact_over_one_and_ten_steps(increments: bool) -> None:
    train, val, test = split(heat())
    linear = Linear.fit(train, val, Evolution(increments=increments))
    assert linear.rank >= 20
    assert float(score(linear, test).relative_l2_worst) < 1e-6
    assert float(rollout(linear, test, 10).relative_l2.max()) < 1e-6


def test_advection_is_a_rotation_of_any_field() -> None:
    start = np.random.default_rng(0).normal(size=(40, 16, 8))
    moved = np.stack([np.roll(start, t, axis=1) for t in range(12)], axis=1)
    train, val, test = split(states(moved, Grid.periodic(2)))
    linear = Linear.fit(train, val)
    # The modes are all but exact only where there are as many frames as points.
    assert (linear.size, linear.rank) == (128, 128)
    assert float(rollout(linear, test, 10).relative_l2[-1]) < 1e-6


def test_a_wave_needs_two_frames() -> None:
    rng = np.random.default_rng(0)
    k, x, t = np.arange(1, 6), np.arange(24) / 24, np.arange(12)
    size = rng.normal(size=(30, 5, 2))
    phase = 0.3 * k[:, None] * t
    in_time = size[:, :, :1] * np.cos(phase) + size[:, :, 1:] * np.sin(phase)
    standing = np.einsum("skt,kx->stx", in_time, np.sin(2 * np.pi * k[:, None] * x))
    train, val, test = split(states(standing))
    two, one = (Linear.fit(train, val, Evolution(history=h)) for h in (2, 1))
    assert float(rollout(two, test, 10).relative_l2[-1]) < 1e-6
    assert float(score(one, test).relative_l2) > 0.01


def test_a_linear_map_on_a_grid_with_ends() -> None:
    """-u'' = f with u = 0 at both ends, f random at each of the points."""
    n = 15
    f = np.random.default_rng(0).normal(size=(50, n))
    stiffness = (2 * np.eye(n) - np.eye(n, k=1) - np.eye(n, k=-1)) * (n + 1) ** 2
    padded = [np.pad(v, ((0, 0), (1, 1)))[:, None, None] for v in (f, f @ np.linalg.inv(stiffness))]
    grid = Grid((Axis("x", "dirichlet", layout="ends"),))
    data = FieldSet(padded[0], (Field("f"),), grid, padded[1], U)
    train, val, test = split(data)
    linear = Linear.fit(train, val)
    assert linear.rank >= n
    assert float(score(linear, test).relative_l2_worst) < 1e-9


def test_conditions_are_regressors() -> None:
    """u_next = 0.9 u + p + q(x) f_next, with a number p and a forcing f; the hill q is static."""
    rng = np.random.default_rng(0)
    p, f, q = rng.normal(size=40), rng.normal(size=(40, 12)), 1 + np.sin(np.arange(8))
    u = np.zeros((40, 12, 8))
    u[:, 0] = rng.normal(size=(40, 8))
    for t in range(11):
        u[:, t + 1] = 0.9 * u[:, t] + p[:, None] + q * f[:, t + 1, None]
    known = (
        Condition(Field("p"), "parameter", p.reshape(40, 1, 1, 1)),
        Condition(Field("q"), "static", q.reshape(1, 1, 1, 8)),
        Condition(Field("f"), "forcing", f.reshape(40, 12, 1, 1)),
    )
    train, val, test = split(states(u, conditions=known))
    linear = Linear.fit(train, val)
    # Conditions are given in float32.
    assert float(rollout(linear, test, 10).relative_l2[-1]) < 1e-5
    bare = [FieldSet(d.values, d.fields, d.grid) for d in (train, val)]
    without = Linear.fit(bare[0], bare[1])
    assert float(score(without, FieldSet(test.values, U, PERIODIC)).relative_l2) > 0.1


def noisy(seed: int) -> FieldSet:
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(30, 1, 1, 16))
    u = np.roll(a, 3, -1) + 1.0 * rng.normal(size=a.shape)
    return FieldSet(a, (Field("a"),), PERIODIC, u, U)


def reference(train: FieldSet, x: Array, rank: int, ridge: float) -> Array:
    """Return the same regression by the singular values of the complete matrix."""
    assert train.targets is not None
    a, u = train.values[:, 0, 0], train.targets[:, 0, 0]
    mean, centre, scale = a.mean(0), u.mean(0), a.std() * 4
    left, s, right = np.linalg.svd((a - mean) / scale, full_matrices=False)
    shrunk = s / (s**2 + ridge * (s**2).sum())
    fitted: Array = centre + (
        (x - mean) / scale @ right[:rank].T * shrunk[:rank] @ left[:, :rank].T @ (u - centre)
    )
    return fitted


def test_modes_and_ridge_are_chosen_on_the_validation_split_alone() -> None:
    train, val = noisy(0), noisy(1)
    linear = Linear.fit(train, val)
    assert val.targets is not None
    x, y = val.values[:, 0, 0], val.targets[:, 0, 0]
    errors = {
        (rank, ridge): np.mean(
            np.linalg.norm(reference(train, x, rank, ridge) - y, axis=1) / np.linalg.norm(y, axis=1)
        )
        for rank in (1, 2, 4, 8, 16)
        for ridge in RIDGES
    }
    assert (linear.rank, linear.ridge) == min(errors, key=lambda pair: errors[pair])
    assert linear.ridge > RIDGES[0]
    np.testing.assert_allclose(
        linear(torch.from_numpy(val.values[:, 0]))[:, 0],
        reference(train, x, linear.rank, linear.ridge),
        rtol=1e-5,  # the normalisers are in float32
        atol=1e-5,
    )
    # The training split itself would have chosen the fit that follows its noise.
    memory = Linear.fit(train, train)
    assert memory.rank == 16
    assert memory.ridge < linear.ridge / 10


def test_the_subspace_of_many_points_is_that_of_the_singular_vectors() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 40)) * 0.7 ** np.arange(40) @ rng.normal(size=(40, 600))
    rows = torch.from_numpy(x)
    q = dominant_subspace(lambda: iter(rows.split(64)), 600, 200, most=12)
    left = x - x @ (q @ q.T).numpy()
    best = np.linalg.svd(x, compute_uv=False)
    assert q.shape == (600, 12)
    assert np.linalg.norm(left) < 1.05 * np.sqrt((best[12:] ** 2).sum())
    exact = dominant_subspace(lambda: iter(rows.split(64)), 600, 200, most=40).numpy()
    assert np.linalg.norm(x - x @ exact @ exact.T) < 1e-9 * np.linalg.norm(x)


def test_persistence_and_climatology_have_the_scores_that_every_surrogate_reports() -> None:
    data = evolution(frames=8, samples=4)
    train, test = data.samples(slice(2)), data.samples(slice(2, None))
    normal = np.asarray(train.values).mean((0, 1))
    for kind in (Persistence, Climatology):
        found = score(kind.fit(train, test), test, normal, leads=[1, 3])
        np.testing.assert_allclose(found.rmse, found[f"{kind.label}_rmse"], rtol=1e-6)
    steps = rollout(Persistence.fit(train, test), test, 5)
    np.testing.assert_array_equal(steps.relative_l2, steps.persistence_relative_l2)


def test_the_climatology_of_a_map_stands_for_its_persistence() -> None:
    data = mapping()
    made = fit_baseline("persistence", data, data)
    assert made.name == "climatology"
    assert data.targets is not None
    predicted = made(torch.from_numpy(data.values[:, 0]))
    np.testing.assert_allclose(predicted[1], data.targets[:, 0].mean(0))
    with raises_input("baseline", "persistence"):
        Persistence.fit(data, data)(torch.from_numpy(data.values[:, 0]))


def test_the_unit_of_errors_is_that_of_the_surrogates() -> None:
    data = evolution()
    for normalizer in (Standardize(), Standardize(pointwise=True)):
        norm, _ = normalizer.fit(data, increments=True)
        made = Persistence.fit(data, data, normalizer=normalizer)
        torch.testing.assert_close(made.scale, norm.std.double())


def test_what_a_baseline_refuses() -> None:
    data = heat()
    linear = Linear.fit(*split(data)[:2])
    with raises_input("shape", (16,)):
        linear(torch.zeros(1, 1, 16))
    with raises_input("folder", "x"):
        linear.save("x")
    with raises_input("baseline", "linaer"):
        fit_baseline("linaer", data, data)
    assert math.isfinite(linear.ridge)
    assert linear.parameters_count() == 2 * 32 + linear.rank * 64
