"""Depthwise separable weight of a spectral convolution: a gain and a phase per mode and channel.

Source: McCabe, Harrington, Subramanian, Brown, Towards stability of autoregressive neural
operators, TMLR 2023, arXiv:2306.10619.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from neurop.layers.filters.disc import disc, waves
from neurop.spectral import at_least_one, from_signed, restrict, signed_sizes, to_signed


class PolarFilter(nn.Module):
    r"""Weight of a :class:`neurop.layers.SpectralConv` that filters each channel, then mixes them.

    .. math:: y(k) = W \bigl(w(k) \odot v(k)\bigr), \qquad
       w_c(k) = \sigma(a_{kc})\, e^{i \phi_{kc}} \text{ for } r_k < 1, \text{ else } 0

    with one real matrix W for all modes and :math:`r_k` of
    :func:`neurop.layers.filters.disc.radius`. The filter amplifies no wave,
    :math:`|w_c(k)| \le 1`, so the norm of the convolution is at most that of W, which
    ``callback=spectral_bound`` bounds. A full weight has a matrix per mode, `channels` times as
    many numbers.

    At first each channel is moved by a random distance, of the order of 1 / m of the domain, and W
    is orthogonal: kernels are local, and most of the variance of a field with its energy in the
    modes is preserved.

    Where both k and -k are among the modes, those without a frequency along the last axis, the
    output is the real part of the field and the two act as the mean of w(k) and the conjugate of
    w(-k), whose gain is not larger.

    Parameters
    ----------
    modes
        Number m of frequencies per axis.
    channels
        Number of channels.

    Shape
    -----
    Packed coefficients ``(batch, 2 e_1 - 1, ..., 2 e_d - 1, channels)`` to the same. Parameters
    ``gain`` (a) and ``phase``: ``(*signed modes, channels)``.

    Raises
    ------
    InputError
        If a number is below 1.

    Examples
    --------
    >>> weight = PolarFilter((4, 4), 3)
    >>> weight(torch.ones(1, 7, 7, 3), (4, 4)).shape
    torch.Size([1, 7, 7, 3])
    """

    def __init__(self, modes: Sequence[int], channels: int) -> None:
        super().__init__()
        at_least_one(modes=min(modes), channels=channels)
        self.modes = tuple(modes)
        shape = (*signed_sizes(self.modes), channels)
        self.gain = nn.Parameter(2 + torch.randn(shape))
        phase = torch.zeros(shape)
        for k, m in zip(waves(self.modes), self.modes, strict=True):
            moved = torch.randn(channels) / m
            phase += 2 * math.pi * moved * torch.as_tensor(k[..., None]).to(phase)
        self.phase = nn.Parameter(phase)
        self.mix = nn.Linear(channels, channels, bias=False)
        nn.init.orthogonal_(self.mix.weight)

    def forward(self, c: Tensor, kept: Sequence[int]) -> Tensor:
        """Return the filtered and mixed coefficients of the `kept` frequencies."""
        z = to_signed(c, kept)
        gain = torch.sigmoid(self.logit(z, kept)) * self._kept(disc, kept)
        phase = restrict(self.phase, self.modes, kept)
        real, imag = gain * phase.cos(), gain * phase.sin()
        turned = torch.stack([real * z[0] - imag * z[1], real * z[1] + imag * z[0]])
        return torch.nn.functional.linear(from_signed(turned, kept), self.mix.weight)

    def logit(self, z: Tensor, kept: Sequence[int]) -> Tensor:
        """Return the logits of the gains, which here do not depend on the coefficients `z`."""
        return restrict(self.gain, self.modes, kept)

    def _kept(self, constant: Callable[..., Tensor], kept: Sequence[int]) -> Tensor:
        """Return a constant of the modes, for those that are kept."""
        return restrict(constant(self.modes, self.gain.dtype, self.gain.device), self.modes, kept)

    def extra_repr(self) -> str:
        """Describe the weight in ``print(model)``."""
        return f"{self.gain.shape[-1]}, modes={self.modes}"
