"""A network on top of a frozen one, for what it leaves (Qin et al., 2024, arXiv:2404.07200)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from neurop.geometry.grid import Grid
from neurop.models import create
from neurop.models.on_top import OnTop
from neurop.registry import Spec

_FNO = Spec("fno")


class Boosted(OnTop):
    r"""Sum of a frozen network and of a stage that corrects it, which sees its output.

    .. math:: u = y + \sigma\, S\,[a, y], \qquad y = B a

    with a the input, B the base, whose weights are not trained, S the stage, and :math:`\sigma` the
    size of the residual of B in each channel, so that the stage learns a function of size 1. The
    base may be such a sum itself: a chain of stages is nested.

    Made by :func:`neurop.refinement.specboost`.

    Parameters
    ----------
    in_channels, out_channels
        Number of input and output channels: fields times frames. The stage has the sum of both as
        input.
    domain
        Grid of the fields; that of the base by default.
    base, stage
        The two networks.
    numbers
        Indices of the input channels that are numbers, for both networks.

    Shape
    -----
    ``(batch, in_channels, *grid) -> (batch, out_channels, *grid)``. Buffer ``scale``
    :math:`\sigma`: ``(out_channels,)``, 1 until it is set.

    Raises
    ------
    InputError
        As the two networks.

    Examples
    --------
    >>> small = Spec("fno", {"modes": 4, "width": 8, "depth": 1})
    >>> model = Boosted(1, 1, Grid.periodic(2), base=small, stage=small)
    >>> model(torch.zeros(2, 1, 16, 20)).shape
    torch.Size([2, 1, 16, 20])
    >>> {name.split(".")[0] for name, p in model.named_parameters() if p.requires_grad}
    {'stage'}
    """

    citation = (
        "Qin et al., Toward a Better Understanding of Fourier Neural Operators from a Spectral "
        "Perspective, 2024, arXiv:2404.07200"
    )
    scale: Tensor

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        domain: Grid | None = None,
        base: Spec = _FNO,
        stage: Spec = _FNO,
        numbers: Sequence[int] = (),
    ) -> None:
        grid: Any = domain
        super().__init__(
            create(base, in_channels, out_channels, grid, numbers),
            create(stage, in_channels + out_channels, out_channels, grid, numbers),
        )
        self.register_buffer("scale", torch.ones(out_channels))

    def forward(self, x: Tensor) -> Tensor:
        """Return the output fields on the input's grid."""
        y: Tensor = self.base(x)
        scale = self.scale.view(-1, *[1] * (x.dim() - 2))
        return y + scale * self.stage(torch.cat([x, y], dim=1))

    def truncated(self, y: Tensor) -> Tensor | None:
        """Return the possible output that is nearest to fields ``(batch, out_channels, *grid)``.

        The base takes its part, the stage that of the rest. None unless both are band-limited.
        """
        held = self.base.truncated(y)
        if held is None:
            return None
        scale = self.scale.view(-1, *[1] * (y.dim() - 2))
        rest = self.stage.truncated((y - held) / torch.where(scale > 0, scale, 1.0))
        return None if rest is None else held + scale * rest
