"""Canonical polyadic factorisation of a spectral weight.

Source: Kossaifi et al., Multi-Grid Tensorized FNO, 2024, arXiv:2310.00120.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from neurop.geometry.symbolic import is_symbolic
from neurop.layers.factorized.contraction import Work, mixing, numbers, product
from neurop.layers.factorized.core import Factorized
from neurop.layers.factorized.factors import rows
from neurop.spectral import from_signed, mix_packed, to_signed


class CP(Factorized):
    r"""Canonical polyadic factorisation of a spectral weight.

    .. math:: R = \sum_r u^l_r \otimes u^1_r \otimes \dots \otimes u^d_r \otimes u^{in}_r
       \otimes p_r \otimes u^o_r

    The weight between the two channel maps is one complex number per mode and term. The number of
    terms is large unless `rank` is small: use it below about 1/50.

    Examples
    --------
    >>> CP((16, 16), 32, 32, rank=1 / 150).ranks
    (59,)
    """

    def _proportions(self) -> tuple[Sequence[float], Sequence[float]]:
        return [1], [self.numel]

    def _shapes(self, ranks: Sequence[int]) -> list[Sequence[int]]:
        layers = [self.layers] if self.layers > 1 else []
        return [
            (n, ranks[0]) for n in (*layers, *self.sizes, self.in_channels, 2, self.out_channels)
        ]

    def _create(self, shapes: list[tuple[int, ...]]) -> Tensor:
        factors = [torch.randn(shape) for shape in shapes]
        if self.layers > 1:  # All layers have the same variance at initialisation.
            factors[0].sign_()
        self.factors = nn.ParameterList(nn.functional.normalize(u, dim=0) for u in factors)
        return torch.stack([u.data.t() @ u.data for u in self.factors]).prod(0).sum()

    def forward(self, c: Tensor, kept: Sequence[int], layer: int = 0) -> Tensor:
        """Mix the channels of each mode of packed coefficients."""
        if self._dense_is_faster(c.shape[0], kept):
            return mix_packed(c, self.dense(kept, layer), kept, kept)
        terms, first, pair, last = self._parts(kept, layer)
        a, b = pair
        re, im = to_signed(c @ first, kept) * terms
        return from_signed(torch.stack([re * a - im * b, im * a + re * b]), kept) @ last.t()

    def dense(self, kept: Sequence[int] | None = None, layer: int = 0) -> Tensor:
        """Return the weight ``(*signed modes, in, 2, out)`` of a layer for `kept` frequencies."""
        terms, first, pair, last = self._parts(kept or self.modes, layer)
        channels = first[:, None, None] * pair[:, None] * last
        return (terms @ channels.flatten(0, 2).t()).unflatten(-1, channels.shape[:-1])

    def _parts(self, kept: Sequence[int], layer: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return ``(*signed kept, terms)`` and the factors of input, pair and output."""
        *axes, first, pair, last = self.factors
        pair = pair if self.layers == 1 else pair * axes[0][layer]
        terms = None
        for axis, (m, e, factor) in enumerate(
            zip(self.modes, kept, axes[self.layers > 1 :], strict=True)
        ):
            factor = rows(factor, 0, m, e, axis == len(kept) - 1)
            terms = factor if terms is None else terms[..., None, :] * factor
        assert terms is not None
        return terms, first, pair, last

    def _dense_is_faster(self, batch: int, kept: Sequence[int]) -> bool:
        batch = 1 if is_symbolic(batch) else batch  # one graph for every batch
        modes, packed = numbers(kept)
        terms, (i, o) = self.ranks[0], (self.in_channels, self.out_channels)
        few = (
            product(batch * packed, i, terms)
            + product(batch * packed, terms, o)
            + Work(moved=7 * batch * packed * terms)
        )
        dense = product(modes, terms, i * 2 * o) + mixing(batch, kept, i, o)
        return dense.cost < few.cost
