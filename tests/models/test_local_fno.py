from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from contracts import Case, LocalOperatorContract
from raising import raises_input
from small import evolution
from torch import Tensor

import neurop
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.models import LocalFNO

SMALL = {"width": 6, "depth": 2}
GAUSS = Grid.latlon(gauss=True)
WALLS = Grid((Axis("x", "dirichlet", layout="ends"), Axis("y", "neumann", layout="ends")))


def local(width: int, channels: int, derivatives: int) -> int:
    """Return the parameters of a local operator: two pointwise maps, an integral of two hat
    functions, and a derivative of so many numbers per pair of channels.
    """
    pointwise = channels * (width + 1) + width * (channels + 1)
    return pointwise + channels**2 * (2 + derivatives)


def count(modes: tuple[int, ...], coordinates: int, width: int = 6, depth: int = 2) -> int:
    """Return the number of parameters of a flat model of 2 input and 3 output channels."""
    spectral = 2 * width**2 * math.prod(2 * m - 1 for m in modes[:-1]) * modes[-1]
    block = spectral + 3 * width * (width + 1) + local(width, width // 3, 3 * len(modes))
    return (
        width * (2 + coordinates + 1)
        + depth * block
        + 2 * width * (width + 1)
        + 3 * (2 * width + 1)
    )


def count_sphere(degrees: int, width: int = 6, depth: int = 2) -> int:
    block = 2 * degrees * width**2 + 3 * width * (width + 1) + local(width, width // 3, 2)
    return width * (2 + 3 + 1) + depth * block + 2 * width * (width + 3) + 3 * (2 * width + 1)


class SphereCase(Case):
    def smooth(self, shape: Sequence[int]) -> Tensor:
        """Return two polynomials of the place in space, of degree 2."""
        latitude, longitude = (np.deg2rad(a) for a in self.domain.coordinates(shape).values())
        x, y = (np.outer(np.cos(latitude), wave(longitude)) for wave in (np.cos, np.sin))
        z = np.broadcast_to(np.sin(latitude)[:, None], x.shape)
        return torch.from_numpy(np.stack([5 + x + y * z, 4 - z + x * y]))[None]


class TestLocalFNO(LocalOperatorContract):
    name = "local_fno"
    cases = {
        "line": Case(
            Grid.periodic(1),
            (16,),
            count((4,), 2),
            {(5,): (3,), (6,): (3,), (64,): (4,)},
            0.1,
            {"modes": 4, **SMALL},
        ),
        "plane": Case(
            Grid.periodic(2),
            (12, 16),
            count((3, 4), 4),
            {(4, 9): (2, 4), (64, 2): (3, 1)},
            0.1,
            {"modes": [3, 4], "radius": 0.2, **SMALL},
        ),
        "box": Case(
            Grid.periodic(3),
            (8, 10, 12),
            count((2, 2, 2), 6),
            {(2, 3, 64): (1, 2, 2)},
            0.1,
            {"modes": 2, **SMALL},
        ),
        "walls": Case(
            WALLS,
            (17, 17),
            count((5, 3), 2),
            {(5, 5): (3, 3), (6, 9): (4, 3)},
            0.1,
            {"modes": (5, 3), "padding": 0.5, **SMALL},
        ),
        "gauss": SphereCase(
            GAUSS,
            (12, 24),
            count_sphere(6),
            {(3, 64): (3, 3), (64, 5): (6, 3)},
            0.2,
            {"modes": 6, **SMALL},
        ),
        "poles": SphereCase(
            Grid.latlon(),
            (17, 32),
            count_sphere(6),
            {(5, 64): (4, 4), (64, 64): (6, 6)},
            1e-12,
            {"modes": 6, **SMALL},
        ),
    }


@pytest.mark.parametrize("domain", [Grid.periodic(2), WALLS, GAUSS], ids=["box", "walls", "sphere"])
def test_the_local_operator_is_the_sum_of_its_layers(domain: Grid) -> None:
    """Each block applies its Fourier block to the field plus B (K + D) A of it."""
    torch.manual_seed(0)
    model = LocalFNO(1, 1, domain, modes=6, width=6, depth=1).double()
    block = model.net.blocks[0]
    local, shape = block.local, (6, 12)
    v = torch.randn(2, *shape, 6, dtype=torch.float64)
    few = local.reduce(v).movedim(-1, 1)
    made = local.expand((local.integral(few) + local.difference(few)).movedim(1, -1))
    torch.testing.assert_close(block(v), block.block(v + made), atol=1e-12, rtol=0)
    assert made.abs().max() > 0.05


def test_without_coordinates_a_shift_of_the_input_shifts_the_output() -> None:
    torch.manual_seed(0)
    model = LocalFNO(2, 1, modes=(3, 3), width=5, depth=2).double()
    model.net.lift.weight.data[:, 2:] = 0
    x = torch.randn(1, 2, 9, 8, dtype=torch.float64)
    torch.testing.assert_close(
        model(x.roll((4, 3), (2, 3))), model(x).roll((4, 3), (2, 3)), atol=1e-12, rtol=0
    )


def test_it_sees_what_the_modes_do_not() -> None:
    """A wave beyond the modes passes the spectral convolutions as 0, the local operator not."""
    torch.manual_seed(0)
    model = LocalFNO(1, 1, modes=(3, 3), width=6, depth=1, radius=0.1).double()
    block = model.net.blocks[0]
    wave = torch.cos(2 * math.pi * 5 * torch.arange(32, dtype=torch.float64) / 32)
    v = wave[None, :, None, None].expand(1, 32, 32, 6)
    assert block.spectral.channels_last(v).abs().max() < 1e-12
    assert block.local(v).std((1, 2)).max() > 0.05


def test_a_saved_surrogate_predicts_the_same(tmp_path: Path) -> None:
    data = evolution((12, 12))
    torch.manual_seed(0)
    spec = LocalFNO.spec(modes=3, width=6, depth=1, radius=0.2)
    made = neurop.Surrogate.of(data, spec).eval()
    made.save(tmp_path)
    x = torch.randn(1, 2, 12, 12)
    assert torch.equal(neurop.load(tmp_path)(x), made(x))


@pytest.mark.parametrize(
    ("arguments", "key", "value"),
    [
        ({"width": 0}, "width", 0),
        ({"depth": 0}, "depth", 0),
        ({"modes": 0}, "modes", 0),
        ({"radius": 0.0}, "radius", 0.0),
        ({"radius": 0.7, "domain": GAUSS}, "radius", 0.7),
        ({"domain": Grid(tuple(Axis(n) for n in "xyzt"))}, "domain", "x, y, z, t"),
    ],
)
def test_arguments_that_make_no_model(arguments: dict, key: str, value: Any) -> None:
    with raises_input(key, value):
        LocalFNO(1, 1, **{"domain": Grid.periodic(2), "modes": 4, **arguments})
