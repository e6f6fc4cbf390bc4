"""Normalisation of the network's inputs and outputs to mean 0 and deviation 1."""

from __future__ import annotations

from dataclasses import dataclass

from neurop.fields.fieldset import FieldSet
from neurop.fields.normalizer import Normalizer
from neurop.fields.statistics import summary


@dataclass(frozen=True)
class Standardize:
    r"""Subtract the mean of each field and divide by its standard deviation, over the training set.

    Parameters
    ----------
    pointwise
        Subtract from the input the mean at each point, such as a climatology, instead of one mean
        per field.
    """

    pointwise: bool = False

    def fit(self, train: FieldSet, increments: bool) -> tuple[Normalizer, Normalizer]:
        """Return the normalisers of inputs and outputs.

        Parameters
        ----------
        train
            Training split; no other data are used.
        increments
            Whether the network predicts the change from frame to frame.

        Raises
        ------
        InputError
            If a field is constant.
        """
        found = summary(train, self.pointwise)
        names, outputs = ([f.name for f in fields] for fields in (train.fields, train.outputs))
        inputs = Normalizer.of(found.values, train.grid, names)
        if train.targets is not None:
            return inputs, Normalizer.of(found.targets, train.grid, outputs)
        if not increments:
            return inputs, inputs
        return inputs, Normalizer.of(found.increments, train.grid, outputs)
