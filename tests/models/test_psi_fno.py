from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from contracts import Case, GridOperatorContract
from raising import raises_input
from torch import Tensor

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.models import PsiFNO
from neurop.spectral import resample_axes
from neurop.spectral.kernels import plain

SMALL = {"width": 6, "depth": 2}
WALLS = Grid((Axis("x"), Axis("y", "open", layout="ends")))
EXACT = 1e-6
"""Bound of the change on a finer grid, at once to rounding: the odd grid does not change."""


def count(modes: tuple[int, ...], coordinates: int, hidden: int = 6, numbers: int = 0) -> int:
    """Return the number of parameters of an FNO of 2 input and 3 output channels."""
    width, depth = 6, 2
    film = 64 * (numbers + 1) + 2 * width * 65 if numbers else 0
    spectral = 2 * width**2 * math.prod(2 * m - 1 for m in modes[:-1]) * modes[-1]
    block = spectral + width * (width + 1) + hidden * (width + 1) + width * (hidden + 1)
    ends = width * (2 + coordinates + 1) + 2 * width * (width + 1) + 3 * (2 * width + 1)
    return ends + depth * (block + film)


class TestPsiFNO(GridOperatorContract):
    name = "psi_fno"
    cases = {
        "line": Case(
            Grid.periodic(1),
            (16,),
            count((5,), 2),
            {(5,): (3,), (6,): (3,), (64,): (5,)},
            EXACT,
            {"points": 9, **SMALL},
        ),
        "plane": Case(
            Grid.periodic(2),
            (12, 16),
            count((3, 4), 4),
            {(4, 9): (2, 4), (64, 2): (3, 1)},
            EXACT,
            {"points": [5, 7], **SMALL},
        ),
        "box": Case(
            Grid.periodic(3),
            (8, 10, 12),
            count((2, 2, 2), 6, hidden=9),
            {(2, 3, 64): (1, 2, 2)},
            EXACT,
            {"points": 3, "expansion": 1.5, **SMALL},
        ),
        # More points than the modes need, and than the data have.
        "fewer modes": Case(
            Grid.periodic(2),
            (12, 16),
            count((3, 4), 4),
            {(4, 9): (2, 4), (64, 2): (3, 1)},
            1e-3,
            {"points": [13, 15], "modes": [3, 4], **SMALL},
        ),
        "film": Case(
            Grid.periodic(2),
            (12, 16),
            count((3, 4), 4, numbers=1),
            {(4, 9): (2, 4), (64, 2): (3, 1)},
            EXACT,
            {"points": [5, 7], "conditioning": "film", **SMALL},
            numbers=(1,),
        ),
    }


def model(**arguments: Any) -> PsiFNO:
    torch.manual_seed(0)
    return PsiFNO(2, 1, **{"points": (9, 11), "width": 5, "depth": 3, **arguments}).double()


def noise(*shape: int) -> Tensor:
    return torch.randn(
        2, 2, *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1)
    )


