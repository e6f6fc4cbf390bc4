"""Super-resolution scores of surrogates that are exact, band-limited, or alias."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from raising import raises_input
from torch import Tensor

from neurop.evaluation.restriction import restrict_to
from neurop.evaluation.superres import example, superres
from neurop.fields import Field, FieldSet
from neurop.fields.times import Times
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.geometry.sphere import Sphere
from neurop.spectral import resample

Make = Callable[..., Any]
BAND = (8, 8)
TARGET = (Field("u"),)


def random_map(n: int, seed: int = 0, grid: Grid | None = None, samples: int = 3) -> FieldSet:
    rng = np.random.default_rng(seed)
    grid = grid or Grid.periodic(2)
    a, u = rng.normal(size=(2, samples, 1, 1, n, n))
    return FieldSet(a, (Field("a"),), grid, u, TARGET, source="random")


def low_and_high(n: int, high: float) -> FieldSet:
    """Return the identity map of a field with unit power in the band of 8 points and `high` of
    its amplitude beyond it.
    """
    x = np.arange(n) / n
    low = np.cos(2 * np.pi * 2 * x)[:, None] * np.ones(n)
    beyond = np.cos(2 * np.pi * 6 * x)[:, None] * np.ones(n) if n > 12 else 0 * low
    u = np.broadcast_to(low + high * beyond, (2, 1, 1, n, n))
    return FieldSet(u, (Field("a"),), Grid.periodic(2), u, TARGET, source="two waves")


@pytest.mark.parametrize("layout", ["ends", "cells"])
@pytest.mark.parametrize("boundary", ["periodic", "neumann", "open"])
def test_in_band_and_beyond_band_add_up(analytic: Make, boundary: str, layout: str) -> None:
    grid = Grid(
        (Axis("x", boundary, layout="left" if boundary == "periodic" else layout), Axis("y"))
    )
    data = random_map(15, grid=grid, samples=1)
    s = superres(analytic(lambda x: x * x, data, BAND), {15: data})
    assert float(s.relative_l2_beyond_band[0]) > 0.1
    np.testing.assert_allclose(
        s.relative_l2_in_band**2 + s.relative_l2_beyond_band**2, s.relative_l2**2, rtol=1e-10
    )


def test_nested_chebyshev_points_are_read_off() -> None:
    grid = Grid((Axis("t", "open", layout="chebyshev"),))
    t = torch.from_numpy(grid.axes[0].points(17))[None, None]
    for coarse in (5, 9):
        read = restrict_to(t**3, grid, (coarse,), smooth=True)[0, 0]
        np.testing.assert_allclose(read, grid.axes[0].points(coarse) ** 3, atol=1e-15)
    # Between points that are not shared it is linear, which keeps the coordinate.
    read = restrict_to(t, grid, (6,), smooth=True)[0, 0]
    np.testing.assert_allclose(read, grid.axes[0].points(6), atol=1e-15)


def test_gauss_latitudes_are_read_off_nowhere_but_interpolated(analytic: Make) -> None:
    """Grids of 9 and 27 Gaussian latitudes share the equator alone."""
    sphere = Grid.latlon(gauss=True)

    def data(n: int) -> FieldSet:
        field = np.sin(np.deg2rad(sphere.axes[0].coordinates(n)))[:, None] * np.ones(2 * n)
        return FieldSet(
            field[None, None, None],
            (Field("a"),),
            sphere,
            field[None, None, None],
            TARGET,
            source="north",
        )

    s = superres(analytic(lambda x: x, data(9), (9, 18)), {9: data(9), 27: data(27)})
    np.testing.assert_allclose(s.relative_l2, 0, atol=1e-12)
    assert (
        float(s.relative_l2_interpolated[1]) < 0.02
    )  # linear on 27 points, then cosines up to the eighth


def smooth_states(n: int) -> FieldSet:
    """Return two frames of a sum of harmonics of degrees 0 to 3 on n Gauss latitudes."""
    sphere = Sphere.latlon(gauss=True)
    coordinates = (np.deg2rad(c) for c in sphere.coordinates((n, 2 * n)).values())
    south, east = np.meshgrid(*coordinates, indexing="ij")
    frame = 1 + np.sin(south) + np.cos(south) ** 2 * np.sin(south) * np.cos(2 * east)
    values = np.stack([frame, 2 * frame])[None, :, None]
    return FieldSet(values, (Field("u"),), sphere, times=Times(np.arange(2.0)), source="smooth")


def test_states_on_the_sphere_are_carried_without_loss(analytic: Make) -> None:
    truths = {n: smooth_states(n) for n in (8, 12, 27)}
    s = superres(analytic(lambda x: 2 * x, truths[8], (8, 16)), truths)
    for score in ("relative_l2", "relative_l2_interpolated", "truth_beyond_band"):
        np.testing.assert_allclose(s[score], 0, atol=1e-12)


def test_in_band_and_beyond_band_add_up_on_gauss_latitudes(analytic: Make) -> None:
    grid = Sphere.latlon(gauss=True)
    rng = np.random.default_rng(0)
    a, u = rng.normal(size=(2, 1, 1, 1, 14, 28))
    data = FieldSet(a, (Field("a"),), grid, u, TARGET, source="random")
    s = superres(analytic(lambda x: x * x, data, (8, 16)), {14: data})
    assert float(s.relative_l2_beyond_band[0]) > 0.1
    np.testing.assert_allclose(
        s.relative_l2_in_band**2 + s.relative_l2_beyond_band**2, s.relative_l2**2, rtol=1e-12
    )


def test_scores_are_means_over_samples_of_the_relative_error(analytic: Make) -> None:
    data = random_map(12)
    s = superres(analytic(torch.zeros_like, data, BAND), {12: data}, batch_size=2)
    np.testing.assert_allclose(s.relative_l2, 1.0)
    np.testing.assert_allclose(
        s.relative_l2_beyond_band, s.truth_beyond_band
    )  # nothing predicted scores what the truth holds
    assert float(s.prediction_beyond_band[0]) == 0


def test_a_projector_has_no_error_in_the_band_and_all_of_the_truth_beyond(analytic: Make) -> None:
    truths = {n: low_and_high(n, 0.5) for n in (8, 16, 32)}
    project = lambda x: resample(x, Grid.periodic(2), x.shape[2:], BAND)  # noqa: E731
    s = superres(analytic(project, truths[8], BAND), truths)
    assert s.resolution.values.tolist() == [8, 16, 32]
    assert int(s.train_resolution) == 8
    np.testing.assert_allclose(s.relative_l2_in_band, 0, atol=1e-12)
    np.testing.assert_allclose(
        s.relative_l2_beyond_band, [0, 0.5 / 1.25**0.5, 0.5 / 1.25**0.5], atol=1e-12
    )
    np.testing.assert_allclose(s.truth_beyond_band, s.relative_l2_beyond_band, atol=1e-12)
    assert s.attrs["warning"] == ""


def test_the_identity_beats_interpolation_by_what_the_training_grid_cannot_hold(
    analytic: Make,
) -> None:
    truths = {n: low_and_high(n, 0.5) for n in (8, 32)}
    s = superres(analytic(lambda x: x, truths[8], BAND), truths)
    np.testing.assert_allclose(s.relative_l2, 0, atol=1e-12)
    # On 8 points the wave 6 aliases onto 2: the interpolant has amplitude 1.5 there and nothing at
    # 6.
    np.testing.assert_allclose(
        s.relative_l2_interpolated, [0, (0.5**2 + 0.5**2) ** 0.5 / 1.25**0.5], atol=1e-12
    )
    np.testing.assert_allclose(
        s.spectrum_truth.sel(resolution=32, field="u").sum(), 0.625, rtol=1e-12
    )
    np.testing.assert_allclose(
        s.spectrum_interpolated.sel(resolution=32, wavenumber=2), 1.125, rtol=1e-12
    )
    np.testing.assert_allclose(s.spectrum_error, 0, atol=1e-9)


def noisy(x: Tensor) -> Tensor:
    """Add a wave that only a grid finer than the training grid can hold."""
    n = x.shape[-1]
    return x + (n > 8) * torch.cos(2 * torch.pi * 7 * torch.arange(n, dtype=x.dtype) / n)


def test_made_up_fine_scales_are_an_aliasing_warning(analytic: Make) -> None:
    truths = {n: low_and_high(n, 0.1) for n in (8, 32)}
    warning = superres(analytic(noisy, truths[8], BAND), truths).attrs["warning"]
    assert "32 points" in warning
    assert "beyond the training band" in warning
    assert "train on several resolutions" in warning


def test_error_growth_inside_the_band_is_a_warning(analytic: Make) -> None:
    truths = {n: low_and_high(n, 0.0) for n in (8, 16)}
    grows = lambda x: x * (1.1 if x.shape[-1] == 8 else 1.3)  # noqa: E731
    s = superres(analytic(grows, truths[8], BAND), truths)
    np.testing.assert_allclose(s.relative_l2_in_band, [0.1, 0.3], rtol=1e-9)
    assert "3 times" in s.attrs["warning"]


def test_example_has_the_axes_of_its_grid(analytic: Make) -> None:
    truths = {n: low_and_high(n, 0.5) for n in (8, 16)}
    s = superres(analytic(lambda x: x, truths[8], BAND), truths)
    shown = example(s, 16)
    assert shown.truth.dims == ("field", "x", "y")
    np.testing.assert_allclose(shown.truth[0], truths[16].values[0, 0, 0])
    np.testing.assert_allclose(shown.x, np.arange(16) / 16)


def test_an_evolution_is_scored_one_step_from_every_frame(analytic: Make, travelling: Make) -> None:
    truths = {n: travelling(n) for n in (16, 32)}
    shift = lambda x: torch.roll(x, x.shape[-1] // 16, -1)  # noqa: E731
    s = superres(analytic(shift, truths[16], step=1.0), truths)
    np.testing.assert_allclose(s.relative_l2, 0, atol=1e-12)
    np.testing.assert_allclose(s.relative_l2_interpolated, 0, atol=1e-12)
    last = example(superres(analytic(shift, truths[16], step=1.0), truths, batch_size=2), 32)
    np.testing.assert_allclose(last.truth[0], truths[32].values[0, -1, 0])
    still = superres(analytic(lambda x: x, truths[16], step=1.0), truths)
    np.testing.assert_allclose(
        still.relative_l2, np.mean([2 * np.sin(np.pi * k / 16) for k in (1, 2, 3)]), rtol=1e-12
    )


def test_a_first_trajectory_without_a_step_is_not_the_example(
    analytic: Make, travelling: Make
) -> None:
    times = Times(np.arange(9.0), "s", (1, 4))
    truths = {n: replace(travelling(n, wavenumbers=(1, 2)), times=times) for n in (16, 32)}
    shift = lambda x: torch.roll(x, x.shape[-1] // 16, -1)  # noqa: E731
    s = superres(analytic(shift, truths[16], step=1.0), truths)
    np.testing.assert_allclose(s.relative_l2, 0, atol=1e-12)
    np.testing.assert_allclose(example(s, 32).truth[0], truths[32].values[1, 1, 0])


def test_a_piecewise_constant_input_stays_one_on_the_training_grid() -> None:
    a = torch.where(
        torch.rand(1, 1, 21, 21, generator=torch.Generator().manual_seed(0)) > 0.5, 12.0, 3.0
    )
    nodes = Grid((Axis("x", "dirichlet", layout="ends"), Axis("y", "dirichlet", layout="ends")))
    assert torch.equal(restrict_to(a, nodes, (11, 11), smooth=False), a[..., ::2, ::2])
    cells = Grid((Axis("x", "dirichlet", layout="cells"), Axis("y", "dirichlet", layout="cells")))
    assert torch.equal(restrict_to(a, cells, (7, 7), smooth=False), a[..., 1::3, 1::3])
    blocks = a[..., :20, :20].unfold(-2, 2, 2).unfold(-2, 2, 2).mean((-1, -2))
    torch.testing.assert_close(restrict_to(a[..., :20, :20], cells, (10, 10), smooth=False), blocks)


def test_a_periodic_state_keeps_the_modes_of_the_training_grid() -> None:
    x = torch.arange(32, dtype=torch.float64) / 32
    wave = torch.cos(2 * torch.pi * 2 * x)[None, None]
    fine = wave + torch.cos(2 * torch.pi * 6 * x)
    torch.testing.assert_close(
        restrict_to(fine, Grid.periodic(1), (8,), smooth=True), wave[..., ::4]
    )
    torch.testing.assert_close(
        restrict_to(fine, Grid.periodic(1), (8,), smooth=False), fine[..., ::4]
    )


def test_data_of_other_kind_are_refused(analytic: Make, travelling: Make) -> None:
    data = random_map(8)
    surrogate = analytic(lambda x: x, data, BAND)
    with raises_input("resolutions", []):
        superres(surrogate, {})
    with raises_input("data", "waves"):
        superres(surrogate, {8: travelling(8)})
    other = FieldSet(data.values, (Field("b"),), data.grid, data.targets, TARGET, source="other")
    with raises_input("fields", ["b"]):
        superres(surrogate, {8: other})
    with raises_input("grid", "flat x (open, left) x y (periodic, left)"):
        superres(surrogate, {8: random_map(8, grid=Grid((Axis("x", "open"), Axis("y"))))})
    assert surrogate.training  # left as it was found


def test_nothing_is_beyond_the_band_of_the_training_grid_itself(analytic: Make) -> None:
    # The sine basis has no wall values; what a network predicts there is no finer scale.
    grid = Grid((Axis("x", "dirichlet", layout="ends"),))
    a, u = np.random.default_rng(0).normal(size=(2, 3, 1, 1, 9))
    data = FieldSet(a, (Field("a"),), grid, u, TARGET, source="random")
    s = superres(analytic(lambda x: x + 1, data, (9,)), {9: data})
    assert float(s.prediction_beyond_band[0]) == float(s.relative_l2_beyond_band[0]) == 0
    np.testing.assert_array_equal(s.relative_l2_in_band, s.relative_l2)
