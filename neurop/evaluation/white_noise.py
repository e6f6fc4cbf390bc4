"""Members from white noise on the input frames."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from neurop.evaluation.forecasts import Start
from neurop.evaluation.perturbation import Perturbation
from neurop.fields.statistics import summary


@dataclass(frozen=True, eq=False)
class WhiteNoise(Perturbation):
    r"""Perturbed inputs: independent numbers at all points of the training grid, the paper's way.

    .. math:: x_j = x + a\,\sigma\,\epsilon_j, \qquad \epsilon_j \sim N(0, 1)

    with the deviation :math:`\sigma` of each field. Most of it is in the smallest scales, which
    forecasts damp, and no correlation between fields or frames is kept; states differ from one
    another as those of :class:`Perturbation` do.

    Source: Pathak et al., FourCastNet, 2022, arXiv:2202.11214, with a = 0.3.

    Parameters
    ----------
    train, size, members, seed
        As of :class:`Perturbation`.
    """

    def _difference(self, start: Start, member: int, past: int) -> NDArray[np.float64]:
        rng = np.random.default_rng((self.seed, member, *start))
        drawn = rng.standard_normal((past, len(self._deviation), *self.train.shape))
        return 2**0.5 * drawn * self._deviation

    @cached_property
    def _deviation(self) -> NDArray[np.float64]:
        found = np.sqrt(summary(self.train).values.variance())
        return found.reshape(-1, *[1] * self.train.grid.dimensions)
