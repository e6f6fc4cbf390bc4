"""Spectral weight that commutes with rotations and reflections.

Source: Helwig et al., Group Equivariant Fourier Neural Operators for Partial Differential
Equations, ICML 2023, arXiv:2306.05697.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import embedding

from neurop.geometry.signed_permutation import SignedPermutation, quotients
from neurop.spectral import constant_tensor, mix_packed

Matrix = tuple[tuple[int, ...], ...]
Matrices = tuple[Matrix, ...]


class GroupWeight(nn.Module):
    r"""Weight of a :class:`neurop.layers.SpectralConv` between functions of a group.

    .. math:: y_g(k) = \sum_h W_{g^{-1} h}(g^{-1} k)\, v_h(k), \qquad
       W(k) = \tfrac{1}{2}\bigl(P(k) + P(-k)\bigr) + \tfrac{i}{2}\bigl(P(k) - P(-k)\bigr)

    with elements g and h of the group, which map wavenumbers to wavenumbers, and a real P on the
    cube :math:`|k_i| < m`, the Hartley transform of the kernel. So :math:`W(-k) = \overline{W(k)}`
    for every P: a rotated kernel is a permutation of the same numbers, and no number is redundant.
    The channels are those of :class:`neurop.layers.equivariant.linear.GroupLinear`.

    Parameters
    ----------
    modes
        Number m of frequencies \|k\| < m, the same for all axes.
    in_channels, out_channels
        Number of channels per element of the group.
    group
        Its elements.

    Shape
    -----
    Coefficients and weights as for :func:`neurop.spectral.mix_packed`, of ``|G| * in_channels`` and
    ``|G| * out_channels``. Parameter ``kernel``: ``(|G| * (2 m - 1)^d, in * out)``.

    Examples
    --------
    >>> from neurop.geometry.signed_permutation import symmetries
    >>> GroupWeight(4, 2, 3, symmetries(2)).dense().shape
    torch.Size([7, 4, 16, 2, 24])
    """

    def __init__(
        self, modes: int, in_channels: int, out_channels: int, group: Sequence[SignedPermutation]
    ) -> None:
        super().__init__()
        self.maps, self.places = tuple(g.matrix for g in group), quotients(group)
        self.dimensions = len(group[0].axes)
        self.modes, self.in_channels, self.out_channels = modes, in_channels, out_channels
        # Variance 1 / (2 in) of the real and of the imaginary part, as of the dense weight.
        rows, fan_in = len(group) * (2 * modes - 1) ** self.dimensions, len(group) * in_channels
        self.kernel = nn.Parameter(
            torch.randn(rows, in_channels * out_channels) / math.sqrt(fan_in)
        )

    def forward(self, c: Tensor, kept: Sequence[int]) -> Tensor:
        """Mix the channels of each mode of packed coefficients."""
        return mix_packed(c, self.dense(), [self.modes] * self.dimensions, kept)

    def dense(self) -> Tensor:
        """Return the weight ``(*signed modes, |G| * in, 2, |G| * out)``."""
        rows = _rows(self.maps, self.places, self.modes, torch.int64, self.kernel.device)
        both = embedding(rows, self.kernel).unflatten(-1, (self.in_channels, self.out_channels))
        plus, minus = both.transpose(-3, -2).unbind(-4)  # (*signed modes, h, in, g, out)
        parts = 0.5 * torch.stack([plus + minus, plus - minus], -3)
        return parts.flatten(-2).flatten(-4, -3)

    def extra_repr(self) -> str:
        """Describe the weight in ``print(model)``."""
        sizes = f"{self.in_channels}, {self.out_channels}"
        return f"{sizes}, modes={self.modes}, group of {len(self.maps)}"


@constant_tensor(maxsize=64)
def _rows(maps: Matrices, places: Matrix, modes: int) -> NDArray[np.int64]:
    r"""Return the rows of P for :math:`g^{-1} h` and :math:`\pm g^{-1} k`.

    The result is ``(*signed modes, h, 2, g)``, modes in the order of
    :func:`neurop.spectral.mixing.to_signed`.
    """
    side, d, half = 2 * modes - 1, len(maps[0]), np.arange(modes)
    signed = np.concatenate([half, -half[1:]])
    k = np.stack(np.meshgrid(*[signed] * (d - 1), half, indexing="ij"), -1)
    # The inverse of an orthogonal matrix is its transpose.
    turned = np.stack([k @ np.array(g) for g in maps], -2)
    both = np.stack([turned, -turned], -3) + (modes - 1)
    cell = sum(both[..., i] * side ** (d - 1 - i) for i in range(d))
    rows: NDArray[np.int64] = np.array(places).T[:, None] * side**d + cell[..., None, :, :]
    return rows
