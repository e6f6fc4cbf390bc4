import numpy as np
import pytest
import torch
from raising import leaf, raises_input
from scipy.fft import dctn

from neurop.physics.random_fields.cosine import cosine_field, cosine_std
from neurop.physics.random_fields.periodic import normals

DARCY = {"alpha": 2.0, "tau": 3.0}
PINNED = [0.35034922725656387, -0.6134581787035279]


def sum_of_modes(number: int, shape: tuple[int, int], modes: int, seed: int = 0) -> np.ndarray:
    """Return the series, mode after mode, in the order of the noise: by max k, then by row and
    column.
    """
    points = [np.linspace(0, 1, n) for n in shape]
    k = sorted(np.ndindex(modes, modes), key=max)[1:]
    total = np.zeros(shape)
    for (k1, k2), z in zip(k, normals([number], len(k), seed)[0]):
        waves = [np.cos(np.pi * q * x) * (2**0.5 if q else 1.0) for q, x in zip((k1, k2), points)]
        total += z / (np.pi**2 * (k1**2 + k2**2) + 9) * np.outer(*waves)
    return total


@pytest.mark.parametrize("shape", [(21, 21), (13, 30), (9, 9), (2, 5), (4, 3)])
def test_the_series_is_evaluated_at_the_nodes_of_any_grid(shape: tuple[int, int]) -> None:
    """On fewer points than modes as well: several modes are then one and the same at the nodes."""
    field = cosine_field([2], shape, modes=9, seed=4, **DARCY)[0]
    np.testing.assert_allclose(field.numpy(), sum_of_modes(2, shape, 9, seed=4), rtol=0, atol=1e-14)


def test_more_modes_keep_the_ones_that_there_were() -> None:
    few, many = (
        cosine_field(range(2), (33, 33), modes=modes, **DARCY).numpy() for modes in (8, 20)
    )
    a, b = (dctn(field, type=1, axes=(1, 2)) for field in (few, many))
    np.testing.assert_allclose(a[:, :8, :8], b[:, :8, :8], rtol=0, atol=1e-11)
    assert np.abs(a[:, 8:]).max() < 1e-11
    assert np.abs(b[:, 8:20]).max() > 0.1


def test_a_sample_depends_on_seed_and_number_alone() -> None:
    whole = cosine_field(range(5), (12, 12), modes=12, seed=3, **DARCY)
    assert torch.equal(cosine_field([4, 1], (12, 12), modes=12, seed=3, **DARCY), whole[[4, 1]])
    for i in range(5):
        for j in range(i):
            assert (whole[i] - whole[j]).abs().max() > 0.1 * whole.std()
    assert not torch.equal(cosine_field([0], (12, 12), modes=12, seed=4, **DARCY)[0], whole[0])


def test_the_stream_is_pinned() -> None:
    """A change of these numbers changes every generated medium: raise the solver version with
    it.
    """
    u = cosine_field([0, 1], (3,), alpha=0.0, tau=1.0, modes=3)
    z = normals([0, 1], 2)
    expected = [[2**0.5 * (a + b), -(2**0.5) * b, 2**0.5 * (b - a)] for a, b in z]
    np.testing.assert_allclose(u.numpy(), expected, atol=1e-14)
    np.testing.assert_allclose(z[0], PINNED, rtol=0, atol=1e-12)


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_the_deviation_is_that_of_the_formula(dimensions: int) -> None:
    """The mean over the box of the variance, from many samples by the trapezoid rule."""
    shape = (9,) * dimensions
    field = cosine_field(
        range(4000 if dimensions < 3 else 1000), shape, modes=8, sigma=2.0, alpha=1.5, tau=4.0
    )
    variance = field.square().mean(0)
    for _ in range(dimensions):
        variance = torch.trapezoid(variance, dx=1 / 8, dim=0)
    expected = cosine_std(dimensions, modes=8, sigma=2.0, alpha=1.5, tau=4.0)
    assert variance.sqrt().item() == pytest.approx(expected, rel=0.03)


def test_the_normal_derivative_is_zero_on_the_boundary() -> None:
    """One-sided differences of a few modes vanish in second order: by a factor of 16 per fourth
    of the mesh.
    """
    slopes = []
    for n in (40, 160):
        g = cosine_field([0], (n + 1, n + 1), modes=4, **DARCY)[0]
        slopes.append(float((g[1] - g[0]).abs().max()))
    assert slopes[0] / slopes[1] == pytest.approx(16, rel=0.02)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"modes": 1}, "2 or more"), ({"shape": (1, 8)}, "2 points"), ({"seed": -1}, "0 or more")],
)
def test_wrong_arguments_are_one_line(arguments: dict[str, object], message: str) -> None:
    with raises_input(*leaf(arguments), message):
        cosine_field(range(2), **{"shape": (8, 8), "modes": 4, **DARCY, **arguments})  # type: ignore[arg-type]
