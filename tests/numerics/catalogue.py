"""Every layer and every spectral transform on a small problem, by name."""

from __future__ import annotations

import importlib
import inspect
import math
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

import neurop.layers
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
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
from neurop.layers.equivariant.fields import LiftToGroup, SumOverGroup
from neurop.layers.equivariant.linear import GroupLinear
from neurop.layers.equivariant.weight import GroupWeight
from neurop.layers.factorized.factorize import CP, LayerSlice, TensorTrain, Tucker
from neurop.layers.filters.dense import DenseFilter
from neurop.layers.filters.dynamic import DynamicFilter
from neurop.layers.filters.generator import Generator
from neurop.layers.filters.polar import PolarFilter
from neurop.layers.filters.shell_scale import ShellScale
from neurop.layers.local.boundary_padding import BoundaryPadding
from neurop.layers.local.conv import DoublingConv, HalvingConv, PaddedConv
from neurop.layers.local.convnext_block import ConvNeXtBlock, UnitNorm
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
from neurop.layers.sphere_position import SpherePosition
from neurop.layers.tokens.block import TokenBlock
from neurop.layers.tokens.head import PatchHead
from neurop.layers.tokens.mode_mlp import ModeMLP
from neurop.layers.tokens.patches import Patches
from neurop.spectral import (
    Basis,
    Cosine,
    Fourier,
    Sine,
    analyze,
    analyze_sphere,
    mix_packed,
    resample,
    signed_sizes,
    synthesize,
    synthesize_sphere,
)

PLANE = Grid.periodic(2)
WALLS = Grid((Axis("x", "neumann", layout="cells"), Axis("y", "dirichlet", layout="ends")))
OPEN = Grid((Axis("x", "open", layout="ends"), Axis("y")))
GAUSS = Grid.latlon(gauss=True)
SHAPE, SPHERE, MODES = (32, 40), (24, 48), (8, 10)
CHANNELS = 8


@dataclass(frozen=True)
class Case:
    """A function of its parameters and inputs, and the shapes of its inputs."""

    make: Callable[[], Callable[..., Tensor]]
    shapes: tuple[tuple[int, ...], ...]

    def build(self, seed: int) -> tuple[Callable[..., Tensor], tuple[Tensor, ...]]:
        """Return the function and random inputs, both decided by the seed."""
        torch.manual_seed(seed)
        return self.make(), tuple(torch.randn(shape) for shape in self.shapes)


class Inverse(nn.Module):
    """The way back of a coefficient transform."""

    def __init__(self, transform: CoefficientTransform) -> None:
        super().__init__()
        self.transform = transform

    def forward(self, c: Tensor) -> Tensor:
        return self.transform.inverse(c, SHAPE)


