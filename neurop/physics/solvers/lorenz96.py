r"""The two-scale system of Lorenz (Predictability: a problem partly solved, ECMWF 1996).

.. math:: \dot X_k = -X_{k-1}(X_{k-2} - X_{k+1}) - X_k + F + U_k, \qquad
          U_k = -\frac{hc}{b}\sum_{j=1}^{J} Y_{jk}, \\
          \dot Y_{jk} = -cb\,Y_{j+1,k}(Y_{j+2,k} - Y_{j-1,k}) - c\,Y_{jk} + \frac{hc}{b} X_k

on a ring of K slow variables, each with J fast ones; Y continues over k, so :math:`Y_{J+1,k}` is
:math:`Y_{1,k+1}`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurop.errors import InputError

Array = NDArray[Any]


@dataclass(frozen=True)
class Scales:
    r"""Ratios of the two scales.

    Parameters
    ----------
    fast
        Fast variables J per slow one, 3 or more.
    coupling
        Strength h.
    speed
        Ratio c > 0 of the times of X and Y.
    amplitude
        Ratio b > 0 of their sizes.

    Raises
    ------
    InputError
        For a value out of its bounds.

    Examples
    --------
    >>> Scales().closure(np.ones((2, 32)))  # two states of K = 2
    array([[-6.4, -6.4],
           [-6.4, -6.4]])
    """

    fast: int = 16
    coupling: float = 1.0
    speed: float = 4.0
    amplitude: float = 10.0

    def __post_init__(self) -> None:
        if self.fast < 3:
            raise InputError.of("fast", self.fast, "use 3 or more")
        if not abs(self.coupling) < np.inf:
            raise InputError.of("coupling", self.coupling, "use a finite number")
        for name in ("speed", "amplitude"):
            if not 0 < getattr(self, name) < np.inf:
                raise InputError.of(name, getattr(self, name), "use a finite number above 0")

    @property
    def exchange(self) -> float:
        """Factor hc/b of both terms of the coupling."""
        return self.coupling * self.speed / self.amplitude

    def closure(self, y: Array) -> Array:
        """Return U ``(..., K)`` of fast variables ``(..., K J)``, k the slower index."""
        return -self.exchange * y.reshape(*y.shape[:-1], -1, self.fast).sum(-1)

    def tendency(self, state: tuple[Array, Array], forcing: float) -> tuple[Array, Array]:
        """Return the time derivatives of (X, Y), ``(..., K)`` and ``(..., K J)``."""
        x, y = state
        fast = self.speed * (self.amplitude * advection(y[..., ::-1])[..., ::-1] - y)
        fast += self.exchange * np.repeat(x, self.fast, axis=-1)
        return slow_tendency(x, forcing) + self.closure(y), fast


def advection(x: Array) -> Array:
    r"""Return :math:`X_{k-1}(X_{k+1} - X_{k-2})` ``(..., K)``, which conserves :math:`\sum X^2`.

    On the ring in opposite direction it is the term of Y.
    """
    padded = np.concatenate([x[..., -2:], x, x[..., :1]], axis=-1)
    made: Array = padded[..., 1:-2] * (padded[..., 3:] - padded[..., :-3])
    return made


def slow_tendency(x: Array, forcing: float) -> Array:
    """Return the derivative of the slow variables alone, the system of one scale.

    Examples
    --------
    >>> slow_tendency(np.full(8, 3.0), 5.0).tolist() == [2.0] * 8
    True
    """
    return advection(x) - x + forcing


def rk4(
    tendency: Callable[[tuple[Array, ...]], tuple[Array, ...]],
    state: tuple[Array, ...],
    step: float,
    steps: int,
) -> tuple[Array, ...]:
    """Advance a state, a tuple of arrays, by the classical Runge-Kutta method of fourth order.

    Examples
    --------
    >>> (x,) = rk4(lambda s: (-s[0],), (np.ones(1),), 0.1, 10)
    >>> round(float(x[0]), 6), round(float(np.exp(-1)), 6)
    (0.36788, 0.367879)
    """

    def moved(slopes: tuple[Array, ...], size: float) -> tuple[Array, ...]:
        return tuple(s + size * d for s, d in zip(state, slopes, strict=True))

    for _ in range(steps):
        first = tendency(state)
        second = tendency(moved(first, step / 2))
        third = tendency(moved(second, step / 2))
        fourth = tendency(moved(third, step))
        slopes = zip(first, second, third, fourth, strict=True)
        state = moved(tuple(a + 2 * b + 2 * c + d for a, b, c, d in slopes), step / 6)
    return state
