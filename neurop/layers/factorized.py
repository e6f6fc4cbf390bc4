"""Weights of a spectral convolution as factorised tensors (Kossaifi et al., Multi-Grid Tensorized FNO, 2024, arXiv:2310.00120)."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from neurop.errors import InputError, nearest
from neurop.layers._contraction import Work, mixing, numbers, product
from neurop.spectral import from_signed, mix_packed, signed_sizes, to_signed


class Factorized(nn.Module, ABC):
    r"""Weight :math:`R_{l k_1 \dots k_d\, i c o}` of a spectral convolution, or of several, as a product of small real tensors.

    Index l runs over layers, k over signed frequencies, i and o over channels, c over real and imaginary part. Each
    mode needs its own matrix, but the channels need not: they are first mapped to few by a real matrix that all modes
    share, then mixed mode by mode, then mapped back. Where the cost model says that it is faster
    (:mod:`neurop.layers._contraction`), one or both of these maps are multiplied into the weights of the modes instead.

    Parameters
    ----------
    modes
        Frequencies \|k\| < m per axis, as of :class:`SpectralConv`.
    in_channels, out_channels
        Number of channels.
    rank
        Parameters, as a fraction of those of the dense tensor; each rank is at least 1.
    layers
        Number of layers that share the tensor.

    Raises
    ------
    InputError
        If `rank` is not above 0 and at most 1, or a mode count is below 1.
    """

    def __init__(self, modes: Sequence[int], in_channels: int, out_channels: int, rank: float = 0.1, layers: int = 1) -> None:
        super().__init__()
        if not 0 < rank <= 1:
            raise InputError(f"rank={rank}; it is a fraction of the dense parameters: give a number above 0, at most 1")
        if min(modes) < 1:
            raise InputError(f"modes={min(modes)}; at least 1 mode per axis is needed")
        self.modes, self.layers = tuple(modes), layers
        self._known: dict[tuple[int, ...], tuple[bool, bool]] = {}
        self.in_channels, self.out_channels = in_channels, out_channels
        self.sizes = signed_sizes(self.modes)
        self.numel = 2 * layers * math.prod(self.sizes) * in_channels * out_channels
        wanted, limits = self._proportions()
        self.ranks = fitted(wanted, limits, lambda ranks: sum(map(math.prod, self._shapes(ranks))), rank * self.numel)
        square = self._create([tuple(shape) for shape in self._shapes(self.ranks)])
        # Variance 1 / (2 in) per entry, as of the dense weight.
        balance([p.data for p in self.parameters()], square, self.numel / (2 * in_channels))

    @abstractmethod
    def forward(self, c: Tensor, kept: Sequence[int], layer: int = 0) -> Tensor:
        """Return packed coefficients with the channels of each mode mixed; as of :func:`neurop.spectral.mix_packed`."""

    @abstractmethod
    def dense(self, kept: Sequence[int] | None = None, layer: int = 0) -> Tensor:
        """Return the weight of one layer, ``(*signed modes, in, 2, out)``, of the `kept` frequencies."""

    @abstractmethod
    def _proportions(self) -> tuple[Sequence[float], Sequence[float]]:
        """Return to what the ranks are proportional, and their upper bounds."""

    @abstractmethod
    def _shapes(self, ranks: Sequence[int]) -> list[Sequence[int]]:
        """Return the shapes of the factors."""

    @abstractmethod
    def _create(self, shapes: list[tuple[int, ...]]) -> float:
        """Draw the factors and return the sum of squares of the tensor that they make."""

    def extra_repr(self) -> str:
        """Describe the weight in ``print(model)``."""
        share = sum(p.numel() for p in self.parameters()) / self.numel
        return (
            f"modes={self.modes}, {self.in_channels}, {self.out_channels}, layers={self.layers}, ranks={self.ranks}, {share:.3g} of dense"
        )


_WAYS = ((True, True), (True, False), (False, True), (False, False))


class _Narrow(Factorized):
    """Factorisations whose middle is a spectral weight between few channels."""

    def forward(self, c: Tensor, kept: Sequence[int], layer: int = 0) -> Tensor:
        """Return packed coefficients with the channels of each mode mixed."""
        first, last = self._channels(layer)
        before, after = self._way(len(c), kept)
        weight = self._spread(kept, layer, None if before else first, None if after else last)
        c = mix_packed(c @ first if before else c, weight, kept, kept)
        return c @ last if after else c

    def dense(self, kept: Sequence[int] | None = None, layer: int = 0) -> Tensor:
        """Return the weight of one layer, ``(*signed modes, in, 2, out)``, of the `kept` frequencies."""
        return self._spread(kept or self.modes, layer, *self._channels(layer))

    def _way(self, batch: int, kept: Sequence[int]) -> tuple[bool, bool]:
        """Return whether it is faster to map the channels before, and after, than to multiply these maps into the weights."""
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
        return work + mixing(batch, kept, few_in if before else self.in_channels, few_out if after else self.out_channels)

    @abstractmethod
    def _few(self) -> tuple[int, int]:
        """Return the number of channels of the narrow weight."""

    @abstractmethod
    def _channels(self, layer: int) -> tuple[Tensor, Tensor]:
        """Return the maps of the channels, ``(in, few)`` and ``(few, out)``."""

    @abstractmethod
    def _spread(self, kept: Sequence[int], layer: int, first: Tensor | None, last: Tensor | None) -> Tensor:
        """Return the weights ``(*signed kept, few in, 2, few out)``, multiplied by the maps that are given."""

    @abstractmethod
    def _spreading(self, kept: Sequence[int], before: bool, after: bool) -> Work:
        """Return the work of that, without the map of the channels `before`, and `after`."""


class Tucker(_Narrow):
    r"""Tucker factorisation, :math:`R = G \times_l U_l \times_{k_1} U_1 \dots \times_i U_{in} \times_o U_{out}`.

    The pair of real and imaginary part stays whole in the core G, so that the other factors are real matrices. Ranks
    are proportional to the sizes.

    Examples
    --------
    >>> weight = Tucker((16, 16), 32, 32, rank=0.1)
    >>> weight.ranks, weight.dense().shape
    ((1, 17, 9, 18, 18), torch.Size([31, 16, 32, 2, 32]))
    """

    def _proportions(self) -> tuple[Sequence[float], Sequence[float]]:
        sizes = (self.layers, *self.sizes, self.in_channels, self.out_channels)
        return sizes, sizes

    def _shapes(self, ranks: Sequence[int]) -> list[Sequence[int]]:
        sizes = self._proportions()[0]
        # One layer needs no factor.
        return [(*ranks[:-1], 2, ranks[-1]), *[(int(n), r) for n, r in zip(sizes, ranks)][self.layers == 1 :]]

    def _create(self, shapes: list[tuple[int, ...]]) -> float:
        core = torch.randn(shapes[0])
        self.core = nn.Parameter(core)
        self.factors = nn.ParameterList(orthonormal(*shape) for shape in shapes[1:])
        if self.layers > 1:
            with torch.no_grad():  # No layer begins with a smaller share than another.
                self.factors[0].div_(self.factors[0].norm(dim=1, keepdim=True))
                core = torch.tensordot(self.factors[0], core, 1)
        return float(core.square().sum())

    def _few(self) -> tuple[int, int]:
        return self.ranks[-2], self.ranks[-1]

    def _channels(self, layer: int) -> tuple[Tensor, Tensor]:
        return self.factors[-2], self.factors[-1].t()

    def _spread(self, kept: Sequence[int], layer: int, first: Tensor | None, last: Tensor | None) -> Tensor:
        w = self.core[0] if self.layers == 1 else torch.tensordot(self.factors[0][layer], self.core, 1)
        if first is not None:
            w = (first @ w.flatten(-2)).unflatten(-1, w.shape[-2:])
        if last is not None:
            w = w @ last
        tail = w.shape[-3:]
        for axis, (m, e) in enumerate(zip(self.modes, kept, strict=True)):
            factor = rows(self.factors[axis - len(self.modes) - 2], 0, m, e, axis == len(self.modes) - 1)
            w = factor @ w.reshape(math.prod(signed_sizes((*kept[:axis], 1))[:-1]), factor.shape[1], -1)
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
            work += product(math.prod(sizes[: axis + 1]), r, math.prod(ranks[axis + 1 :]) * i * 2 * o)
        return work


class TensorTrain(_Narrow):
    r"""Tensor train, :math:`R = A_{in}\, A_l\, A_1(k_1) \cdots A_d(k_d)\, A_{out}`: matrices, chained.

    The channels are the ends of the train; the last mode's matrices hold the pair of real and imaginary part. All bonds
    have the same rank, as far as their sides allow.

    Examples
    --------
    >>> TensorTrain((16, 16), 32, 32, rank=0.1).ranks
    (32, 50, 32)
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

    def _create(self, shapes: list[tuple[int, ...]]) -> float:
        self.cores = nn.ParameterList(orthonormal(math.prod(s[:-1]), s[-1]).view(s) for s in shapes[:-2])
        core = torch.randn(shapes[-2])
        self.cores.append(core)
        self.cores.append(orthonormal(*shapes[-1]))
        return float(core.square().sum())

    def _few(self) -> tuple[int, int]:
        return self.ranks[self.layers > 1], self.ranks[-1]

    def _channels(self, layer: int) -> tuple[Tensor, Tensor]:
        first, second = self.cores[0], self.cores[1]
        return first if self.layers == 1 else first @ second[:, layer], self.cores[-1]

    def _spread(self, kept: Sequence[int], layer: int, first: Tensor | None, last: Tensor | None) -> Tensor:
        w, cores = first, [*self.cores][1 + (self.layers > 1) : -1]
        for axis, (m, e, core) in enumerate(zip(self.modes, kept, cores, strict=True)):
            ending = axis == len(kept) - 1
            core = rows(core, 1, m, e, ending)
            if ending and last is not None:
                core = core @ last
            step = core if w is None else (w @ core.flatten(1)).view(-1, w.shape[-2], *core.shape[1:])
            w = step.transpose(-2 - ending, -3 - ending) if w is None else step.transpose(1, 2)
            w = w.reshape(-1, w.shape[-2 - ending], core.shape[2:].numel())
        assert w is not None
        return w.view(*signed_sizes(kept), w.shape[1], 2, -1)

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


