"""Points along the axes, on which a residual is a signal."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def along_axes(
    domain: Sequence[Sequence[float]], lines: int = 16, points: int = 1025, seed: int = 0
) -> list[Tensor]:
    """Return points at equal distances on lines along each axis, ``(lines, points, axes)``.

    The other coordinates of a line are random; with one axis there is one line.

    Examples
    --------
    >>> (line,) = along_axes([[-1, 1]], points=5)
    >>> line[0, :, 0].tolist()
    [-1.0, -0.5, 0.0, 0.5, 1.0]
    """
    bounds = torch.tensor(domain, dtype=torch.float64)
    random = torch.Generator().manual_seed(seed)
    found = []
    for axis, (lower, upper) in enumerate(domain):
        count = lines if len(domain) > 1 else 1
        place = torch.rand(count, 1, len(domain), generator=random, dtype=torch.float64)
        all_of_it = (bounds[:, 0] + place * (bounds[:, 1] - bounds[:, 0])).repeat(1, points, 1)
        all_of_it[..., axis] = torch.linspace(lower, upper, points, dtype=torch.float64)
        found.append(all_of_it)
    return found
