from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from itertools import product

import pytest
import torch
from raising import raises_input
from safetensors.torch import load, save
from torch import Tensor, nn

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.layers import FourierBlock, SpectralConv
from neurop.layers.factorized.contraction import numbers
from neurop.layers.factorized.factorize import (
    CP,
    FACTORIZATIONS,
    Factorized,
    LayerSlice,
    TensorTrain,
    Tucker,
    factorization,
)
from neurop.spectral import mix_packed, restrict

KINDS = list(FACTORIZATIONS)
# Modes of the weights, modes that a grid keeps of them.
MODES = [
    ((5,), (5,)),
    ((5,), (2,)),
    ((4, 5), (4, 5)),
    ((4, 5), (2, 3)),
    ((4, 3), (1, 3)),
    ((3, 2, 3), (3, 2, 3)),
    ((3, 2, 3), (2, 1, 2)),
]
WAYS = list(product((True, False), repeat=2))


def make(
    kind: str,
    modes: Sequence[int] = (4, 5),
    channels: tuple[int, int] = (4, 6),
    rank: float = 0.3,
    layers: int = 1,
) -> Factorized:
    torch.manual_seed(0)
    return FACTORIZATIONS[kind](modes, *channels, rank, layers)


def tensor(weight: Factorized, layer: int) -> Tensor:
    """Return the dense weight, each entry a sum over all ranks, in float64."""
    one, many = weight.layers == 1, "abc"[: len(weight.modes)]
    if isinstance(weight, Tucker):
        core, *factors = (p.double() for p in weight.parameters())
        shares = torch.ones(1, 1) if one else factors.pop(0)
        small = "".join(chr(ord(c) + 10) for c in many)
        terms = ",".join(f"{c}{s}" for c, s in zip(many, small))
        return torch.einsum(
            f"z{small}ptq,z,{terms},ip,oq->{many}ito", core, shares[layer].double(), *factors
        )
    if isinstance(weight, TensorTrain):
        first, *middle, last = (p.double() for p in weight.parameters())
        chain = first if one else first @ middle.pop(0)[:, layer]
        for core in middle:
            chain = torch.tensordot(chain, core, 1)
        return torch.tensordot(chain, last, 1).movedim(0, -3)
    factors = [p.double() for p in weight.parameters()]
    shares = torch.ones(1, factors[0].shape[1]).double() if one else factors.pop(0)
    return torch.einsum(
        f"z,{','.join(f'{c}z' for c in many)},iz,tz,oz->{many}ito", shares[layer], *factors
    )


def force(weight: Factorized, way: tuple[bool, bool]) -> None:
    """Take one way to contract whatever the cost model says."""
    if isinstance(weight, CP):
        weight._dense_is_faster = lambda *_: way[0]  # type: ignore[method-assign]
    else:
        weight._way = lambda *_: way  # type: ignore[attr-defined]


