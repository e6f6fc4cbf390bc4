"""Standardisation of the network's inputs and outputs: mean 0, standard deviation 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurop.fields.condition import Condition
from neurop.fields.fieldset import FieldSet
from neurop.fields.lazy import blocks
from neurop.fields.normalizer import Normalizer
from neurop.fields.statistics import Moments, summary


@dataclass(frozen=True)
class Standardize:
    r"""Standardisation: subtract the training mean and divide by the standard deviation.

    .. math:: z = (x - \mu) / \sigma

    Parameters
    ----------
    pointwise
        Whether the mean of the input is taken at each point (a climatology), instead of one mean
        per field.

    Examples
    --------
    >>> import numpy as np
    >>> from neurop import Field, FieldSet, Grid
    >>> states = np.arange(12.0).reshape(1, 3, 1, 4) ** 2
    >>> inputs, outputs = Standardize().fit(
    ...     FieldSet(states, (Field("u"),), Grid.periodic(1)), increments=True
    ... )
    >>> round(inputs.mean.item(), 2), round(outputs.mean.item(), 2)  # of states, of increments
    (42.17, 44.0)
    """

    pointwise: bool = False

    def fit(self, train: FieldSet, increments: bool) -> tuple[Normalizer, Normalizer]:
        """Return the normalisers of inputs and outputs.

        Parameters
        ----------
        train
            Training split; no other data are used.
        increments
            Whether the network predicts the change from frame to frame, whose statistics then
            normalise the output.

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
        changes = found.increments
        if train.diagnostics:
            # Their values are predicted, not their increments.
            values = summary(train).values
            chosen = np.array([name in train.diagnostics for name in names])
            changes = _moments(
                np.where(chosen, values.mean, changes.mean),
                np.where(chosen, values.variance(), changes.variance()),
            )
        return inputs, Normalizer.of(changes, train.grid, outputs)


def fit_conditions(train: FieldSet, others: Sequence[Condition] = ()) -> Normalizer | None:
    """Return the normaliser of the channels of the conditions of a set; None without any.

    A mask is not changed.

    Parameters
    ----------
    train
        Training set.
    others
        Further conditions, after those of the set.

    Raises
    ------
    InputError
        If a condition is constant.
    """
    found, names = [], []
    for one in (*train.conditions, *others):
        moments, domain = Moments(), train.inside
        if one.role == "mask":
            moments.update(np.array([-1.0, 1.0]).reshape(2, 1))
        elif domain is None or max(one.values.shape[3:]) == 1:
            for _, _, block in blocks(one.values):
                moments.update(block)
        else:
            shared = np.logical_or.reduce(domain)
            for sample, _, block in blocks(one.values):
                moments.update(block, domain[sample] if len(domain) == len(one.values) else shared)
        found += [moments] * len(one.channels)
        names += [one.field.name] * len(one.channels)
    if not found:
        return None
    means, variances = ([m.mean for m in found], [m.variance() for m in found])
    return Normalizer.of(
        _moments(np.concatenate(means), np.concatenate(variances)), train.grid, names
    )


def _moments(mean: NDArray[np.float64], variance: NDArray[np.float64]) -> Moments:
    made = Moments()
    made.count, made.mean, made.scatter = 1, mean, variance
    return made
