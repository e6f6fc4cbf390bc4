"""The disc of wavenumbers that a filter passes, and its shells."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from neurop.spectral import constant_tensor


def waves(modes: Sequence[int]) -> list[NDArray[np.float64]]:
    """Return the signed frequencies along each axis, ``(*signed modes)`` each.

    The order is that of ``neurop.spectral.to_signed``.

    Examples
    --------
    >>> waves((2, 4))[0][:, 3].tolist()
    [0.0, 1.0, -1.0]
    """
    half = [np.arange(m, dtype=np.float64) for m in modes]
    signed = [np.concatenate([k, -k[1:]]) for k in half[:-1]] + half[-1:]
    return list(np.meshgrid(*signed, indexing="ij"))


def radius(modes: Sequence[int]) -> NDArray[np.float64]:
    r"""Return :math:`r_k = (\sum_d (k_d / m_d)^2)^{1/2}` of the signed frequencies.

    Examples
    --------
    >>> radius((2, 4))[:, 3].round(3).tolist()
    [0.75, 0.901, 0.901]
    """
    return np.sqrt(sum((k / m) ** 2 for k, m in zip(waves(modes), modes, strict=True)))


@constant_tensor(maxsize=64)
def disc(modes: tuple[int, ...]) -> NDArray[np.float64]:
    r"""Return 1 for the frequencies with :math:`r_k < 1`, else 0; ``(*signed modes, 1)``.

    With as many modes along all axes these are the waves of :math:`|k| < m` in every direction: a
    square window keeps those in its corners too, up to :math:`\sqrt{d}\,m`. The cutoff is a
    wavenumber, so it does not depend on the grid.
    """
    return (radius(modes) < 1 - 1e-9).astype(np.float64)[..., None]


@constant_tensor(maxsize=64)
def shells(modes: tuple[int, ...]) -> NDArray[np.int64]:
    r"""Return the shell of each frequency, :math:`\lfloor m\,r_k \rfloor` with the largest m.

    It is ``(*signed modes, 1)``; frequencies out of the disc are in the last shell.
    """
    most = max(modes)
    return np.minimum(np.floor(most * radius(modes) + 1e-9), most - 1).astype(np.int64)[..., None]
