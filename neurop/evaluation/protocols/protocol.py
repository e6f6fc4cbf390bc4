"""The base class of protocols: checks of a surrogate that result in a table."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import xarray as xr

from neurop.fields.fieldset import FieldSet

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate


class Protocol(ABC):
    """A check of a surrogate on test data; ``neurop eval protocol=<name>`` runs it.

    A subclass is a frozen dataclass of plain values, with its name in the registry of
    :mod:`neurop.evaluation.protocols` and a file in ``conf/protocol``.
    """

    @abstractmethod
    def __call__(self, surrogate: Surrogate, test: FieldSet, batch_size: int = 16) -> xr.Dataset:
        """Return the table.

        Parameters
        ----------
        surrogate
            Surrogate of any model.
        test
            Test data for it.
        batch_size
            Samples, or windows of an evolution, per call of the surrogate.

        Returns
        -------
        xarray.Dataset
            Variables along the only dimension, the columns of the table, whose coordinate names the
            rows; and variables without dimension, the results in short. Each has a ``long_name``;
            the attribute ``title`` says what the table shows.

        Raises
        ------
        InputError
            If the check does not apply to this surrogate or these data.
        """
