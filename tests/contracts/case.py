"""A small model and inputs for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from neurop.geometry.grid import Grid
from neurop.models import create
from neurop.models.operator import Operator


@dataclass(frozen=True)
class Case:
    """A small model: constructor arguments, its grid, a size that suits it, and what is known of
    it.
    """

    domain: Grid
    shape: tuple[int, ...]
    parameters: int
    """Count by the formula of the architecture."""
    resolved: dict[tuple[int, ...], tuple[int, ...]] = field(default_factory=dict)
    """Modes that grids of these sizes resolve; none of a model without modes."""
    refinement: float = 0.0
    """Bound of the change at shared points, relative to the output's deviation, where a smooth
    input comes on twice the points; of a model that is resolution-invariant.
    """
    arguments: dict[str, Any] = field(default_factory=dict)
    in_channels: int = 2
    out_channels: int = 3
    numbers: tuple[int, ...] = ()
    """Input channels that are numbers."""

    def model(self, name: str, seed: int = 0) -> Operator:
        torch.manual_seed(seed)
        sizes = self.in_channels, self.out_channels, self.domain, self.numbers
        return create(name, *sizes, **self.arguments)

    def noise(self, batch: int = 2, shape: Sequence[int] | None = None, seed: int = 0) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        return torch.randn(batch, self.in_channels, *(shape or self.shape), generator=generator)

    def smooth(self, shape: Sequence[int]) -> Tensor:
        """Return the same smooth function of the domain at any size: one wave per axis and
        channel, float64.
        """
        x = np.meshgrid(
            *[axis.points(n) for axis, n in zip(self.domain.axes, shape)], indexing="ij"
        )
        waves = [
            5 + 5 * sum(np.cos(2 * np.pi * (xi - 0.1 * (i + c))) for i, xi in enumerate(x)) / len(x)
            for c in range(self.in_channels)
        ]
        return torch.from_numpy(np.stack(waves))[None]

    def least(self, model: Operator) -> tuple[int, ...] | None:
        """Return the least size that resolves all modes of a model; None if the case's does not,
        or if the points of an axis are not known in closed form.
        """
        axes = range(len(self.shape))
        if model.modes is None or any(axis.layout == "gauss" for axis in self.domain.axes):
            return None
        most = max(self.shape) + 1
        least = []
        for axis in axes:
            sizes = [
                n
                for n in range(2, most)
                if model.resolved((n,) * len(axes))[axis] == model.modes[axis]
            ]
            least.append(sizes[0] if sizes else most)
        fits = all(n <= size for n, size in zip(least, self.shape, strict=True))
        return tuple(least) if fits else None

    def refined(self, level: int) -> tuple[tuple[int, ...], tuple[slice | int, ...]]:
        """Return a size with 2^level - 1 points between any two, and where the points that are
        common to all levels lie in it.

        Legendre-Gauss latitudes of two sizes have the equator in common, if both are odd.
        """
        pairs = [
            _refined(axis.layout, n, 2**level) for axis, n in zip(self.domain.axes, self.shape)
        ]
        return tuple(size for size, _ in pairs), tuple(where for _, where in pairs)


def _refined(layout: str, n: int, factor: int) -> tuple[int, slice | int]:
    if layout == "gauss":
        size = factor * n + 1 - (factor * n) % 2
        return size, size // 2
    assert layout != "cells"  # cells of two sizes have no point in common
    size = factor * n if layout == "left" else factor * (n - 1) + 1
    return size, slice(None, None, factor)
