from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from contracts import Case, GridOperatorContract
from raising import raises_input
from torch import nn

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.models import StableFNO
from neurop.training.callbacks.spectral_bound import SpectralNormBound

SMALL = {"width": 6, "depth": 2}
WALLS = Grid((Axis("x", "open", layout="ends"), Axis("y")))


def count(modes: tuple[int, ...], coordinates: int, filter: str = "polar") -> int:
    """Return the number of parameters of a model of 2 input and 3 output channels."""
    signed = math.prod(2 * m - 1 for m in modes[:-1]) * modes[-1]
    spectral = {"polar": 2 * signed * 6 + 36, "dense": signed * 2 * 36}
    spectral["dynamic"] = spectral["polar"] + 2 * 36 + 42
    mlp = 24 * 7 + 6 * 25
    return 6 * (2 + coordinates + 1) + 2 * (spectral[filter] + mlp) + 3 * 7


class TestStableFNO(GridOperatorContract):
    name = "stable_fno"
    cases = {
        "plane": Case(
            Grid.periodic(2),
            (12, 16),
            count((3, 4), 4),
            {(4, 9): (2, 4), (64, 2): (3, 1)},
            1e-4,
            {"modes": [3, 4], **SMALL},
        ),
        "dynamic": Case(
            Grid.periodic(2),
            (12, 12),
            count((4, 4), 4, "dynamic"),
            {(5, 12): (3, 4)},
            1e-3,
            {"modes": 4, "filter": "dynamic", **SMALL},
        ),
        "line": Case(
            Grid.periodic(1),
            (16,),
            count((4,), 2, "dense"),
            {(5,): (3,), (64,): (4,)},
            1e-3,
            {"modes": 4, "filter": "dense", **SMALL},
        ),
        "walls": Case(
            WALLS,
            (17, 16),
            count((5, 3), 3),
            {(5, 5): (3, 3), (6, 9): (4, 3)},
            1e-2,
            {"modes": (5, 3), "padding": 0.5, **SMALL},
        ),
        # The waves of the contract have as many values at a pole as there are longitudes.
        "sphere": Case(
            Grid.latlon(),
            (9, 16),
            count((4, 4), 3),
            {(3, 8): (2, 4), (4, 5): (3, 3)},
            0.1,
            {"modes": 4, **SMALL},
        ),
    }

    @pytest.mark.slow  # as for the other models of long graphs
    def test_the_exported_graph_is_real_and_computes_the_same(self, case: Case) -> None:
        super().test_the_exported_graph_is_real_and_computes_the_same(case)


@torch.no_grad()
def test_model_is_its_formula() -> None:
    """Coordinates and lift, two blocks with full FFTs, and the linear map at the end."""
    torch.manual_seed(0)
    model = StableFNO(1, 2, modes=(3, 3), width=4, depth=2, expansion=2.0).double()
    p, shape = dict(model.named_parameters()), (9, 8)
    x = torch.randn(2, 1, *shape, dtype=torch.float64)

    def convolved(v: torch.Tensor, name: str) -> torch.Tensor:
        z = torch.fft.fft2(v, dim=(1, 2))
        full = torch.zeros_like(z)
        for i in (-2, -1, 0, 1, 2):
            for j in (0, 1, 2):
                row = i if i >= 0 else 2 - i
                if i * i + j * j < 9:
                    a, phi = (p[f"{name}.{part}"][row, j] for part in ("gain", "phase"))
                    w = torch.polar(torch.sigmoid(a), phi)
                    share = 1.0 if j == 0 else 2.0  # of the pair of k and -k
                    full[:, i, j] = share * w * z[:, i, j]
        return torch.fft.ifft2(full, dim=(1, 2)).real @ p[f"{name}.mix.weight"].T

    angles = [2 * math.pi * torch.arange(n, dtype=torch.float64) / n for n in shape]
    position = [
        f(a) for a in torch.meshgrid(*angles, indexing="ij") for f in (torch.cos, torch.sin)
    ]
    fields = torch.cat([x.movedim(1, -1), torch.stack(position, -1).expand(2, *shape, 4)], -1)
    v = 2.0 * (fields @ p["lift.weight"].T + p["lift.bias"])  # the root of the width
    for block in ("blocks.0", "blocks.1"):
        hidden = v @ p[f"{block}.mlp.expand.weight"].T + p[f"{block}.mlp.expand.bias"]
        hidden = 0.5 * hidden * (1 + torch.erf(hidden / math.sqrt(2)))
        hidden = hidden @ p[f"{block}.mlp.contract.weight"].T + p[f"{block}.mlp.contract.bias"]
        v = v + convolved(hidden, f"{block}.spectral.weight")
    expected = (0.5 * v @ p["project.weight"].T + p["project.bias"]).movedim(-1, 1)
    torch.testing.assert_close(model(x), expected, atol=1e-12, rtol=0)


