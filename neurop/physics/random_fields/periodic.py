"""Gaussian random fields on periodic boxes, drawn by mode, so that a finer grid only adds modes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import ndtri
from torch import Tensor

from neurop.errors import InputError


def random_field(
    samples: Iterable[int],
    shape: Sequence[int],
    *,
    alpha: float,
    tau: float,
    sigma: float = 1.0,
    seed: int = 0,
    length: float = 1.0,
) -> Tensor:
    r"""Draw samples of the field :math:`N(0, \sigma^2 (-\Delta + \tau^2)^{-\alpha})`, zero mean.

    On a periodic box:

    .. math:: u(x) = \sum_{0 < \max|k_i|,\; |k_i| < N_i/2} c_k e^{2\pi i k\cdot x/L}, \qquad
              E|c_k|^2 = \sigma^2 (4\pi^2|k|^2/L^2 + \tau^2)^{-\alpha}, \qquad c_{-k} = \bar c_k.

    Sample i is determined by (seed, i), and a finer grid has the same coefficients and more, since
    the noise of :func:`normals` is used in shells of increasing :math:`\max|k_i|`.

    Parameters
    ----------
    samples
        Numbers i >= 0 of the samples to draw, for example ``range(20)``.
    shape
        Points per axis; any number of axes, any sizes.
    alpha
        Exponent of the covariance; a finite variance needs alpha > len(shape)/2.
    tau
        Inverse correlation length, in 1/`length` units.
    sigma
        Square root of the factor of the covariance; see :func:`field_std` for the resulting
        deviation.
    seed
        Seed of the data set.
    length
        Side of the box.

    Returns
    -------
    Tensor
        ``(len(samples), *shape)``, float64, on the CPU.

    Raises
    ------
    InputError
        For a negative seed or sample number.

    Examples
    --------
    >>> u = random_field(range(3), (16, 16), alpha=2.5, tau=7.0)
    >>> alone = random_field([2], (16, 16), alpha=2.5, tau=7.0)
    >>> tuple(u.shape), torch.allclose(alone[0], u[2], rtol=1e-12)
    ((3, 16, 16), True)

    References
    ----------
    Li et al., Fourier neural operator for parametric PDEs, arXiv:2010.08895, appendix A.3.
    """
    shape, numbers = tuple(shape), list(samples)
    modes, draws, count = _modes(shape)
    noise = normals(numbers, 2 * count, seed).reshape(-1, count, 2)
    deviation = sigma * _variance(modes, alpha, tau, length) ** 0.5 / 2**0.5
    coefficients = deviation * (noise[:, draws, 0] + 1j * noise[:, draws, 1])
    hat = np.zeros((len(numbers), *shape[:-1], shape[-1] // 2 + 1), np.complex128)
    hat[:, *modes] = coefficients
    # Where the last wavenumber is 0, the half spectrum contains both members of a pair k, -k.
    both = modes[-1] == 0
    hat[:, *-modes[:, both]] = coefficients[:, both].conj()
    return torch.fft.irfftn(
        torch.from_numpy(hat), s=shape, dim=tuple(range(1, len(shape) + 1)), norm="forward"
    )


def normals(samples: Iterable[int], count: int, seed: int = 0) -> NDArray[np.float64]:
    """Return `count` standard normal numbers per sample, determined by (seed, sample).

    They are the inverse normal distribution of :func:`uniforms`.

    Raises
    ------
    InputError
        For a negative seed or sample number.

    Examples
    --------
    >>> bool((normals([3], 5) == normals(range(4), 9)[3:, :5]).all())
    True
    """
    return np.asarray(ndtri(uniforms(samples, count, seed)))


def uniforms(samples: Iterable[int], count: int, seed: int = 0) -> NDArray[np.float64]:
    """Return `count` numbers per sample, uniform in (0, 1), determined by (seed, sample).

    They are raw generator bits, which NumPy does not change by version.

    Raises
    ------
    InputError
        For a negative seed or sample number.

    Examples
    --------
    >>> bool((uniforms([3], 5) == uniforms(range(4), 9)[3:, :5]).all())
    True
    """
    numbers = list(samples)
    if seed < 0:
        raise InputError.of("seed", seed, "use 0 or more")
    if min(numbers, default=0) < 0:
        raise InputError.of("samples", min(numbers), "use sample numbers of 0 or more")
    drawn = np.empty((len(numbers), count))
    for row, i in enumerate(numbers):
        raw = np.random.PCG64(np.random.SeedSequence([seed, i])).random_raw(count)
        drawn[row] = ((raw >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
    return drawn


def field_std(
    shape: Sequence[int], *, alpha: float, tau: float, sigma: float = 1.0, length: float = 1.0
) -> float:
    r"""Return the standard deviation :math:`(\sum_k E|c_k|^2)^{1/2}` of :func:`random_field`.

    Examples
    --------
    >>> round(field_std((256, 256), alpha=2.5, tau=7.0, sigma=7.0**0.75), 3)
    0.043
    """
    modes, _, _ = _modes(tuple(shape))
    return float(sigma * (2.0 * _variance(modes, alpha, tau, length).sum()) ** 0.5)


def _variance(
    modes: NDArray[np.int64], alpha: float, tau: float, length: float
) -> NDArray[np.float64]:
    """Return the eigenvalues of the covariance for sigma = 1."""
    return np.asarray(((2.0 * np.pi / length) ** 2 * (modes**2).sum(0) + tau**2) ** -alpha)


@lru_cache(maxsize=8)
def _modes(shape: tuple[int, ...]) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Return one wavenumber of each pair k, -k (axes, modes), its place in the noise, its length.

    The cube of the longest axis fixes the order, shell after shell, so a rectangular grid takes a
    part of its noise.
    """
    limit = (max(shape) - 1) // 2
    k = np.stack(np.meshgrid(*[np.arange(-limit, limit + 1)] * len(shape), indexing="ij")).reshape(
        len(shape), -1
    )
    # The member of a pair to draw is the one whose last non-zero component is positive: it lies in
    # rfftn's half.
    weight = np.sign(k) * (2 ** np.arange(len(shape)))[:, None]
    k = k[:, weight.sum(0) > 0]
    k = k[:, np.argsort(np.abs(k).max(0), kind="stable")]
    draws = np.flatnonzero((2 * np.abs(k) < np.array(shape)[:, None]).all(0))
    return k[:, draws], draws, k.shape[1]
