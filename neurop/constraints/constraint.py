"""The base class of constraints, and the context in which they are applied."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from neurop.errors import InputError, nearest
from neurop.fields.field import Field
from neurop.fields.normalizer import Normalizer
from neurop.geometry.grid import Grid
from neurop.metrics.measure import Measure, Weights


@dataclass(frozen=True)
class Context:
    """Grid, fields and statistics of the predictions, for constraints.

    Parameters
    ----------
    grid
        Axes, boundaries and cell measure.
    outputs
        Predicted fields, one per channel.
    norm
        Mean and standard deviation of the predicted fields over the training set.
    is_state
        Whether the outputs are the next state of the inputs, rather than other fields.
    inside
        Cells of the domain, ``(batch, *grid)``; None for all cells of the grid.
    """

    grid: Grid
    outputs: tuple[Field, ...]
    norm: Normalizer
    is_state: bool
    inside: Tensor | None = None

    def measure(self, like: Tensor) -> Weights:
        """Return the cell measure of the domain, for fields ``(batch, channels, *grid)``."""
        cells = self.grid.measure(like.shape[2:], like)
        return cells if self.inside is None else Measure(cells, self.inside)


class Constraint(ABC):
    r"""A differentiable projection C of predictions onto those that satisfy a condition.

    .. math:: C(C(y)) = C(y)

    A subclass is a frozen dataclass of plain values, which a saved surrogate stores with the
    registered name of the class.
    """

    rank: ClassVar[int] = 50
    """Order in which constraints are applied: from 0, changes of the shape of a field, to 100,
    exact totals.
    """

    @abstractmethod
    def __call__(self, y: Tensor, last: Tensor, context: Context) -> Tensor:
        """Return the prediction that satisfies the condition, ``(batch, channels, *grid)``.

        Parameters
        ----------
        y
            Prediction ``(batch, channels, *grid)``, in physical units.
        last
            Last input frame ``(batch, channels, *grid)``, at any resolution; the last input
            channels of a map.
        context
            Grid, fields and normaliser.
        """

    def check(self, context: Context) -> None:  # noqa: B027 - most hold anywhere
        """Raise InputError if the constraint does not apply to these fields or this grid."""


def chosen(names: Sequence[str], context: Context, key: str) -> list[bool]:
    """Return for each output whether it is named; raise InputError for an unknown name."""
    known = [field.name for field in context.outputs]
    for name in names:
        if name not in known:
            raise InputError.of(key, tuple(names), f"no field '{name}'; {nearest(name, known)}")
    return [name in names for name in known]
