"""A complex perceptron that all Fourier modes of the tokens share.

Source: Guibas et al., Adaptive Fourier Neural Operators: Efficient Token Mixers for Transformers,
ICLR 2022, arXiv:2111.13587.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from neurop.errors import InputError
from neurop.geometry.axis import Axis
from neurop.layers.tokens.shrink import shrunk
from neurop.spectral import (
    analyze,
    at_least_one,
    from_signed,
    in_float32,
    mix,
    padded_bases,
    signed_sizes,
    synthesize,
    to_signed,
)

SHRINK = 0.01
"""Threshold of the output, the paper's number, here relative."""
PADDING = 0.25
"""Zero padding of axes that are not periodic, as a fraction of the domain."""


class ModeMLP(nn.Module):
    r"""Filter whose value at each mode is one complex perceptron of the mode's channels.

    .. math:: \hat y(k) = S_\lambda\bigl(W_2\, S_\theta(W_1 \hat v(k) + b_1 \delta_k)
       + b_2 \delta_k\bigr), \qquad
       S_\theta(a) = \max\Bigl(0,\ 1 - |\theta|\, \frac{r(|k|)}{|a|}\Bigr)\, a

    for the frequencies :math:`|k| < m` of each axis, in signed wavenumbers; the others are left
    out, and not computed. The complex matrices have `blocks` blocks on their diagonal and are the
    same for all modes. S shrinks the size of each channel by a threshold (learnt, one per channel
    as a bias is, inside; `shrink` outside) relative to the root mean square r over the channels of
    all modes in the shell of :math:`|k|`, rounded to an integer. So it does not depend on
    units or points.

    S leaves the phase as it is, and the biases are on the constant (:math:`\delta_k` is 1 for k =
    0), so the layer commutes with shifts along periodic axes. In the paper the inner nonlinearity
    is a ReLU of real and imaginary part, the biases are on all modes, and the threshold is
    absolute: none commutes with shifts, and the last depends on the number of tokens. The other
    axes are padded with zeros. The imaginary part of the weights acts as a Hilbert transform along
    the last axis, and not on modes that are constant along it.

    Parameters
    ----------
    width
        Number of channels, a multiple of `blocks`.
    blocks
        Number of blocks.
    modes
        Number m of frequencies per axis.
    axes
        Axes of the tokens.
    shrink
        Threshold of the output, relative.
    padding
        Zero padding of axes that are not periodic, as a fraction of the domain.

    Shape
    -----
    ``(batch, *tokens, width)`` to the same. Parameters ``first`` and ``second``: ``(blocks, in, 2,
    out)``, real and imaginary part.

    Raises
    ------
    InputError
        If a number is below 1, or `width` is no multiple of `blocks`.

    Examples
    --------
    >>> ModeMLP(8, 2, (4, 4), (Axis("x"), Axis("y")))(torch.zeros(1, 8, 9, 8)).shape
    torch.Size([1, 8, 9, 8])
    """

    def __init__(
        self,
        width: int,
        blocks: int,
        modes: Sequence[int],
        axes: Sequence[Axis],
        shrink: float = SHRINK,
        padding: float = PADDING,
    ) -> None:
        super().__init__()
        at_least_one(width=width, blocks=blocks)
        if width % blocks:
            raise InputError.of("blocks", blocks, f"give a divisor of the width {width}")
        self.modes, self.axes, self.shrink = tuple(modes), tuple(axes), shrink
        self.bases = padded_bases(axes, modes, padding)
        size = width // blocks
        # Either map preserves the variance.
        first, second = torch.randn(2, blocks, size, 2, size) / math.sqrt(2 * size)
        self.first, self.second = nn.Parameter(first), nn.Parameter(second)
        self.biases = nn.Parameter(torch.zeros(2, width))
        self.thresholds = nn.Parameter(torch.rand(width))

    def forward(self, x: Tensor) -> Tensor:
        """Return the filtered tokens."""
        y: Tensor = in_float32(self._filtered, x)
        return y

    def _filtered(self, x: Tensor) -> Tensor:
        z = to_signed(analyze(x, self.bases, self.modes, self.axes), self.modes).flatten(2, -2)
        for weight, bias, threshold in (
            (self.first, self.biases[0], self.thresholds.abs()),
            (self.second, self.biases[1], self.shrink),
        ):
            z = shrunk(self._mixed(z, weight, bias), threshold, self.modes)
        c = from_signed(z.unflatten(2, signed_sizes(self.modes)), self.modes)
        return synthesize(c, self.bases, self.modes, self.axes, x.shape[1:-1])

    def _mixed(self, z: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """Return W z, and the bias at the first mode, the constant."""
        rows = z.flatten(1, 2).unflatten(-1, weight.shape[:2])
        constant = pad(bias.expand(1, 1, 1, -1), [0, 0, 0, z.shape[2] - 1, 0, 0, 0, 1])
        return mix(rows, weight).reshape(z.shape) + constant
