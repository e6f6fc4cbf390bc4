"""The mean field of the training data."""

from __future__ import annotations

import torch
from torch import Tensor

from neurop.evaluation.baselines.baseline import Baseline
from neurop.fields.fieldset import FieldSet
from neurop.fields.standardize import Standardize
from neurop.fields.statistics import Moments, counted
from neurop.problems import Problem
from neurop.spectral import resample


class Climatology(Baseline):
    r"""The mean over the training data at each point, whatever the input.

    Its parameters are those of :class:`Baseline`.

    Examples
    --------
    >>> import numpy as np
    >>> from neurop import Field, FieldSet, Grid
    >>> a, u = np.random.randn(2, 6, 1, 1, 8)
    >>> data = FieldSet(a, (Field("a"),), Grid.periodic(1), u, (Field("u"),))
    >>> predicted = Climatology.fit(data, data)(torch.from_numpy(a[:, 0]))
    >>> bool(np.allclose(predicted, u[:, 0].mean(0)))
    True
    """

    label = "climatology"
    mean: Tensor

    def __init__(
        self,
        train: FieldSet,
        problem: Problem | None = None,
        normalizer: Standardize | None = None,
    ) -> None:
        super().__init__(train, problem, normalizer)
        moments = Moments(pointwise=True)
        values = train.values if train.targets is None else train.targets
        for _, _, block, inside in counted(train, values):
            moments.update(block, inside)
        self.register_buffer("mean", torch.from_numpy(moments.mean))

    def predicted(self, x: Tensor, given: Tensor | None) -> Tensor:
        """Return the mean for each sample of `x`."""
        mean = self.mean
        if mean.shape[1:] != x.shape[2:]:
            mean = resample(mean[None], self.card.grid, tuple(x.shape[2:]))[0]
        return mean.expand(len(x), *mean.shape)

    def parameters_count(self) -> int:
        """Return the number of fitted values."""
        return self.mean.numel()
