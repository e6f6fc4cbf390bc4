"""Bands that contain a field at every point of its grid."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from neurop.inference.conformal.guarantee import Guarantee


@dataclass(frozen=True)
class Everywhere(Guarantee):
    r"""Simultaneous bands: at each lead time the true field is inside at every point.

    .. math:: s = \max_x |y(x) - p(x)| / m(x)

    Source: Diquigiovanni, Fontana and Vantini, The importance of being a band: finite-sample exact
    distribution-free prediction sets for functional data, Statistica Sinica, 2024.

    Examples
    --------
    >>> import torch
    >>> ratio = torch.tensor([0.5, 2.0, 1.0, 0.1])[None, None, None]
    >>> Everywhere().scores(ratio, torch.ones(1, 1, 1, 4))
    tensor([[[2.]]])
    """

    def scores(self, ratio: Tensor, weights: Tensor) -> Tensor:
        """Return the largest ratio of each forecast, lead and field."""
        return ratio.flatten(3).amax(-1)

    @property
    def statement(self) -> str:
        """What holds with the probability of the level."""
        return "at a given lead time the field is inside the band at every point"
