"""A matrix per mode, in a disc of wavenumbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from neurop.layers.filters.disc import disc
from neurop.spectral import at_least_one, mix_packed, signed_sizes


class DenseFilter(nn.Module):
    r"""Weight of a :class:`neurop.layers.SpectralConv`: its own, without the corners of the window.

    .. math:: y_o(k) = \sum_i R_{kio}\, v_i(k) \text{ for } r_k < 1, \text{ else } 0

    with :math:`r_k` of :func:`neurop.layers.filters.disc.radius`, so that waves of one length pass
    in every direction or in none. Nothing limits the gain but ``callback=spectral_bound``.

    Parameters
    ----------
    modes
        Number m of frequencies per axis.
    channels
        Number of channels.

    Shape
    -----
    Packed coefficients as for :func:`neurop.spectral.mix_packed`. Parameter ``weight``: ``(*signed
    modes, channels, 2, channels)``.

    Raises
    ------
    InputError
        If a number is below 1.

    Examples
    --------
    >>> weight = DenseFilter((4, 4), 3)
    >>> int(weight(torch.ones(1, 7, 7, 3), (4, 4))[0, 3, 3].count_nonzero())  # k = (3, 3)
    0
    """

    def __init__(self, modes: Sequence[int], channels: int) -> None:
        super().__init__()
        at_least_one(modes=min(modes), channels=channels)
        self.modes = tuple(modes)
        shape = (*signed_sizes(self.modes), channels, 2, channels)
        self.weight = nn.Parameter(torch.randn(shape) / math.sqrt(2 * channels))

    def forward(self, c: Tensor, kept: Sequence[int]) -> Tensor:
        """Return the mixed coefficients of the `kept` frequencies."""
        inside = disc(self.modes, self.weight.dtype, self.weight.device)[..., None, None]
        return mix_packed(c, self.weight * inside, self.modes, kept)

    def extra_repr(self) -> str:
        """Describe the weight in ``print(model)``."""
        return f"{self.weight.shape[-1]}, modes={self.modes}"
