"""Cutting, looking around and stitching, against the index rules in NumPy and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from raising import raises_input

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.layers.patches.axis_windows import AxisWindows
from neurop.layers.patches.windows import Windows

ENDS, CELLS, LEFT = (Axis("x", "open", layout=layout) for layout in ("ends", "cells", "left"))
WALLS = Grid((Axis("x", "dirichlet", layout="ends"), Axis("y", "neumann", layout="cells")))
MIXED = Grid((Axis("x"), Axis("y", "open", layout="ends"), Axis("z")))


@pytest.mark.parametrize("outside", ["mirror", "constant"])
@pytest.mark.parametrize(
    ("domain", "shape", "levels", "halo"),
    [
        (Grid.periodic(1), (24,), (2,), 0.125),
        (Grid.periodic(1), (23,), (3,), 0.2),
        (Grid.periodic(2), (16, 21), (1, 2), 0.0),
        (WALLS, (17, 12), (2, 1), 0.25),
        (MIXED, (8, 9, 3), (1, 2, 0), 0.1),
        (Grid.periodic(1), (3,), (2,), 1.0),  # more patches than points, a halo around the domain
    ],
)
def test_stitched_patches_are_the_field(domain, shape, levels, halo, outside) -> None:
    windows = Windows(domain, levels, halo, outside)
    x = torch.rand(2, 3, *shape)
    parts = [windows.own(windows.cut(x, p), p, shape) for p in windows.patches]
    assert torch.equal(windows.stitch(parts), x)
    assert len(parts) == 2 ** sum(levels)
    sizes = {windows.cut(x, p).shape for p in windows.patches}
    assert len(sizes) == 1  # one batch


def test_the_halo_is_the_interior_of_the_neighbours() -> None:
    x = torch.rand(1, 1, 16, 16)
    windows = Windows(Grid.periodic(2), (1, 1), 0.125)
    window = windows.cut(x, (0, 1))[0, 0]
    around = torch.nn.functional.pad(x, (2, 2, 2, 2), mode="circular")[0, 0]
    assert torch.equal(window, around[:12, 8:20])


@pytest.mark.parametrize(
    ("axis", "mode", "outside"),
    [(ENDS, "reflect", "mirror"), (CELLS, "symmetric", "mirror"), (LEFT, "symmetric", "mirror")]
    + [(axis, "edge", "constant") for axis in (ENDS, CELLS, LEFT)],
)
def test_beyond_the_ends(axis: Axis, mode: str, outside) -> None:
    windows, n = AxisWindows(axis, 1, 0.25, outside), 17 if axis.layout == "ends" else 16
    padded = np.pad(np.arange(n), 4, mode=mode)  # type: ignore[call-overload]
    start, size = windows.start(1, n), windows.size(n)
    assert windows.points(1, n).tolist() == padded[start : start + size].tolist()
    assert windows.points(0, n).tolist() == padded[:size].tolist()


def test_a_shift_by_a_patch_permutes_the_patches() -> None:
    x = torch.rand(1, 2, 16, 16).double()
    windows = Windows(Grid.periodic(2), (2, 2), 0.0625)
    moved = x.roll((4, 8), (2, 3))
    for i, j in windows.patches:
        there = ((i + 1) % 4, (j + 2) % 4)
        assert torch.equal(windows.cut(moved, there), windows.cut(x, (i, j)))
        for level in (1, 2):
            torch.testing.assert_close(
                windows.view(moved, there, level), windows.view(x, (i, j), level)
            )


def test_a_constant_stays_one() -> None:
    for domain, outside in ((Grid.periodic(2), "mirror"), (WALLS, "mirror"), (WALLS, "constant")):
        windows = Windows(domain, (1, 2), 0.125, outside)  # type: ignore[arg-type]
        x = torch.full((1, 1, 17, 12), 3.0, dtype=torch.float64)
        for level in (1, 2, 3):
            view = windows.view(x, (0, 3), level)
            torch.testing.assert_close(view, torch.full_like(view, 3.0))


@pytest.mark.parametrize("level", [1, 2])
@pytest.mark.parametrize("axis", [Axis("x"), ENDS, CELLS, LEFT], ids=lambda a: a.layout)
def test_a_view_has_the_values_of_a_slow_wave_about_the_centre_of_the_patch(
    axis: Axis, level: int
) -> None:
    """Of a wave that the coarse points resolve, evaluated by its formula also beyond the ends."""
    windows, n, p = AxisWindows(axis, 1, 0.125), 33 if axis.layout == "ends" else 32, 4
    shift = 0.5 / n if axis is LEFT else 0.0  # the mirror of this layout

    def wave(x):
        return np.sin(2 * np.pi * x + 1) if axis.boundary == "periodic" else np.cos(3 * np.pi * x)

    size = -(-n // 2)
    patch = axis.points(n)[n // 2 : n // 2 + size]
    spacing = 1 / (n - 1 if axis.layout == "ends" else n)
    offsets = 2**level * spacing * (np.arange(size + 2 * p) - (size + 2 * p - 1) / 2)
    expected = wave(patch.mean() + offsets + shift)
    np.testing.assert_allclose(
        windows.view(1, n, level) @ wave(axis.points(n) + shift), expected, atol=1e-12
    )


def test_a_view_drops_what_its_points_do_not_resolve() -> None:
    """Every second point would turn the wave k = 13 of 32 points into that of k = 3."""
    x = np.arange(32) / 32
    view = AxisWindows(Axis("x"), 1, 0.0).view(0, 32, 1)
    assert np.abs(view @ np.cos(2 * np.pi * 13 * x)).max() < 1e-12
    assert np.abs(view @ np.cos(2 * np.pi * 7 * x)).max() > 0.9


def test_a_constant_continuation_of_a_view() -> None:
    windows, x = AxisWindows(ENDS, 1, 0.25, "constant"), np.linspace(0, 1, 17)
    made = windows.view(0, 17, 1) @ np.cos(np.pi * x)
    assert np.allclose(made[:7], 1.0)  # the value at the wall, at the positions -12 to 0
    assert made[7] == pytest.approx(np.cos(np.pi / 8))


@pytest.mark.parametrize(
    ("arguments", "key", "value"),
    [
        ({"levels": (1,)}, "levels", (1,)),
        ({"levels": (1, -1)}, "levels", (1, -1)),
        ({"halo": -0.1}, "halo", -0.1),
        ({"halo": 1.5}, "halo", 1.5),
        ({"outside": "miror"}, "outside", "miror"),
        ({"domain": Grid.latlon()}, "domain", "sphere"),
        (
            {"domain": Grid((Axis("x"), Axis("t", "open", layout="chebyshev")))},
            "layout",
            "chebyshev",
        ),
    ],
)
def test_arguments_that_make_no_windows(arguments: dict, key: str, value: object) -> None:
    with raises_input(key, value):
        Windows(**{"domain": Grid.periodic(2), "levels": (1, 1), "halo": 0.1} | arguments)


def test_every_patch_has_a_point_and_a_halo() -> None:
    windows = Windows(Grid.periodic(1), (4,), 0.01)
    windows.check((16,))
    assert windows.axes[0].margin(16) == 1
    assert Windows(Grid.periodic(1), (4,), 0.0).axes[0].margin(16) == 0
    with raises_input("levels", 4, "15 points along x have at most 3"):
        windows.check((15,))
