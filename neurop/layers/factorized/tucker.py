"""Tucker factorisation of a spectral weight.

Source: Kossaifi et al., Multi-Grid Tensorized FNO, 2024, arXiv:2310.00120.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from neurop.layers.factorized.contraction import Work, product
from neurop.layers.factorized.core import CoreFactorized
from neurop.layers.factorized.factors import orthonormal, rows
from neurop.spectral import signed_sizes

VECTOR = 16


class Tucker(CoreFactorized):
    r"""Tucker factorisation, :math:`R = G \times_l U_l \times_{k_1} U_1 \dots \times_o U_{out}`.

    The pair of real and imaginary part is an axis of the core G, so that the other factors are real
    matrices. Ranks are proportional to the sizes, with two exceptions. The rank of the layers is
    their number while the budget allows; with a smaller rank the weights of some layers would be
    multiples of each other. Ranks of the channels above 16 are rounded down to multiples of 16 if
    the other ranks can compensate for it.

    Examples
    --------
    >>> weight = Tucker((16, 16), 32, 32, rank=0.1)
    >>> weight.ranks, weight.dense().shape
    ((1, 19, 10, 16, 16), torch.Size([31, 16, 32, 2, 32]))
    """

    def _proportions(self) -> tuple[Sequence[float], Sequence[float]]:
        sizes = (self.layers, *self.sizes, self.in_channels, self.out_channels)
        return (self.layers * max(sizes), *sizes[1:]), sizes

    def _rounded(self, limits: Sequence[float]) -> Sequence[float]:
        # Mixing 18 channels takes 1.4 times as long as 16, which fill the vector registers of
        # AVX-512.
        return [
            *limits[:-2],
            *(
                r - r % VECTOR if r > VECTOR else limit
                for r, limit in zip(self.ranks[-2:], limits[-2:])
            ),
        ]

    def _shapes(self, ranks: Sequence[int]) -> list[Sequence[int]]:
        sizes = self._proportions()[1]
        # One layer needs no factor.
        return [
            (*ranks[:-1], 2, ranks[-1]),
            *[(int(n), r) for n, r in zip(sizes, ranks)][self.layers == 1 :],
        ]

    def _create(self, shapes: list[tuple[int, ...]]) -> Tensor:
        core = torch.randn(shapes[0])
        self.core = nn.Parameter(core)
        self.factors = nn.ParameterList(orthonormal(*shape) for shape in shapes[1:])
        if self.layers > 1:
            with torch.no_grad():  # All layers have the same variance at initialisation.
                self.factors[0].div_(self.factors[0].norm(dim=1, keepdim=True))
                core = torch.tensordot(self.factors[0], core, 1)
        return core.square().sum()

    def _few(self) -> tuple[int, int]:
        return self.ranks[-2], self.ranks[-1]

    def _channels(self, layer: int) -> tuple[Tensor, Tensor]:
        return self.factors[-2], self.factors[-1].t()

    def _spread(
        self, kept: Sequence[int], layer: int, first: Tensor | None, last: Tensor | None
    ) -> Tensor:
        w = (
            self.core[0]
            if self.layers == 1
            else torch.tensordot(self.factors[0][layer], self.core, 1)
        )
        if first is not None:
            w = (first @ w.flatten(-2)).unflatten(-1, w.shape[-2:])
        if last is not None:
            w = w @ last
        tail = w.shape[-3:]
        for axis, (m, e) in reversed([*enumerate(zip(self.modes, kept, strict=True))]):
            factor = rows(
                self.factors[axis - len(self.modes) - 2], 0, m, e, axis == len(self.modes) - 1
            )
            lines = w.reshape(math.prod(self.ranks[1 : axis + 1]), factor.shape[1], -1)
            # matmul would transpose the lines to compute one product: the copies cost more than the
            # products.
            w = torch.bmm(factor.expand(lines.shape[0], -1, -1), lines)
        return w.view(*signed_sizes(kept), *tail)

    def _spreading(self, kept: Sequence[int], before: bool, after: bool) -> Work:
        ranks, sizes, (i, o) = self.ranks[1:-2], signed_sizes(kept), self._few()
        work, core = Work(), math.prod(ranks)
        if self.layers > 1:
            work += product(1, self.ranks[0], core * i * 2 * o)
        if not before:
            work += product(core * self.in_channels, i, 2 * o)
            i = self.in_channels
        if not after:
            work += product(core * i * 2, o, self.out_channels)
            o = self.out_channels
        for axis, r in enumerate(ranks):
            work += product(
                math.prod(ranks[:axis]) * sizes[axis], r, math.prod(sizes[axis + 1 :]) * i * 2 * o
            )
        return work
