"""Scale and shift of channels by functions of numbers (Perez et al., AAAI 2018)."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import gelu

_HIDDEN = 64
_SIZE = 1e-2
"""Standard deviation of the last weights before the training: nearly the identity."""


class FiLM(nn.Module):
    r"""Feature-wise linear modulation: scale and shift of each channel by functions of numbers.

    .. math:: v \leftarrow \bigl(1 + \gamma(s)\bigr) \odot v + \beta(s), \qquad
       [\gamma, \beta](s) = W_2\,\mathrm{GELU}(W_1 s + b_1) + b_2

    with s the numbers of a sample, such as its viscosity. It is pointwise, so it means the same on
    every grid and commutes with shifts.

    Source: Perez et al., FiLM: Visual reasoning with a general conditioning layer, AAAI 2018,
    arXiv:1709.07871.

    Parameters
    ----------
    numbers
        How many numbers s has.
    channels
        Number of channels.

    Shape
    -----
    ``(batch, channels, *grid)`` and ``(batch, numbers)`` to ``(batch, channels, *grid)``.

    Examples
    --------
    >>> import torch
    >>> FiLM(1, 4)(torch.zeros(2, 4, 8, 8), torch.tensor([[0.1], [0.2]])).shape
    torch.Size([2, 4, 8, 8])
    """

    def __init__(self, numbers: int, channels: int) -> None:
        super().__init__()
        self.expand = nn.Linear(numbers, _HIDDEN)
        self.contract = nn.Linear(_HIDDEN, 2 * channels)
        nn.init.normal_(self.contract.weight, std=_SIZE)

    def forward(self, v: Tensor, numbers: Tensor) -> Tensor:
        """Return the modulated channels."""
        return self.channels_last(v.movedim(1, -1), numbers).movedim(-1, 1)

    def channels_last(self, v: Tensor, numbers: Tensor) -> Tensor:
        """Return the modulated channels of ``(batch, *grid, channels)``."""
        scale, shift = self._parts(v, numbers)
        return scale * v + shift

    def step(
        self, v: Tensor, spectrum_ahead: Tensor | None, analysis: Tensor, numbers: Tensor
    ) -> tuple[Tensor, Tensor | None]:
        """Return the modulated field and its spectrum along the last axis.

        Parameters
        ----------
        v
            Field ``(batch, *grid, channels)``.
        spectrum_ahead
            Spectrum ``analysis @ v`` along the last grid axis, if it is known
            (:meth:`neurop.layers.FourierBlock.step`).
        analysis
            Analysis matrix of that axis.
        numbers
            Numbers of each sample, ``(batch, numbers)``.
        """
        scale, shift = self._parts(v, numbers)
        if spectrum_ahead is not None:
            # The analysis is linear, and that of a constant is the sum of the rows of its matrix.
            spectrum_ahead = scale * spectrum_ahead + shift * analysis.sum(1)[:, None]
        return scale * v + shift, spectrum_ahead

    def _parts(self, v: Tensor, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """Return scale and shift, ``(batch, 1, ..., 1, channels)``."""
        made = self.contract(gelu(self.expand(numbers)))
        scale, shift = made.view(made.shape[0], *[1] * (v.dim() - 2), made.shape[1]).chunk(2, -1)
        return 1 + scale, shift
