"""Gaussian random fields with zero normal derivative on the boundary of a box, drawn by mode."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.fft import dctn
from torch import Tensor

from neurop.errors import InputError
from neurop.physics.random_fields.periodic import normals


def cosine_field(
    samples: Iterable[int],
    shape: Sequence[int],
    *,
    alpha: float,
    tau: float,
    modes: int,
    sigma: float = 1.0,
    seed: int = 0,
) -> Tensor:
    r"""Draw samples of the field :math:`N(0, \sigma^2 (-\Delta + \tau^2)^{-\alpha})`, zero mean.

    With the Neumann Laplacian on the unit box:

    .. math:: g(x) = \sum_{0 < \max k_i < K} c_k \prod_i \phi_{k_i}(x_i), \qquad
       \phi_0 = 1,\ \phi_k(x) = \sqrt2\cos\pi k x, \qquad
              E\,c_k^2 = \sigma^2 (\pi^2|k|^2 + \tau^2)^{-\alpha}.

    The field of sample i is one function of space, fixed by (seed, i) and the parameters; a grid
    only samples it. More modes leave the existing coefficients unchanged and add further ones.

    Parameters
    ----------
    samples
        Numbers i >= 0 of the samples to draw, for example ``range(20)``.
    shape
        Points per axis, with both ends, two or more; any number of axes.
    alpha
        Exponent of the covariance; a finite variance without a bound on the modes needs alpha >
        len(shape)/2.
    tau
        Inverse correlation length.
    modes
        Number K of wavenumbers per axis, from 0 to K - 1, also on a grid of fewer points.
    sigma
        Square root of the factor of the covariance; see :func:`cosine_std` for the resulting
        deviation.
    seed
        Seed of the data set.

    Returns
    -------
    Tensor
        ``(len(samples), *shape)``, float64, on the CPU.

    Raises
    ------
    InputError
        For a negative seed or sample number, fewer than 2 modes, or an axis of one point.

    Examples
    --------
    >>> fine = cosine_field(range(2), (17, 17), alpha=2.0, tau=3.0, modes=12)
    >>> coarse = cosine_field([1], (5, 9), alpha=2.0, tau=3.0, modes=12)
    >>> torch.allclose(coarse[0], fine[1, ::4, ::2])
    True

    References
    ----------
    Li et al., Fourier neural operator for parametric PDEs, arXiv:2010.08895, appendix A.3.2.
    """
    if modes < 2:
        raise InputError.of("modes", modes, "use 2 or more")
    if min(shape) < 2:
        raise InputError.of("shape", tuple(shape), "use 2 points or more per axis")
    shape = tuple(shape)
    places, weights = _evaluation(shape, modes, alpha, tau)
    noise = normals(samples, len(places), seed) * (sigma * weights)
    sums = [np.bincount(places, row, np.prod(shape)).reshape(shape) for row in noise]
    return torch.from_numpy(
        dctn(
            np.reshape(sums, (-1, *shape)), type=1, axes=range(1, len(shape) + 1), overwrite_x=True
        )
    )


def cosine_std(
    dimensions: int, *, alpha: float, tau: float, modes: int, sigma: float = 1.0
) -> float:
    r"""Return :math:`(\sum_k E\,c_k^2)^{1/2}`, the mean deviation of :func:`cosine_field`.

    Examples
    --------
    >>> round(cosine_std(2, alpha=2.0, tau=3.0, modes=421), 4)
    0.0974
    """
    return float(sigma * _variance(_shells(modes, dimensions), alpha, tau).sum() ** 0.5)


def _variance(k: NDArray[np.int64], alpha: float, tau: float) -> NDArray[np.float64]:
    """Return the eigenvalues of the covariance for sigma = 1."""
    return np.asarray((np.pi**2 * (k**2).sum(0) + tau**2) ** -alpha)


@lru_cache(maxsize=4)
def _shells(modes: int, dimensions: int) -> NDArray[np.int64]:
    """Return the wavenumbers (axes, modes) except zero, in shells of increasing max k.

    More modes are added at the end.
    """
    k = np.stack(np.meshgrid(*[np.arange(modes)] * dimensions, indexing="ij")).reshape(
        dimensions, -1
    )
    return k[:, np.argsort(k.max(0), kind="stable")[1:]]


@lru_cache(maxsize=4)
def _evaluation(
    shape: tuple[int, ...], modes: int, alpha: float, tau: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    r"""Return the flat index of each mode in a type-1 cosine transform of `shape`, and its factor.

    At the nodes j/N the wavenumbers k, k + 2N and 2N - k of :math:`\cos\pi k x` are the same, and
    the transform counts the inner ones twice.
    """
    k = _shells(modes, len(shape))
    last = np.array(shape)[:, None] - 1
    folded = last - np.abs(k % (2 * last) - last)
    twice = ((folded > 0) & (folded < last)).sum(0)
    weights = _variance(k, alpha, tau) ** 0.5 * 2.0 ** (0.5 * (k > 0).sum(0) - twice)
    return np.ravel_multi_index(tuple(folded), shape), weights
