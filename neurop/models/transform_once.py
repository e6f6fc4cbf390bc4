"""Transform-Once, T1 (Poli et al., NeurIPS 2022, arXiv:2211.14453)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from neurop.geometry.grid import Grid
from neurop.layers import CoefficientBlock, CoefficientTransform
from neurop.models.arguments import at_least_one, check_input, grid_and_modes
from neurop.models.operator import GridOperator

_OFFSET = 10.0
"""Unit of the constant, so that Adam, whose steps do not depend on sizes, reaches it sooner."""


class TransformOnce(GridOperator):
    r"""Transform-Once (T1): layers on coefficients between one transform and its inverse.

    .. math:: u = T^{-1} Q\,(B_L \circ \dots \circ B_1)(P\,T a + b), \qquad
       B z = z + S'\,\sigma(S R z)

    with T the orthonormal transform onto few modes (:class:`neurop.layers.CoefficientTransform`), P
    and Q linear maps of channels, b a bias per mode and channel, and B
    :class:`neurop.layers.CoefficientBlock`. P and Q commute with the transform, so only the input
    and output fields are transformed, for any width, and the cost of a layer does not depend on the
    grid. The bias b replaces coordinate channels, whose transform is a constant.

    The output is limited to the modes: :meth:`truncated` is the projection on them, and the rest of
    the truth is a lower bound of the error, the truncation floor. Coefficients of modes that a grid
    does not resolve are zero in the input and left out in the output, so that for a band-limited
    input the result on a coarse grid is the projection of that on a fine one.

    If an axis is dirichlet, a learnt constant is added: normalised fields have a nonzero value on
    the boundary, where all sines vanish.

    Parameters
    ----------
    in_channels, out_channels
        Number of input and output channels: fields times frames.
    domain
        Grid of the fields; a periodic box of ``len(modes)`` dimensions by default.
    modes
        Number m of modes, frequencies \|k\| < m (periodic axes) or m functions: one for all axes or
        one per axis.
    width
        Channels of the layers.
    depth
        Number of layers.
    mixing
        Whether the layers couple the modes, by S and S'.

    Shape
    -----
    ``(batch, in_channels, *grid) -> (batch, out_channels, *grid)``.

    Raises
    ------
    InputError
        If `width`, `depth` or a number of modes is below 1, or `modes` does not fit the domain; in
        a call, if the input does not fit the model.

    Examples
    --------
    >>> model = TransformOnce(1, 1, modes=(4, 4), width=8, depth=2)
    >>> model(torch.zeros(2, 1, 16, 20)).shape
    torch.Size([2, 1, 16, 20])
    """

    citation = (
        "Poli et al., Transform Once: Efficient Operator Learning in Frequency Domain, "
        "NeurIPS 2022, arXiv:2211.14453"
    )
    modes: tuple[int, ...]

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        domain: Grid | None = None,
        modes: int | Sequence[int] = 16,
        width: int = 32,
        depth: int = 4,
        mixing: bool = True,
    ) -> None:
        super().__init__()
        at_least_one(width=width, depth=depth)
        domain, self.modes = grid_and_modes(domain, modes)
        self.transform = CoefficientTransform(domain, self.modes)
        self.lift = nn.Linear(in_channels, width, bias=False)
        self.bias = nn.Parameter(torch.zeros(*self.transform.sizes, width))
        nn.init.normal_(self.lift.weight, std=1 / math.sqrt(in_channels))
        self.blocks = nn.Sequential(
            *(CoefficientBlock(width, self.transform.bases, mixing, depth) for _ in range(depth))
        )
        self.head = nn.Linear(width, out_channels, bias=False)
        walled = any(axis.boundary == "dirichlet" for axis in domain.axes)
        self.offset = (
            nn.Parameter(torch.zeros(out_channels, *[1] * domain.dimensions)) if walled else None
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the output fields on the input's grid."""
        y = self.transform.inverse(self._between(x), x.shape[2:])
        return y if self.offset is None else y + _OFFSET * self.offset

    def coefficients(self, x: Tensor) -> Tensor:
        """Return the orthonormal coefficients of the output, ``(batch, out_channels, *sizes)``.

        The learnt constant is not included.
        """
        return self._between(x).movedim(-1, 1) / math.sqrt(self.transform.count)

    def truncated(self, y: Tensor) -> Tensor:
        """Return the possible output that is nearest to fields ``(batch, out_channels, *grid)``."""
        return (
            self.transform.project(y)
            if self.offset is None
            else self.transform.project(y - _OFFSET * self.offset) + _OFFSET * self.offset
        )

    def resolved(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return the number of the model's modes that a grid of `shape` points resolves."""
        return self.transform.retained_modes(shape)

    def nyquist(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return the number of modes below the Nyquist frequency of a grid, per axis."""
        return self.transform.nyquist(shape)

    def _between(self, x: Tensor) -> Tensor:
        """Return the coefficients of the output, ``(batch, *sizes, out_channels)``."""
        check_input(x, self.lift.in_features, len(self.modes))
        z: Tensor = self.head(self.blocks(self.lift(self.transform(x)) + self.bias))
        return z
