"""A surrogate on the sphere: predictions are carried by spherical harmonics."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from raising import raises_input
from small import Scale, surrogate
from torch import Tensor

from neurop.constraints.band_limit import BandLimit
from neurop.constraints.means import Means
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.fields.times import Times
from neurop.geometry.sphere import Sphere
from neurop.problems import Evolution
from neurop.surrogate import Surrogate

SPHERES = {
    "gauss": Sphere.latlon(gauss=True),
    "poles": Sphere.latlon(),
    "south first": Sphere.latlon(north_first=False, poles=False),
}


def smooth(latitude: np.ndarray, longitude: np.ndarray) -> np.ndarray:
    """Return 2 + z + x y + z^3 x at places given in degrees, with x, y, z of the unit sphere."""
    south, east = np.deg2rad(latitude), np.deg2rad(longitude)
    x, y, z = np.cos(south) * np.cos(east), np.cos(south) * np.sin(east), np.sin(south)
    return 2 + z + x * y + z**3 * x


def on(sphere: Sphere, shape: tuple[int, int]) -> np.ndarray:
    return smooth(*np.meshgrid(*sphere.coordinates(shape).values(), indexing="ij"))


def tripled(sphere: Sphere, *constraints: object) -> Surrogate:
    """Return a surrogate that predicts three times the anomaly of its input about a mean of 2."""
    shape = (12, 24)
    frames = np.stack([on(sphere, shape) * size for size in (1.0, 0.5, 2.0)])[None, :, None]
    train = FieldSet(frames, (Field("u"),), sphere, times=Times(np.arange(3.0)), source="smooth")
    s = surrogate(train, problem=Evolution(increments=False), constraints=constraints).double()  # type: ignore[arg-type]
    s.net = Scale(1).double()
    s.input_norm.mean.fill_(2.0)
    s.output_norm.load_state_dict(s.input_norm.state_dict())
    return s


def states(sphere: Sphere, shape: tuple[int, int]) -> Tensor:
    return torch.from_numpy(on(sphere, shape))[None, None]


@pytest.mark.parametrize("name", SPHERES)
def test_another_grid_holds_the_same_function(name: str) -> None:
    sphere = SPHERES[name]
    made = tripled(sphere)(states(sphere, (12, 24)), grid=(25, 40)).detach()
    np.testing.assert_allclose(made[0, 0], 3 * on(sphere, (25, 40)) - 4, atol=1e-12)


@pytest.mark.parametrize("name", SPHERES)
def test_a_place_has_one_value_and_so_has_a_pole(name: str) -> None:
    sphere = SPHERES[name]
    places = np.array(
        [(90, 0), (90, 137), (90, -60), (-90, 0), (-90, 271), (48.1, 11.6), (48.1, 371.6)]
    )
    got = tripled(sphere).at(states(sphere, (12, 24)), torch.from_numpy(places))[0, 0]
    np.testing.assert_allclose(got, 3 * smooth(*places.T) - 4, atol=1e-12)
    assert got[:3].tolist() == pytest.approx([5.0] * 3, abs=1e-12)


def test_a_latitude_beyond_the_pole_is_refused() -> None:
    sphere = SPHERES["poles"]
    with raises_input("latitude", 91.0):
        tripled(sphere).at(states(sphere, (12, 24)), torch.tensor([[91.0, 0.0]]))


@pytest.mark.parametrize("name", SPHERES)
def test_a_band_and_the_mean_hold_together_and_in_a_graph(name: str) -> None:
    sphere, shape = SPHERES[name], (12, 24)
    s = tripled(sphere, BandLimit((8, 16)), Means(("u",)))
    x = states(sphere, shape)
    rough = x + torch.from_numpy(np.random.default_rng(0).standard_normal(shape))
    y = s(rough)
    w = torch.from_numpy(sphere.weights(shape))
    assert float((w * (y - rough)).mean().detach()) == pytest.approx(0, abs=1e-12)
    smoothed = s(y / 3 + 4 / 3)  # what was cut off is gone, so the second cut changes a mean alone
    assert (smoothed - y).std() < 1e-10
    graph = torch.export.export(s, (rough,)).module()
    torch.testing.assert_close(graph(rough), y, atol=1e-12, rtol=0)
    torch.testing.assert_close(s(rough), y, atol=0, rtol=0)
