"""Residual layer on coefficients: mixing of channels and of modes, and a nonlinearity."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import gelu

from neurop.spectral import (
    Basis,
    Chebyshev,
    Cosine,
    Fourier,
    in_float32,
    mix_modes,
    weight_sizes,
)

_MEAN = 0.5 / math.sqrt(math.pi)
_VARIANCE = 1 / 3 + 1 / (2 * math.pi * math.sqrt(3)) - _MEAN**2
"""Mean and variance of GELU(a), for a standard normal a."""


class CoefficientBlock(nn.Module):
    r"""Residual step in coefficient space.

    .. math:: z \leftarrow z + S'\,\sigma(S R z), \qquad
       S = S^{(1)} \otimes \cdots \otimes S^{(d)}, \qquad (R z)_{ko} = \sum_i R_{kio} z_{ki}

    R mixes the channels of each mode: by a complex matrix per signed frequency of the periodic
    axes, so that it is a convolution, and a real one per function of the others. S and S' mix the
    modes, with one matrix per axis for all channels. They are initialised as the transform from the
    s functions of an axis to values at 3 s / 2 points, and its inverse: a pointwise nonlinearity on
    coefficients computes no products of fields, which most equations contain, and 3 s / 2 points
    give a product of two fields without aliasing. Without S and S' the nonlinearity acts on each
    coefficient and modes are not coupled.

    :math:`\sigma(a) = \mathrm{GELU}(a) - 1 / (2 \sqrt\pi)` has mean 0 for a standard normal a;
    otherwise the constant would grow from step to step. At initialisation the branch has about
    1 / `depth` of the mean square of z, so that a stack of `depth` steps multiplies it by a small
    number that depends weakly on `depth` (2 at depth 1, 3.5 at 16).

    Source: Poli et al., Transform once, NeurIPS 2022, arXiv:2211.14453, section 3, where R is real
    and S follows the nonlinearity.

    Parameters
    ----------
    width
        Number of channels.
    bases
        Basis of each axis.
    mixing
        Whether modes are mixed by S and S'.
    depth
        Number of steps in the stack.

    Shape
    -----
    ``(batch, *sizes of the bases, width)`` to the same.

    Examples
    --------
    >>> CoefficientBlock(4, (Fourier(3), Cosine(3)))(torch.zeros(2, 5, 3, 4)).shape
    torch.Size([2, 5, 3, 4])
    """

    def __init__(
        self, width: int, bases: Sequence[Basis], mixing: bool = True, depth: int = 1
    ) -> None:
        super().__init__()
        self.bases = tuple(bases)
        gain = 1 / math.sqrt(_VARIANCE * depth)
        sizes, parts = weight_sizes(self.bases)
        weight = torch.randn(*sizes, width, *[2] * (parts - 1), width) / math.sqrt(parts * width)
        self.weight = nn.Parameter(weight)
        values = [_values(basis).to(weight.dtype) for basis in (bases if mixing else ())]
        inverses = [torch.linalg.pinv(v.double()) for v in values]
        self.spread = nn.ParameterList(v.to(weight) for v in values)
        self.gather = nn.ParameterList(v.to(weight) for v in inverses)
        with torch.no_grad():
            (self.gather[-1] if mixing else self.weight).mul_(gain)

    def forward(self, z: Tensor) -> Tensor:
        """Return the coefficients one step later."""
        y: Tensor = in_float32(self._step, z)
        return y

    def _step(self, z: Tensor) -> Tensor:
        mixed = mix_modes(z, self.weight, self.bases, [basis.modes for basis in self.bases])
        a = gelu(_along(self.spread, mixed)) - _MEAN
        return z + _along(self.gather, a)


def _along(matrices: Iterable[Tensor], a: Tensor) -> Tensor:
    """Multiply by one matrix along each axis; unlike the engine's they are trained."""
    for axis, matrix in enumerate(matrices, start=1):
        shape = a.shape
        lines = a.flatten(0, axis - 1).flatten(2)
        # matmul would transpose the lines to compute one product: the copies cost more than the
        # products.
        a = torch.bmm(matrix.expand(lines.shape[0], -1, -1), lines).view(
            *shape[:axis], len(matrix), *shape[axis + 1 :]
        )
    return a


def _values(basis: Basis) -> Tensor:
    """Return the matrix ``(points, size)`` from scaled orthonormal coefficients to point values.

    The scale is the square root of the number of coefficients. There are 3/2 as many points as
    functions, at which the columns are orthogonal; the matrix preserves the mean square.
    """
    p = math.ceil(1.5 * basis.size)
    if isinstance(basis, Fourier):
        points, cells = np.arange(p) / p, p
    elif isinstance(basis, Cosine):
        points, cells = (np.arange(p) + 0.5) / p, p
    elif isinstance(basis, Chebyshev):  # the roots of the polynomial of degree p
        points, cells = (1 - np.cos(np.pi * (np.arange(p) + 0.5) / p)) / 2, p
    else:
        points, cells = np.arange(1, p + 1) / (p + 1), p + 1
    return torch.from_numpy(
        basis.functions(points) * np.sqrt(basis.norms() * p / (cells * basis.size))
    )
