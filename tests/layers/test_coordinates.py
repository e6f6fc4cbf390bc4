from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.layers import Coordinates

MIXED = Grid(
    (
        Axis("x", "open", start=5.0, length=-3.0, layout="ends"),
        Axis("y", layout="cells"),
        Axis("z", "dirichlet"),
    )
)


def appended(domain: Grid, *shape: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    """Return only the coordinate channels, after a check of those before them."""
    layer = Coordinates(domain)
    x = torch.randn(2, *shape, 3, dtype=dtype)
    y = layer(x)
    assert y.dtype == dtype
    assert torch.equal(y[..., :3], x)
    assert torch.equal(y[0, ..., 3:], y[1, ..., 3:])
    assert y.shape[-1] == 3 + layer.channels
    return y[0, ..., 3:]


def test_a_periodic_axis_is_a_cosine_and_a_sine() -> None:
    angle = 2 * math.pi * np.arange(8) / 8
    np.testing.assert_allclose(
        appended(Grid.periodic(1), 8), np.stack([np.cos(angle), np.sin(angle)], -1), atol=1e-15
    )


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        ("left", [-1, -0.5, 0, 0.5]),
        ("ends", [-1, -1 / 3, 1 / 3, 1]),
        ("cells", [-0.75, -0.25, 0.25, 0.75]),
    ],
)
@pytest.mark.parametrize("boundary", ["open", "dirichlet", "neumann"])
def test_a_walled_axis_runs_from_minus_one_to_one_as_its_points_lie(
    boundary: str, layout: str, expected: list[float]
) -> None:
    np.testing.assert_allclose(
        appended(Grid((Axis("x", boundary, 7.0, 20.0, layout=layout),)), 4)[:, 0],
        expected,
        atol=1e-15,
    )


def test_axes_of_different_kinds_keep_their_order() -> None:
    got = appended(MIXED, 3, 4, 2)
    x, y, z = np.meshgrid(
        [-1, 0, 1], 2 * math.pi * (np.arange(4) + 0.5) / 4, [-1, 0], indexing="ij"
    )
    np.testing.assert_allclose(got, np.stack([x, np.cos(y), np.sin(y), z], -1), atol=1e-15)


def test_shared_points_of_two_resolutions_have_the_same_coordinates() -> None:
    domain = Grid((Axis("x"), Axis("y", "open", layout="ends")))
    torch.testing.assert_close(
        appended(domain, 12, 9)[::2, ::2], appended(domain, 6, 5), atol=1e-15, rtol=0
    )


def test_float32_and_other_shapes_do_not_mix() -> None:
    double = appended(Grid.periodic(2), 4, 6)
    assert torch.equal(appended(Grid.periodic(2), 4, 6, dtype=torch.float32), double.float())
    assert torch.equal(appended(Grid.periodic(2), 6, 4), double.transpose(0, 1)[..., [2, 3, 0, 1]])


def test_it_holds_no_state() -> None:
    assert list(Coordinates(MIXED).state_dict()) == []
