r"""Random sums of sine waves, the initial fields of the periodic 1-D sets of PDEBench.

.. math:: g(x) = \sum_i A_i\sin(2\pi k_i x + \phi_i), \qquad A_i \sim U(0, 1), \quad
   \phi_i \sim U(0, 2\pi),

and with a probability of 10 % each, independently, :math:`\pm|g|` instead of g, and a window,

.. math:: u = \pm|g|\cdot\tfrac12\Big(\tanh\frac{x - x_L}{0.01} - \tanh\frac{x - x_R}{0.01}\Big),
   \qquad x_L \sim U(0.1, 0.45), \quad x_R \sim U(0.55, 0.9).

The absolute value has kinks, where g changes sign: its Fourier coefficients fall as
:math:`k^{-2}`, so a grid of N points lacks a part of the order :math:`N^{-3/2}` of its norm,
however accurate the solver is. The window is smooth; its coefficients fall as
:math:`e^{-0.1 k}`. Sums of waves have few modes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from neurop.errors import InputError, nearest
from neurop.physics.random_fields.periodic import uniforms

Recipe = Literal["paper", "code"]
RECIPES: dict[str, Recipe] = {"pdebench": "paper", "pdebench_code": "code"}
"""Recipes by the names that data sets have for them."""
_TERMS: dict[Recipe, tuple[int, int]] = {"paper": (2, 8), "code": (4, 4)}
Array = NDArray[Any]
SHARE, WIDTH = 0.1, 0.01
"""Probability of an absolute value or a window, and the width of the ends of a window."""
FINE = 2**15
"""Points on which a field is sampled to find its Fourier coefficients."""


@dataclass(frozen=True)
class Waves:
    """Random fields as functions of x with period 1, one per sample.

    Parameters
    ----------
    wavenumbers, amplitudes, phases
        Terms of the sums, ``(sample, terms)``; a wavenumber may be 0, for a constant.
    signs
        Sign of the absolute value, 1 or -1, or 0 where g itself is taken; ``(sample,)``.
    ends
        Left and right end of the window, ``(sample, 2)``; infinite where there is none.

    Examples
    --------
    >>> zero, one, none = np.zeros((1, 1)), np.ones((1, 1)), np.array([[-np.inf, np.inf]])
    >>> Waves(one, one, zero, np.array([-1]), none)(np.array([0.25, 0.75]))
    array([[-1., -1.]])
    """

    wavenumbers: Array
    amplitudes: Array
    phases: Array
    signs: Array
    ends: Array

    def __call__(self, x: Array) -> Array:
        """Return the fields at any x, ``(sample, *x.shape)``."""
        x = np.asarray(x) % 1.0

        def each(numbers: Array) -> Array:
            return numbers.reshape(-1, *(1,) * x.ndim)

        terms = zip(self.wavenumbers.T, self.amplitudes.T, self.phases.T, strict=True)
        g = sum(each(a) * np.sin(2 * np.pi * each(k) * x + each(p)) for k, a, p in terms)
        signs = each(self.signs)
        u = np.where(signs == 0, g, signs * np.abs(g))
        left, right = (each(end) for end in self.ends.T)
        return np.asarray(u * (np.tanh((x - left) / WIDTH) - np.tanh((x - right) / WIDTH)) / 2)

    def truncated(self, points: int, normalised: bool = False) -> Array:
        r"""Return the modes :math:`|k| < N/2` of the fields on N = `points` points of [0, 1).

        Parameters
        ----------
        points
            Points of the grid, with the left end.
        normalised
            Whether the fields are first shifted and scaled to the extrema 0 and 1, those of the
            32768 points or more on which they are sampled.

        Returns
        -------
        NDArray
            ``(sample, points)``. Of an absolute value, whose kinks no sum of modes has, it over-
            and undershoots next to the kinks.
        """
        # A power of two, so that all grids sample the fields at the same points up to the finest.
        fine = max(FINE, 2 ** (2 * points - 1).bit_length())
        u = self(np.arange(fine) / fine)
        if normalised:
            u -= u.min(-1, keepdims=True)
            u /= u.max(-1, keepdims=True)
        hat = np.fft.rfft(u, norm="forward")[:, : points // 2 + 1]
        if points % 2 == 0:
            hat[:, -1] = 0
        return np.asarray(np.fft.irfft(hat, n=points, norm="forward"))


def random_waves(samples: Iterable[int], recipe: Recipe = "paper", seed: int = 0) -> Waves:
    r"""Draw random sums of sine waves, each determined by (seed, sample).

    Parameters
    ----------
    samples
        Numbers i >= 0 of the samples to draw, for example ``range(20)``.
    recipe
        ``paper``: two waves, with wavenumbers drawn from 1 to 8. ``code``, of the scripts published
        with the paper: two of the wavenumbers 1 to 4 are drawn, and the same one twice is a single
        wave of twice that wavenumber; the wavenumbers not drawn add a constant
        :math:`A_i\sin\phi_i` each, so that the means differ from 0.
    seed
        Seed of the data set.

    Returns
    -------
    Waves
        The fields. They have period 1; the waves of the scripts have 1 - 1/N on N points, hence a
        jump at the ends. All draws are independent; those of the scripts reuse keys.

    Raises
    ------
    InputError
        For an unknown recipe, or a negative seed or sample number.

    Examples
    --------
    >>> whole = random_waves(range(4))(np.arange(8) / 8)
    >>> bool((random_waves([3])(np.arange(4) / 4)[0] == whole[3, ::2]).all())
    True

    References
    ----------
    Takamoto et al., PDEBench: an extensive benchmark for scientific machine learning, NeurIPS 2022,
    arXiv:2210.07182, appendix D.1; github.com/pdebench/PDEBench, data_gen_NLE/utils.py.
    """
    if recipe not in get_args(Recipe):
        raise InputError.of("recipe", recipe, nearest(recipe, get_args(Recipe)))
    terms, largest = _TERMS[recipe]
    drawn = uniforms(samples, 7 + 2 * terms, seed)
    chosen, numbers, waves = drawn[:, :5], drawn[:, 5:7], drawn[:, 7:]
    k = 1 + np.floor(largest * numbers)
    if recipe == "code":
        each = np.arange(1, terms + 1)
        k = each * (k[:, :, None] == each).sum(1)
    absolute, sign, window, left, right = chosen.T
    ends = np.stack([0.1 + 0.35 * left, 0.55 + 0.35 * right], -1)
    ends[window >= SHARE] = -np.inf, np.inf
    signs = np.where(absolute < SHARE, np.where(sign < 0.5, 1, -1), 0)
    return Waves(k, waves[:, :terms], 2 * np.pi * waves[:, terms:], signs, ends)


def waves_std(recipe: Recipe = "paper") -> float:
    r"""Return the root mean square of a sum of waves, :math:`(\sum_i E\,A_i^2/2)^{1/2}`.

    Absolute values have the same, fields in a window less.

    Examples
    --------
    >>> round(waves_std("paper"), 3), round(waves_std("code"), 3)
    (0.577, 0.816)
    """
    return float((_TERMS[recipe][0] / 6) ** 0.5)
