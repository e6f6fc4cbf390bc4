"""Bands that contain a field over a share of its domain."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from neurop.errors import InputError
from neurop.inference.conformal.guarantee import Guarantee


@dataclass(frozen=True)
class Share(Guarantee):
    r"""Bands that contain at least a share of the area (length, volume) at each lead time.

    .. math:: s = \min\Bigl\{q :
       \sum_i w_i\, [\,|y_i - p_i| \le q\, m_i] \ge \alpha \sum_i w_i\Bigr\}

    They are narrower than simultaneous bands, since single points may be outside.

    Source: Ma et al., Calibrated uncertainty quantification for operator learning via conformal
    prediction, TMLR, 2024.

    Parameters
    ----------
    area
        Share :math:`\alpha` of the domain that is inside, above 0 and at most 1.

    Raises
    ------
    InputError
        If `area` is out of range.

    Examples
    --------
    >>> import torch
    >>> ratio = torch.tensor([0.5, 2.0, 1.0, 0.1])[None, None, None]
    >>> Share(area=0.75).scores(ratio, torch.ones(1, 1, 1, 4))
    tensor([[[1.]]])
    """

    area: float = 0.9

    def __post_init__(self) -> None:
        if not 0 < self.area <= 1:
            raise InputError.of("area", self.area, "give a share above 0 and at most 1")

    def scores(self, ratio: Tensor, weights: Tensor) -> Tensor:
        """Return the weighted quantile of the ratios of each forecast, lead and field."""
        flat, order = ratio.flatten(3).sort(-1)
        measure = weights.expand_as(ratio).flatten(3).gather(-1, order)
        reached = measure.cumsum(-1) / measure.sum(-1, keepdim=True)
        # A sum of equal weights may miss the share by rounding.
        index = (reached < self.area - 1e-9).sum(-1, keepdim=True)
        found = flat.gather(-1, index.clamp_max(flat.shape[-1] - 1))[..., 0]
        return found.masked_fill(ratio.flatten(3).isnan().any(-1), float("nan"))

    @property
    def statement(self) -> str:
        """What holds with the probability of the level."""
        return f"at a given lead time {100 * self.area:g} % of the area are inside the band"
