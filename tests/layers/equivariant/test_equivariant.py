"""Layers between functions of a group: they commute with it, and all that do are among them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from neurop.geometry.grid import Grid
from neurop.geometry.signed_permutation import SignedPermutation, quotients, symmetries
from neurop.layers import SpectralConv
from neurop.layers.equivariant.block import group_block
from neurop.layers.equivariant.fields import LiftToGroup, SumOverGroup
from neurop.layers.equivariant.linear import Group, GroupLinear
from neurop.layers.equivariant.weight import GroupWeight

GROUPS: dict[str, Group] = {
    "line": symmetries(1),
    "p4": symmetries(2)[:4],
    "p4m": symmetries(2),
    "cube": symmetries(3)[:24],
}
EXACT = 1e-13


def noise(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, dtype=torch.float64, generator=generator)


def permuted(v: Tensor, g: SignedPermutation, group: Group) -> Tensor:
    """Move the channels of a function of the group, ``(..., |G| * channels)``."""
    row = quotients(group)[list(group).index(g)]
    return v.unflatten(-1, (len(group), -1))[..., list(row), :].flatten(-2)


def turned(v: Tensor, g: SignedPermutation) -> Tensor:
    """Turn a field ``(batch, *grid, channels)`` about its first point: (g f)(g x) = f(x)."""
    made = v.permute(0, *(1 + axis for axis in g.axes), v.dim() - 1)
    for axis, sign in enumerate(g.signs, start=1):
        made = made.flip(axis).roll(1, axis) if sign < 0 else made
    return made


def signed(v: Tensor, g: SignedPermutation, signs: list[int]) -> Tensor:
    return v * torch.tensor([s if g.determinant < 0 else 1 for s in signs])


def test_turned_follows_points() -> None:
    """A peak at x goes to g x."""
    for g in symmetries(2):
        peak = torch.zeros(1, 5, 5, 1)
        peak[0, 1, 2] = 1
        to = (torch.tensor(g.matrix) @ torch.tensor([1, 2])) % 5
        assert turned(peak, g)[0, to[0], to[1]] == 1


@pytest.mark.parametrize("group", GROUPS.values(), ids=GROUPS)
@torch.no_grad()
def test_pointwise_maps_commute_with_the_group(group: Group) -> None:
    linear = GroupLinear(2, 3, group).double()
    signs = [1, -1, -1]
    lift = LiftToGroup(signs, 2, group).double()
    down = SumOverGroup(2, signs, group).double()
    v, fields = noise(5, 2 * len(group)), noise(5, 3, seed=1)
    for g in group:
        for made, wanted in (
            (linear(permuted(v, g, group)), permuted(linear(v), g, group)),
            (lift(signed(fields, g, signs)), permuted(lift(fields), g, group)),
            (down(permuted(v, g, group)), signed(down(v), g, signs)),
        ):
            torch.testing.assert_close(made, wanted, atol=EXACT, rtol=0)
    # The identity acts by the first matrix alone.
    torch.testing.assert_close(linear.weight[:3, :2], linear.kernel[0])


@pytest.mark.parametrize(
    "name", [*("line", "p4", "p4m"), pytest.param("cube", marks=pytest.mark.slow)]
)
@torch.no_grad()
def test_convolutions_and_blocks_commute_with_the_group(name: str) -> None:
    group = GROUPS[name]
    d, channels = len(group[0].axes), 2 * len(group)
    modes, domain = 2 if d == 3 else 3, Grid.periodic(d)
    weight = GroupWeight(modes, 2, 2, group)
    conv = SpectralConv(channels, channels, [modes] * d, domain, weight=weight).double()
    block = group_block(domain, modes, 2, group).double()
    calls: tuple[Callable[[Tensor], Tensor], ...] = conv.channels_last, block
    for points in (4, 7):  # 4 resolve fewer modes than there are
        v = noise(1, *[points] * d, channels)
        for call in calls:
            y = call(v)
            for g in group:
                made = call(turned(permuted(v, g, group), g))
                torch.testing.assert_close(
                    made, turned(permuted(y, g, group), g), atol=1e-12, rtol=0
                )


@torch.no_grad()
def test_of_the_identity_alone_it_is_the_spectrum_of_a_real_kernel() -> None:
    weight = GroupWeight(3, 2, 4, symmetries(2)[:1]).double()
    plain = SpectralConv(2, 4, (3, 3)).double()
    dense = weight.dense()
    assert dense.shape == plain.weight.shape
    # On the line of wavenumbers (k, 0) the values of k and -k, rows 1 and 3, are conjugate.
    mirrored = dense[[0, 3, 4, 1, 2], 0]
    torch.testing.assert_close(mirrored[:, :, 0], dense[:, 0, :, 0])
    torch.testing.assert_close(mirrored[:, :, 1], -dense[:, 0, :, 1])
    plain.weight.copy_(dense)
    v = noise(2, 6, 7, 2)
    conv = SpectralConv(2, 4, (3, 3), weight=weight)
    assert torch.equal(conv.channels_last(v), plain.channels_last(v))


@torch.no_grad()
def test_every_convolution_that_commutes_with_the_group_is_one_of_these() -> None:
    """Averages of plain convolutions over the group span the same space, of the counted size."""
    group, n = GROUPS["p4"], 4
    size = len(group) * 3**2  # one channel per element, 2 modes
    inputs = torch.eye(n * n * 4, dtype=torch.float64).view(-1, n, n, 4)

    def averaged(seed: int) -> Tensor:
        torch.manual_seed(seed)
        conv = SpectralConv(4, 4, (2, 2)).double()
        parts = [
            turned(permuted(conv.channels_last(turned(permuted(inputs, g, group), g)), i, group), i)
            for g in group
            for i in [g.inverse]
        ]
        return torch.stack(parts).mean(0).flatten()

    def ours(number: int) -> Tensor:
        weight = GroupWeight(2, 1, 1, group).double()
        weight.kernel.zero_()[number] = 1
        return SpectralConv(4, 4, (2, 2), weight=weight).channels_last(inputs).flatten()

    own = torch.stack([ours(i) for i in range(size)])
    others = torch.stack([averaged(seed) for seed in range(size + 4)])
    assert own.shape[0] == size
    for some in (own, others, torch.cat([own, others])):
        assert torch.linalg.matrix_rank(some, rtol=1e-9) == size


def test_the_initial_weight_has_the_variance_of_a_dense_one() -> None:
    torch.manual_seed(0)
    dense = GroupWeight(6, 4, 4, GROUPS["p4"]).dense().detach()
    assert float(dense.var()) == pytest.approx(1 / (2 * 16), rel=0.1)
