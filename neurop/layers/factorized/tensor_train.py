"""Tensor train of a spectral weight.

Source: Oseledets, Tensor-Train Decomposition, SIAM J. Sci. Comput. 33, 2011.
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


class TensorTrain(CoreFactorized):
    r"""Tensor train, :math:`R = A_{in}\, A_l\, A_1(k_1) \cdots A_d(k_d)\, A_{out}`.

    The channels are the ends of the train; the matrices of the last mode contain the pair of real
    and imaginary part. All bonds have the same rank, as far as their dimensions allow.

    Examples
    --------
    >>> TensorTrain((16, 16), 32, 32, rank=0.1).ranks
    (32, 49, 32)
    """

    def _lengths(self) -> list[int]:
        layers = [self.layers] if self.layers > 1 else []
        return [self.in_channels, *layers, *self.sizes[:-1], 2 * self.sizes[-1], self.out_channels]

    def _proportions(self) -> tuple[Sequence[float], Sequence[float]]:
        n = self._lengths()
        limits = [min(math.prod(n[:j]), math.prod(n[j:])) for j in range(1, len(n))]
        return [1] * len(limits), limits

    def _shapes(self, ranks: Sequence[int]) -> list[Sequence[int]]:
        bonds = [1, *ranks, 1]
        shapes: list[Sequence[int]] = [*zip(bonds, self._lengths(), bonds[1:], strict=False)]
        shapes[0], shapes[-1] = shapes[0][1:], shapes[-1][:-1]
        shapes[-2] = (ranks[-2], self.sizes[-1], 2, ranks[-1])
        return shapes

    def _create(self, shapes: list[tuple[int, ...]]) -> Tensor:
        self.cores = nn.ParameterList(
            orthonormal(math.prod(s[:-1]), s[-1]).view(s) for s in shapes[:-2]
        )
        core = torch.randn(shapes[-2])
        self.cores.append(core)
        self.cores.append(orthonormal(*shapes[-1]))
        return core.square().sum()

    def _few(self) -> tuple[int, int]:
        return self.ranks[self.layers > 1], self.ranks[-1]

    def _channels(self, layer: int) -> tuple[Tensor, Tensor]:
        first, second = self.cores[0], self.cores[1]
        return first if self.layers == 1 else first @ second[:, layer], self.cores[-1]

    def _spread(
        self, kept: Sequence[int], layer: int, first: Tensor | None, last: Tensor | None
    ) -> Tensor:
        w, cores = None if first is None else first[None], [*self.cores][1 + (self.layers > 1) : -1]
        for axis, (m, e, core) in enumerate(zip(self.modes, kept, cores, strict=True)):
            ending = axis == len(kept) - 1
            core = rows(core, 1, m, e, ending)
            if ending and last is not None:
                core = core @ last
            core = core.flatten(2)  # (bond, n, bond or pair times channels)
            if w is None:
                w = core.transpose(0, 1)
            else:
                w = (
                    (w @ core.flatten(1))
                    .unflatten(-1, core.shape[1:])
                    .transpose(1, 2)
                    .flatten(0, 1)
                )
        assert w is not None
        return w.reshape(*signed_sizes(kept), w.shape[1], 2, -1)

    def _spreading(self, kept: Sequence[int], before: bool, after: bool) -> Work:
        (i, o), work = self._few(), Work()
        bonds, sizes = self.ranks[self.layers > 1 :], signed_sizes(kept)
        if not after:
            work += product(bonds[-2] * 2 * sizes[-1], o, self.out_channels)
            o = self.out_channels
        columns = [*(n * b for n, b in zip(sizes[:-1], bonds[1:])), sizes[-1] * 2 * o]
        for axis, (r, n) in enumerate(zip(bonds, columns)):
            if axis or not before:
                work += product(math.prod(sizes[:axis]) * (i if before else self.in_channels), r, n)
        return work
