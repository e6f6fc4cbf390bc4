from __future__ import annotations

import math

import torch

from neurop.layers import ChannelMLP


def gelu(x: float) -> float:
    return 0.5 * x * (1 + math.erf(x / math.sqrt(2)))


def test_values_by_hand() -> None:
    mlp = ChannelMLP(2, 1, 2).double()
    mlp.expand.weight.data = torch.tensor([[2.0, -1.0]]).double()
    mlp.expand.bias.data = torch.tensor([0.5]).double()
    mlp.contract.weight.data = torch.tensor([[3.0], [-4.0]]).double()
    mlp.contract.bias.data = torch.tensor([0.1, 0.2]).double()
    x = torch.tensor([[1.0, 2.0], [-1.0, 0.25]], dtype=torch.float64)
    expected = [[3 * gelu(h) + 0.1, -4 * gelu(h) + 0.2] for h in (0.5, -1.75)]
    torch.testing.assert_close(
        mlp(x), torch.tensor(expected, dtype=torch.float64), atol=1e-7, rtol=0
    )


def test_every_point_is_mapped_alone() -> None:
    mlp = ChannelMLP(3, 5, 2).double()
    x = torch.randn(2, 4, 6, 3, dtype=torch.float64)
    torch.testing.assert_close(mlp(x)[1, 2, 5], mlp(x[1, 2, 5]), atol=1e-14, rtol=0)
    torch.testing.assert_close(mlp(x.flip(1)), mlp(x).flip(1), atol=1e-14, rtol=0)


def test_parameters() -> None:
    assert {name: tuple(p.shape) for name, p in ChannelMLP(3, 5, 2).named_parameters()} == {
        "expand.weight": (5, 3),
        "expand.bias": (5,),
        "contract.weight": (2, 5),
        "contract.bias": (2,),
    }
