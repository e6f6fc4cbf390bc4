"""Which layers are kept, and by which recipe others are converted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from neurop.convert.attention import IntegralAttention
from neurop.convert.conv import BoundaryConv, TorchConv, check_same
from neurop.convert.norm import IntegralNorm
from neurop.convert.resample import Down, Up
from neurop.convert.scale import Scale
from neurop.errors import InputError
from neurop.layers.coefficients.unet import CoefficientUNet
from neurop.layers.local.conv import DoublingConv, HalvingConv, PaddedConv
from neurop.layers.local.resize import Double, Halve

Points = tuple[int, ...]
Shapes = dict[str, tuple[Points, Points]]
"""Name of a module, to the points per axis of its input and its output in the training."""
Recipe = Callable[[Any, str, tuple[Points, Points] | None, Scale], nn.Module]

_CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
_POINTWISE = (
    nn.Identity, nn.Linear, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.ReLU,
    nn.ReLU6, nn.GELU, nn.SiLU, nn.Mish, nn.ELU, nn.SELU, nn.CELU, nn.LeakyReLU, nn.PReLU,
    nn.Softplus, nn.Softsign, nn.Tanh, nn.Sigmoid, nn.Hardtanh, nn.Hardswish, nn.Hardsigmoid,
    nn.LogSigmoid,
)  # fmt: skip
_BATCH = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
_INSTANCE = (nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d)
_CONV = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
_POOLS = (
    nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d, nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d,
    nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d, nn.AdaptiveMaxPool1d,
    nn.AdaptiveMaxPool2d, nn.AdaptiveMaxPool3d,
)  # fmt: skip


def is_container(module: nn.Module) -> bool:
    """Return whether a module of PyTorch only holds others."""
    return isinstance(module, _CONTAINERS)


def is_ours(module: nn.Module) -> bool:
    """Return whether a module is of neurop, whose own weights are pointwise or of functions."""
    return type(module).__module__.startswith("neurop.")


def is_kept(module: nn.Module) -> bool:
    """Return whether a layer is the same at every resolution.

    Batch normalisation is so with the statistics of the training, and layer normalisation over the
    channels of each point.
    """
    if isinstance(module, nn.LayerNorm):
        return len(module.normalized_shape) == 1
    return isinstance(module, (*_POINTWISE, *_BATCH, CoefficientUNet))


def recipe_of(module: nn.Module) -> Recipe | None:
    """Return the recipe of a layer, or None."""
    return next((recipe for kinds, recipe in _RECIPES if isinstance(module, kinds)), None)


def _conv(module: Any, name: str, shapes: tuple[Points, Points] | None, scale: Scale) -> nn.Module:
    before, after = _known(module, name, shapes)
    if set(module.stride) != {1}:
        return _down(module, name, shapes, scale)
    check_same(name, module, before, after)
    return TorchConv(module, before, scale)


def _padded(
    module: Any, name: str, shapes: tuple[Points, Points] | None, scale: Scale
) -> nn.Module:
    return BoundaryConv(module, _known(module, name, shapes)[0], scale)


def _down(module: Any, name: str, shapes: tuple[Points, Points] | None, scale: Scale) -> nn.Module:
    before, after = _known(module, name, shapes)
    _check_levels(module, name, before, after, scale)
    return Down(module, before, scale)


def _up(module: Any, name: str, shapes: tuple[Points, Points] | None, scale: Scale) -> nn.Module:
    before, after = _known(module, name, shapes)
    _check_levels(module, name, after, before, scale)
    return Up(module, after, scale)


def _norm(module: Any, name: str, shapes: tuple[Points, Points] | None, scale: Scale) -> nn.Module:
    if getattr(module, "track_running_stats", False):
        return module  # pointwise, as batch normalisation
    return IntegralNorm(module, scale)


def _attention(
    module: Any, name: str, shapes: tuple[Points, Points] | None, scale: Scale
) -> nn.Module:
    return IntegralAttention(module, scale)


def _known(
    module: nn.Module, name: str, shapes: tuple[Points, Points] | None
) -> tuple[Points, Points]:
    """Return the shapes of a layer; raise InputError if it has none."""
    if shapes is None:
        remedy = "is not called as a layer from fields to fields on the example; remove it"
        raise InputError.of(name, type(module).__name__, remedy)
    return shapes


def _check_levels(module: nn.Module, name: str, fine: Points, coarse: Points, scale: Scale) -> None:
    """Raise InputError unless a layer leads from one grid of the network to a coarser one."""
    on_input = [n == m for n, m in zip(fine, scale.trained, strict=True)]
    if any(n == m for n, m in zip(coarse, scale.trained, strict=True)) or (
        any(on_input) and not all(on_input)
    ):
        remedy = f"between {fine} and {coarse} points: all axes must be coarsened, or none"
        raise InputError.of(name, type(module).__name__, remedy)


_RECIPES: tuple[tuple[Any, Recipe], ...] = (
    (PaddedConv, _padded),
    ((HalvingConv, Halve, *_POOLS), _down),
    ((DoublingConv, Double, nn.Upsample, *_TRANSPOSED), _up),
    (_CONV, _conv),
    ((nn.GroupNorm, *_INSTANCE), _norm),
    (nn.MultiheadAttention, _attention),
)
"""Kinds of layers and the recipe of each; of several the first."""
