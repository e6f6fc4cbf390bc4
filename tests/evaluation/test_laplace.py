"""The last-layer Laplace approximation: Bayesian linear regression, exactly."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from small import FIELDS, evolution, surrogate
from torch import Tensor, nn

from neurop import models
from neurop.errors import InputError
from neurop.evaluation.laplace import laplace
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.geometry.grid import Grid
from neurop.inference.last_layer import evidence, features, find_last_layer, matrix
from neurop.inference.network_input import network_input
from neurop.registry import Spec
from neurop.surrogate import Surrogate

WEIGHTS, POINTS, SAMPLES = np.array([0.7, -0.4, 0.2]), 8, 30


class Features(nn.Module):
    """The outputs are linear in x, x^2 and 1."""

    def __init__(self, weights: np.ndarray) -> None:
        super().__init__()
        self.last = nn.Linear(2, 1).double()
        with torch.no_grad():
            self.last.weight[:] = torch.from_numpy(weights[None, :2])
            self.last.bias[:] = torch.from_numpy(weights[2:])

    def forward(self, x: Tensor) -> Tensor:
        return self.last(torch.stack([x[:, 0], x[:, 0] ** 2], -1)).movedim(-1, 1)


def regression(deviation: float = 0.3) -> tuple[Surrogate, FieldSet, np.ndarray, np.ndarray]:
    """Return surrogate, data, design matrix and targets of a linear problem with normal noise."""
    rng = np.random.default_rng(0)
    a = rng.standard_normal((SAMPLES, 1, 1, POINTS))
    design = np.stack([a.ravel(), a.ravel() ** 2, np.ones(a.size)], 1)
    u = design @ WEIGHTS + deviation * rng.standard_normal(a.size)
    data = FieldSet(
        a, (Field("a"),), Grid.periodic(1), u.reshape(a.shape), (Field("u"),), source="line"
    )
    s = surrogate(data, arguments={"modes": 2, "width": 2, "depth": 1}).double()
    for norm in (s.input_norm, s.output_norm):
        norm.mean.zero_(), norm.std.fill_(1)
    best = np.linalg.solve(design.T @ design, design.T @ u)
    s.net = Features(best)  # type: ignore[assignment]
    return s, data, design, u


def test_it_is_bayesian_linear_regression() -> None:
    s, data, design, _ = regression()
    tau, sigma = 2.0, 0.4
    found = laplace(s, data, precision=tau, noise=sigma, points=POINTS)
    covariance = np.linalg.inv(design.T @ design / sigma**2 + tau * np.eye(3))
    x = torch.linspace(-3, 3, POINTS, dtype=torch.float64)[None, None]
    phi = np.stack([x[0, 0], x[0, 0] ** 2, np.ones(POINTS)], 1)
    epistemic = np.einsum("np,pq,nq->n", phi, covariance, phi)
    np.testing.assert_allclose(found.std(x, noise=False)[0, 0], epistemic**0.5, rtol=1e-10)
    np.testing.assert_allclose(found.std(x)[0, 0], (epistemic + sigma**2) ** 0.5, rtol=1e-10)
    made = (found.vectors * found.variances[0]) @ found.vectors.T
    np.testing.assert_allclose(made, covariance, rtol=1e-8, atol=1e-12)


def test_precisions_maximise_the_marginal_likelihood() -> None:
    s, data, design, u = regression()
    found = laplace(s, data, points=POINTS)
    w = s.net.last.weight.detach().numpy()[0].tolist() + s.net.last.bias.tolist()  # type: ignore
    w = np.array(w)
    misfit = ((u - design @ w) ** 2).sum()

    def likelihood(tau: float, sigma: float) -> float:
        """Return the log evidence at weights w, without constants."""
        precision = design.T @ design / sigma**2 + tau * np.eye(3)
        return float(
            1.5 * np.log(tau)
            - len(u) * np.log(sigma)
            - misfit / (2 * sigma**2)
            - tau * (w @ w) / 2
            - np.linalg.slogdet(precision)[1] / 2
        )

    tau, sigma = float(found.fit["precision"][0]), float(found.noise[0])
    top = likelihood(tau, sigma)
    for factor in (0.99, 1.01):
        assert likelihood(factor * tau, sigma) < top
        assert likelihood(tau, factor * sigma) < top
    assert sigma == pytest.approx(0.3, rel=0.1)


def test_a_given_value_stays_and_the_other_is_the_best() -> None:
    s, data, _, _ = regression()
    found = laplace(s, data, noise=0.5, points=POINTS)
    assert found.noise.item() == 0.5
    shrunk = laplace(s, data, precision=1e12, noise=0.5, points=POINTS)
    x = torch.ones(1, 1, POINTS, dtype=torch.float64)
    assert shrunk.std(x, noise=False).max() < 1e-5


def test_independent_points_count_fully_and_equal_ones_once() -> None:
    s, data, _, _ = regression()
    assert laplace(s, data).fit["points"].item() == pytest.approx(POINTS, rel=0.25)
    rng = np.random.default_rng(1)
    with torch.no_grad():
        predicted = s(torch.from_numpy(np.asarray(data.values[:, 0]))).numpy()[:, None]
    targets = predicted + rng.standard_normal((SAMPLES, 1, 1, 1))
    same = FieldSet(data.values, data.fields, data.grid, targets, data.target_fields)
    assert laplace(s, same).fit["points"].item() == pytest.approx(1, abs=0.3)


def test_samples_have_the_covariance_and_are_functions() -> None:
    s, data, _, _ = regression()
    found = laplace(s, data, precision=1.0, noise=1.0, points=POINTS)
    x = torch.linspace(-2, 2, POINTS, dtype=torch.float64)[None, None]
    made = found.sample(x, 400)
    expected = found.std(x, noise=False)
    np.testing.assert_allclose(made.std(0), expected, rtol=0.15)
    np.testing.assert_allclose(made.mean(0), s(x).detach(), atol=float(5 * expected.max() / 20))
    fine = torch.stack([x, x], -1).flatten(2)  # every point twice: another grid
    torch.testing.assert_close(found.sample(fine, 3)[..., ::2], made[:3])
    torch.testing.assert_close(found.std(fine)[..., ::2], found.std(x))
    assert torch.equal(found.sample(x, 2), made[:2])


def test_units_are_those_of_the_output() -> None:
    s, data, _, _ = regression()
    x = torch.linspace(-2, 2, POINTS, dtype=torch.float64)[None, None]
    one = laplace(s, data, precision=1.0, noise=1.0, points=POINTS).std(x)
    s.output_norm.std.fill_(40), s.output_norm.mean.fill_(7)
    torch.testing.assert_close(
        laplace(s, data, precision=1.0, noise=1.0, points=POINTS).std(x), 40 * one
    )


# The output of one with stages is not linear in its last layer, and a mixture has several.
SEVERAL = {"boosted", "denoised", "mono", "thermalized"}


@pytest.mark.parametrize("name", sorted({*models.REGISTRY.table} - SEVERAL))
def test_features_of_every_model_give_its_output(name: str) -> None:
    data = evolution((16, 16), grid=Grid.latlon() if name == "sfno" else None)
    takes = models.REGISTRY.get(name).__init__.__annotations__
    small = {"width": 4, "depth": 1} | ({} if "unet" in name else {"modes": 3})
    torch.manual_seed(0)
    spec = Spec(name, {key: value for key, value in small.items() if key in takes})
    s = Surrogate.of(data, spec).double().eval()
    z = network_input(s, torch.from_numpy(data.values[:, 0]), None)
    layer = find_last_layer(s)
    with torch.no_grad():
        phi = features(s, layer, z)
        made = torch.einsum("ci,bi...->bc...", matrix(s.net, layer), phi)
        torch.testing.assert_close(made, s.net(z), rtol=1e-10, atol=1e-10)


def test_a_network_without_a_last_layer() -> None:
    s, data, _, _ = regression()

    class Squared(Features):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x) ** 2

    s.net = Squared(WEIGHTS)  # type: ignore[assignment]
    with pytest.raises(InputError) as wrong:
        laplace(s, data)
    assert wrong.value.key == "model"


@pytest.mark.parametrize("key", ["precision", "noise", "points"])
def test_wrong_numbers(key: str) -> None:
    s, data, _, _ = regression()
    with pytest.raises(InputError) as wrong:
        laplace(s, data, **{key: 0.0})
    assert (wrong.value.key, wrong.value.value) == (key, 0.0)


def test_more_weights_than_points() -> None:
    one = torch.tensor(1.0, dtype=torch.float64)
    with pytest.raises(InputError) as wrong:
        evidence(torch.full((5,), 1e6, dtype=torch.float64), one, one, 3.0)
    assert wrong.value.key == "points"


def test_two_fields_of_an_evolution_have_deviations_of_their_own() -> None:
    data = evolution(samples=6)
    s = surrogate(data)
    made = laplace(s, data)
    size = made.std(torch.as_tensor(data.values[:2, 0], dtype=torch.float32))
    assert size.shape == (2, len(FIELDS), 9, 8)
    # The deviation about an untrained network is about that of the increments.
    ratio = size.mean((0, 2, 3)) / s.output_norm.std
    assert ((ratio > 0.5) & (ratio < 3)).all()
