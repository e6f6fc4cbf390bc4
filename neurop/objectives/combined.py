"""Several objectives at once, such as data and an equation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from neurop.errors import InputError
from neurop.objectives.objective import Objective
from neurop.physics.equations.equation import Equation

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate
    from neurop.transforms.transform import Batch


class Combined(Objective):
    r"""Weighted sum of objectives, :math:`\sum_i w_i L_i`.

    An objective that reads targets is evaluated on the samples that have some; without one in the
    batch it is 0. A target without values is NaN (:meth:`neurop.fields.windows.Windows.labelled`).

    Parameters
    ----------
    objectives
        Objectives by name.
    weights
        Weights by the same names, 0 or more; 1 where none is given.

    Raises
    ------
    InputError
        If there is no objective, or a weight is negative or has another name.

    Examples
    --------
    >>> from neurop.objectives.regression import Regression
    >>> from neurop.objectives.residual import Residual
    >>> objective = Combined({"data": Regression(), "equation": Residual()}, {"equation": 0.5})
    >>> objective.weights
    {'data': 1.0, 'equation': 0.5}

    References
    ----------
    Li et al., Physics-informed neural operator for learning partial differential equations, 2021,
    arXiv:2111.03794.
    """

    takes_missing_targets: ClassVar[bool] = True

    def __init__(
        self, objectives: Mapping[str, Objective], weights: Mapping[str, float] | None = None
    ) -> None:
        super().__init__()
        given = dict(weights or {})
        if not objectives:
            raise InputError.of("objectives", dict(objectives), "give one or more")
        for name, weight in given.items():
            if name not in objectives or not weight >= 0:
                remedy = f"give a number from 0 on for one of {', '.join(objectives)}"
                raise InputError.of(f"weights.{name}", weight, remedy)
        self.parts = nn.ModuleDict(dict(objectives))
        self.weights = {name: float(given.get(name, 1.0)) for name in objectives}

    @property
    def extra_frames(self) -> int:
        """Largest number of extra frames of the parts."""
        return max(part.extra_frames for part in self._each().values())

    def bind(self, equation: Equation | None) -> None:
        """Give the equation of a data set to the parts."""
        for part in self._each().values():
            part.bind(equation)

    def check(self, surrogate: Surrogate) -> None:
        """Raise InputError if a part cannot train the surrogate."""
        for part in self._each().values():
            part.check(surrogate)

    def forward(
        self, surrogate: Surrogate, batch: Batch, rng: np.random.Generator
    ) -> dict[str, Tensor]:
        """Return the weighted loss of each part, under the same names for every batch."""
        terms = {}
        for key, part in self._each().items():
            chosen = labelled(batch) if part.needs_targets else batch
            terms[key] = batch["input"].new_zeros(())
            if len(chosen["input"]):
                found = part(surrogate, chosen, rng)
                terms[key] = self.weights[key] * torch.stack(list(found.values())).sum()
        return terms

    def scores(
        self, surrogate: Surrogate, batch: Batch, rng: np.random.Generator
    ) -> dict[str, Tensor]:
        """Return the scores of all parts."""
        found: dict[str, Tensor] = {}
        for part in self._each().values():
            found |= part.scores(surrogate, batch, rng)
        return found

    def _each(self) -> dict[str, Objective]:
        return {name: part for name, part in self.parts.items() if isinstance(part, Objective)}


def labelled(batch: Batch) -> Batch:
    """Return the samples of a batch that have targets."""
    there = ~torch.isnan(batch["target"]).flatten(1).any(1)
    return batch if there.all() else {name: values[there] for name, values in batch.items()}
