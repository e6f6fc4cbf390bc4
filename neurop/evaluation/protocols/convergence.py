"""Convergence: predictions from the same fields on grids that are refined."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import torch
import xarray as xr
from torch import Tensor

from neurop.errors import InputError
from neurop.evaluation.batches import check_compatible, iterate_pairs, variable
from neurop.evaluation.protocols.protocol import Protocol
from neurop.fields.fieldset import FieldSet
from neurop.inference.check_input import ResolutionWarning
from neurop.inference.evaluating import evaluating
from neurop.memory import check_fits
from neurop.metrics.convergence import refinements, sampled
from neurop.metrics.norms import relative_l2
from neurop.spectral import resample

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate


@dataclass(frozen=True)
class Convergence(Protocol):
    r"""Differences between the predictions of a surrogate f on grids of N, 2N, 4N ... points.

    .. math:: d_N = \frac{\lVert f_N(x) - f_{2N}(x) \rVert}{\lVert f_{2N}(x) \rVert}, \qquad
       c_N = \frac{\lVert f_{2N}(x) - f_{N_0}(x) \rVert}{\lVert f_{N_0}(x) \rVert}

    with the fields of the test data resampled spectrally, so that x is the same function on every
    grid, the first of which is that of the data, :math:`N_0`. The norms are those of the scores, at
    the points of the coarser grid, and the means over samples or windows. If the weights define one
    map of functions, d falls with the order of the discretisation, and c, the distance from the
    prediction on the first grid, stays near the first d. A network of kernels of a few points
    converges too, with order 1, to a pointwise map: its c grows until all is lost.

    Parameters
    ----------
    doublings
        Number of times that the grid is refined, at least 2.
    samples
        Largest number of samples, or trajectories of an evolution, that are used.

    Raises
    ------
    InputError
        If there are fewer doublings or samples; in a call, if the surrogate takes a mask.

    Examples
    --------
    >>> import numpy as np
    >>> from neurop import Field, Grid, Surrogate, models
    >>> waves = np.sin(2 * np.pi * (np.arange(16) - np.arange(5)[:, None]) / 16)[None, :, None]
    >>> data = FieldSet(waves, (Field("u"),), Grid.periodic(1))
    >>> fno = Surrogate.of(data, models.FNO.spec(modes=4, width=8))
    >>> bool(Convergence()(fno, data)["from_first"].max() < 1e-3)
    True
    """

    doublings: int = 3
    samples: int = 8

    def __post_init__(self) -> None:
        for key, value, least in (("doublings", self.doublings, 2), ("samples", self.samples, 1)):
            if value < least:
                raise InputError.of(key, value, f"give at least {least}")

    def __call__(self, surrogate: Surrogate, test: FieldSet, batch_size: int = 16) -> xr.Dataset:
        """Return the differences by grid; in short the order on the finest three, and the last c.

        The order is NaN where the last difference is 0.
        """
        test = check_compatible(surrogate, test.samples(slice(self.samples)))
        card, grid = surrogate.card, test.grid
        if any(known.role == "mask" for known in card.conditions):
            remedy = "a surrogate with a mask is on the grid of the mask"
            raise InputError.of("conditions", [c.field.name for c in card.conditions], remedy)
        shapes = refinements(grid, test.shape, self.doublings)
        size = 8 * (card.in_channels + card.out_channels) * math.prod(shapes[-1])
        what = f"protocol.doublings={self.doublings}: the finest grid"
        check_fits(what, size, "use fewer")
        apart: list[list[Tensor]] = [[] for _ in shapes[1:]]
        away: list[list[Tensor]] = [[] for _ in shapes[1:]]
        with evaluating(surrogate), warnings.catch_warnings():
            warnings.simplefilter("ignore", ResolutionWarning)
            for x, y, given in iterate_pairs(surrogate, test, batch_size):
                made = [
                    surrogate(
                        resample(x, grid, shape),
                        given=None if given is None else resample(given, grid, shape),
                    ).to(y)
                    for shape in shapes
                ]
                for i, (coarse, fine) in enumerate(pairwise(made)):
                    first = sampled(fine, grid, shapes[0])
                    there = sampled(fine, grid, shapes[i])
                    apart[i].append(_relative(surrogate, coarse, there))
                    away[i].append(_relative(surrogate, first, made[0]))
        d, c = (torch.stack([torch.cat(each) for each in some]).cpu() for some in (apart, away))
        return xr.Dataset(
            {
                "difference": variable(["grid"], d.mean(1), "mean difference to the next grid"),
                "largest": variable(["grid"], d.amax(1), "largest"),
                "observed_order": variable(["grid"], _orders(d.mean(1)), "order to the next grid"),
                "from_first": variable(["grid"], c.mean(1), "next grid from the first"),
                "order": variable([], _orders(d.mean(1))[-2], "order, finest grids"),
                "distance": variable([], c[-1].mean(), "finest grid from the first"),
            },
            {"grid": [" x ".join(map(str, shape)) for shape in shapes[:-1]]},
            {"title": f"convergence, relative L2, {d.shape[1]} samples or windows"},
        )


def _relative(surrogate: Surrogate, prediction: Tensor, truth: Tensor) -> Tensor:
    weights = surrogate.card.grid.measure(truth.shape[2:], truth)
    return relative_l2(prediction, truth, weights, surrogate.scale)


def _orders(d: Tensor) -> list[float]:
    """Return log2 of the ratios of consecutive differences; NaN after the last one."""
    pairs: Sequence[tuple[float, float]] = list(pairwise(d.tolist()))
    return [math.log2(a / b) if a and b else math.nan for a, b in pairs] + [math.nan]
