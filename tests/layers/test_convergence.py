"""What a layer promises on functions: under refinement of the grid its outputs converge."""

from __future__ import annotations

import copy
import importlib
import inspect
import math
import pkgutil
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import neurop.layers
from neurop import Grid
from neurop.geometry.axis import Axis
from neurop.geometry.signed_permutation import symmetries
from neurop.layers import (
    ChannelMLP,
    CoefficientBlock,
    CoefficientTransform,
    CoefficientUNet,
    Coordinates,
    FourierBlock,
    SpectralConv,
    SphericalBlock,
    SphericalConv,
)
from neurop.layers.conditioning.film import FiLM
from neurop.layers.equivariant.block import group_block
from neurop.layers.equivariant.fields import LiftToGroup, SumOverGroup
from neurop.layers.equivariant.linear import GroupLinear
from neurop.layers.filters.generator import Generator
from neurop.layers.filters.polar import PolarFilter
from neurop.layers.local.conv import DoublingConv, HalvingConv, PaddedConv
from neurop.layers.local.convnext_block import UnitNorm
from neurop.layers.local.difference_conv import DifferenceConv
from neurop.layers.local.disco import DiscoConv
from neurop.layers.local.integral_conv import IntegralConv
from neurop.layers.local.local_block import LocalBlock, LocalOperator
from neurop.layers.local.position import Position
from neurop.layers.local.residual_block import ResidualBlock
from neurop.layers.local.resize import Double, Halve
from neurop.layers.local.sphere_difference import SphereDifference
from neurop.layers.spectral.axis_conv import AxisConv
from neurop.layers.spectral.double_fourier_conv import DoubleFourierConv
from neurop.layers.spectral.generator_block import GeneratorBlock
from neurop.layers.spectral.pre_block import PreBlock
from neurop.metrics.convergence import Convergence, convergence
from neurop.spectral import resample

LINE, PLANE = Grid.periodic(1), Grid.periodic(2)
WALL = Grid((Axis("x", "neumann", layout="ends"),))
WALLS = Grid((Axis("x", "dirichlet", layout="ends"), Axis("y", "neumann", layout="ends")))
CELLS = Grid((Axis("x"), Axis("y", "open", layout="cells")))
GLOBE, GAUSS = Grid.latlon(), Grid.latlon(gauss=True)
Call = Callable[[Tensor], Tensor]


class Last(nn.Module):
    """A layer of channels-last fields."""

    def __init__(self, layer: nn.Module, *more: Tensor) -> None:
        super().__init__()
        self.layer, self.more = layer, more

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x.movedim(1, -1), *self.more).movedim(-1, 1)


class OfCoefficients(nn.Module):
    """A layer between coefficients, between the transform and its inverse."""

    def __init__(self, make: Callable[..., nn.Module]) -> None:
        super().__init__()
        self.transform = CoefficientTransform(PLANE, (5, 5))
        self.layer = make(2, self.transform.bases)

    def forward(self, x: Tensor) -> Tensor:
        return self.transform.inverse(self.layer(self.transform(x)), x.shape[2:])