def interpolant(y: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Return the trigonometric interpolant of values on an odd grid, by the sum over its modes."""
    hat = torch.fft.fftn(y.to(torch.complex128), dim=(2, 3), norm="forward")
    for dim, n in enumerate(shape, start=2):
        k = torch.fft.fftfreq(y.shape[dim], 1 / y.shape[dim], dtype=torch.float64)
        x = torch.arange(n, dtype=torch.float64) / n
        waves = torch.exp(2j * torch.pi * x[:, None] * k)
        hat = torch.tensordot(hat, waves, dims=([dim], [1])).movedim(-1, dim)
    assert hat.imag.abs().max() < 1e-12
    return hat.real


@torch.no_grad()
def test_on_the_odd_grid_it_is_an_fno() -> None:
    psi, x = model(), noise(9, 11)
    torch.testing.assert_close(psi(x), psi.net(x), atol=1e-12, rtol=0)


@torch.no_grad()
@pytest.mark.parametrize("shape", [(18, 33), (32, 32), (65, 11), (129, 12), (6, 7)])
def test_on_any_grid_it_is_the_interpolant_of_the_odd_grid(shape: tuple[int, int]) -> None:
    """The input of the two grids is one function, with modes that both resolve."""
    psi, x = model(), noise(5, 7)
    fine, odd = (resample_axes(x, psi.domain, to) for to in (shape, (9, 11)))
    torch.testing.assert_close(psi(fine), interpolant(psi(odd), shape), atol=1e-12, rtol=0)


@torch.no_grad()
def test_no_energy_above_the_highest_mode() -> None:
    y = model()(noise(40, 33))
    power = torch.fft.fft2(y, norm="forward").abs().amax((0, 1))
    k, m = (torch.fft.fftfreq(n, 1 / n).abs() for n in (40, 33))
    above = (k[:, None] > 4) | (m > 5)
    assert power[above].max() < 1e-14
    # The non-linearity fills all modes below it, those of the highest wavenumber too.
    assert power[~above].min() > 1e-7


@torch.no_grad()
def test_modes_of_the_input_that_the_odd_grid_does_not_resolve_have_no_effect() -> None:
    psi, x = model(), noise(9, 11)
    fine = resample_axes(x, psi.domain, (32, 36))
    wave = torch.cos(2 * torch.pi * 5 * torch.arange(32, dtype=torch.float64) / 32)[:, None]
    torch.testing.assert_close(psi(fine + wave), psi(fine), atol=1e-12, rtol=0)
    assert (psi.net(fine + wave) - psi.net(fine)).abs().max() > 1e-3


@torch.no_grad()
def test_the_non_linearity_is_folded_as_on_the_odd_grid() -> None:
    """Squares of modes up to N have modes up to 2 N, which 2 N + 1 points see as 2 N + 1 - k."""
    psi = model(points=9, domain=Grid.periodic(1))
    n, x = 9, torch.arange(64, dtype=torch.float64) / 64
    odd = torch.cos(2 * torch.pi * 4 * torch.arange(n, dtype=torch.float64) / n) ** 2
    made = psi.interpolate(odd[None, None], (64,))[0, 0]
    expected = 0.5 + 0.5 * torch.cos(2 * torch.pi * 1 * x)
    torch.testing.assert_close(made, expected, atol=1e-13, rtol=0)


@torch.no_grad()
def test_interpolation_is_a_projection_and_takes_points() -> None:
    psi, y = model(), noise(9, 11)
    again = psi.interpolate(psi.interpolate(y, (20, 24)), (9, 11))
    torch.testing.assert_close(again, y, atol=1e-13, rtol=0)
    torch.testing.assert_close(psi.interpolate(y, (9, 11)), y, atol=1e-13, rtol=0)
    torch.testing.assert_close(
        psi.truncated(psi.interpolate(y, (20, 24))), psi.interpolate(y, (20, 24))
    )
    points = torch.tensor([[0.0, 0.0], [4 / 9, 3 / 11]], dtype=torch.float64)
    at = psi.interpolate(y, points)
    torch.testing.assert_close(
        at, torch.stack([y[..., 0, 0], y[..., 4, 3]], -1), atol=1e-13, rtol=0
    )


@torch.no_grad()
def test_with_a_linear_activation_it_is_a_fourier_multiplier(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without coordinates and biases a wave becomes a wave of its own frequency."""
    monkeypatch.setattr(plain, "gelu", lambda x: x)
    psi = model()
    psi.net.lift.weight[:, 2:] = 0
    for name, parameter in psi.named_parameters():
        if name.endswith("bias"):
            parameter.zero_()
    x, y = (torch.arange(n, dtype=torch.float64) / n for n in (24, 22))
    angle = 2 * torch.pi * (3 * x[:, None] + 2 * y)
    hat = torch.fft.fft2(psi(angle.cos().expand(1, 2, 24, 22)), norm="forward")[0, 0].abs()
    kept = hat[3, 2] + hat[-3, -2]
    assert kept > 1e-3
    assert hat.sum() - kept < 1e-12


@torch.no_grad()
def test_all_fields_of_a_coarse_grid_are_possible() -> None:
    y = noise(8, 40)[:, :1]
    held = model().truncated(y)
    assert torch.equal(model().truncated(y[..., :11]), y[..., :11])
    hat, kept = torch.fft.rfft(y), torch.fft.rfft(held)
    torch.testing.assert_close(kept[..., :6], hat[..., :6], atol=1e-12, rtol=0)
    assert kept[..., 6:].abs().max() < 1e-12


@pytest.mark.parametrize(
    ("arguments", "key", "value"),
    [
        ({"points": 16}, "points", 16),
        ({"points": (9, 10)}, "points", 10),
        ({"points": 1}, "points", 1),
        ({"points": (9, 9, 9)}, "points", (9, 9, 9)),
        ({"modes": 6}, "modes", (6, 6)),
        ({"modes": 0}, "modes", 0),
        ({"modes": (4, 4, 4)}, "modes", (4, 4, 4)),
        ({"width": 0}, "width", 0),
        ({"depth": 0}, "depth", 0),
        ({"domain": WALLS}, "domain", "y"),
    ],
)
def test_arguments_that_make_no_model(arguments: dict, key: str, value: Any) -> None:
    with raises_input(key, value):
        PsiFNO(1, 1, **{"domain": Grid.periodic(2), "points": 9, **arguments})
