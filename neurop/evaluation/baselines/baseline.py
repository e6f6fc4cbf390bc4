"""The base class of baselines."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import torch
from torch import Tensor, nn

from neurop.card import Card
from neurop.errors import InputError
from neurop.fields.fieldset import FieldSet
from neurop.fields.standardize import Standardize, fit_conditions
from neurop.problems import Problem, problem_of
from neurop.registry import Spec
from neurop.spectral import resample
from neurop.surrogate import Surrogate


class Baseline(Surrogate, ABC):
    """A surrogate without a network: the evaluations take it, and its errors are comparable.

    A subclass has a `label` and defines :meth:`predicted`; it computes in float64.

    Parameters
    ----------
    train
        Training split.
    problem
        Map or evolution; by default a map if the data have targets, else an evolution.
    normalizer
        Fit of the normalisers, whose deviations are the unit of the errors: that of the surrogates
        that it is compared with.
    """

    label: str

    def __init__(
        self,
        train: FieldSet,
        problem: Problem | None = None,
        normalizer: Standardize | None = None,
    ) -> None:
        nn.Module.__init__(self)
        problem = problem or problem_of(train)
        self.card = Card.of(train, Spec(self.label), problem)
        norms = (normalizer or Standardize()).fit(train, problem.increments)
        self.input_norm, self.output_norm = (norm.double() for norm in norms)
        given = fit_conditions(train)
        self.given_norm = None if given is None else given.double()
        self.eval()

    @classmethod
    def fit(
        cls,
        train: FieldSet,
        validation: FieldSet,
        problem: Problem | None = None,
        normalizer: Standardize | None = None,
    ) -> Self:
        """Return the baseline of a data set.

        Parameters
        ----------
        train, problem, normalizer
            Arguments of the class.
        validation
            Validation split, by which free parameters are chosen.

        Raises
        ------
        InputError
            If a field is constant.
        """
        return cls(train, problem, normalizer)

    @abstractmethod
    def predicted(self, x: Tensor, given: Tensor | None) -> Tensor:
        """Return the prediction ``(batch, out channels, *grid)`` on the grid of `x`, in float64."""

    def forward(
        self, x: Tensor, grid: Sequence[int] | None = None, given: Tensor | None = None
    ) -> Tensor:
        """Return the next state, or the mapped fields; see :meth:`Surrogate.forward`."""
        with torch.no_grad():
            y = self.predicted(x.double(), None if given is None else given.double())
        return y if grid is None else resample(y, self.card.grid, tuple(grid))

    def save(self, folder: str | Path, weights: Mapping[str, Tensor] | None = None) -> None:
        """Raise InputError: a baseline is fitted to the data when it is needed."""
        raise InputError.of("folder", str(folder), "a baseline is not saved; fit it to the data")
