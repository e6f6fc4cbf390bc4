"""The base class of guarantees: what it means that a band covers a field."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor


class Guarantee(ABC):
    r"""A score s of a forecast such that the band of relative half-width q covers it if s <= q.

    Bands are :math:`p \pm q\,m`, with p the prediction and m the modulation, the typical size of
    the error at each point. Subclasses are frozen dataclasses of plain values, which saved bands
    store with the registered name of the class.
    """

    @abstractmethod
    def scores(self, ratio: Tensor, weights: Tensor) -> Tensor:
        r"""Return the smallest q that covers each forecast, ``(forecast, lead, field)``.

        Parameters
        ----------
        ratio
            :math:`|y - p| / m`, ``(forecast, lead, field, *grid)``; 0 outside the domain, NaN at
            leads without a truth.
        weights
            Cell measure of mean 1, 0 outside the domain, ``(forecast or 1, 1, 1, *grid)``.
        """

    @property
    @abstractmethod
    def statement(self) -> str:
        """What holds with the probability of the level, for one field."""
