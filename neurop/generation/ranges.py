"""Parameters of generated data that are drawn for each sample from a range."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from neurop.errors import InputError

Bounds = tuple[float, float]


def bounds_of(name: str, value: float | Sequence[float]) -> tuple[float, Bounds | None]:
    """Return the smallest value of a parameter, and its range if it has one.

    Parameters
    ----------
    name
        Name of the parameter.
    value
        A number above 0, or smallest and largest.

    Raises
    ------
    InputError
        If a number is not finite and above 0, or the two are not in ascending order.

    Examples
    --------
    >>> bounds_of("viscosity", 1e-3), bounds_of("viscosity", [1e-4, 1e-3])
    ((0.001, None), (0.0001, (0.0001, 0.001)))
    """
    given = list(value) if isinstance(value, Sequence) else [value]
    for number in given:
        if not 0 < number < math.inf:
            raise InputError.of(name, number, "use a finite number above 0")
    numbers = [float(number) for number in given]
    if len(numbers) == 1:
        return numbers[0], None
    if len(numbers) != 2 or not numbers[0] < numbers[1]:
        raise InputError.of(name, numbers, "give one number, or [smallest, largest]")
    return numbers[0], (numbers[0], numbers[1])


def log_uniform(bounds: Bounds, name: str, numbers: range, seed: int) -> NDArray[np.float64]:
    r"""Return one value per sample, with a uniform logarithm: :math:`a (b/a)^u`, u in [0, 1).

    Each is determined by the name, the number of the sample and the seed.

    Parameters
    ----------
    bounds
        Smallest value a and largest value b.
    name
        Name of the parameter.
    numbers
        Numbers of the samples.
    seed
        Seed of the data set.

    Examples
    --------
    >>> some = log_uniform((1e-4, 1e-3), "viscosity", range(2, 4), seed=0)
    >>> bool((some == log_uniform((1e-4, 1e-3), "viscosity", range(4), seed=0)[2:]).all())
    True
    """
    key = zlib.crc32(name.encode())
    draws = [np.random.default_rng([seed, n, key]).random() for n in numbers]
    low, high = bounds
    return low * (high / low) ** np.array(draws)
