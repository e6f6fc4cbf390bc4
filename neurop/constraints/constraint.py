"""The interface of a constraint, and what it may look at."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from neurop.errors import InputError, nearest
from neurop.fields.fieldset import Field
from neurop.fields.normalizer import Normalizer
from neurop.geometry.grid import Grid


@dataclass(frozen=True)
class Context:
    """What a constraint may look at.

    Parameters
    ----------
    grid
        Axes, boundaries and cell measure.
    outputs
        The predicted fields, one per channel.
    norm
        Mean and deviation of the predicted fields over the training set.
    is_state
        Whether the outputs are the next state of the inputs, rather than other fields.
    """

    grid: Grid
    outputs: tuple[Field, ...]
    norm: Normalizer
    is_state: bool


class Constraint(ABC):
    """A map from a prediction to one that satisfies a condition; differentiable, and applied twice
    the same as once.

    A subclass is a frozen dataclass of plain values, which a saved surrogate keeps under the
    registered name of the class.
    """

    rank: ClassVar[int] = 50
    """Constraints are applied in the order of their ranks: 0 changes the shape of a field, 100
    restores exact totals.
    """

    @abstractmethod
    def __call__(self, y: Tensor, last: Tensor, context: Context) -> Tensor:
        """Return the prediction that is held to the condition.

        Parameters
        ----------
        y
            ``(batch, channels, *grid)``, in physical units.
        last
            Last frame that went in, ``(batch, channels, *grid)``, on a grid of any size; of a map
            the last inputs.
        context
            Grid, fields and normaliser.
        """

    def check(self, context: Context) -> None:  # noqa: B027 - most hold anywhere
        """Raise InputError if the constraint has no meaning for these fields or this grid."""


def chosen(names: Sequence[str], context: Context, key: str) -> list[bool]:
    """Return for each output whether it is named; raise InputError for a name that no output
    has.
    """
    known = [field.name for field in context.outputs]
    for name in names:
        if name not in known:
            raise InputError.of(key, tuple(names), f"no field '{name}'; {nearest(name, known)}")
    return [name in names for name in known]
