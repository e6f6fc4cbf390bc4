"""Power by octaves: complete, and each wave in its own."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurop import Grid, Sphere
from neurop.geometry.axis import Axis
from neurop.metrics.octaves import octave_power, octaves
from neurop.metrics.spectra import power_spectrum

WALLS = Grid(
    (Axis("x", "dirichlet", layout="cells"), Axis("y", "neumann", length=2.0, layout="cells"))
)
GRIDS = {
    "line": (Grid.periodic(1), (30,)),
    "plane": (Grid.periodic(2), (16, 12)),
    "walls": (WALLS, (9, 14)),
    "sphere": (Sphere.latlon(), (9, 16)),
}


@given(st.integers(1, 300))
def test_octaves_double_and_end_with_the_spectrum(shells: int) -> None:
    first = octaves(shells).tolist()
    assert first[:1] == [0]
    assert all(b == max(2 * a, 1) for a, b in itertools.pairwise(first))
    assert first[-1] < shells <= max(2 * first[-1], 1)


@pytest.mark.parametrize(("grid", "shape"), GRIDS.values(), ids=GRIDS)
def test_the_sum_over_octaves_is_the_mean_square(grid: Grid, shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(0).normal(size=(3, 2, *shape))
    first, power = octave_power(values, grid)
    assert power.shape == (3, 2, len(first))
    shells = power_spectrum(values, grid)[1]
    np.testing.assert_allclose(power.sum(-1), shells.sum(-1), rtol=1e-12)
    for index, begin in enumerate(first):
        end = [*first[1:], shells.shape[-1]][index]
        np.testing.assert_allclose(power[..., index], shells[..., begin:end].sum(-1), rtol=1e-12)


@pytest.mark.parametrize(
    ("wavenumber", "octave"), [(1, 1), (2, 2), (3, 2), (4, 3), (7, 3), (8, 4), (15, 4)]
)
def test_a_wave_is_in_its_octave(wavenumber: int, octave: int) -> None:
    x = np.arange(32) / 32
    power = octave_power(2 * np.cos(2 * np.pi * wavenumber * x), Grid.periodic(1))[1]
    expected = np.zeros(6)
    expected[octave] = 2
    np.testing.assert_allclose(power, expected, atol=1e-12)
