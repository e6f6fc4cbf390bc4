"""Depthwise separable weight whose gains depend on the field.

Source: McCabe, Harrington, Subramanian, Brown, Towards stability of autoregressive neural
operators, TMLR 2023, arXiv:2306.10619.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from neurop.layers.filters.polar import PolarFilter
from neurop.layers.filters.shell_scale import ShellScale


class DynamicFilter(PolarFilter):
    r"""A :class:`neurop.layers.filters.polar.PolarFilter` with data-dependent gains.

    .. math:: w_c(k) = \sigma\bigl(a_{kc} + (G\,|A \hat z(k)| + g)_c\bigr)\, e^{i \phi_{kc}}

    with the coefficients :math:`\hat z` normalised by the size of their shell
    (:class:`neurop.layers.filters.shell_scale.ShellScale`), a complex matrix A and a real G, the
    same for all modes. A shift of the field changes the phases of :math:`\hat z` and no modulus, so
    the filter commutes with shifts, and its gain stays at most 1. In the paper the phase depends on
    the field too; the phases of the filter and of the coefficient would add up, and a shifted field
    would not have the shifted output. The paper's batch normalisation per wavenumber is
    replaced by constants.

    Parameters
    ----------
    modes
        Number m of frequencies per axis.
    channels
        Number of channels.

    Shape
    -----
    As for PolarFilter. Parameters besides: ``features`` (A) ``(channels, 2, channels)`` and those
    of ``gate`` (G and g).

    Examples
    --------
    >>> weight = DynamicFilter((4, 4), 3)
    >>> weight(torch.ones(1, 7, 7, 3), (4, 4)).shape
    torch.Size([1, 7, 7, 3])
    """

    def __init__(self, modes: Sequence[int], channels: int) -> None:
        super().__init__(modes, channels)
        self.scale = ShellScale(self.modes)
        self.features = nn.Parameter(torch.randn(channels, 2, channels) / math.sqrt(2 * channels))
        self.gate = nn.Linear(channels, channels)

    def logit(self, z: Tensor, kept: Sequence[int]) -> Tensor:
        """Return the logits of the gains for coefficients ``(2, batch, *kept, channels)``."""
        real, imag = self.features.unbind(1)
        x, y = self.scale(z, kept)
        # The slope of the modulus at 0 is infinite; that of this one is 0.
        modulus = ((x @ real - y @ imag).square() + (x @ imag + y @ real).square() + 1e-6).sqrt()
        return super().logit(z, kept) + torch.nn.functional.linear(
            modulus, self.gate.weight, self.gate.bias
        )
