"""Base classes of models: the interface of a network."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from torch import Tensor, nn

from neurop.errors import InputError, nearest
from neurop.models import REGISTRY
from neurop.registry import Spec

FROM_DATA = ("in_channels", "out_channels", "domain", "numbers")
"""Arguments that come from the data and are not part of a spec."""


class Operator(nn.Module):
    """Base class of neural operators: networks that map functions to functions.

    A model with modes, or with a band-limited output, overrides the defaults below.

    Attributes
    ----------
    citation
        Paper of the model, in one line; it is written into the card of a saved surrogate.
    resolution_invariant
        Whether the weights define one operator on functions, to which the outputs on finer grids
        converge. False for networks of local kernels, which belong to the grid of the training.
    converts
        Whether the networks among its arguments are made resolution-invariant by it.
    one_grid
        What in an exported graph belongs to one grid; empty if a graph can take any.
    modes
        Number of modes per axis; None for a network without modes.
    one_last_layer
        Whether every output is that of the same last layer.
    """

    citation: ClassVar[str] = ""
    resolution_invariant: bool = True
    converts: ClassVar[bool] = False
    one_grid: str = ""
    modes: tuple[int, ...] | None = None
    one_last_layer: bool = True

    def resolved(self, shape: Sequence[int]) -> tuple[int, ...] | None:
        """Return the number of the model's modes that a grid of `shape` points resolves, per axis.

        None for a network without modes.
        """
        return None

    def nyquist(self, shape: Sequence[int]) -> tuple[int, ...] | None:
        """Return the number of modes below the Nyquist frequency of a grid, per axis.

        None for a network without modes.
        """
        return None

    def truncated(self, y: Tensor) -> Tensor | None:
        """Return the possible output that is nearest to fields ``(batch, out_channels, *grid)``.

        None if the output is not band-limited.
        """
        return None

    def fit_inputs(self, inputs: Iterable[Tensor]) -> None:
        """Prepare a new network for the inputs of its training, before that; nothing by default.

        Parameters
        ----------
        inputs
            Batches ``(batch, in_channels, *grid)`` of normalised inputs of the training split, read
            one by one.
        """
        return

    @classmethod
    def spec(cls, **arguments: Any) -> Spec:
        """Return the registered name of this model and arguments of its constructor.

        Parameters
        ----------
        **arguments
            Arguments other than channels and domain, which come from the data.

        Raises
        ------
        InputError
            If the constructor has no such argument, the argument comes from the data, or the class
            is not registered.

        Examples
        --------
        >>> from neurop.models import FNO
        >>> FNO.spec(modes=16, width=24)
        Spec(name='fno', arguments={'modes': 16, 'width': 24})
        """
        known = inspect.signature(cls).parameters
        free = [name for name in known if name not in FROM_DATA]
        anything = any(p.kind is p.VAR_KEYWORD for p in known.values())
        for name, value in arguments.items():
            if name in FROM_DATA:
                raise InputError.of(name, value, "comes from the data; leave it out")
            if name not in known and not anything:
                remedy = f"{cls.__name__} has no such argument; {nearest(name, free)}"
                raise InputError.of(name, value, remedy)
        return Spec(REGISTRY.name_of(cls), arguments)


class GridOperator(Operator, ABC):
    """Base class of networks that map fields on a grid to fields on the same grid.

    A subclass takes ``in_channels``, ``out_channels`` and ``domain``, then its own arguments.

    Shape
    -----
    ``(batch, in_channels, *grid) -> (batch, out_channels, *grid)``, at any resolution; the output
    converges where the grid is refined unless `resolution_invariant` is False.

    Examples
    --------
    >>> class Pointwise(GridOperator):
    ...     def __init__(self, in_channels, out_channels, domain):
    ...         super().__init__()
    ...         self.linear = nn.Linear(in_channels, out_channels)
    ...
    ...     def forward(self, x):
    ...         return self.linear(x.movedim(1, -1)).movedim(-1, 1)
    >>> Pointwise(2, 1, None).modes is None
    True
    """

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Return the output fields on the input's grid."""
