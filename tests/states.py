"""Coefficients of fields on the sphere, compared."""

from __future__ import annotations

import torch
from torch import Tensor


def distance(a: Tensor, b: Tensor) -> Tensor:
    """Return the relative L2 distance of each field of states ``(sample, field, degree,
    order)``.
    """
    norm, rest = torch.linalg.vector_norm, (0, 2, 3)
    return norm(a - b, dim=rest) / norm(b, dim=rest)