class Doubled(nn.Module):
    """The doubling of a grid with a fixed target."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = DoublingConv(CHANNELS, CHANNELS, PLANE)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x, (2 * SHAPE[0], 2 * SHAPE[1]))


class Fixed(nn.Module):
    """A layer whose arguments after the first are fixed, for example a target grid."""

    def __init__(self, inner: nn.Module, *others: Any) -> None:
        super().__init__()
        self.inner, self.others = inner, others

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x, *self.others)


FIELD, LAST = (2, CHANNELS, *SHAPE), (2, *SHAPE, CHANNELS)
GLOBE, GLOBE_LAST = (2, CHANNELS, *SPHERE), (2, *SPHERE, CHANNELS)
PACKED = (2, *(2 * m - 1 for m in MODES), CHANNELS)
SIGNED = (2, 2, *signed_sizes(MODES), CHANNELS)
BASES = (Fourier(8), Cosine(10))


def layer(kind: Callable[..., nn.Module], *arguments: Any, **named: Any) -> Callable[[], nn.Module]:
    return lambda: kind(*arguments, **named)


def factorised(kind: type, layers: int = 1) -> Callable[[], nn.Module]:
    """Return a spectral convolution with a factorised weight."""

    def make() -> nn.Module:
        joint = kind(MODES, CHANNELS, CHANNELS, 0.3, layers)
        weight = LayerSlice(joint, 1) if layers > 1 else joint
        conv = SpectralConv(CHANNELS, CHANNELS, MODES, weight=weight)
        conv.joint = joint  # a slice does not own the tensor of all layers
        return conv

    return make


def visible(channels: int, domain: Grid) -> nn.Module:
    """Return a ConvNeXt block whose branch is as large as its input; at first it is 1e-6 of it."""
    made = ConvNeXtBlock(channels, domain)
    nn.init.ones_(made.scale)
    return made


def block(kind: type = FourierBlock, convolution: Callable[..., nn.Module] = SpectralConv) -> Any:
    where = {"modes": 12, "domain": GAUSS} if kind is SphericalBlock else {"modes": MODES}
    return kind(CHANNELS, convolution(CHANNELS, CHANNELS, **where), 2.0)


TURNS = symmetries(2)[:4]


def equivariant() -> nn.Module:
    """Return a spectral convolution of two channels for each quarter turn."""
    weight = GroupWeight(8, 2, 2, TURNS)
    return SpectralConv(CHANNELS, CHANNELS, (8, 8), weight=weight)


def tokens_to_plane() -> nn.Module:
    """Return a head of a patch per point, with a fixed target."""
    head = PatchHead(CHANNELS, CHANNELS, Patches(PLANE, SHAPE, 2))
    return Fixed(head, (2 * SHAPE[0], 2 * SHAPE[1]))


def over_poles() -> nn.Module:
    """Return a convolution on the double Fourier sphere."""
    weight = PolarFilter(MODES, CHANNELS)
    return DoubleFourierConv(CHANNELS, CHANNELS, MODES, Grid.latlon(), weight)


def generated() -> nn.Module:
    """Return a block of SGNO with both gates open."""
    step = SpectralConv(2 * CHANNELS, CHANNELS, MODES, weight=Generator(MODES, CHANNELS))
    return Fixed(GeneratorBlock(CHANNELS, step), torch.tensor(1.0), torch.tensor(1.0))


LAYERS = {
    "SpectralConv": Case(layer(SpectralConv, CHANNELS, CHANNELS, MODES), (FIELD,)),
    "SpectralConv, walls": Case(layer(SpectralConv, CHANNELS, CHANNELS, MODES, WALLS), (FIELD,)),
    "SpectralConv, padded": Case(layer(SpectralConv, CHANNELS, CHANNELS, MODES, OPEN), (FIELD,)),
    "AxisConv": Case(layer(AxisConv, CHANNELS, CHANNELS, MODES), (FIELD,)),
    "SphericalConv": Case(layer(SphericalConv, CHANNELS, CHANNELS, 12, GAUSS), (GLOBE,)),
    "SphericalConv, axis": Case(
        layer(SphericalConv, CHANNELS, CHANNELS, 12, GAUSS, "axis"), (GLOBE,)
    ),
    "FourierBlock": Case(block, (LAST,)),
    "SphericalBlock": Case(lambda: block(SphericalBlock, SphericalConv), (GLOBE_LAST,)),
    "CoefficientTransform": Case(layer(CoefficientTransform, WALLS, MODES), (FIELD,)),
    "CoefficientTransform, inverse": Case(
        lambda: Inverse(CoefficientTransform(WALLS, MODES)), ((2, *MODES, CHANNELS),)
    ),
    "CoefficientBlock": Case(layer(CoefficientBlock, CHANNELS, BASES), ((2, 15, 10, CHANNELS),)),
    "CoefficientUNet": Case(layer(CoefficientUNet, CHANNELS, BASES), ((2, 15, 10, CHANNELS),)),
    "Tucker": Case(factorised(Tucker), (FIELD,)),
    "CP": Case(factorised(CP), (FIELD,)),
    "TensorTrain": Case(factorised(TensorTrain), (FIELD,)),
    "LayerSlice": Case(factorised(Tucker, layers=3), (FIELD,)),
    "GroupWeight": Case(equivariant, (FIELD,)),
    "GroupLinear": Case(layer(GroupLinear, 2, 2, TURNS), (LAST,)),
    "LiftToGroup": Case(layer(LiftToGroup, [1] * CHANNELS, 2, TURNS), (LAST,)),
    "SumOverGroup": Case(layer(SumOverGroup, 2, [1, 1], TURNS), (LAST,)),
    "PolarFilter": Case(lambda: Fixed(PolarFilter(MODES, CHANNELS), MODES), (PACKED,)),
    "DynamicFilter": Case(lambda: Fixed(DynamicFilter(MODES, CHANNELS), MODES), (PACKED,)),
    "DenseFilter": Case(lambda: Fixed(DenseFilter(MODES, CHANNELS), MODES), (PACKED,)),
    "Generator": Case(lambda: Fixed(Generator(MODES, CHANNELS // 2, 2.0), MODES), (PACKED,)),
    "ShellScale": Case(lambda: Fixed(ShellScale(MODES), MODES), (SIGNED,)),
    "GeneratorBlock": Case(generated, (LAST,)),
    "PreBlock": Case(
        lambda: PreBlock(CHANNELS, SpectralConv(CHANNELS, CHANNELS, MODES), 2.0), (LAST,)
    ),
    "DoubleFourierConv": Case(over_poles, (GLOBE,)),
    "SpherePosition": Case(layer(SpherePosition, Grid.latlon()), (GLOBE_LAST,)),
    "Halve": Case(layer(Halve, PLANE), (FIELD,)),
    "Double": Case(lambda: Fixed(Double(PLANE), (2 * SHAPE[0], 2 * SHAPE[1])), (FIELD,)),
    "Patches": Case(layer(Patches, PLANE, (4, 6), 2), (LAST,)),
    "PatchHead": Case(tokens_to_plane, (LAST,)),
    "ModeMLP": Case(layer(ModeMLP, CHANNELS, 2, MODES, PLANE.axes), (LAST,)),
    "TokenBlock": Case(
        lambda: TokenBlock(CHANNELS, ModeMLP(CHANNELS, 2, MODES, PLANE.axes)), (LAST,)
    ),
    "ChannelMLP": Case(layer(ChannelMLP, CHANNELS, 16, CHANNELS), (LAST,)),
    "Coordinates": Case(layer(Coordinates, PLANE), (FIELD,)),
    "Position": Case(layer(Position, WALLS), (FIELD,)),
    "FiLM": Case(layer(FiLM, 3, CHANNELS), (FIELD, (2, 3))),
    "BoundaryPadding": Case(layer(BoundaryPadding, WALLS, 2), (FIELD,)),
    "PaddedConv": Case(layer(PaddedConv, CHANNELS, CHANNELS, PLANE), (FIELD,)),
    "HalvingConv": Case(layer(HalvingConv, CHANNELS, CHANNELS, PLANE), (FIELD,)),
    "DoublingConv": Case(Doubled, (FIELD,)),
    "ConvNeXtBlock": Case(layer(visible, CHANNELS, PLANE), (FIELD,)),
    "UnitNorm": Case(layer(UnitNorm, CHANNELS), (FIELD,)),
    "ResidualBlock": Case(layer(ResidualBlock, CHANNELS, 2 * CHANNELS, PLANE), (FIELD,)),
    "DifferenceConv": Case(layer(DifferenceConv, CHANNELS, CHANNELS, PLANE), (FIELD,)),
    "IntegralConv": Case(layer(IntegralConv, CHANNELS, CHANNELS, PLANE, 0.1), (FIELD,)),
    "DiscoConv": Case(layer(DiscoConv, CHANNELS, CHANNELS, GAUSS, 0.2), (GLOBE,)),
    "SphereDifference": Case(layer(SphereDifference, CHANNELS, CHANNELS, GAUSS), (GLOBE,)),
    "LocalOperator": Case(layer(LocalOperator, CHANNELS, 4, PLANE, 0.1), (LAST,)),
    "LocalBlock": Case(
        lambda: LocalBlock(block(), LocalOperator(CHANNELS, 4, PLANE, 0.1)), (LAST,)
    ),
}


def pair(grid: Grid, bases: tuple[Basis, Basis]) -> dict[str, Case]:
    """Return analysis and synthesis in a basis of the plane."""
    sizes = tuple(basis.size for basis in bases)
    return {
        "analyze": Case(lambda: lambda x: analyze(x, bases, MODES, grid.axes), (LAST,)),
        "synthesize": Case(
            lambda: lambda c: synthesize(c, bases, MODES, grid.axes, SHAPE),
            ((2, *sizes, CHANNELS),),
        ),
    }


def sphere(grid: Grid, degrees: int = 20) -> dict[str, Case]:
    """Return analysis and synthesis in spherical harmonics."""

    def synthesis(c: Tensor) -> Tensor:
        order, degree = torch.arange(degrees), torch.arange(degrees)
        there = (degree >= order[:, None]).to(c)[:, :, None, None, None]
        return synthesize_sphere(c * there, grid, SPHERE)

    return {
        "analyze": Case(lambda: lambda x: analyze_sphere(x, grid, degrees, degrees), (GLOBE_LAST,)),
        "synthesize": Case(lambda: synthesis, ((degrees, degrees, 2, 2, CHANNELS),)),
    }


def mixing() -> nn.Module:
    """Return the mixing of packed modes as a module with its weight."""
    conv = SpectralConv(CHANNELS, CHANNELS, MODES)
    assert conv.weight.shape[:2] == signed_sizes(MODES)
    conv.forward = lambda c: mix_packed(c, conv.weight, MODES, MODES)  # type: ignore[method-assign]
    return conv


TRANSFORMS = {
    f"{way}, {name}": case
    for name, cases in {
        "Fourier": pair(PLANE, (Fourier(8), Fourier(10))),
        "cosine and sine": pair(WALLS, (Cosine(8), Sine(10))),
        "padded Fourier": pair(OPEN, (Fourier(8, 1.25), Fourier(10))),
        "Gauss sphere": sphere(GAUSS),
        "sphere with poles": sphere(Grid.latlon()),
        "sphere of cells": sphere(Grid.latlon(False, False)),
    }.items()
    for way, case in cases.items()
} | {
    "resample, plane": Case(lambda: lambda x: resample(x, PLANE, (48, 27)), (FIELD,)),
    "resample, walls": Case(lambda: lambda x: resample(x, WALLS, (48, 27)), (FIELD,)),
    "resample, sphere": Case(lambda: lambda x: resample(x, GAUSS, (32, 64)), (GLOBE,)),
    "mix": Case(mixing, (PACKED,)),
}
CASES = LAYERS | TRANSFORMS


def public_layers() -> set[str]:
    """Return the names of all concrete modules defined in ``neurop.layers``."""
    found = set()
    for info in pkgutil.walk_packages(neurop.layers.__path__, "neurop.layers."):
        if info.name.startswith("neurop.layers.routing."):
            continue  # they count cells
        module = importlib.import_module(info.name)
        found |= {
            name
            for name, kind in vars(module).items()
            if isinstance(kind, type)
            and issubclass(kind, nn.Module)
            and kind.__module__ == info.name
            and not inspect.isabstract(kind)
        }
    return found


def relative(got: Tensor, exact: Tensor) -> float:
    """Return the relative L2 error; of a tensor that must be 0, the norm."""
    size = float(exact.double().norm())
    error = float((got.double() - exact.double()).norm())
    return error / size if size else error


def errors(case: Case, seed: int, autocast: bool = False) -> tuple[float, float]:
    """Return the relative errors of the values, and the largest of all gradients, against float64.

    The gradients are those of a random functional of the values, in the inputs and parameters.
    """
    call, inputs = case.build(seed)
    results: list[list[Tensor]] = []
    up: Tensor | None = None
    for dtype in (torch.float32, torch.float64):
        given = [x.to(dtype).requires_grad_() for x in inputs]
        parameters = []
        if isinstance(call, nn.Module):
            call = call.to(dtype)
            parameters = [p for p in call.parameters() if p.requires_grad]
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast and dtype == torch.float32):
            y = call(*given)
        if up is None:
            up = torch.randn(y.shape)
        wanted = [*given, *parameters]
        found = torch.autograd.grad(y, wanted, up.to(y.dtype), materialize_grads=True)
        results.append([y.detach(), *(g.detach().clone() for g in found)])
    value, *slopes = (relative(got, exact) for got, exact in zip(*results, strict=True))
    return value, max(slopes, default=math.nan)
