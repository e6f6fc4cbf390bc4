"""Ridge regression on the dominant modes of the input."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Self

import torch
from torch import Tensor

from neurop.errors import InputError
from neurop.evaluation.baselines.baseline import Baseline
from neurop.evaluation.baselines.modes import dominant_subspace
from neurop.evaluation.batches import check_compatible, iterate_pairs
from neurop.fields.fieldset import FieldSet
from neurop.fields.standardize import Standardize
from neurop.inference.diagnostics import base
from neurop.inference.domain import measure
from neurop.inference.network_input import network_input
from neurop.metrics.measure import Weights
from neurop.metrics.norms import relative_l2
from neurop.problems import Problem

RIDGES = (1e-14, 1e-10, 1e-8, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
"""Strengths of the ridge, as shares of the variance of the input."""
LARGEST = 512
"""Largest number of modes."""
BLOCK, STORED = 2**22, 2**25
"""Values of a block of examples, and of the modes, that are held at a time."""


class Linear(Baseline):
    r"""The best linear map from input to output that the data determine, in float64.

    .. math:: z_y = m_y + \sum_{i=1}^{r} \frac{\langle z_x - m_x, u_i \rangle}
       {s_i + \lambda S}\, c_i, \qquad
       c_i = \operatorname{mean}_n\, \langle z_x - m_x, u_i \rangle\, (z_y - m_y)

    with standardised inputs :math:`z_x` (all frames and conditions) of mean :math:`m_x`, outputs
    :math:`z_y` (the change of the state, if the problem has increments), the modes :math:`u_i` of a
    proper orthogonal decomposition of the inputs weighted by the cell measure, their variances
    :math:`s_i`, and the variance S of the inputs. The number of modes r and the ridge
    :math:`\lambda` are those of the smallest one-step error on the validation split. The outputs
    need no modes: the map has rank r. The data are read in blocks, and no matrix has the square of
    the number of points.

    Its parameters are those of :class:`Baseline`.

    Source: Hoerl and Kennard, Ridge regression, Technometrics 12 (1970) 55.

    Examples
    --------
    >>> import numpy as np
    >>> from neurop import Field, Grid
    >>> a = np.random.default_rng(0).normal(size=(40, 1, 1, 8))
    >>> fields = (Field("a"),), Grid.periodic(1), np.roll(a, 1, -1) - 3 * a, (Field("u"),)
    >>> data = FieldSet(a, *fields)
    >>> linear = Linear.fit(data.samples(slice(30)), data.samples(slice(30, None)))
    >>> linear.rank, bool(np.allclose(linear(torch.from_numpy(a[:, 0])), data.targets[:, 0]))
    (8, True)
    """

    label = "linear"
    mean_in: Tensor
    mean_out: Tensor
    modes: Tensor
    weights: Tensor

    def __init__(
        self,
        train: FieldSet,
        problem: Problem | None = None,
        normalizer: Standardize | None = None,
    ) -> None:
        super().__init__(train, problem, normalizer)
        self.size = self.card.in_channels * math.prod(train.shape)
        self.rank, self.ridge = 0, math.nan

    @classmethod
    def fit(
        cls,
        train: FieldSet,
        validation: FieldSet,
        problem: Problem | None = None,
        normalizer: Standardize | None = None,
    ) -> Self:
        """Return the map that fits the training split; see the class for the validation split."""
        made = cls(train, problem, normalizer)
        variances, total, maps = made._regress(train)
        made._choose(check_compatible(made, validation), variances, total, maps)
        return made

    def predicted(self, x: Tensor, given: Tensor | None) -> Tensor:
        """Return the linear map of frames and conditions.

        Raises
        ------
        InputError
            On another grid than that of the training, whose modes it has.
        """
        card = self.card
        if tuple(x.shape[2:]) != card.shape:
            remedy = f"the modes are on {list(card.shape)} points; give data on these"
            raise InputError.of("shape", tuple(x.shape[2:]), remedy)
        coefficients = (self._features(x, given) - self.mean_in) @ self.modes
        return self._physical(x, coefficients @ self.weights + self.mean_out)

    def parameters_count(self) -> int:
        """Return the number of fitted values."""
        parts = (self.mean_in, self.mean_out, self.modes, self.weights)
        return sum(part.numel() for part in parts)

    def _features(self, x: Tensor, given: Tensor | None) -> Tensor:
        """Return standardised inputs ``(batch, size)``; their squared norm is a mean over space."""
        z = network_input(self, x, None if given is None else given.to(x))
        cells = self.card.grid.measure(self.card.shape, z) / math.prod(self.card.shape)
        return (z * cells.sqrt()).flatten(1)

    def _physical(self, x: Tensor, z: Tensor) -> Tensor:
        channels = self.card.out_channels
        y = self.output_norm.inverse(z.view(len(x), channels, *self.card.shape))
        return y + base(self.card, x[:, -channels:]) if self.card.problem.increments else y

    def _pairs(self, data: FieldSet) -> Iterator[tuple[Tensor, Tensor, Weights, Tensor, Tensor]]:
        """Yield inputs, truths and their measure, features and normalised outputs, by blocks."""
        block = max(1, min(BLOCK // self.size, 1024))
        for x, y, given in iterate_pairs(self, data, block):
            x = x.double()
            last = base(self.card, x[:, -self.card.out_channels :])
            change = y - last if self.card.problem.increments else y
            weights = measure(self.card, y, given)
            yield x, y, weights, self._features(x, given), self.output_norm(change).flatten(1)

    def _regress(self, train: FieldSet) -> tuple[Tensor, float, Tensor]:
        """Find means and modes; return variances, the variance S and the regressions of modes."""
        count, sums = 0, [torch.zeros(()), torch.zeros(())]
        for _, _, _, features, outputs in self._pairs(train):
            sums = [sums[0] + features.sum(0), sums[1] + outputs.sum(0)]
            count += len(features)
        self.register_buffer("mean_in", sums[0] / count)
        self.register_buffer("mean_out", sums[1] / count)

        def centred() -> Iterator[Tensor]:
            return (features - self.mean_in for _, _, _, features, _ in self._pairs(train))

        most = max(1, STORED // (self.size + len(self.mean_out)))
        q = dominant_subspace(centred, self.size, count, min(LARGEST, most))
        gram, cross, total = torch.zeros(()), torch.zeros(()), 0.0
        for _, _, _, features, outputs in self._pairs(train):
            centred_features = features - self.mean_in
            a = centred_features @ q
            gram = gram + a.T @ a / count
            cross = cross + a.T @ (outputs - self.mean_out) / count
            total += float(centred_features.square().sum()) / count
        variances, turn = torch.linalg.eigh(gram)
        turn = turn.flip(1)
        self.register_buffer("modes", q @ turn)
        return variances.flip(0).clamp_min(0.0), total, turn.T @ cross

    def _choose(self, validation: FieldSet, variances: Tensor, total: float, maps: Tensor) -> None:
        """Take the number of modes and the ridge with the smallest error of one step."""
        ranks = [2**i for i in range(len(variances).bit_length())]
        ranks = [*(r for r in ranks if r < len(variances)), len(variances)]
        errors = torch.zeros(len(RIDGES), len(ranks), dtype=torch.float64)
        for x, y, weights, features, _ in self._pairs(validation):
            a = (features - self.mean_in) @ self.modes
            for i, ridge in enumerate(RIDGES):
                z, first = self.mean_out.expand(len(a), -1), 0
                for j, rank in enumerate(ranks):
                    part = slice(first, rank)
                    z = z + a[:, part] / (variances[part] + ridge * total) @ maps[part]
                    first = rank
                    found = relative_l2(self._physical(x, z), y, weights, self.scale)
                    errors[i, j] += found.nan_to_num(nan=math.inf).sum()
        best = int(errors.argmin())
        self.ridge, self.rank = RIDGES[best // len(ranks)], ranks[best % len(ranks)]
        kept = slice(0, self.rank)
        shrunk = variances[kept, None] + self.ridge * total
        self.modes = self.modes[:, kept].clone()
        self.register_buffer("weights", maps[kept] / shrunk)
