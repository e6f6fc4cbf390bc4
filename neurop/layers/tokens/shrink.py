"""Soft thresholds of complex coefficients, relative to the size of their shell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import relu

from neurop.spectral import constant_tensor

_SMALL = 1e-24
"""Least square of a size: the slope of a root at 0 is infinite."""


def shrunk(z: Tensor, threshold: Tensor | float, modes: Sequence[int]) -> Tensor:
    """Return complex coefficients whose sizes are shrunk relative to those of their shell.

    Parameters
    ----------
    z
        Coefficients ``(2, batch, signed modes, channels)``, their modes as
        :func:`neurop.spectral.signed_sizes` has them.
    threshold
        Threshold, in root mean squares of the shell; a number or one per channel.
    modes
        Number of frequencies per axis.

    Examples
    --------
    >>> import torch
    >>> z = torch.tensor([[[[3.0], [0.0]]], [[[0.0], [4.0]]]])  # 3 and 4i, in shells of their own
    >>> shrunk(z, 0.5, (2,)).flatten().tolist()
    [1.5, 0.0, 0.0, 2.0]
    """
    square = z.square().sum(0)
    means, members = (_shells(tuple(modes), part, z.dtype, z.device) for part in (0, 1))
    rms = (square.mean(-1) @ means).clamp_min(_SMALL).sqrt() @ members
    return relu(1 - threshold * rms[..., None] * square.clamp_min(_SMALL).rsqrt()) * z


@constant_tensor(maxsize=64)
def _shells(modes: tuple[int, ...], part: int) -> NDArray[np.float64]:
    return _shell_matrices(modes)[part]


def _shell_matrices(modes: tuple[int, ...]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the means over shells, ``(modes, shells)``, and the shell of each mode, transposed."""
    sides = [np.concatenate([np.arange(m), -np.arange(1, m)]) for m in modes[:-1]]
    k = np.stack(np.meshgrid(*sides, np.arange(modes[-1]), indexing="ij"), -1).reshape(
        -1, len(modes)
    )
    shell = np.rint(np.sqrt((k**2).sum(1))).astype(np.int64)
    members = (np.arange(shell.max() + 1)[:, None] == shell).astype(np.float64)
    # A mode stands for its conjugate, too, unless that is a mode of its own.
    counts = members * np.where(k[:, -1] == 0, 1, 2)
    return (counts / counts.sum(1, keepdims=True)).T, members


_shell_matrices._dynamo_marked_constant = True  # type: ignore[attr-defined]