class CP(Factorized):
    r"""Canonical polyadic factorisation, :math:`R = \sum_r u^l_r \otimes u^1_r \otimes \dots \otimes u^{in}_r \otimes p_r \otimes u^o_r`.

    Its weight between the two maps of the channels is a complex number per mode and term. There are many terms where `rank` is not
    small: use it below about 1/50.

    Examples
    --------
    >>> CP((16, 16), 32, 32, rank=1 / 150).ranks
    (59,)
    """

    def _proportions(self) -> tuple[Sequence[float], Sequence[float]]:
        return [1], [self.numel]

    def _shapes(self, ranks: Sequence[int]) -> list[Sequence[int]]:
        layers = [self.layers] if self.layers > 1 else []
        return [(n, ranks[0]) for n in (*layers, *self.sizes, self.in_channels, 2, self.out_channels)]

    def _create(self, shapes: list[tuple[int, ...]]) -> float:
        factors = [torch.randn(shape) for shape in shapes]
        if self.layers > 1:  # No layer begins with a smaller share than another.
            factors[0].sign_()
        self.factors = nn.ParameterList(nn.functional.normalize(u, dim=0) for u in factors)
        return float(torch.stack([u.data.t() @ u.data for u in self.factors]).prod(0).sum())

    def forward(self, c: Tensor, kept: Sequence[int], layer: int = 0) -> Tensor:
        """Return packed coefficients with the channels of each mode mixed."""
        if self._dense_is_faster(len(c), kept):
            return mix_packed(c, self.dense(kept, layer), kept, kept)
        terms, first, pair, last = self._parts(kept, layer)
        a, b = pair
        re, im = to_signed(c @ first, kept) * terms
        return from_signed(torch.stack([re * a - im * b, im * a + re * b]), kept) @ last.t()

    def dense(self, kept: Sequence[int] | None = None, layer: int = 0) -> Tensor:
        """Return the weight of one layer, ``(*signed modes, in, 2, out)``, of the `kept` frequencies."""
        terms, first, pair, last = self._parts(kept or self.modes, layer)
        channels = first[:, None, None] * pair[:, None] * last
        return (terms @ channels.flatten(0, 2).t()).unflatten(-1, channels.shape[:-1])

    def _parts(self, kept: Sequence[int], layer: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return ``(*signed kept, terms)`` and the factors of input, pair and output."""
        *axes, first, pair, last = self.factors
        pair = pair if self.layers == 1 else pair * axes[0][layer]
        terms = None
        for axis, (m, e, factor) in enumerate(zip(self.modes, kept, axes[self.layers > 1 :], strict=True)):
            factor = rows(factor, 0, m, e, axis == len(kept) - 1)
            terms = factor if terms is None else terms[..., None, :] * factor
        assert terms is not None
        return terms, first, pair, last

    def _dense_is_faster(self, batch: int, kept: Sequence[int]) -> bool:
        modes, packed = numbers(kept)
        terms, (i, o) = self.ranks[0], (self.in_channels, self.out_channels)
        few = product(batch * packed, i, terms) + product(batch * packed, terms, o) + Work(moved=7 * batch * packed * terms)
        dense = product(modes, terms, i * 2 * o) + mixing(batch, kept, i, o)
        return dense.cost < few.cost


FACTORIZATIONS: dict[str, type[Factorized]] = {"tucker": Tucker, "cp": CP, "tt": TensorTrain}


class OfLayer(nn.Module):
    """The weight of one of the layers that share a tensor; its parameters are those of the tensor, which the model holds."""

    def __init__(self, joint: Factorized, layer: int) -> None:
        super().__init__()
        self._joint = (joint,)  # in a tuple, so that the state has it once
        self.layer = layer

    def forward(self, c: Tensor, kept: Sequence[int]) -> Tensor:
        """Return packed coefficients with the channels of each mode mixed."""
        y: Tensor = self._joint[0](c, kept, self.layer)
        return y

    def dense(self, kept: Sequence[int] | None = None) -> Tensor:
        """Return the weight, ``(*signed modes, in, 2, out)``, of the `kept` frequencies."""
        return self._joint[0].dense(kept, self.layer)


def factorization(name: str) -> type[Factorized]:
    """Return a factorisation by its name; raise InputError if there is none."""
    if name not in FACTORIZATIONS:
        raise InputError(f"no factorization '{name}'; {nearest(name, FACTORIZATIONS)}")
    return FACTORIZATIONS[name]


def fitted(wanted: Sequence[float], limits: Sequence[float], count: Callable[[Sequence[int]], int], budget: float) -> tuple[int, ...]:
    """Return the largest ranks, about proportional to `wanted`, whose `count` is within the budget; at least 1 each."""

    def at(scale: float) -> list[int]:
        return [int(max(1, min(round(scale * w), limit))) for w, limit in zip(wanted, limits, strict=True)]

    low, high = 0.0, max(limit / w for w, limit in zip(wanted, limits))
    for _ in range(64):
        middle = (low + high) / 2
        low, high = (middle, high) if count(at(middle)) <= budget else (low, middle)
    ranks = at(low)
    while True:  # What rounding left over goes to the rank that is furthest behind.
        for j in sorted(range(len(ranks)), key=lambda j: ranks[j] / wanted[j]):
            more = [*ranks[:j], ranks[j] + 1, *ranks[j + 1 :]]
            if more[j] <= limits[j] and count(more) <= budget:
                ranks = more
                break
        else:
            return tuple(ranks)


def balance(factors: Sequence[Tensor], square: float, wanted: float) -> None:
    """Scale the factors of a product in place: its sum of squares from `square` to `wanted`, their entries to one common size.

    Steps of an optimizer like Adam are as large for every entry, so entries of one size change by the same share.
    """
    sizes = [float(f.square().mean().log()) / 2 for f in factors]
    common = (math.log(wanted / square) / 2 + sum(sizes)) / len(factors)
    for factor, size in zip(factors, sizes):
        factor.mul_(math.exp(common - size))


def orthonormal(n: int, r: int) -> Tensor:
    """Return a random matrix with orthonormal columns, or rows if there are more columns."""
    return nn.init.orthogonal_(torch.empty(n, r))


def rows(factor: Tensor, dim: int, modes: int, kept: int, one_sided: bool) -> Tensor:
    """Return the part of an axis's factor that belongs to the frequencies below `kept`."""
    if kept == modes:
        return factor
    low = factor.narrow(dim, 0, kept)
    return low if one_sided else torch.cat([low, factor.narrow(dim, modes, kept - 1)], dim)
