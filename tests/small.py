"""Small data of which everything is known: sums of a few waves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from neurop.constraints.constraint import Constraint
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.fields.standardize import Standardize
from neurop.fields.times import Times
from neurop.geometry.grid import Grid
from neurop.models.operator import GridOperator
from neurop.problems import Problem
from neurop.registry import Spec
from neurop.surrogate import Surrogate

FIELDS = (Field("u", "m s-1", "velocity"), Field("p", "Pa", "pressure"))
# Offset and size of the two fields, far apart on purpose.
OFFSETS, SIZES = np.array([2.0, 1e3]), np.array([0.5, 30.0])
ARGUMENTS = {"modes": 3, "width": 6, "depth": 1}


def values(
    shape: Sequence[int], samples: int = 3, frames: int = 6, channels: int = 2, seed: int = 0
) -> NDArray[np.float64]:
    """Return ``(sample, time, channel, *grid)``: waves with at most 2 periods per axis, the same
    function at any shape.
    """
    rng = np.random.default_rng(seed)
    x = np.meshgrid(*[np.arange(n) / n for n in shape], indexing="ij")
    made = np.zeros((samples, frames, channels, *shape))
    for index in np.ndindex(made.shape[:3]):
        for _ in range(4):
            k, phase = rng.integers(-2, 3, len(shape)), rng.uniform(0, 2 * np.pi)
            made[index] += rng.normal() * np.cos(
                2 * np.pi * sum(ki * xi for ki, xi in zip(k, x)) + phase
            )
        made[index] = OFFSETS[index[2]] + SIZES[index[2]] * made[index]
    return made


def evolution(
    shape: Sequence[int] = (9, 8), channels: int = 2, grid: Grid | None = None, **more: Any
) -> FieldSet:
    """Return an evolution whose frames are 0.5 s apart, unless `more` says otherwise."""
    made = values(
        shape,
        channels=channels,
        **{k: more.pop(k) for k in ("samples", "frames", "seed") if k in more},
    )
    times = {"times": Times(0.5 * np.arange(made.shape[1]), "s")}
    return FieldSet(
        made,
        FIELDS[:channels],
        grid or Grid.periodic(len(shape)),
        **(times | {"source": "waves"} | more),
    )


def mapping(shape: Sequence[int] = (9, 8)) -> FieldSet:
    """Return a map from one field to two."""
    one, two = values(shape, frames=1, channels=1), values(shape, frames=1, seed=1)
    return FieldSet(one, (Field("a", "m"),), Grid.periodic(len(shape)), two, FIELDS, source="pairs")


def surrogate(
    train: FieldSet,
    seed: int = 0,
    arguments: dict[str, Any] = ARGUMENTS,
    problem: Problem | None = None,
    constraints: Sequence[Constraint] = (),
    normalizer: Standardize | None = None,
) -> Surrogate:
    """Return an untrained surrogate in evaluation mode."""
    torch.manual_seed(seed)
    spec = Spec("fno", arguments)
    return Surrogate.of(train, spec, problem, constraints, normalizer).eval()


class Scale(GridOperator):
    """Stands for a network: `factor` times its last channels."""

    def __init__(self, channels: int, factor: float = 3.0) -> None:
        super().__init__()
        self.channels, self.factor = channels, nn.Parameter(torch.tensor(factor))

    def forward(self, x: Tensor) -> Tensor:
        return self.factor * x[:, -self.channels :]