@pytest.mark.parametrize("filter", ["polar", "dynamic", "dense"])
@torch.no_grad()
def test_waves_beyond_its_modes_pass_by_one_matrix(filter: Any) -> None:
    """No nonlinearity adds to them: they are those of the input times Q P, whatever the field."""
    torch.manual_seed(0)
    model = StableFNO(1, 1, modes=(4, 4), width=6, depth=3, filter=filter).double()
    x = 5 * torch.randn(1, 1, 16, 16, dtype=torch.float64)
    k = torch.fft.fftfreq(16, 1 / 16)
    outside = k[:, None] ** 2 + k**2 >= 16
    factor = model.project.weight @ model.lift.weight[:, :1]
    before, after = (torch.fft.fft2(f)[0, 0][outside] for f in (x, model(x)))
    torch.testing.assert_close(after, float(factor) * before)


@torch.no_grad()
def test_a_spectral_bound_reaches_every_matrix() -> None:
    """After it the norm of each linear layer is at most 1, of a dense filter at each mode."""
    for filter in ("polar", "dynamic", "dense"):
        model = StableFNO(1, 1, modes=(3, 3), width=5, depth=1, filter=filter)
        for layer in model.modules():
            if isinstance(layer, nn.Linear):
                layer.weight.data.mul_(9)
        SpectralNormBound(1.0).hold(model)
        linear = [m.weight for m in model.modules() if isinstance(m, nn.Linear)]
        assert len(linear) == {"polar": 5, "dynamic": 6, "dense": 4}[filter]
        for weight in linear:
            assert float(torch.linalg.matrix_norm(weight, 2)) == pytest.approx(1, abs=1e-4)
        if filter == "dense":
            weight = model.blocks[0].spectral.weight.weight
            each = torch.linalg.matrix_norm(torch.complex(weight[..., 0, :], weight[..., 1, :]), 2)
            assert float(each.max()) <= 1 + 1e-4
            x = torch.randn(1, 8, 8, 5)
            assert model.blocks[0].spectral.channels_last(x).norm() <= x.norm()


@torch.no_grad()
def test_on_a_sphere_a_turn_about_the_axis_turns_the_output() -> None:
    """Without the first two channels of the position; and the output has one value at a pole, as
    the input does.
    """
    torch.manual_seed(0)
    model = StableFNO(1, 1, Grid.latlon(), modes=5, width=6, depth=2).double()
    model.lift.weight[:, 1:3] = 0
    x = torch.randn(1, 1, 9, 16, dtype=torch.float64)
    x[..., [0, -1], :] = 0.7
    y = model(x)
    torch.testing.assert_close(model(x.roll(5, 3)), y.roll(5, 3), atol=1e-12, rtol=0)
    poles = y[..., [0, -1], :]
    assert float(poles.std(-1).max()) < 1e-12 < float(y.std())


@pytest.mark.parametrize(
    ("arguments", "key", "value"),
    [
        ({"width": 0}, "width", 0),
        ({"depth": 0}, "depth", 0),
        ({"modes": 0}, "modes", 0),
        ({"modes": (4, 4, 4)}, "modes", (4, 4, 4)),
        ({"filter": "plain"}, "filter", "plain"),
        ({"domain": Grid.latlon(gauss=True)}, "layout", "gauss"),
        ({"domain": WALLS, "padding": -0.5}, "period", 0.5),
    ],
)
def test_arguments_that_make_no_model(arguments: dict[str, Any], key: str, value: Any) -> None:
    with raises_input(key, value):
        StableFNO(1, 1, **{"domain": Grid.periodic(2), **arguments})
