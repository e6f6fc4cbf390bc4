"""One exponential step of a diagonal, decaying generator with a forcing.

Source: Li, Jiang, Saleem, Wang, Koniusz, Salim, Spectral generator neural operator for stable
long-horizon PDE rollouts, 2026, arXiv:2602.18801.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import softplus

from neurop.errors import InputError
from neurop.layers.filters.disc import waves
from neurop.spectral import (
    at_least_one,
    constant_tensor,
    from_signed,
    mix,
    restrict,
    signed_sizes,
    to_signed,
)

ORDER = 8
"""Power of the wavenumber in the exponent of the mask."""
SMALLEST = 1e-6
"""Smallest decay, so that the quotient of the forcing's factor is not 0 / 0."""


class Generator(nn.Module):
    r"""Weight of a :class:`neurop.layers.SpectralConv`: a step of time of decaying, forced modes.

    .. math:: \hat u_c(k) = e^{\lambda_{kc}}\,\hat v_c(k)
       + s_k\,\frac{e^{\lambda_{kc}} - 1}{\lambda_{kc}} \sum_i R_{kic}\,\hat g_i(k), \qquad
       \lambda_{kc} = -\mathrm{softplus}(a_{kc}) < 0

    is the exact solution at time 1 of :math:`\dot u = \lambda u + s R g` with u = v at time 0 and a
    constant g: exponential time differencing of first order. The rate :math:`\lambda` is real and
    negative, so without forcing no mode grows, and the largest factor of the forcing is 1. The mask
    :math:`s_k = \exp(-\mu\,r_k^8)` weakens the forcing of the shortest waves, with
    :math:`r_k^2 = \sum_d (k_d / (m_d - 1))^2`.

    Parameters
    ----------
    modes
        Number m of frequencies per axis.
    channels
        Number of channels of v, and of g.
    mask
        Exponent :math:`\mu` of the mask at the largest frequency of an axis; 0 for none.

    Shape
    -----
    Packed coefficients of v and g, ``(batch, 2 e_1 - 1, ..., 2 e_d - 1, 2 channels)``, to
    ``channels``. Parameters ``rate`` (a): ``(*signed modes, channels)``, and ``forcing`` (R):
    ``(*signed modes, channels, 2, channels)``.

    Raises
    ------
    InputError
        If a number is below 1 or `mask` is negative.

    Examples
    --------
    >>> weight = Generator((4, 4), 3)
    >>> weight(torch.ones(1, 7, 7, 6), (4, 4)).shape
    torch.Size([1, 7, 7, 3])
    """

    def __init__(self, modes: Sequence[int], channels: int, mask: float = 0.0) -> None:
        super().__init__()
        at_least_one(modes=min(modes), channels=channels)
        if not 0 <= mask < math.inf:
            raise InputError.of("mask", mask, "give 0 for none, or a finite number above 0")
        self.modes, self.mask = tuple(modes), float(mask)
        shape = (*signed_sizes(self.modes), channels)
        self.rate = nn.Parameter(0.1 * torch.randn(shape))
        # The forcing preserves the variance of a field with its energy in the modes.
        self.forcing = nn.Parameter(torch.randn(*shape, 2, channels) / math.sqrt(2 * channels))

    def forward(self, c: Tensor, kept: Sequence[int]) -> Tensor:
        """Return the coefficients after the step, of the `kept` frequencies."""
        v, g = to_signed(c, kept).chunk(2, -1)
        decay = softplus(restrict(self.rate, self.modes, kept)).clamp_min(SMALLEST)
        factor = -torch.expm1(-decay) / decay
        if self.mask:
            shorter = forcing_mask(self.modes, self.mask, factor.dtype, factor.device)
            factor = factor * restrict(shorter, self.modes, kept)
        forced = mix(g, restrict(self.forcing, self.modes, kept))
        return from_signed(torch.exp(-decay) * v + factor * forced, kept)

    def extra_repr(self) -> str:
        """Describe the weight in ``print(model)``."""
        return f"{self.rate.shape[-1]}, modes={self.modes}, mask={self.mask:g}"


@constant_tensor(maxsize=64)
def forcing_mask(modes: tuple[int, ...], mask: float) -> NDArray[np.float64]:
    r"""Return :math:`\exp(-\mu\,r_k^8)` of the signed frequencies, ``(*signed modes, 1)``."""
    square = sum((k / max(m - 1, 1)) ** 2 for k, m in zip(waves(modes), modes, strict=True))
    return np.exp(-mask * np.asarray(square) ** (ORDER // 2))[..., None]
