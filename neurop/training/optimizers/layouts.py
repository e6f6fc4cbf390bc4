"""Which weights of a network are matrices, and which belong to its first and last layers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from torch import Tensor, nn

from neurop.layers.coefficients.block import CoefficientBlock
from neurop.layers.conditioning.film import FiLM
from neurop.layers.equivariant.linear import GroupLinear
from neurop.layers.factorized.tensor_train import TensorTrain
from neurop.layers.factorized.tucker import Tucker
from neurop.layers.filters.dense import DenseFilter
from neurop.layers.filters.dynamic import DynamicFilter
from neurop.layers.filters.generator import Generator
from neurop.layers.local.difference_conv import DifferenceConv
from neurop.layers.local.disco import DiscoConv
from neurop.layers.local.integral_conv import IntegralConv
from neurop.layers.local.sphere_difference import SphereDifference
from neurop.layers.spectral.axis_conv import AxisConv
from neurop.layers.spectral.spectral_conv import SpectralConv
from neurop.layers.spectral.spherical_conv import SphericalConv
from neurop.layers.tokens.mode_mlp import ModeMLP
from neurop.models.operator import Operator
from neurop.training.optimizers.matrix import Matrix

LAST_TWO = Matrix((-2,), (-1,))
"""Real matrices ``(*stack, rows, columns)``."""
PAIRED = Matrix((-3,), (-1,), -2)
"""Complex matrices ``(*stack, rows, 2, columns)``."""
ENDS = ("lift", "embed", "enter", "project", "head", "leave")
"""Names of the first and of the last layer of a network."""
_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)


def _modes(layer: Any) -> Iterable[tuple[Any, Matrix]]:
    """One complex matrix per mode, or a real one where no axis is periodic."""
    weights = layer.weights if isinstance(layer, AxisConv) else [layer.weight]
    for weight in weights:
        if isinstance(weight, Tensor):  # a factorised one is a module of its own
            axes = 1 if isinstance(layer, AxisConv) else len(layer.bases)
            yield weight, PAIRED if weight.ndim == axes + 3 else LAST_TWO


def _coefficients(layer: Any) -> Iterable[tuple[Any, Matrix]]:
    yield from _modes(layer)
    for weight in (*layer.spread, *layer.gather):
        yield weight, LAST_TWO


def _kernel(layer: Any) -> Iterable[tuple[Any, Matrix]]:
    """The map from a patch of the input to a point, or from a point to a patch of the output."""
    if getattr(layer, "groups", 1) == 1:  # those of the channels one by one are no matrices
        yield layer.weight, Matrix((0,), tuple(range(1, layer.weight.ndim)))


def _train(layer: Any) -> Iterable[tuple[Any, Matrix]]:
    """One matrix between two bonds per mode; those of the last axis are complex."""
    *cores, last, end = layer.cores
    for core in (*cores, end):
        yield core, Matrix((0,), (-1,))
    yield last, Matrix((0,), (3,), 2)


def _tucker(layer: Any) -> Iterable[tuple[Any, Matrix]]:
    yield layer.core, PAIRED
    for factor in layer.factors:
        yield factor, LAST_TWO


_TABLE: list[tuple[tuple[type, ...], Callable[[Any], Iterable[tuple[Any, Matrix]]]]] = [
    ((nn.Linear,), lambda layer: [(layer.weight, LAST_TWO)]),
    ((*_CONVOLUTIONS, *_TRANSPOSED, DifferenceConv, IntegralConv), _kernel),
    ((DiscoConv, SphereDifference), lambda layer: [(layer.weight, Matrix((2,), (0, 1)))]),
    ((GroupLinear,), lambda layer: [(layer.kernel, LAST_TWO)]),
    ((SpectralConv, AxisConv), _modes),
    ((SphericalConv, DenseFilter), lambda layer: [(layer.weight, PAIRED)]),
    ((CoefficientBlock,), _coefficients),
    ((Generator,), lambda layer: [(layer.forcing, PAIRED)]),
    ((DynamicFilter,), lambda layer: [(layer.features, PAIRED)]),
    ((ModeMLP,), lambda layer: [(layer.first, PAIRED), (layer.second, PAIRED)]),
    ((Tucker,), _tucker),
    ((TensorTrain,), _train),
]


def layouts(net: nn.Module) -> dict[Tensor, Matrix]:
    """Return the matrices of a network by their weight; weights that are none have no entry.

    A matrix is a map between channels, or between modes:

    - the weight ``(out, in)`` of a linear layer;
    - the kernel ``(out, in, ...)`` of a convolution as ``(out, in * points)``, but for kernels of
      single channels;
    - the complex matrix of each mode of a spectral weight ``(*modes, in, 2, out)``, the real one of
      ``(*modes, in, out)``;
    - the core of a Tucker factorisation as such a weight, its factors, and the cores of a tensor
      train as one matrix per mode.

    Biases, scales of norms, the terms of a CP factorisation, gains and phases of single modes,
    the numbers of an equivariant spectral weight and weights of other layers than those of neurop
    and the linear ones and convolutions of PyTorch are no matrices.

    Examples
    --------
    >>> from neurop.models import FNO
    >>> net = FNO(1, 1, modes=(4, 4), width=8, depth=1)
    >>> found = layouts(net)
    >>> found[net.blocks[0].spectral.weight].sizes(net.blocks[0].spectral.weight.shape)
    (28, 2, 8, 8)
    >>> net.blocks[0].skip.bias in found
    False
    """
    return {
        weight: matrix
        for layer in net.modules()
        for kinds, matrices in _TABLE
        if isinstance(layer, kinds)
        for weight, matrix in matrices(layer)
    }


def ends(net: nn.Module) -> set[Tensor]:
    """Return the weights of first and last layers, and of those that take numbers of a sample.

    First and last are the parts of a :class:`neurop.models.Operator` with a name of :data:`ENDS`.

    Examples
    --------
    >>> from neurop.models import FNO
    >>> net = FNO(1, 1, modes=(4, 4), width=8, depth=1)
    >>> net.lift.weight in ends(net), net.blocks[0].skip.weight in ends(net)
    (True, False)
    """
    found: set[Tensor] = set()
    for layer in net.modules():
        outer = [getattr(layer, name, None) for name in ENDS] if isinstance(layer, Operator) else []
        for part in (*outer, layer if isinstance(layer, FiLM) else None):
            if isinstance(part, nn.Module):
                found.update(part.parameters())
    return found
