"""Surrogates whose answers are known in closed form."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from neurop.fields import Field, FieldSet
from neurop.geometry.grid import Grid


class Analytic(nn.Module):
    """A surrogate that applies `function` to its input ``(batch, history*channel, *grid)``, in
    double precision.
    """

    def __init__(
        self,
        function: Callable[[Tensor], Tensor],
        data: FieldSet,
        train_shape: Sequence[int] | None = None,
        history: int = 1,
        step: float | None = None,
    ) -> None:
        super().__init__()
        self.function, self.history, self.step = function, history, step
        self.inputs, self.outputs, self.has_targets = data.fields, data.outputs, data.has_targets
        self.grid, self.train_shape = data.grid, tuple(train_shape or data.shape)
        self.step_unit, self.name = data.time_unit, "analytic"
        values = data.values[:] if data.targets is None else data.targets[:]
        self.scale = torch.from_numpy(values.std((0, 1, *range(3, values.ndim))))

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)

    def trajectory(self, frames: Tensor, steps: int) -> Tensor:
        made = []
        for _ in range(steps):
            made.append(self(frames.flatten(1, 2)))
            frames = torch.cat([frames[:, 1:], made[-1][:, None]], 1)
        return torch.stack(made, 1)


@pytest.fixture
def analytic() -> type[Analytic]:
    return Analytic


@pytest.fixture
def travelling() -> Callable[..., FieldSet]:
    """Return a maker of waves sin(2 pi k (x - t/16)) on n points: each frame is the one before
    moved by 1/16 of the domain.
    """

    def make(
        n: int = 32, frames: int = 9, wavenumbers: Sequence[int] = (1, 2, 3), interval: float = 1.0
    ) -> FieldSet:
        x, t = np.arange(n) / n, np.arange(frames) / 16
        u = np.stack([np.sin(2 * np.pi * k * (x - t[:, None])) for k in wavenumbers])[:, :, None]
        return FieldSet(
            u,
            (Field("u", "m s-1"),),
            Grid.periodic(1),
            times=interval * np.arange(frames),
            time_unit="s",
            source="waves",
        )

    return make
