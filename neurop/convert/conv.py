"""Convolutions whose kernels keep their physical size on every grid."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from neurop.convert.scale import Scale
from neurop.convert.taps import stretch
from neurop.errors import InputError
from neurop.layers.local.boundary_padding import pad_axis

_APPLY = (functional.conv1d, functional.conv2d, functional.conv3d)


class StretchedConv(nn.Module, ABC):
    r"""Convolution of stride 1 with taps at physical offsets.

    .. math:: y(x) = b + \sum_k W_k\, (A v)(x + k h_0)

    with :math:`h_0` the spacing of the training grid, and A the value at a point or the mean over a
    cell of the training (:func:`neurop.convert.taps.tap_weights`). On the training grid it is the
    trained layer itself, bit for bit; elsewhere the discretisation has order 2. With taps that meet
    points (``points``, on a multiple of the training grid) it is a dilated convolution, at the cost
    per point of the trained one.

    Parameters
    ----------
    module
        The trained layer.
    trained
        Points per axis of its input in the training.
    scale
        Grids of the network.
    """

    def __init__(self, module: nn.Module, trained: Sequence[int], scale: Scale) -> None:
        super().__init__()
        self.module, self.trained, self.scale = module, tuple(trained), scale

    @property
    def conv(self) -> Any:
        """The convolution itself."""
        return self.module

    @abstractmethod
    def offsets(self) -> list[list[int]]:
        """Return the offsets of the taps along each axis, in spacings of the training grid."""

    @abstractmethod
    def pad(self, x: Tensor, before: Sequence[int], after: Sequence[int]) -> Tensor:
        """Return fields with points before the first and after the last one of each axis."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the convolution on the input's grid."""
        shape = tuple(x.shape[2:])
        if shape == self.trained:
            y: Tensor = self.module(x)
            return y
        conv, offsets = self.conv, self.offsets()
        ratios = [self.scale.ratio(i, a, b) for i, (a, b) in enumerate(zip(self.trained, shape))]
        kernel, spread = conv.weight, [1] * len(shape)
        if self.scale.rule == "points" and all(r == round(r) for r in ratios):
            spread = [d * round(r) for d, r in zip(conv.dilation, ratios, strict=True)]
            first = [round(r) * z[0] for r, z in zip(ratios, offsets, strict=True)]
        else:
            kernel, first = stretch(kernel, offsets, ratios, self.scale.rule)
        reach = [d * (k - 1) for d, k in zip(spread, kernel.shape[2:], strict=True)]
        # A kernel may lie on one side of its point.
        before = [max(-z, 0) for z in first]
        after = [max(z + r, 0) for z, r in zip(first, reach, strict=True)]
        x = self.pad(x, before, after)
        for dim, (z, r, n) in enumerate(zip(first, reach, shape, strict=True), start=2):
            x = x.narrow(dim, max(z, 0), n + r)
        apply = _APPLY[len(shape) - 1]
        return apply(x, kernel, conv.bias, dilation=spread, groups=conv.groups)


class TorchConv(StretchedConv):
    """Convolution of PyTorch, padded by its ``padding_mode``: zeros remain zeros outside.

    Examples
    --------
    >>> import torch
    >>> from neurop import Grid
    >>> conv = nn.Conv1d(1, 1, 3, padding=1, padding_mode="circular")
    >>> scale = Scale(Grid.periodic(1), (8,))
    >>> x = torch.randn(1, 1, 16)
    >>> there = TorchConv(conv, (8,), scale)(x)[..., ::2]  # every second point: as in the training
    >>> torch.allclose(there, conv(x[..., ::2]), atol=1e-6)
    True
    """

    def offsets(self) -> list[list[int]]:
        """Return the offsets of the taps along each axis."""
        sizes = zip(self.conv.kernel_size, self.conv.dilation, _left(self.conv), strict=True)
        return [[d * k - left for k in range(size)] for size, d, left in sizes]

    def pad(self, x: Tensor, before: Sequence[int], after: Sequence[int]) -> Tensor:
        """Return padded fields."""
        mode = self.conv.padding_mode
        widths = [w for pair in zip(reversed(before), reversed(after), strict=True) for w in pair]
        return functional.pad(x, widths, "constant" if mode == "zeros" else mode)


class BoundaryConv(StretchedConv):
    """Convolution of neurop, padded by the boundary of each axis."""

    @property
    def conv(self) -> Any:
        """The convolution itself."""
        return self.module.conv

    def offsets(self) -> list[list[int]]:
        """Return the offsets of the taps along each axis."""
        return [list(range(-(n // 2), n // 2 + 1)) for n in self.conv.kernel_size]

    def pad(self, x: Tensor, before: Sequence[int], after: Sequence[int]) -> Tensor:
        """Return padded fields."""
        for index, widths in enumerate(zip(before, after, strict=True)):
            x = pad_axis(x, self.scale.domain, index, *widths)
        return x


def _left(conv: Any) -> Sequence[int]:
    """Return the padding before the first point of each axis."""
    if conv.padding == "same":
        return [d * (k - 1) // 2 for k, d in zip(conv.kernel_size, conv.dilation, strict=True)]
    return [0] * len(conv.kernel_size) if conv.padding == "valid" else conv.padding


def check_same(name: str, module: nn.Module, before: Sequence[int], after: Sequence[int]) -> None:
    """Raise InputError unless a layer of stride 1 has as many output as input points."""
    if tuple(before) != tuple(after):
        remedy = f"makes {tuple(after)} of {tuple(before)} points with stride 1; pad it to as many"
        raise InputError.of(name, type(module).__name__, remedy)
