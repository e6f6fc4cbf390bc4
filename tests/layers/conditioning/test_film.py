"""Feature-wise linear modulation, compared with its formula."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from raising import raises_input

from neurop.geometry.grid import Grid
from neurop.layers import SpectralConv
from neurop.layers.conditioning.conditioning import Conditioning
from neurop.layers.conditioning.film import FiLM
from neurop.models import FNO, CNextUNet, UNet

FIRST = ("lift.weight", "enter.conv.weight", "enter.weight")
NUMBERS = torch.tensor([[0.3, -1.0], [2.0, 0.5]], dtype=torch.float64)


@pytest.fixture
def film() -> FiLM:
    torch.manual_seed(0)
    made = FiLM(2, 3).double()
    torch.nn.init.normal_(made.contract.weight)
    return made


def test_each_channel_has_a_scale_and_a_shift(film: FiLM) -> None:
    v = torch.randn(2, 3, 4, 5, dtype=torch.float64)
    w1, b1, w2, b2 = film.parameters()
    hidden = torch.nn.functional.gelu(NUMBERS @ w1.T + b1)
    scale, shift = (hidden @ w2.T + b2).chunk(2, 1)
    expected = torch.stack(
        [
            torch.stack([(1 + scale[b, c]) * v[b, c] + shift[b, c] for c in range(3)])
            for b in range(2)
        ]
    )
    torch.testing.assert_close(film(v, NUMBERS), expected, atol=1e-14, rtol=0)
    last = film.channels_last(v.movedim(1, -1), NUMBERS).movedim(-1, 1)
    torch.testing.assert_close(last, expected, atol=1e-14, rtol=0)


def test_the_spectrum_is_that_of_the_modulated_field(film: FiLM) -> None:
    v = torch.randn(2, 6, 8, 3, dtype=torch.float64)
    analysis = SpectralConv(3, 3, (2, 3)).double().last_axis_analysis(v)
    made, ahead = film.step(v, analysis @ v, analysis, NUMBERS)
    torch.testing.assert_close(made, film.channels_last(v, NUMBERS))
    torch.testing.assert_close(ahead, analysis @ made, atol=1e-13, rtol=0)
    assert film.step(v, None, analysis, NUMBERS)[1] is None


def test_at_first_it_is_nearly_the_identity() -> None:
    torch.manual_seed(0)
    v = torch.randn(2, 3, 8)
    change = (FiLM(2, 3)(v, NUMBERS.float()) - v).abs().max()
    assert 0 < change < 0.5


def test_numbers_are_those_of_their_channels() -> None:
    x = torch.zeros(2, 4, 3, 3)
    x[:, 1] = torch.tensor([5.0, 6.0])[:, None, None]
    x[:, 3] = torch.tensor([7.0, 8.0])[:, None, None]
    known = Conditioning("film", channels=(1, 3))
    assert known.numbers(x).tolist() == [[5.0, 7.0], [6.0, 8.0]]


@pytest.mark.parametrize("kind", [FNO, UNet, CNextUNet])
def test_the_modulation_alone_depends_on_the_numbers(kind: type) -> None:
    """Without the weights of their channel the output depends on the numbers, by film."""
    torch.manual_seed(0)
    x = torch.randn(1, 2, 16, 16)
    x[:, 1] = 1.0
    other = x.clone()
    other[:, 1] = -1.0
    changes = {}
    for how in ("channels", "film"):
        arguments: dict[str, Any] = {"modes": 4} if kind is FNO else {"levels": 1}
        arguments["conditioning"] = Conditioning(how, (1,))
        model = kind(2, 1, Grid.periodic(2), width=8, **arguments)
        first = next(p for name, p in model.named_parameters() if name in FIRST)
        first.data[:, 1] = 0
        changes[how] = float((model(x) - model(other)).detach().abs().max())
    assert changes["channels"] == 0
    assert changes["film"] > 1e-8


def test_wrong_conditionings_are_one_line() -> None:
    with raises_input("conditioning", "filn", "did you mean 'film'"):
        Conditioning("filn")  # type: ignore[arg-type]
    with raises_input("channels", 2, "there are 2 input channels"):
        FNO(2, 1, modes=(2, 2), width=2, conditioning=Conditioning("film", (2,)))
