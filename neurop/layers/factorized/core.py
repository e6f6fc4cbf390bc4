"""Base classes of the factorisations of a spectral weight."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from neurop.errors import InputError
from neurop.geometry.symbolic import is_symbolic
from neurop.layers.factorized.contraction import Work, mixing, numbers, product
from neurop.layers.factorized.factors import balance, fitted
from neurop.spectral import mix_packed, signed_sizes


class Factorized(nn.Module, ABC):
    r"""Weight :math:`R_{l k_1 \dots k_d\, i c o}` of spectral convolutions as a product of tensors.

    Index l runs over layers, k over signed frequencies, i and o over channels, c over real and
    imaginary part. Channels are first projected to a smaller number by a real matrix that all modes
    share, then mixed mode by mode, then mapped back. Where it is faster by the cost model
    (:mod:`neurop.layers.factorized.contraction`), one or both of these maps are multiplied into the
    weights of the modes instead.

    Parameters
    ----------
    modes
        Number m of frequencies \|k\| < m per axis, as for :class:`SpectralConv`.
    in_channels, out_channels
        Number of channels.
    rank
        Number of parameters as a fraction of those of the dense tensor; each rank is at least 1.
    layers
        Number of layers that share the tensor.

    Raises
    ------
    InputError
        If `rank` is not above 0 and at most 1, or a mode count is below 1.
    """

    def __init__(
        self,
        modes: Sequence[int],
        in_channels: int,
        out_channels: int,
        rank: float = 0.1,
        layers: int = 1,
    ) -> None:
        super().__init__()
        if not 0 < rank <= 1:
            raise InputError.of(
                "rank",
                rank,
                "it is a fraction of the dense parameters; give a number above 0, at most 1",
            )
        if min(modes) < 1:
            raise InputError.of("modes", tuple(modes), "at least 1 mode per axis is needed")
        self.modes, self.layers = tuple(modes), layers
        self._known: dict[tuple[int, ...], tuple[bool, bool]] = {}
        self.in_channels, self.out_channels = in_channels, out_channels
        self.sizes = signed_sizes(self.modes)
        self.numel = 2 * layers * math.prod(self.sizes) * in_channels * out_channels
        wanted, limits = self._proportions()
        self.ranks = fitted(wanted, limits, self._count, rank * self.numel)
        fast = fitted(wanted, self._rounded(limits), self._count, rank * self.numel)
        # Not if rounding would change the number of parameters by more than 10 %.
        if self._count(fast) > 0.9 * self._count(self.ranks):
            self.ranks = fast
        square = self._create([tuple(shape) for shape in self._shapes(self.ranks)])
        if not square.is_meta:  # Tensors on the meta device have no values to scale.
            # Variance 1 / (2 in) per entry, as for the dense weight.
            balance(
                [p.data for p in self.parameters()], float(square), self.numel / (2 * in_channels)
            )

    @abstractmethod
    def forward(self, c: Tensor, kept: Sequence[int], layer: int = 0) -> Tensor:
        """Mix the channels of each mode, as :func:`neurop.spectral.mix_packed` does."""

    @abstractmethod
    def dense(self, kept: Sequence[int] | None = None, layer: int = 0) -> Tensor:
        """Return the weight ``(*signed modes, in, 2, out)`` of a layer for `kept` frequencies."""

    @abstractmethod
    def _proportions(self) -> tuple[Sequence[float], Sequence[float]]:
        """Return the proportions of the ranks, and their upper bounds."""

    def _count(self, ranks: Sequence[int]) -> int:
        return sum(map(math.prod, self._shapes(ranks)))

    def _rounded(self, limits: Sequence[float]) -> Sequence[float]:
        """Return the upper bounds, lowered where a rank below :attr:`ranks` is much faster."""
        return limits

    @abstractmethod
    def _shapes(self, ranks: Sequence[int]) -> list[Sequence[int]]:
        """Return the shapes of the factors."""

    @abstractmethod
    def _create(self, shapes: list[tuple[int, ...]]) -> Tensor:
        """Draw the factors and return the sum of squares of their product."""

    def extra_repr(self) -> str:
        """Describe the weight in ``print(model)``."""
        share = sum(p.numel() for p in self.parameters()) / self.numel
        return (
            f"modes={self.modes}, {self.in_channels}, {self.out_channels}, layers={self.layers}, "
            f"ranks={self.ranks}, {share:.3g} of dense"
        )


_WAYS = ((True, True), (True, False), (False, True), (False, False))


class CoreFactorized(Factorized):
    """Factorisations with a core: a spectral weight between fewer channels."""

    def forward(self, c: Tensor, kept: Sequence[int], layer: int = 0) -> Tensor:
        """Mix the channels of each mode of packed coefficients."""
        first, last = self._channels(layer)
        before, after = self._way(c.shape[0], kept)
        weight = self._spread(kept, layer, None if before else first, None if after else last)
        c = mix_packed(c @ first if before else c, weight, kept, kept)
        return c @ last if after else c

    def dense(self, kept: Sequence[int] | None = None, layer: int = 0) -> Tensor:
        """Return the weight ``(*signed modes, in, 2, out)`` of a layer for `kept` frequencies."""
        return self._spread(kept or self.modes, layer, *self._channels(layer))

    def _way(self, batch: int, kept: Sequence[int]) -> tuple[bool, bool]:
        """Return the fastest order: whether channels are mapped before, and after, the mixing."""
        if is_symbolic(batch):  # one graph for every batch: the way of one sample
            return self._fastest(1, kept)
        if torch.compiler.is_compiling():
            return self._fastest(batch, kept)
        if (batch, *kept) not in self._known:
            self._known[batch, *kept] = self._fastest(batch, kept)
        return self._known[batch, *kept]

    def _fastest(self, batch: int, kept: Sequence[int]) -> tuple[bool, bool]:
        best = _WAYS[0]
        for way in _WAYS[1:]:
            if self._work(batch, kept, *way).cost < self._work(batch, kept, *best).cost:
                best = way
        return best

    def _work(self, batch: int, kept: Sequence[int], before: bool, after: bool) -> Work:
        (few_in, few_out), coefficients = self._few(), batch * numbers(kept)[1]
        work = self._spreading(kept, before, after)
        if before:
            work += product(coefficients, self.in_channels, few_in)
        if after:
            work += product(coefficients, few_out, self.out_channels)
        return work + mixing(
            batch,
            kept,
            few_in if before else self.in_channels,
            few_out if after else self.out_channels,
        )

    @abstractmethod
    def _few(self) -> tuple[int, int]:
        """Return the numbers of input and output channels of the core."""

    @abstractmethod
    def _channels(self, layer: int) -> tuple[Tensor, Tensor]:
        """Return the channel maps, ``(in, few)`` and ``(few, out)``."""

    @abstractmethod
    def _spread(
        self, kept: Sequence[int], layer: int, first: Tensor | None, last: Tensor | None
    ) -> Tensor:
        """Return the weights ``(*signed kept, few in, 2, few out)`` times the given maps."""

    @abstractmethod
    def _spreading(self, kept: Sequence[int], before: bool, after: bool) -> Work:
        """Return the work of :meth:`_spread`, without a channel map if `before`, or `after`."""
