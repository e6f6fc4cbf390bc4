"""Calibrated error bands of a surrogate: scores of held-out forecasts, and the modulation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurop.errors import InputError
from neurop.geometry.grid import Grid
from neurop.inference.conformal.guarantee import Guarantee
from neurop.inference.conformal.modulation import on_grid
from neurop.inference.conformal.rank import check_level, rank


@dataclass(frozen=True, eq=False)
class Calibration:
    r"""Error bands :math:`p \pm q_\ell\, m` of the predictions p of a surrogate.

    The factor :math:`q_\ell` is the score of rank :math:`\lceil (n + 1)\ell \rceil` among n
    calibration forecasts (:func:`neurop.inference.conformal.rank.rank`), so that every level is
    available from one calibration. The modulation m is the typical error at each point; it is
    computed from training data, which the scores do not see.

    Parameters
    ----------
    guarantee
        What the band covers with the probability of the level.
    scores
        Scores of the calibration forecasts, ``(forecast, lead, field)``, without a unit; infinite
        for a diverged forecast, NaN where a trajectory has ended.
    modulation
        ``(lead, field, *grid)``, above 0, in the unit of each field.
    grid
        Grid of the modulation.
    about
        Level, data and starts of the calibration, plain values.

    Raises
    ------
    InputError
        If the arrays do not belong together.

    Examples
    --------
    >>> from neurop.inference.conformal.everywhere import Everywhere
    >>> scores, m = np.arange(1.0, 10.0).reshape(9, 1, 1), np.ones((1, 1, 4))
    >>> bands = Calibration(Everywhere(), scores, m, Grid.periodic(1), {"level": 0.8})
    >>> bands.factor().item(), bands.factor(0.9).item(), bands.half_width((2,)).tolist()
    (8.0, 9.0, [[[8.0, 8.0]]])
    """

    guarantee: Guarantee
    scores: NDArray[np.float64]
    modulation: NDArray[np.float64]
    grid: Grid
    about: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        fits = self.scores.ndim == 3 and self.scores.shape[1:] == self.modulation.shape[:2]
        if not fits or self.modulation.ndim != 2 + self.grid.dimensions:
            shapes = self.scores.shape, self.modulation.shape
            raise InputError.of("scores", shapes, "need (forecast, lead, field), (lead, field, ..)")
        if not (np.isfinite(self.modulation).all() and (self.modulation > 0).all()):
            raise InputError.of("modulation", float(self.modulation.min()), "need sizes above 0")
        if (self.scores < 0).any():
            raise InputError.of("scores", float(np.nanmin(self.scores)), "need none below 0")

    @property
    def level(self) -> float:
        """Level of the calibration, the default of the bands."""
        return float(self.about.get("level", 0.9))

    @property
    def leads(self) -> int:
        """Number of lead times."""
        return self.scores.shape[1]

    @property
    def shape(self) -> tuple[int, ...]:
        """Points per axis of the calibration."""
        return self.modulation.shape[2:]

    @property
    def counts(self) -> NDArray[np.intp]:
        """Number of calibration forecasts of each lead time and field, ``(lead, field)``."""
        return (~np.isnan(self.scores)).sum(0)

    def factor(self, level: float | None = None) -> NDArray[np.float64]:
        """Return the half-width in units of the modulation, ``(lead, field)``.

        Parameters
        ----------
        level
            Probability; that of the calibration by default.

        Raises
        ------
        InputError
            If the calibration has too few forecasts for the level.
        """
        level = self.level if level is None else check_level(level)
        ascending = np.sort(self.scores, axis=0)  # NaN comes last
        ranks = np.vectorize(lambda count: rank(int(count), level) - 1)(self.counts)
        found: NDArray[np.float64] = np.take_along_axis(ascending, ranks[None], 0)[0]
        return found

    def half_width(
        self, shape: tuple[int, ...] | None = None, level: float | None = None
    ) -> NDArray[np.float64]:
        """Return the half-width of the bands in the unit of the fields, ``(lead, field, *grid)``.

        Parameters
        ----------
        shape
            Points per axis; those of the calibration by default. Elsewhere the logarithm of the
            modulation is interpolated linearly.
        level
            Probability; that of the calibration by default.

        Raises
        ------
        InputError
            As :meth:`factor`.
        """
        q = self.factor(level)
        return q.reshape(*q.shape, *[1] * self.grid.dimensions) * self.modulation_at(shape)

    def mean_half_width(
        self, shape: tuple[int, ...] | None = None, level: float | None = None
    ) -> NDArray[np.float64]:
        """Return the mean over the whole grid of :meth:`half_width`, ``(lead, field)``."""
        width = self.half_width(shape, level)
        cells = self.grid.weights(width.shape[2:])
        mean: NDArray[np.float64] = (width * cells).mean(tuple(range(2, width.ndim)))
        return mean

    def modulation_at(self, shape: tuple[int, ...] | None = None) -> NDArray[np.float64]:
        """Return the modulation on a grid of `shape` points, ``(lead, field, *grid)``."""
        return on_grid(self.modulation, self.grid, self.shape if shape is None else shape)
