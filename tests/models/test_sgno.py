from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from contracts import Case, GridOperatorContract
from raising import raises_input
from torch import Tensor
from torch.nn.functional import gelu, softplus

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.layers import SpectralConv
from neurop.layers.filters.generator import Generator, forcing_mask
from neurop.models import SGNO

SMALL = {"width": 6, "depth": 2}
WALLS = Grid((Axis("x", "open", layout="ends"), Axis("y")))
CPU = torch.device("cpu")


def count(modes: tuple[int, ...], coordinates: int, width: int = 6) -> int:
    """Return the number of parameters of a model of 2 input and 3 output channels."""
    signed = math.prod(2 * m - 1 for m in modes[:-1]) * modes[-1]
    mlp = 2 * width * (width + 1) + width * (2 * width + 1)
    block = signed * width * (1 + 2 * width) + mlp + width * (width + 1)
    project = 2 * width * (width + 1) + 3 * (2 * width + 1)
    return width * (2 + coordinates + 1) + 2 * block + 2 + project


class TestSGNO(GridOperatorContract):
    name = "sgno"
    cases = {
        "line": Case(
            Grid.periodic(1),
            (16,),
            count((4,), 2),
            {(5,): (3,), (64,): (4,)},
            1e-4,
            {"modes": 4, **SMALL},
        ),
        "plane": Case(
            Grid.periodic(2),
            (12, 16),
            count((3, 4), 4),
            {(4, 9): (2, 4), (64, 2): (3, 1)},
            1e-4,
            {"modes": [3, 4], "mask": 2.0, **SMALL},
        ),
        "walls": Case(
            WALLS,
            (17, 16),
            count((5, 3), 3),
            {(5, 5): (3, 3), (6, 9): (4, 3)},
            1e-2,
            {"modes": (5, 3), "padding": 0.5, **SMALL},
        ),
    }


@torch.no_grad()
def test_model_is_its_formula() -> None:
    """Coordinates and lift, two blocks with full FFTs, and the projection."""
    torch.manual_seed(0)
    model = SGNO(1, 2, modes=3, width=4, depth=2, mask=1.5).double()
    p, n, modes = dict(model.named_parameters()), 9, 3
    p["gates"].copy_(torch.tensor([0.3, -0.7]))
    x = torch.randn(2, 1, n, dtype=torch.float64)
    forcing, skip = softplus(p["gates"])
    mask = torch.exp(-1.5 * (torch.arange(modes, dtype=torch.float64) / 2) ** 8)[:, None]

    def two_layers(v: Tensor, name: str) -> Tensor:
        hidden = gelu(v @ p[f"{name}.expand.weight"].T + p[f"{name}.expand.bias"])
        return hidden @ p[f"{name}.contract.weight"].T + p[f"{name}.contract.bias"]

    angle = 2 * math.pi * torch.arange(n, dtype=torch.float64) / n
    position = torch.stack([angle.cos(), angle.sin()], -1).expand(2, n, 2)
    v = torch.cat([x.movedim(1, -1), position], -1) @ p["lift.weight"].T + p["lift.bias"]
    for number in range(2):
        name = f"blocks.{number}"
        rate = -softplus(p[f"{name}.spectral.weight.rate"])
        r = p[f"{name}.spectral.weight.forcing"]
        parts = [
            torch.fft.rfft(f, dim=1)[:, :modes] for f in (v, forcing * two_layers(v, f"{name}.mlp"))
        ]
        forced = torch.einsum("bki,kio->bko", parts[1], torch.complex(r[:, :, 0], r[:, :, 1]))
        made = rate.exp() * parts[0] + mask * (rate.exp() - 1) / rate * forced
        made[:, 0] = made[:, 0].real.to(made.dtype)
        pointwise = v @ p[f"{name}.skip.weight"].T + p[f"{name}.skip.bias"]
        v = torch.fft.irfft(made, n=n, dim=1) + skip * pointwise
        v = gelu(v) if number == 0 else v
    expected = two_layers(v, "project").movedim(-1, 1)
    torch.testing.assert_close(model(x), expected, atol=1e-12, rtol=0)


def projected(v: Tensor) -> Tensor:
    """Return a field of a plane without its modes from 3 on."""
    k = torch.fft.fftfreq(v.shape[-1], 1 / v.shape[-1])
    kept = (k.abs()[:, None] < 3) & (k.abs() < 3)
    return torch.fft.ifft2(torch.fft.fft2(v) * kept).real


