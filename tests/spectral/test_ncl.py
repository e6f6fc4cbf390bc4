"""The transforms against NCL's Spherepack on real fields, on an equiangular grid that holds far
more than smooth waves.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from neurop.datasets.era5 import ERA5
from neurop.geometry.grid import Grid
from neurop.physics.harmonics import Harmonics
from neurop.spectral.legendre import _to_gauss
from neurop.spectral.spherical import analyze_sphere, synthesize_sphere

EARTH, RADIUS = Grid.latlon(), 6.37122e6


@pytest.fixture(scope="module")
def ncl() -> dict[str, Tensor]:
    with np.load(Path(__file__).parent / "ncl" / "reference.npz") as fields:
        return {name: torch.from_numpy(fields[name].astype(np.float64)) for name in fields.files}


def coefficients(x: Tensor) -> Tensor:
    return analyze_sphere(x[None, ..., None], EARTH, 72, 72)


def distance(a: Tensor, b: Tensor) -> float:
    return float((a - b).norm() / b.norm())


def test_a_band_of_pressure(ncl: dict[str, Tensor]) -> None:
    first = ERA5(train=("2025-12-01", "2025-12-02")).splits()["train"].values[0, 0, 0]
    c = coefficients(torch.from_numpy(first).double())
    c[:, :5] = c[:, 43:] = 0
    band = synthesize_sphere(c, EARTH, (73, 144))[0, ..., 0]
    assert distance(band, ncl["band"]) < 1e-7


def test_the_laplacian_of_the_stream_function_is_the_vorticity(ncl: dict[str, Tensor]) -> None:
    degree = torch.arange(72.0)[:, None, None, None]
    made = -degree * (degree + 1) / RADIUS**2 * coefficients(ncl["sf"])
    truth = coefficients(ncl["vo"])
    assert distance(made[:, 1:22], truth[:, 1:22]) < 1e-6
    assert distance(made[:, 1:], truth[:, 1:]) < 1e-5


def test_the_curl_of_the_wind_is_the_vorticity(ncl: dict[str, Tensor]) -> None:
    """At all 72 degrees; components of a wind have the parity of the other waves in the
    latitude.
    """
    sphere = Harmonics(71, RADIUS, shape=(73, 144))
    even, odd = (
        torch.from_numpy(_to_gauss("ends", 73, parity)).to(torch.complex128)
        for parity in (False, True)
    )

    def on_gauss(x: Tensor, vector: bool) -> Tensor:
        z = torch.fft.rfft(x, dim=-1)
        lines = [(odd if (m % 2 == 1) != vector else even) @ z[:, m] for m in range(73)]
        return torch.fft.irfft(torch.stack(lines, -1), n=144, dim=-1)

    wind = torch.stack([on_gauss(ncl["u"], True), on_gauss(ncl["v"], True)])
    vorticity = sphere.curl_and_divergence(wind)[0]
    truth = sphere.coefficients(on_gauss(ncl["vo"], False))
    assert distance(vorticity, truth) < 1e-6
