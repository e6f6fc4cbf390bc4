from __future__ import annotations

import copy
from collections.abc import Iterable

import numpy as np
import pytest
import torch
from raising import raises_input

from neurop.fields.normalizer import Normalizer
from neurop.fields.statistics import Moments
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.geometry.sphere import Sphere

BOX = Grid.periodic(2)


def samples(
    seed: int = 0, lengths: tuple[int, ...] = (3, 1, 5), shape: tuple[int, ...] = (4, 6)
) -> list[np.ndarray]:
    """Return trajectories of 2 channels of unlike offset and deviation, of unlike length."""
    rng = np.random.default_rng(seed)
    scale = np.array([0.2, 30.0]).reshape(2, *[1] * len(shape))
    return [
        rng.normal(size=(t, 2, *shape)) * scale + rng.normal(size=shape) + 7 * scale
        for t in lengths
    ]


def fit(samples: Iterable[np.ndarray], domain: Grid, pointwise: bool = False) -> Normalizer:
    """Return the normaliser of samples ``(time, channel, *grid)``."""
    moments = Moments(pointwise)
    for sample in samples:
        moments.update(sample)
    return Normalizer.of(moments, domain)


def test_channel_statistics_are_those_of_all_values() -> None:
    together = np.concatenate(samples())
    fitted = fit(samples(), BOX)
    np.testing.assert_allclose(fitted.mean, together.mean((0, 2, 3), keepdims=True)[0], rtol=1e-6)
    np.testing.assert_allclose(fitted.std, together.std((0, 2, 3)), rtol=1e-6)
    assert fitted.mean.shape == (2, 1, 1)


def test_pointwise_statistics_are_those_of_every_point() -> None:
    together = np.concatenate(samples())
    fitted = fit(samples(), BOX, pointwise=True)
    np.testing.assert_allclose(fitted.mean, together.mean(0), rtol=1e-6)
    np.testing.assert_allclose(fitted.std, (together - together.mean(0)).std((0, 2, 3)), rtol=1e-6)


@pytest.mark.parametrize("pointwise", [False, True])
def test_order_and_grouping_of_the_samples_do_not_matter(pointwise: bool) -> None:
    fitted = fit(samples(), BOX, pointwise)
    for other in (
        samples()[::-1],
        [np.concatenate(samples())],
        list(np.concatenate(samples())[:, None]),
    ):
        again = fit(other, BOX, pointwise)
        np.testing.assert_allclose(again.mean, fitted.mean, rtol=1e-6)
        np.testing.assert_allclose(again.std, fitted.std, rtol=1e-6)


@pytest.mark.parametrize("pointwise", [False, True])
def test_a_large_offset_does_not_hide_a_small_variation(pointwise: bool) -> None:
    rng = np.random.default_rng(1)
    values = 0.05 * rng.normal(size=(40, 10, 1, 8))
    expected = (values - values.mean((0, 1))).std() if pointwise else values.std()
    fitted = fit(1e5 + values, Grid.periodic(1), pointwise)
    assert fitted.std.item() == pytest.approx(expected, rel=1e-6)
    rounded = (1e5 + values).astype(np.float32)  # neighbours lie 0.0078 apart
    assert fit(rounded, Grid.periodic(1)).std.item() == pytest.approx(
        rounded.astype(np.float64).std(), rel=1e-6
    )


@pytest.mark.parametrize("pointwise", [False, True])
def test_normalised_values_have_mean_0_and_deviation_1_and_return(pointwise: bool) -> None:
    fitted = fit(samples(), BOX, pointwise)
    x = torch.from_numpy(np.concatenate(samples()))
    z = fitted(x)
    torch.testing.assert_close(z.mean((0, 2, 3)), torch.zeros(2).double(), atol=1e-5, rtol=0)
    torch.testing.assert_close(
        z.square().mean((0, 2, 3)), torch.ones(2).double(), atol=1e-5, rtol=0
    )
    torch.testing.assert_close(fitted.inverse(z), x, atol=1e-12, rtol=1e-12)
    torch.testing.assert_close(fitted.inverse(fitted(x.float())), x.float(), atol=1e-4, rtol=1e-6)


def test_frames_of_a_history_are_normalised_alike() -> None:
    fitted = fit(samples(), BOX)
    x = torch.randn(4, 3, 2, 4, 6)
    np.testing.assert_allclose(
        fitted(x.flatten(1, 2)).view_as(x),
        np.stack([fitted(x[:, t]) for t in range(3)], 1),
        rtol=1e-6,
    )
    by_hand = (x[:, :, 1] - fitted.mean[1]) / fitted.std[1]
    torch.testing.assert_close(fitted(x.flatten(1, 2))[:, 1::2], by_hand)


@pytest.mark.parametrize(
    "domain", [Grid((Axis("x", "neumann", layout="ends"), Axis("y"))), Grid.latlon()]
)
def test_a_climatology_is_evaluated_on_other_grids(domain: Grid) -> None:
    def climate(shape: tuple[int, int]) -> torch.Tensor:
        x, y = np.meshgrid(*[a.points(n) for a, n in zip(domain.axes, shape)], indexing="ij")
        # A wave round the sphere vanishes at its poles, or these would have many values.
        size = np.sin(np.pi * x) if isinstance(domain, Sphere) else np.cos(np.pi * x)
        return torch.from_numpy(
            np.stack([3 + size * np.sin(2 * np.pi * y), np.cos(2 * np.pi * x) - 1e3])
        )

    norm = Normalizer(climate((9, 8)), torch.tensor([2.0, 5.0]).double(), domain)
    for shape in ((9, 8), (17, 16), (6, 9)):
        np.testing.assert_allclose(
            norm(torch.zeros(1, 2, *shape))[0],
            -climate(shape) / torch.tensor([2, 5])[:, None, None],
            atol=1e-11,
        )
        np.testing.assert_allclose(
            norm.inverse(torch.ones(1, 4, *shape))[0, 2], climate(shape)[0] + 2, atol=1e-11
        )


def test_channel_statistics_serve_any_grid() -> None:
    fitted = fit(samples(), BOX)
    np.testing.assert_allclose(
        fitted(torch.zeros(1, 2, 9, 5))[0, 1],
        -fitted.mean[1].item() / fitted.std[1].item(),
        rtol=1e-6,
    )


def test_a_constant_channel_is_named() -> None:
    values = [np.stack([s[:, 0], np.full_like(s[:, 0], 4.0)], 1) for s in samples()]
    with raises_input("field", "channel 1"):
        fit(values, BOX)


def test_statistics_are_state_and_not_parameters() -> None:
    fitted = fit(samples(), BOX)
    assert list(fitted.parameters()) == []
    assert set(fitted.state_dict()) == {"mean", "std"}
    twin = Normalizer(torch.zeros(2, 1, 1), torch.ones(2), BOX)
    twin.load_state_dict(fitted.state_dict())
    x = torch.randn(1, 2, 4, 6)
    assert torch.equal(twin(x), fitted(x))
    assert torch.equal(copy.deepcopy(fitted)(x), fitted(x))