@torch.no_grad()
def test_a_step_is_the_solution_of_its_equation() -> None:
    """du/dt = lambda u + R g with a constant g, integrated by small steps of Runge and Kutta."""
    torch.manual_seed(0)
    weight = Generator((3, 3), 2).double()
    weight.rate.copy_(2 * torch.randn_like(weight.rate))
    step = SpectralConv(4, 2, (3, 3), weight=weight)
    v, g = torch.randn(2, 1, 2, 8, 8, dtype=torch.float64)
    # The rates of k and -k act as their mean where both are modes: here they are made equal.
    weight.rate[3:] = weight.rate[[1, 2]]
    rate, steps = -softplus(weight.rate), 200
    forcing = SpectralConv(2, 2, (3, 3)).double()
    forcing.weight.copy_(weight.forcing)
    pushed = forcing(g)

    def slope(u: Tensor) -> Tensor:
        z, full = torch.fft.fft2(u), torch.zeros(1, 2, 8, 8, dtype=torch.complex128)
        for i in range(-2, 3):
            for j in range(-2, 3):
                row, column = (i, j) if j >= 0 else (-i, -j)
                full[..., i, j] = rate[row if row >= 0 else 2 - row, column] * z[..., i, j]
        return torch.fft.ifft2(full).real + pushed

    u, h = projected(v), 1 / steps
    for _ in range(steps):
        a = slope(u)
        b = slope(u + h / 2 * a)
        c = slope(u + h / 2 * b)
        u = u + h / 6 * (a + 2 * b + 2 * c + slope(u + h * c))
    torch.testing.assert_close(step(torch.cat([v, g], 1)), u, atol=1e-8, rtol=0)


@torch.no_grad()
def test_without_forcing_no_wave_grows() -> None:
    torch.manual_seed(0)
    weight = Generator((4, 4), 3).double()
    weight.rate.copy_(10 * torch.randn_like(weight.rate))
    step = SpectralConv(6, 3, (4, 4), weight=weight)
    v = torch.randn(2, 3, 12, 12, dtype=torch.float64)
    made = step(torch.cat([v, torch.zeros_like(v)], 1))
    before, after = (torch.fft.fft2(f).abs() for f in (v, made))
    # Modes with a partner -k among the modes take the mean of two numbers that are conjugate.
    assert (after[..., 1:4] <= before[..., 1:4] + 1e-12).all()
    assert made.square().sum() < v.square().sum()


def test_rates_at_the_ends_of_their_range() -> None:
    """A rate of 0 keeps the wave and adds the forcing; a large one forgets the wave."""
    weight = Generator((2,), 1).double()
    with torch.no_grad():
        weight.forcing.zero_()
        weight.forcing[:, :, 0] = 1.0
        weight.rate[:, 0] = torch.tensor([-100.0, 100.0])
    c = torch.tensor([[[2.0, 3.0], [5.0, 7.0], [0.0, 0.0]]], dtype=torch.float64)
    made = weight(c, (2,))
    torch.testing.assert_close(made[0, 0, 0], torch.tensor(5.0).double(), atol=1e-5, rtol=0)
    torch.testing.assert_close(
        made[0, 1, 0], torch.tensor(0.07, dtype=torch.float64), atol=1e-12, rtol=0
    )
    assert torch.autograd.grad(made.sum(), weight.rate)[0].isfinite().all()


def test_mask() -> None:
    mask = forcing_mask((3, 2), 1.0, torch.float64, CPU)[..., 0]
    assert mask[0, 0] == 1
    torch.testing.assert_close(mask[2, 0], torch.tensor(math.exp(-1)).double())
    torch.testing.assert_close(mask[1, 1], torch.tensor(math.exp(-(1.25**4))).double())


@pytest.mark.parametrize(
    ("arguments", "key", "value"),
    [
        ({"mask": -1.0}, "mask", -1.0),
        ({"mask": math.inf}, "mask", math.inf),
        ({"width": 0}, "width", 0),
        ({"modes": 0}, "modes", 0),
        ({"domain": Grid((Axis("t", "open", layout="chebyshev"),))}, "layout", "chebyshev"),
    ],
)
def test_arguments_that_make_no_model(arguments: dict[str, Any], key: str, value: Any) -> None:
    with raises_input(key, value):
        SGNO(1, 1, **{"domain": Grid.periodic(1), **arguments})
