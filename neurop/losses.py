"""Training losses: modules called ``loss(prediction, truth, weights)``, in physical units."""

from __future__ import annotations

from torch import Tensor, nn

from neurop.metrics import relative_l2


class RelativeL2(nn.Module):
    r"""Mean over samples of :math:`\lVert p - y \rVert / \lVert y \rVert`, the norms weighted by the cell measure.

    Trajectories are stacked over their steps. Source: Li et al. (2021), section 5.
    """

    def forward(self, prediction: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
        """Return the scalar loss of ``(batch, ..., *grid)``; `weights` has the shape of the grid."""
        return relative_l2(prediction, truth, weights).mean()
