"""A model on a sphere with Legendre-Gauss latitudes."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from torch import Tensor

from neurop.geometry.grid import Grid
from neurop.models.fno import FNO
from neurop.spectral import resample_axes

SPHERE = Grid.latlon(gauss=True)


def model() -> FNO:
    torch.manual_seed(0)
    return FNO(1, 1, SPHERE, modes=4, width=8, depth=2).double()


def smooth(*shape: int) -> Tensor:
    """Return 1 + sin(latitude) + cos(latitude) cos(longitude), a field without a singularity at
    the poles.
    """
    latitude, longitude = (np.deg2rad(x) for x in SPHERE.coordinates(shape).values())
    return torch.from_numpy(
        1 + np.sin(latitude)[:, None] + np.cos(latitude)[:, None] * np.cos(longitude)
    )[None, None]


def test_it_trains() -> None:
    net, x, w = model(), smooth(12, 24), torch.from_numpy(SPHERE.weights((12, 24)))
    target, losses = x.square(), []
    optimizer = torch.optim.Adam(net.parameters(), 1e-2)
    for _ in range(60):
        loss = ((net(x) - target).square() * w).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.02 * losses[0]


def test_a_finer_grid_gives_the_same_function() -> None:
    net = model()
    with torch.no_grad():
        made = [resample_axes(net(smooth(n, 2 * n)), SPHERE, (16, 32)) for n in (16, 32, 64)]
    gaps = [
        float((fine - coarse).std() / coarse.std()) for coarse, fine in itertools.pairwise(made)
    ]
    assert gaps[0] < 6e-3
    assert (
        gaps[1] < gaps[0] / 3
    )  # second order, as its quadrature of waves that do not fit the half circle
    assert net(smooth(7, 9)).shape == (1, 1, 7, 9)


@pytest.mark.slow
def test_one_graph_at_any_resolution() -> None:
    torch._dynamo.reset()
    net = model()
    compiled = torch.compile(net, fullgraph=True, backend="eager")
    for shape in ((12, 24), (14, 30), (9, 16)):
        torch.testing.assert_close(
            compiled(smooth(*shape)), net(smooth(*shape)), atol=1e-10, rtol=0
        )
    program = torch.export.export(net.eval(), (smooth(12, 24),))
    torch.testing.assert_close(
        program.module()(smooth(12, 24)), net(smooth(12, 24)), atol=1e-10, rtol=0
    )
