"""The dominant subspace of data that are read in blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

PASSES = 2


def dominant_subspace(
    blocks: Callable[[], Iterator[Tensor]], size: int, count: int, most: int
) -> Tensor:
    r"""Return an orthonormal basis of the directions with the most variance, ``(size, rank)``.

    It is found by subspace iteration from a random start, :math:`Q \leftarrow
    \operatorname{orth}(X^T X Q)`, with one pass over the data per iteration; exact if the rank is
    that of the data.

    Source: Halko, Martinsson and Tropp, SIAM Review 53 (2011) 217, doi:10.1137/090771806.

    Parameters
    ----------
    blocks
        Function that starts a pass over the rows of X in blocks ``(rows, size)``, float64.
    size, count
        Number of columns and of rows.
    most
        Largest rank.

    Examples
    --------
    >>> x = torch.outer(torch.arange(6.0), torch.tensor([3.0, 0.0, 4.0, 0.0])).double()
    >>> q = dominant_subspace(lambda: iter(x.split(2)), 4, 6, most=1)
    >>> [round(abs(value), 6) for value in q[:, 0].tolist()]
    [0.6, 0.0, 0.8, 0.0]
    """
    rank = min(most, size, count)
    if rank == size:
        return torch.eye(size, dtype=torch.float64)
    start = torch.Generator().manual_seed(0)
    q = torch.randn(size, rank, generator=start, dtype=torch.float64)
    for _ in range(PASSES):
        image = torch.zeros_like(q)
        for block in blocks():
            image += block.T @ (block @ q)
        q = torch.linalg.qr(image).Q
    return q
