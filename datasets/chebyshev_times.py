r"""Trajectories of another data set as maps from the first frame to all times, at Chebyshev times.

**Equation.** that of `source`.

**Fields.** in: the initial frame of `source`, ``<field>_0``, the same at every time; out: its
fields at all times, the initial one included.

**Grid.** the axes of `source`, and t from the first to the last frame, at the n
Chebyshev-Gauss-Lobatto points :math:`t_j = T (1 - \cos(\pi j / (n - 1))) / 2`, to which the
equidistant frames are interpolated by polynomials of degree 8 through neighbouring ones; only flat
grids.

**Boundary.** that of `source`; t is open.

**Time step.** small at both ends of t, :math:`T (\pi / 2 (n - 1))^2`, where the frames of `source`
limit the accuracy.

**Parameters.** those of `source`, and `times` 25.

**Size.** that of `source` with `times` frames per sample, without the input, which is stored once.

**Cost.** that of `source`; the interpolation is a product with one matrix.

**What is hard.** A surrogate is a polynomial in t, exactly differentiable, that converges
exponentially for smooth solutions; a front or a shock needs many times. The first frames after a
rough initial field change fast, so take enough frames; ``val/residual_of_truth`` of a training by
the equation is the error of both, and ``python benchmarks/nsm_floor.py`` that of the polynomial.

**Source.** Du, Chalapathi and Krishnapriyan, Neural spectral methods: self-supervised learning in
the spectral domain, ICLR 2024, arXiv:2312.05225.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurop.datasets.space_time import SpaceTime, mapped, over_time, repeated
from neurop.errors import InputError
from neurop.fields.fieldset import FieldSet
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.physics.derivatives.differences import stencil
from neurop.source import Source

NEIGHBOURS = 9
"""Frames through which the polynomial of an interpolated time goes."""


class ChebyshevTimes(SpaceTime):
    r"""Trajectories of a data set as pairs of a first frame and the fields at Chebyshev times.

    .. math:: u_0(x) \;\mapsto\; u(x, t_j), \qquad j = 0, \dots, n - 1

    Parameters
    ----------
    source
        Data set of the trajectories, of which the first frame is the initial field.
    times
        Number n of times, 2 or more.

    Raises
    ------
    InputError
        If `times` is below 2, or `source` is a map, on a sphere or an online data set.

    Examples
    --------
    >>> from neurop.datasets import ReactionDiffusion
    >>> ChebyshevTimes(ReactionDiffusion(samples=100, steps=64), times=17).name
    'reaction_diffusion_chebyshev_times'
    """

    def __init__(self, source: Source, times: int = 25) -> None:
        if times < 2:
            raise InputError.of("times", times, "a time axis needs 2 times or more")
        super().__init__(source, given=1)
        self.times, self.name = times, f"{source.name}_chebyshev_times"

    def at(self, shape: tuple[int, ...]) -> FieldSet:
        """Return the test set on another grid, with any number of times.

        Raises
        ------
        InputError
            If the source has no such grid, or there are fewer than 2 times.
        """
        if len(shape) != len(self.source.test().shape) + 1 or shape[-1] < 2:
            remedy = "give the points per axis of the source, and 2 times or more"
            raise InputError.of("shape", tuple(shape), remedy)
        other = ChebyshevTimes(self.source, shape[-1])
        return other._turned(self.source.at(tuple(shape[:-1])), None)

    def _turned(self, fields: FieldSet, steps: int | None, every: int = 1) -> FieldSet:
        """Return the pairs of a set of trajectories."""
        plain = super()._turned(fields, None)
        frames, n = fields.values.shape[1], self.times
        equal = plain.grid.axes[-1]
        step = equal.length / (frames - 1)
        axis = Axis("t", "open", equal.start - step, equal.length, equal.unit, "chebyshev")
        matrix = interpolation(axis.points(n) * (frames - 1), frames)
        inputs = partial(repeated, every=1, times=n)
        targets = partial(_interpolated, matrix=matrix)
        return replace(
            plain,
            values=mapped(fields.values, inputs, slice(0, 1), len(plain.fields), n),
            grid=Grid((*fields.grid.axes, axis)),
            targets=mapped(fields.values, targets, slice(0, frames), len(fields.fields), n),
            conditions=tuple(over_time(one, n) for one in fields.conditions),
            source=f"{fields.source} at Chebyshev times",
        )


def interpolation(at: NDArray[np.float64], frames: int) -> NDArray[np.float64]:
    """Return the matrix from equidistant frames to values in between, ``(len(at), frames)``.

    Parameters
    ----------
    at
        Positions in numbers of frames, from 0 to `frames` - 1.
    frames
        Number of frames.

    Examples
    --------
    >>> interpolation(np.array([0.0, 1.5]), 3).round(6).tolist()
    [[1.0, 0.0, 0.0], [-0.125, 0.75, 0.375]]
    """
    width = min(NEIGHBOURS, frames)
    matrix = np.zeros((len(at), frames))
    for row, position in zip(matrix, at, strict=True):
        first = min(max(0, round(position) - width // 2), frames - width)
        offsets = np.arange(first, first + width) - position
        row[first : first + width] = stencil(offsets, 0)
    return matrix


def _interpolated(frames: NDArray[Any], matrix: NDArray[np.float64]) -> NDArray[Any]:
    """Return ``(sample, channel, *grid, times)``, in the precision of the frames."""
    made = np.tensordot(frames, matrix, axes=(1, 1))
    return made.astype(frames.dtype)
