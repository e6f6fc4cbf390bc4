"""The orthogonal factor of matrices, by products of matrices alone."""

from __future__ import annotations

import torch
from torch import Tensor

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
ITERATIONS = 5
_SMALLEST = 1e-18  # its square is a normal number in float32
_CACHE = 1 << 19  # bytes of the matrices that a CPU multiplies at a time


def orthogonalized(matrices: Tensor) -> Tensor:
    r"""Return about the polar factor :math:`U V^H` of matrices :math:`U S V^H`.

    Five Newton-Schulz iterations of a matrix that is divided by its Frobenius norm,

    .. math:: X \leftarrow a X + (b\, X X^H + c\, (X X^H)^2)\, X,

    bring the singular values above 1/600 of that norm near 1, to between 0.68 and 1.21.
    A complex matrix A + iB has the real form ``[[A, -B], [B, A]]``: its products are those of the
    real forms, and so is the polar factor, at half the operations.

    Source: Jordan et al., Muon: An optimizer for hidden layers in neural networks, 2024.

    Parameters
    ----------
    matrices
        Real or complex matrices ``(number, rows, columns)``.

    Examples
    --------
    >>> found = orthogonalized(torch.tensor([[[3.0, 0.0], [0.0, -0.5]]]))
    >>> [round(number, 2) for number in found.diagonal(dim1=1, dim2=2)[0].tolist()]
    [0.71, -1.04]
    """
    a, b, c = COEFFICIENTS
    rows, columns = matrices.shape[1:]
    if rows > columns:
        return orthogonalized(matrices.transpose(1, 2)).transpose(1, 2)
    if matrices.device.type == "cpu":
        size = matrices.element_size() * rows * columns
        pieces = matrices.split(max(1, _CACHE // max(size, 1)))
        if len(pieces) > 1:
            return torch.cat([orthogonalized(piece) for piece in pieces])
    # Of real numbers, whose norm takes a tenth of the time of that of complex ones.
    numbers = torch.view_as_real(matrices) if matrices.is_complex() else matrices[..., None]
    norm = torch.linalg.vector_norm(numbers, dim=(1, 2, 3)).clamp(min=_SMALLEST)
    x = matrices / norm[:, None, None]
    for _ in range(ITERATIONS):
        gram = torch.bmm(x, x.mH)
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x
