"""Bands that contain a field at every point and at all lead times."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from neurop.inference.conformal.guarantee import Guarantee


@dataclass(frozen=True)
class AllLeads(Guarantee):
    r"""Simultaneous bands of a trajectory: the true field never leaves the band.

    .. math:: s = \max_{l, x} |y_l(x) - p_l(x)| / m_l(x)

    They are wider than those of :class:`neurop.inference.conformal.everywhere.Everywhere`, which
    hold at one lead time each. A trajectory that ends before the last lead time has no score.

    Examples
    --------
    >>> import torch
    >>> ratio = torch.tensor([[0.5, 2.0], [1.0, 3.0]])[None, :, None]
    >>> AllLeads().scores(ratio, torch.ones(1, 1, 1, 2)).tolist()
    [[[3.0], [3.0]]]
    """

    def scores(self, ratio: Tensor, weights: Tensor) -> Tensor:
        """Return the largest ratio of each forecast and field, the same at all leads."""
        return ratio.flatten(3).amax(-1).amax(1, keepdim=True).expand(ratio.shape[:3])

    @property
    def statement(self) -> str:
        """What holds with the probability of the level."""
        return "the field is inside the band at every point and at all lead times"
