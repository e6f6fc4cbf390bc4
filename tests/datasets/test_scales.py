"""The scales that a data set claims are computed from its parameters, and hold what they
promise.
"""

import numpy as np
import pytest

from neurop.datasets import Burgers, Darcy, KuramotoSivashinsky, NavierStokes, ShallowWater


@pytest.mark.parametrize(
    ("viscosity", "resolution", "band"),
    [
        (1e-3, 64, (32, 32)),
        (1e-3, 256, (32, 32)),
        (1e-4, 64, None),
        (1e-4, 256, (112, 112)),
        (1e-5, 64, None),
        (1e-5, 256, None),
        (1e-5, 512, (368, 368)),
    ],
)
def test_less_viscosity_leaves_finer_vortices(
    viscosity: float, resolution: int, band: tuple[int, ...] | None
) -> None:
    assert NavierStokes(resolution=resolution, viscosity=viscosity).resolved_band() == band


def test_whatever_makes_small_scales_widens_the_band() -> None:
    assert NavierStokes(
        forcing={"kind": "kolmogorov", "wavenumber": 8}, resolution=256
    ).resolved_band() == (48, 48)
    assert NavierStokes(interval=0.1, resolution=256).resolved_band() == (96, 96)
    assert NavierStokes(amplitude=4.0, resolution=256).resolved_band() == (64, 64)


@pytest.mark.parametrize(
    ("viscosity", "steps", "band"),
    [
        (1e-2, None, (64,)),
        (1e-2, 10, (288,)),
        (1e-3, None, (592,)),
        (1e-3, 10, None),
        (1e-4, None, None),
    ],
)
def test_less_viscosity_makes_thinner_shocks(
    viscosity: float, steps: int | None, band: tuple[int, ...] | None
) -> None:
    assert Burgers(viscosity=viscosity, steps=steps).resolved_band() == band


def share(values: np.ndarray, band: int, axes: tuple[int, ...]) -> float:
    """Return the largest part of the norm of a field at |k| >= band/2 on any axis, square root
    of the power.
    """
    power = np.abs(np.fft.fftn(values.astype(np.float64), axes=axes)) ** 2
    k = np.abs(np.fft.fftfreq(values.shape[-1], 1 / values.shape[-1]))
    highest = k if len(axes) == 1 else np.maximum(k[:, None], k)
    return float(np.sqrt((power * (highest >= band / 2)).sum(axes) / power.sum(axes)).max())


def test_the_band_holds_the_frames_of_a_flow() -> None:
    source = NavierStokes(steps=4)
    frames = source.solve(range(2), source.shape)["values"][:, 1:, 0]
    band = source.resolved_band()
    assert band is not None
    assert share(frames, band[0], (-2, -1)) < 1e-4
    # ... and it is not wider than it must be by much.
    assert share(frames, band[0] // 2, (-2, -1)) > 1e-4


@pytest.mark.parametrize("steps", [None, 10])
def test_the_band_holds_the_shocks(steps: int | None) -> None:
    source = Burgers(steps=steps)
    made = source.solve(range(20), source.shape)
    frames = (made["targets"] if steps is None else made["values"][:, 1:])[:, :, 0]
    band = source.resolved_band()
    assert band is not None
    assert share(frames, band[0], (-1,)) < 1e-4
    assert share(frames, band[0] // 4, (-1,)) > 1e-4


def test_others_claim_nothing_of_their_scales() -> None:
    assert [kind().resolved_band() for kind in (Darcy, KuramotoSivashinsky, ShallowWater)] == [
        None
    ] * 3


def test_what_is_conserved_stays() -> None:
    for source in (
        NavierStokes(resolution=16, viscosity=1e-2, steps=2),
        KuramotoSivashinsky(resolution=32, steps=2, warmup=5.0),
        Burgers(resolution=64, viscosity=5e-2, steps=2),
    ):
        assert len(source.conserved()) == 1
        values = source.solve(range(2), source.shape)["values"].astype(np.float64)
        means = values.mean(axis=tuple(range(3, values.ndim)))
        assert np.abs(means - means[:, :1]).max() < 1e-6
    assert ShallowWater().conserved() == ("geopotential_anomaly",)
    assert ShallowWater(flow={"forcing": "bands"}).conserved() == ()
    assert Burgers().conserved() == ()