class Modulated(nn.Module):
    """FiLM with one number."""

    def __init__(self) -> None:
        super().__init__()
        self.film = FiLM(1, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.film(x, torch.ones(len(x), 1).to(x))


class Group(nn.Module):
    """Fields to functions of the group, a block and a map of these, and back."""

    def __init__(self) -> None:
        super().__init__()
        group = symmetries(2)
        self.layers = nn.Sequential(
            LiftToGroup([1, -1], 2, group),
            group_block(PLANE, modes=4, width=2, group=group),
            GroupLinear(2, 2, group),
            SumOverGroup(2, [1, -1], group),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x.movedim(1, -1)).movedim(-1, 1)


class Gated(nn.Module):
    """Block of SGNO with both gates open."""

    def __init__(self) -> None:
        super().__init__()
        step = SpectralConv(4, 2, (4, 4), weight=Generator((4, 4), 2))
        self.block = GeneratorBlock(2, step)

    def forward(self, v: Tensor) -> Tensor:
        return self.block(v, torch.tensor(1.0), torch.tensor(1.0))


class ThereAndBack(nn.Module):
    """Half of the points, and all of them again."""

    def __init__(self, halve: nn.Module, double: nn.Module) -> None:
        super().__init__()
        self.down, self.up = halve, double

    def forward(self, x: Tensor) -> Tensor:
        return self.up(self.down(x), tuple(x.shape[2:]))


INVARIANT: dict[str, tuple[Callable[[], nn.Module], Grid]] = {
    "SpectralConv": (lambda: SpectralConv(2, 3, (4, 4)), PLANE),
    "SpectralConv, walls": (lambda: SpectralConv(2, 3, (4, 4), WALLS), WALLS),
    "SpectralConv, cells": (lambda: SpectralConv(2, 3, (4, 4), CELLS), CELLS),
    "AxisConv": (lambda: AxisConv(2, 3, (4, 4)), PLANE),
    "AxisConv, walls": (lambda: AxisConv(2, 3, (4, 4), WALLS), WALLS),
    "FourierBlock": (lambda: Last(FourierBlock(2, SpectralConv(2, 2, (4, 4)), 2.0)), PLANE),
    "GeneratorBlock": (lambda: Last(Gated()), PLANE),
    "PreBlock": (lambda: Last(PreBlock(2, SpectralConv(2, 2, (4, 4)), 2.0)), PLANE),
    "DoubleFourierConv": (
        lambda: DoubleFourierConv(2, 2, (5, 5), GLOBE, PolarFilter((5, 5), 2)),
        GLOBE,
    ),
    "SphericalConv": (lambda: SphericalConv(2, 3, 5, GLOBE), GLOBE),
    "SphericalConv, gauss": (lambda: SphericalConv(2, 3, 5, GAUSS), GAUSS),
    "SphericalBlock": (lambda: Last(SphericalBlock(2, SphericalConv(2, 2, 5, GLOBE), 2.0)), GLOBE),
    "IntegralConv": (lambda: IntegralConv(2, 3, LINE, 0.15), LINE),
    "IntegralConv, walls": (lambda: IntegralConv(2, 3, WALL, 0.15), WALL),
    "DifferenceConv": (lambda: DifferenceConv(2, 3, PLANE, 0.1), PLANE),
    "DifferenceConv, walls": (lambda: DifferenceConv(2, 3, WALLS, 0.1), WALLS),
    "DiscoConv": (lambda: DiscoConv(2, 3, GLOBE, 0.3), GLOBE),
    "DiscoConv, gauss": (lambda: DiscoConv(2, 3, GAUSS, 0.3), GAUSS),
    "SphereDifference": (lambda: SphereDifference(2, 3, GLOBE), GLOBE),
    "LocalOperator": (lambda: Last(LocalOperator(2, 2, LINE, 0.15)), LINE),
    "LocalBlock": (
        lambda: Last(
            LocalBlock(
                FourierBlock(2, SpectralConv(2, 2, (4,)), 2.0), LocalOperator(2, 2, LINE, 0.15)
            )
        ),
        LINE,
    ),
    "CoefficientBlock": (lambda: OfCoefficients(CoefficientBlock), PLANE),
    "CoefficientUNet": (lambda: OfCoefficients(CoefficientUNet), PLANE),
    "ChannelMLP": (lambda: Last(ChannelMLP(2, 5, 3)), PLANE),
    "Coordinates": (lambda: Last(Coordinates(WALLS)), WALLS),
    "Position": (lambda: Position(WALLS), WALLS),
    "FiLM": (Modulated, PLANE),
    "UnitNorm": (lambda: UnitNorm(2), PLANE),
    "GroupLinear, LiftToGroup, SumOverGroup": (Group, PLANE),
}
"""Layers that claim to be one map of functions, and their grid."""
NAIVE: dict[str, Callable[[], nn.Module]] = {
    "PaddedConv": lambda: PaddedConv(2, 3, PLANE),
    "Halve, Double": lambda: ThereAndBack(Halve(PLANE), Double(PLANE)),
    "HalvingConv, DoublingConv": lambda: ThereAndBack(
        HalvingConv(2, 3, PLANE), DoublingConv(3, 2, PLANE)
    ),
}
"""Linear layers of a number of points."""
OTHER = {
    "DenseFilter": "weight of SpectralConv; tests/layers/filters",
    "Generator": "weight of SpectralConv; tests/layers/filters",
    "DynamicFilter": "weight of SpectralConv; tests/layers/filters",
    "PolarFilter": "weight of SpectralConv; tests/layers/filters",
    "ShellScale": "part of DynamicFilter",
    "ModeMLP": "from tokens to tokens, which are not those of a grid; tests/models/test_afno.py",
    "TokenBlock": "from tokens to tokens; tests/models/test_afno.py",
    "Patches": "from fields to tokens; order 2, tests/layers/tokens/test_patches.py",
    "PatchHead": "from tokens to fields; tests/layers/tokens/test_patches.py",
    "NearestCentre": "to numbers of cells; tests/models/test_mono.py",
    "SpherePosition": "to coordinates, exact",
    "BoundaryPadding": "to another grid",
    "CoefficientTransform": "to coefficients; with its inverse in CoefficientBlock",
    "ConvNeXtBlock": "naive, with a nonlinearity; as ResidualBlock below",
    "GroupWeight": "weight of group_block",
    "ResidualBlock": "naive, with a nonlinearity; below",
}
"""Modules that are not measured by their order, and why."""


def found(layer: nn.Module, domain: Grid, seed: int = 0, first: int = 17) -> Convergence:
    """Return the convergence on random smooth fields, from about 16 points on."""
    torch.manual_seed(seed)
    layer = layer.double()
    few = torch.randn(2, 2, *[7] * domain.dimensions).double()
    shape = tuple(first - (axis.layout == "left") for axis in domain.axes)
    return convergence(layer, resample(few, domain, shape), domain)


def marked(name: str) -> Any:
    """Return a name, slow on a sphere and for a group."""
    slow = INVARIANT[name][1] in (GLOBE, GAUSS) or name.startswith("Group")
    return pytest.param(name, marks=[pytest.mark.slow] if slow else [])


@pytest.mark.parametrize("name", [marked(name) for name in INVARIANT])
def test_order(name: str) -> None:
    make, domain = INVARIANT[name]
    torch.manual_seed(0)
    layer = make()
    for seed in (1, 2):
        made = found(layer, domain, seed)
        assert min(made.order, made.order_beyond_points) >= 0.85, made


@pytest.mark.parametrize("name", NAIVE)
def test_a_naive_layer_fails(name: str) -> None:
    """Guard of the measure itself: relative to what is not pointwise, nothing is gained."""
    torch.manual_seed(0)
    assert found(NAIVE[name](), PLANE).order_beyond_points < 0.3


def test_a_naive_block_converges_to_a_pointwise_one() -> None:
    """With order 1, as its kernels shrink: a limit, but not what was trained on a coarse grid."""
    torch.manual_seed(0)
    block = ResidualBlock(2, 2, PLANE).double()
    pointwise = copy.deepcopy(block)
    for part in pointwise.convs:
        weight = part.conv.weight.data
        middle = weight.sum((2, 3))
        weight.zero_()[:, :, 1, 1] = middle
    few, apart = torch.randn(2, 2, 7, 7).double(), []
    with torch.no_grad():
        for n in (16, 64, 128):
            x = resample(few, PLANE, (n, n))
            apart.append(float((block(x) - pointwise(x)).norm() / pointwise(x).norm()))
    assert math.log2(apart[1] / apart[2]) == pytest.approx(1, abs=0.1)
    assert apart[0] > 0.1


def test_all_layers_are_here() -> None:
    known = set(OTHER).union(*(name.split(", ") for name in (*INVARIANT, *NAIVE)))
    layers = set()
    for found in pkgutil.walk_packages(neurop.layers.__path__, "neurop.layers."):
        if ".factorized" not in found.name:  # weights, which are no maps of fields
            for one in vars(importlib.import_module(found.name)).values():
                kind = isinstance(one, type) and issubclass(one, nn.Module)
                if kind and one.__module__ == found.name and not inspect.isabstract(one):
                    layers.add(one.__name__)
    assert layers - known == set()
