"""Ranks of split conformal prediction: exact coverage for any number of calibration samples."""

from __future__ import annotations

import math

from neurop.errors import InputError

# Products such as 10 * 0.7 exceed the integer by rounding.
ROUNDING = 1e-9


def check_level(level: float) -> float:
    """Return a level; raise InputError unless it is a number between 0 and 1."""
    if isinstance(level, bool) or not isinstance(level, int | float) or not 0 < level < 1:
        raise InputError.of("level", level, "give a probability between 0 and 1, such as 0.9")
    return float(level)


def samples_needed(level: float) -> int:
    r"""Return the smallest number of calibration samples n with a band of a level.

    .. math:: \lceil (n + 1)\,\ell \rceil \le n \iff n \ge \ell / (1 - \ell)

    Examples
    --------
    >>> samples_needed(0.9), samples_needed(0.95), samples_needed(0.99)
    (9, 19, 99)
    """
    return max(math.ceil(level / (1 - level) - ROUNDING), 1)


def rank(samples: int, level: float) -> int:
    r"""Return the rank of the calibration score that is the half-width of a level.

    .. math:: k = \lceil (n + 1)\,\ell \rceil

    If the scores of the n calibration samples and of a new one are exchangeable, the new score is
    at most the k-th smallest with probability at least :math:`\ell`, and with probability
    :math:`k / (n + 1)` if scores do not tie. Given the calibration samples, this probability has
    the distribution Beta(k, n + 1 - k).

    Source: Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World, 2005; Angelopoulos
    and Bates, Conformal prediction: a gentle introduction, 2023, section 3.2.

    Parameters
    ----------
    samples
        Number of calibration samples n.
    level
        Probability :math:`\ell`.

    Raises
    ------
    InputError
        If there are too few samples for the level.

    Examples
    --------
    >>> rank(9, 0.9), rank(19, 0.9), rank(100, 0.9)
    (9, 18, 91)
    """
    k = math.ceil((samples + 1) * level - ROUNDING)
    if k > samples:
        most = f"; {samples} allow at most {samples / (samples + 1):.4g}" if samples else ""
        raise InputError.of(
            "level",
            level,
            f"needs {samples_needed(level)} calibration samples, there are {samples}{most}",
        )
    return max(k, 1)
