"""Amplitude and frequency of a residual, and when nothing is left in it to learn."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

FLAT = 0.01
"""Share of white spectra that are taken for a signal."""


def rms(values: Tensor) -> float:
    """Return the root mean square."""
    return float(values.double().square().mean().sqrt())


def power(values: Tensor) -> Tensor:
    """Return the power at 1, 2, ... cycles per length, mean over lines, with a Hann window."""
    values = values.double() - values.double().mean(-1, keepdim=True)
    window = torch.hann_window(values.shape[-1], periodic=False, dtype=torch.float64)
    squares = torch.fft.rfft(values * window).abs().square()[..., 1:]
    return squares.reshape(-1, squares.shape[-1]).mean(0)


def sign_changes(values: Tensor) -> float:
    """Return the number of sign changes along the last axis, mean over lines.

    Examples
    --------
    >>> sign_changes(torch.sin(2 * torch.pi * 5 * torch.linspace(0.01, 0.99, 400)))
    9.0
    """
    signs = values.sign()
    return float((signs[..., 1:] * signs[..., :-1] < 0).sum(-1).double().mean())


def dominant_frequency(values: Tensor, uniform: bool = True) -> float:
    """Return the frequency of the greatest power, in cycles per length of the line.

    Half of the sign changes where a spectrum says nothing: at unequal distances, and below two
    cycles, which a window cannot tell from the mean.

    Parameters
    ----------
    values
        Along a line in the last axis; the mean over several lines is taken.
    uniform
        Whether the points of a line are at equal distances.

    Examples
    --------
    >>> dominant_frequency(torch.sin(2 * torch.pi * 5 * torch.linspace(-1, 1, 400)))
    10.0
    """
    if uniform and values.shape[-1] > 8:
        peak = int(power(values).argmax()) + 1
        if peak > 1:
            return float(peak)
    return sign_changes(values) / 2


def kappa(frequency: float, axes: int, width: int, ratio: float = 1.7) -> float:
    r"""Return the factor of the first layer for a frequency.

    The angular frequency on [-1, 1], :math:`\pi f`, is `ratio` times the standard deviation
    :math:`\kappa \sqrt{2 / (axes + width)}` of those of the first layer. With one axis and width 20
    this is 5.98 f; the published code has 6 f (three times the number of sign changes).

    Examples
    --------
    >>> round(kappa(10, axes=1, width=20), 1)
    59.9
    """
    return max(1.0, math.pi * frequency / (ratio * math.sqrt(2 / (axes + width))))


def white(values: Tensor) -> bool:
    r"""Return whether a spectrum has no peak above those of white noise.

    A bin of white noise exceeds c times the median with probability :math:`2^{-c}`, so the largest
    of n is below :math:`\log_2(n / 0.01)` medians in 99 of 100 cases. (A bound of 10 medians, which
    has been proposed, takes every second noise of 750 bins for a signal.)
    """
    found = power(values)
    lines = values.numel() // values.shape[-1]
    bound = math.log2(len(found) / FLAT)
    # The mean over m lines has a spread smaller by sqrt(m) about its median.
    bound = 1 + (bound - 1) / math.sqrt(lines)
    return bool(found.max() <= bound * found.median())


def finished(lines: Sequence[Tensor], error: float, size: float) -> bool:
    """Return whether a residual is rounding: white along every axis, or below 50 eps of the size.

    Parameters
    ----------
    lines
        Residual along lines of each axis at equal distances; empty where there are none.
    error, size
        Root mean squares of the residual and of what it is the residual of.
    """
    if error <= 50 * torch.finfo(torch.float64).eps * size:
        return True
    return bool(lines) and all(white(values) for values in lines)
