"""Denoising of a frozen network's prediction (Lippe et al., NeurIPS 2023, arXiv:2308.05732)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurop.errors import InputError
from neurop.fields.noise_basis import white
from neurop.geometry.grid import Grid
from neurop.models import create
from neurop.models.on_top import OnTop
from neurop.registry import Spec
from neurop.spectral.constants import constant_tensor

Array = NDArray[np.float64]
_FNO = Spec("fno")


class Denoised(OnTop):
    r"""Prediction of a frozen network, with noise added and removed in steps of smaller noise.

    .. math:: u_0 = B a, \qquad u_k = v_k - \sigma_k\, S\bigl[a, v_k, k\bigr], \qquad
       v_k = u_{k-1} + \sigma_k\,\varepsilon_k, \qquad k = 1, \dots, K

    with a the input, B the base and S the stage, which estimates the noise
    :math:`\varepsilon_k` in a noisy target. Noise of size :math:`\sigma_k` hides what is weaker, so
    that step k corrects what the base neglects at that size, and with it waves of little energy,
    on which a rollout depends after many steps. An application costs that of the base and K of the
    stage.

    The noise is white up to a frequency, and of variance 1. It is a function of space, the same on
    all grids, at each call and for all samples, so that a prediction is a function of the input.

    Made by :func:`neurop.refinement.denoising`, trained by
    :class:`neurop.objectives.denoising.Denoising`.

    Parameters
    ----------
    in_channels, out_channels
        Number of input and output channels: fields times frames. The stage has the sum of both as
        input, and the number k / K.
    domain
        Grid of the fields.
    base, stage
        The two networks.
    sigmas
        Noise :math:`\sigma_1 > \dots > \sigma_K` of each step, in units of the output's deviation,
        between 0 and 1.
    frequencies
        Bound of the frequencies of the noise, in periods per domain or degrees.
    numbers
        Indices of the input channels that are numbers, for both networks.

    Shape
    -----
    ``(batch, in_channels, *grid) -> (batch, out_channels, *grid)``.

    Raises
    ------
    InputError
        If a number is out of its bounds; otherwise as the two networks.

    Examples
    --------
    >>> small = Spec("fno", {"modes": 4, "width": 8, "depth": 1})
    >>> model = Denoised(1, 1, Grid.periodic(2), base=small, stage=small)
    >>> model(torch.zeros(2, 1, 16, 20)).shape
    torch.Size([2, 1, 16, 20])
    """

    citation = (
        "Lippe et al., PDE-Refiner: Achieving Accurate Long Rollouts with Neural PDE Solvers, "
        "NeurIPS 2023, arXiv:2308.05732"
    )

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        domain: Grid | None = None,
        base: Spec = _FNO,
        stage: Spec = _FNO,
        sigmas: Sequence[float] = (0.1, 0.01, 0.001),
        frequencies: int = 16,
        numbers: Sequence[int] = (),
    ) -> None:
        falling = [first > second for first, second in pairwise(sigmas)]
        if not (sigmas and all(falling) and sigmas[-1] > 0 and sigmas[0] < 1):
            remedy = "give one or more falling numbers between 0 and 1"
            raise InputError.of("sigmas", list(sigmas), remedy)
        if frequencies < 1:
            raise InputError.of("frequencies", frequencies, "give at least 1")
        grid: Any = domain
        both = in_channels + out_channels
        super().__init__(
            create(base, in_channels, out_channels, grid, numbers),
            create(stage, both + 1, out_channels, grid, (*numbers, both)),
        )
        self.domain, self.channels, self.frequencies = grid, out_channels, frequencies
        self.sigmas = tuple(sigmas)
        self.one_grid = self.one_grid or "noise, which is computed for each number of points"

    def forward(self, x: Tensor) -> Tensor:
        """Return the output fields on the input's grid."""
        y: Tensor = self.base(x)
        for number, (sigma, noise) in enumerate(zip(self.sigmas, self.noises(y)), start=1):
            noisy = y + sigma * noise
            y = noisy - sigma * self.noise_in(x, noisy, y.new_full(y.shape[:1], float(number)))
        return y

    def noise_in(self, x: Tensor, noisy: Tensor, number: Tensor) -> Tensor:
        """Return the estimate of the noise in ``noisy``, ``(batch, out_channels, *grid)``.

        Parameters
        ----------
        x, noisy
            Input and noisy output.
        number
            Number k of the step of each sample, from 1 to K, ``(batch,)``.
        """
        share = (number / len(self.sigmas)).view(-1, *[1] * (x.dim() - 1))
        level = share.expand(-1, 1, *x.shape[2:])
        estimate: Tensor = self.stage(torch.cat([x, noisy, level], dim=1))
        return estimate

    def noises(self, like: Tensor) -> Iterator[Tensor]:
        """Yield the noise of each step, ``(1, out_channels, *grid)``."""
        key = (self.domain, tuple(like.shape[2:]), self.frequencies, self.channels)
        for number in range(len(self.sigmas)):
            yield _fixed(*key, number, like.dtype, like.device)

    def white(self, like: Tensor, rng: np.random.Generator) -> Tensor:
        """Return noise of variance 1 of the shape of fields ``(batch, out_channels, *grid)``."""
        made = white(self.domain, like.shape[2:], self.frequencies, like.shape[:2], rng)
        return torch.from_numpy(made).to(like)


@constant_tensor(maxsize=32)
def _fixed(grid: Grid, shape: tuple[int, ...], frequencies: int, channels: int, seed: int) -> Array:
    (made,) = _drawn(grid, shape, frequencies, channels, seed)
    return made


def _drawn(
    grid: Grid, shape: tuple[int, ...], frequencies: int, channels: int, seed: int
) -> tuple[Array]:
    """Return a field ``(1, channels, *grid)`` of a seed."""
    return (white(grid, shape, frequencies, (1, channels), np.random.default_rng(seed)),)


# The attribute that torch.compiler.assume_constant_result sets; calling it would import the
# compiler with the library.
_drawn._dynamo_marked_constant = True  # type: ignore[attr-defined]