@pytest.mark.parametrize(("modes", "kept"), MODES)
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_every_way_is_the_dense_mix(
    kind: str, layers: int, modes: tuple[int, ...], kept: tuple[int, ...]
) -> None:
    weight = make(kind, modes, layers=layers)
    c = torch.randn(2, *(2 * e - 1 for e in kept), 4, dtype=torch.float64)
    for layer, way in product(range(layers), WAYS):
        force(weight, way)
        full = tensor(weight, layer)
        torch.testing.assert_close(weight.dense(layer=layer).double(), full, atol=1e-6, rtol=0)
        torch.testing.assert_close(
            weight.dense(kept, layer).double(), restrict(full, modes, kept), atol=1e-6, rtol=0
        )
        want = mix_packed(c, full, modes, kept)
        assert want.abs().max() > 0.1
        torch.testing.assert_close(weight(c.float(), kept, layer).double(), want, atol=1e-5, rtol=0)
        double = copy.deepcopy(weight).double()
        force(double, way)
        torch.testing.assert_close(double(c, kept, layer), want, atol=1e-12, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("layers", [1, 4])
@pytest.mark.parametrize("rank", [1 / 2, 1 / 10, 1 / 50, 1 / 150])
def test_parameters_and_variance_at_any_rank(kind: str, layers: int, rank: float) -> None:
    modes, width = (10, 12), 20
    weight = make(kind, modes, (width, width), rank, layers)
    dense = layers * (19 * 12) * width * 2 * width
    count = sum(p.numel() for p in weight.parameters())
    assert weight.numel == dense
    assert 0.85 * rank * dense < count <= rank * dense
    # As of SpectralConv, over all entries; about so in each layer.
    values = torch.stack([weight.dense(layer=layer) for layer in range(layers)])
    variances = 2 * width * values.square().flatten(1).mean(1)
    assert variances.mean().item() == pytest.approx(1, rel=1e-4)
    assert variances.tolist() == pytest.approx([1] * layers, rel=0.25)
    assert abs(values.mean().item()) < 0.1 * math.sqrt(1 / (2 * width))
    entries = [p.square().mean().sqrt().item() for p in weight.parameters()]
    assert entries == pytest.approx([entries[0]] * len(entries), rel=1e-3)


def test_counts_of_parameters() -> None:
    """A line of 5 modes, 4 channels to 6, each count written out."""
    n, i, o = 5, 4, 6
    for rank in (1.0, 0.5, 0.2):
        budget = rank * 2 * n * i * o
        _, r, p, q = make("tucker", (5,), rank=rank).ranks
        tucker = 2 * r * p * q + n * r + i * p + o * q
        a, b = make("tt", (5,), rank=rank).ranks
        train = i * a + a * n * 2 * b + b * o
        (terms,) = make("cp", (5,), rank=rank).ranks
        counts = tucker, train, terms * (n + i + 2 + o)
        for kind, count in zip(("tucker", "tt", "cp"), counts):
            assert (
                sum(p.numel() for p in make(kind, (5,), rank=rank).parameters()) == count <= budget
            )
        assert budget - counts[2] < n + i + 2 + o
        assert (a + 1) * i + (a + 1) * 2 * n * b + b * o > budget or a == i


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rank", [1 / 150, 1e-9])
def test_ranks_are_at_least_one_and_every_factor_learns(kind: str, rank: float) -> None:
    weight = make(kind, (6, 5), (8, 8), rank)
    assert min(weight.ranks) >= 1
    if rank < 1e-6:
        assert set(weight.ranks) == {1}
    c = torch.randn(3, 11, 9, 8)
    weight(c, (6, 5)).square().mean().backward()
    sizes = [
        p.grad.square().mean().sqrt().item() for p in weight.parameters() if p.grad is not None
    ]
    assert len(sizes) == len(list(weight.parameters()))
    assert min(sizes) > 0
    # Entries of one size, so gradients differ by no more than what the sizes of the factors make of
    # it.
    assert max(sizes) / min(sizes) < 30


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", WAYS)
def test_gradients(kind: str, way: tuple[bool, bool]) -> None:
    weight = make(kind, (2, 2), (2, 3), layers=2).double()
    force(weight, way)
    names, values = zip(
        *((name, p.detach().clone().requires_grad_()) for name, p in weight.named_parameters())
    )
    c = torch.randn(1, 3, 3, 2, dtype=torch.float64, requires_grad=True)

    def mixed(c: Tensor, *values: Tensor) -> Tensor:
        return torch.func.functional_call(weight, dict(zip(names, values)), (c, (2, 2), 1))

    assert torch.autograd.gradcheck(mixed, (c, *values))


@pytest.mark.parametrize("kind", KINDS)
def test_layers_share_the_tensor_but_for_their_index(kind: str) -> None:
    weight = make(kind, layers=3)
    own = sum(p.shape[1 if kind == "tt" else 0] == 3 for p in weight.parameters())
    assert own >= 1
    index = weight.cores[1] if isinstance(weight, TensorTrain) else weight.factors[0]  # type: ignore[attr-defined]
    before = [weight.dense(layer=layer) for layer in range(3)]
    assert not torch.allclose(before[0], before[1])
    with torch.no_grad():
        (index[:, 1] if kind == "tt" else index[1]).mul_(2)
    after = [weight.dense(layer=layer) for layer in range(3)]
    torch.testing.assert_close(after, [before[0], 2 * before[1], before[2]], atol=1e-6, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_state_holds_a_joint_tensor_once(kind: str) -> None:
    def net(seed: int) -> nn.ModuleList:
        torch.manual_seed(seed)
        joint = FACTORIZATIONS[kind]((3, 3), 4, 4, 0.3, 2)
        blocks = [
            FourierBlock(4, SpectralConv(4, 4, (3, 3), weight=LayerSlice(joint, layer)), 1.0)
            for layer in range(2)
        ]
        return nn.ModuleList([joint, *blocks])

    one, other, x = net(0), net(1), torch.randn(1, 8, 8, 4)
    assert sum(p.numel() for p in one.parameters()) == sum(
        t.numel() for t in one.state_dict().values()
    )
    assert not torch.equal(one[1](x), other[1](x))
    other.load_state_dict(load(save(one.state_dict())))
    twin = copy.deepcopy(one)
    for layer in (1, 2):
        assert torch.equal(one[layer](x), other[layer](x))
    twin[0].double()
    assert next(one[0].parameters()).dtype == torch.float32
    with torch.no_grad():
        for p in other[0].parameters():
            p.mul_(1.5)
    assert not torch.equal(one[2](x), other[2](x))


WALLS = Grid((Axis("x", "open", layout="ends"), Axis("y")))


@pytest.mark.parametrize("domain", [Grid.periodic(2), WALLS])
@pytest.mark.parametrize("kind", KINDS)
def test_a_convolution_with_it_is_that_with_the_dense_weight(kind: str, domain: Grid) -> None:
    weight = make(kind, (4, 5)).double()
    conv, dense = (SpectralConv(4, 6, (4, 5), domain, 0.5, w).double() for w in (weight, None))
    dense.weight.data = tensor(weight, 0)
    for shape, grid in (
        ((9, 12), None),
        ((5, 8), (11, 6)),
        ((8, 10), torch.rand(7, 2, dtype=torch.float64)),
    ):
        x = torch.randn(2, 4, *shape, dtype=torch.float64)
        torch.testing.assert_close(conv(x, grid), dense(x, grid), atol=1e-12, rtol=0)


def test_the_cost_model_takes_the_side_of_the_smaller_counts() -> None:
    # A batch of thousands through a line of few modes: what is done per sample counts. Full channel
    # ranks are no saving then.
    assert make("tucker", (4,), (32, 32), 1.0)._way(10**5, (4,)) == (False, False)  # type: ignore[attr-defined]
    assert make("tucker", (16, 16), (32, 32), 0.02)._way(4, (16, 16)) == (True, True)  # type: ignore[attr-defined]
    assert make("cp", (16, 16), (32, 32), 0.5)._dense_is_faster(1000, (16, 16))  # type: ignore[attr-defined]
    assert not make("cp", (16, 16), (32, 32), 1 / 150)._dense_is_faster(1, (16, 16))  # type: ignore[attr-defined]
    assert numbers((3,)) == (3, 5)
    assert numbers((3, 4)) == (20, 35)


@pytest.mark.parametrize(
    ("modes", "channels", "rank", "few"),
    [
        ((16, 16), 32, 0.1, 16),
        ((24, 24), 64, 0.1, 32),
        ((16, 16), 32, 0.5, 27),
        ((16,), 64, 0.1, 26),
        ((16, 16), 32, 1 / 150, 9),
    ],
)
def test_channel_ranks_of_tucker_fill_vectors_where_the_modes_can_make_up_for_it(
    modes: tuple[int, ...], channels: int, rank: float, few: int
) -> None:
    weight = make("tucker", modes, (channels, channels), rank)
    assert weight.ranks[-2:] == (few, few)
    assert 0.9 * rank < sum(p.numel() for p in weight.parameters()) / weight.numel <= rank


@pytest.mark.parametrize("rank", [0.0, -0.1, 1.5, float("nan")])
def test_a_rank_is_a_fraction(rank: float) -> None:
    with raises_input("rank", rank, "above 0, at most 1"):
        make("tucker", rank=rank)


def test_names() -> None:
    assert [factorization(name) for name in ("tucker", "cp", "tt")] == [Tucker, CP, TensorTrain]
    with raises_input("factorization", "tuker", "tucker"):
        factorization("tuker")
    with raises_input("modes", (3, 0), "at least 1"):
        make("cp", (3, 0))
