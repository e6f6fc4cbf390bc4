r"""The engine's matrices as operations of a graph, for sizes that an exported graph leaves open.

Every function of a basis is a wave :math:`\cos(\omega_k\, a(x) - \phi_k)` whose frequencies and
phases are constants; the points alone depend on the size.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from neurop.geometry import symbolic
from neurop.geometry.axis import Axis
from neurop.spectral.bases import Basis
from neurop.spectral.chebyshev import Chebyshev


def analysis(basis: Basis, axis: Axis, n: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Return :func:`neurop.spectral.matrices.analysis_matrix` of a symbolic size, ``(size, n)``."""
    waves = _waves(basis, axis, n, device)
    if not isinstance(basis, Chebyshev):
        return (waves.t() * symbolic.weights(axis, n, device)).to(dtype)
    # As its own analysis: the trapezoidal rule in the angle, the coefficient n - 1 halved.
    k = torch.arange(basis.size, device=device)[:, None]
    rows = waves.t() * symbolic.weights(replace(axis, layout="ends"), n, device)
    return (rows * torch.where(k == n - 1, 0.5, 1.0)).to(dtype)


def synthesis(basis: Basis, axis: Axis, n: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Return :func:`neurop.spectral.matrices.synthesis_matrix` of a symbolic size, ``(n, size)``.

    Examples
    --------
    >>> from neurop.spectral.bases import Fourier
    >>> made = synthesis(Fourier(2), Axis("x"), 4, torch.float32, torch.device("cpu"))
    >>> made.round(decimals=4)[1].tolist()  # the constant, the cosine and the sine at x = 1/4
    [1.0, 0.0, 2.0]
    """
    waves = _waves(basis, axis, n, device)
    return (waves * torch.as_tensor(basis.norms(), device=device)).to(dtype)


def _waves(basis: Basis, axis: Axis, n: int, device: torch.device) -> Tensor:
    frequencies, phases = basis.waves()
    angle = _arguments(basis, axis, n, device)[:, None] * torch.as_tensor(
        frequencies, device=device
    )
    return torch.cos(angle - torch.as_tensor(np.asarray(phases), device=device))


def _arguments(basis: Basis, axis: Axis, n: int, device: torch.device) -> Tensor:
    if not isinstance(basis, Chebyshev):
        return symbolic.points(axis, n, device) + basis.shift
    # The angles of the points, rather than arc cosines, which ONNX Runtime has in float32 alone.
    basis.check_layout(axis)
    return torch.pi * (1 - symbolic.points(replace(axis, layout="ends"), n, device))
