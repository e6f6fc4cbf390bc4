"""Training of a network on windows in the memory of one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurop.errors import InputError
from neurop.models.patched import Patched
from neurop.training.callbacks.callback import PreparingCallback

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate


class PatchByPatch(PreparingCallback):
    r"""Evaluate the windows of a training step one after another, with gradients of some of them.

    No intermediate result of a window is kept: it is evaluated again for its gradient. In each
    step K of the M patches are drawn at random, K = `share` M, at least one. The loss is that of
    the whole field; the gradient is

    .. math:: g = \frac{M}{K} \sum_{j \in S} J_j^\top \partial_{u_j} \ell, \qquad
       \mathbb{E}_S\, g = \nabla \ell,

    with :math:`u_j` the output of patch j and :math:`J_j` its derivative: unbiased for every loss,
    with more noise the smaller the share. A step costs the evaluation of all patches, then
    evaluation and gradient of K.

    Parameters
    ----------
    share
        Share of the patches that have gradients, above 0 and at most 1; 1 is the whole gradient.

    Raises
    ------
    InputError
        If the share is out of its bounds, or the network is no
        :class:`neurop.models.Patched`.

    Examples
    --------
    >>> callback = PatchByPatch(share=0.25)  # neurop.fit(..., callbacks=[callback])
    """

    def __init__(self, share: float = 1.0) -> None:
        if not 0 < share <= 1:
            raise InputError.of("share", share, "give a number above 0 and at most 1")
        self.share = share

    def prepare(self, surrogate: Surrogate) -> None:
        """Set the share of the network."""
        if not isinstance(surrogate.net, Patched):
            remedy = f"{surrogate.name} has no patches; use model=patched"
            raise InputError.of("callback", "patch_by_patch", remedy)
        surrogate.net.share = self.share
