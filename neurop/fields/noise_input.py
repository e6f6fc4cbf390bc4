"""Random fields that go into a network, so that its predictions are random too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import count
from typing import Any

import numpy as np
import torch
from torch import Tensor

from neurop.errors import InputError
from neurop.fields.noise_basis import basis
from neurop.geometry.grid import Grid
from neurop.plain_values import check_values


@dataclass(frozen=True)
class NoiseInput:
    r"""Gaussian random fields of several correlation lengths, one per channel.

    Channel j = 0, 1, ... has mean 0, variance 1 and coefficients of variance

    .. math:: E\,c_k^2 \propto \exp\bigl(-4\,(2^j |k| / K)^2\bigr), \qquad |k| < K,

    of Fourier functions with :math:`|k|` periods per domain, or of spherical harmonics of degree
    :math:`|k|` on a whole sphere: white noise with K modes, then fields that are twice as smooth
    from channel to channel. The fields are functions of space that do not depend on the grid. From
    one step to the next, with fresh noise w of the same kind,

    .. math:: z_{n+1} = \varphi\, z_n + \sqrt{1 - \varphi^2}\; w.

    Parameters
    ----------
    channels
        Number of fields.
    modes
        Number K of modes.
    correlation
        Correlation :math:`\varphi` of one step with the next, from 0 to below 1.

    Raises
    ------
    InputError
        If a number is out of range.

    Examples
    --------
    >>> noise = NoiseInput(channels=2, modes=4)
    >>> next(noise.paths(Grid.periodic(2), (8, 8), 3, [0], torch.zeros(()))).shape
    torch.Size([3, 2, 8, 8])

    References
    ----------
    Bonev et al., FourCastNet 3, 2025, arXiv:2507.12144, has eight such channels, processes of
    Ornstein and Uhlenbeck on the sphere.
    """

    channels: int = 4
    modes: int = 16
    correlation: float = 0.0

    def __post_init__(self) -> None:
        for name in ("channels", "modes"):
            if getattr(self, name) < 1:
                raise InputError.of(name, getattr(self, name), "give at least 1")
        if not 0 <= self.correlation < 1:
            raise InputError.of("correlation", self.correlation, "give 0 or more, below 1")

    def paths(
        self,
        grid: Grid,
        shape: Sequence[int],
        rows: int,
        seed: Sequence[int],
        like: Tensor,
    ) -> Iterator[Tensor]:
        """Yield the noise of each step, without end: ``(row, channels, *grid)``.

        Parameters
        ----------
        grid, shape
            Grid and its points per axis.
        rows
            Number of independent paths; more of them leave the first ones as they are.
        seed
            Seed, one number or several, 0 or more.
        like
            Tensor whose device and precision the noise has.
        """
        functions = basis(grid, shape, self.modes, like)
        scale = 2.0 ** np.arange(self.channels).reshape(-1, *[1] * functions.frequencies.ndim)
        variance = np.exp(-4 * (scale * functions.frequencies / self.modes) ** 2)
        weights = variance * (functions.squares > 0)
        axes = tuple(range(1, weights.ndim))
        deviation = (weights / (weights * functions.squares).sum(axes, keepdims=True)) ** 0.5
        kept, fresh = self.correlation, (1 - self.correlation**2) ** 0.5
        coefficients = None
        for step in count():
            rng = np.random.default_rng((*seed, step))
            drawn = deviation * rng.standard_normal((rows, *deviation.shape))
            coefficients = drawn if coefficients is None else kept * coefficients + fresh * drawn
            yield functions.synthesis(torch.from_numpy(coefficients).to(like))


def read_noise(plain: dict[str, Any], most: int) -> NoiseInput | None:
    """Return the noise of a saved surrogate; None if it is deterministic.

    Parameters
    ----------
    plain
        Content of ``model.json``.
    most
        Number of weights in the file, which bounds the channels.

    Raises
    ------
    InputError
        If a name is unknown, a value has another type, or is out of range.
    """
    if "noise" not in plain:
        return None
    check_values(NoiseInput, plain["noise"], "noise")
    for name in plain["noise"].keys() - {field.name for field in fields(NoiseInput)}:
        raise InputError.of(f"noise.{name}", plain["noise"][name], "no such value; upgrade neurop")
    noise = NoiseInput(**plain["noise"])
    if noise.channels > most:
        raise InputError.of("noise.channels", noise.channels, f"the file has {most} numbers")
    return noise
