"""Surrogates whose answers are known in closed form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from neurop.card import Card
from neurop.fields import Field, FieldSet
from neurop.fields.times import Times
from neurop.geometry.grid import Grid
from neurop.models import Operator
from neurop.problems import Evolution, Map
from neurop.registry import Spec
from neurop.surrogate import Surrogate


class Analytic(Surrogate):
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
        nn.Module.__init__(self)
        self.function = function
        self.net, self.output_norm = Operator(), nn.Identity()  # never asked for an output
        problem = Map() if data.has_targets else Evolution(history, increments=False)
        card = Card.of(data, Spec("analytic"), problem)
        shape = tuple(train_shape or data.shape)
        self.card = replace(card, sampling=replace(card.sampling, shape=shape, step=step))
        values = data.values[:] if data.targets is None else data.targets[:]
        self.deviations = torch.from_numpy(values.std((0, 1, *range(3, values.ndim))))

    @property
    def scale(self) -> Tensor:
        return self.deviations

    def forward(
        self, x: Tensor, grid: Sequence[int] | None = None, given: Tensor | None = None
    ) -> Tensor:
        assert grid is None
        return self.function(x)


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
            times=Times(interval * np.arange(frames), "s"),
            source="waves",
        )

    return make
