r"""The reaction of FitzHugh and Nagumo with diffusion in a closed square, after PDEBench.

**Equation.**

.. math:: \partial_t u = D_u\Delta u + u - u^3 - k - v, \qquad
   \partial_t v = D_v\Delta v + u - v.

**Fields.** activator u and inhibitor v (dimensionless); an evolution of steps + 1 frames.

**Grid.** (x, y), `resolution` centres of cells per side of [-1, 1]. The recorded fields are the
cosine modes ``k < N`` of one solution, which does not depend on `resolution`.

**Boundary.** neumann, no flux through it.

**Time step.** Frames every `interval` (0.1), the first at t = 0. Inside, ETDRK4 (exact diffusion,
fourth order) in float64 on cosine modes, free of aliases: steps of 1/80 on 384^2 points up to
t = 0.1, where the noise of the start decays, then of 1/20 on 256^2.

**Parameters.** D_u = 1e-3, D_v = 5e-3, k = 5e-3, to t = 5, those of PDEBench. The start of PDEBench
is white noise in each cell of 128 x 128, which is another function on another grid. Here u and v
start from independent normal coefficients of the cosines ``k < modes`` (128) with the variance 1
in each point: on 128 points this is the law of PDEBench, and other grids have the same functions.
PDEBench has 128 points, 101 frames every 0.05 (``data.resolution=128 data.steps=100
data.interval=0.05``) and 1000 samples, of finite volumes of second order with RK45 at its default
tolerance of 1e-3.

**Size.** 60 samples x 51 frames x 2 fields x 64^2 in float32: 100 MB. Samples 0-19 are the test
set, 20-39 validation, the rest training.

**Cost.** A sample takes 2.8 s of one core. The fields of two samples are off by at most 1.2e-4 in
each frame (relative L2) against 512^2 and 384^2 points and half the steps. Finite volumes in 128 x
128 cells, as in PDEBench, are off by 5 % at t = 0.5 and by 3 % from t = 1 to 5, from the start on
those cells (one sample): they do not resolve white noise.

**What is hard.** Noise decays first, then a pattern grows. The standard deviation over the square
falls from 0.5 to 0.20 (u, t = 1) and 0.05 (v, t = 0.5), then grows to 0.31 and 0.17 at t = 5. From
one frame to the next u changes by 0.5 and v by 0.9 of it at first, by 0.04 and 0.10 at t = 1, by
0.014 both at the end (two samples), so that persistence is hard to beat there.

**Source.** Takamoto et al., PDEBench: an extensive benchmark for scientific machine learning,
NeurIPS 2022, arXiv:2210.07182, and its code; Klaasen and Troy, SIAM J. Appl. Math. 44 (1984) 96.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurop.errors import InputError
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.fields.times import Times
from neurop.generation.dataset import SolvedDataset, positive
from neurop.generation.storage import Storage
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.physics.device import compute_device
from neurop.physics.random_fields.periodic import normals
from neurop.physics.solvers.modes import CosineModes
from neurop.physics.solvers.reaction import fitzhugh_nagumo, solve_reaction

SOLVER_VERSION = 1
LENGTH, LARGEST = 2.0, 1024
FIELDS = (Field("activator", "1", "activator u"), Field("inhibitor", "1", "inhibitor v"))
ROUGH = 0.1
"""Time in which the noise of the start decays."""
STEPS = (1 / 80, 1 / 20)
"""Largest time steps before and after that time."""


class FitzHughNagumo(SolvedDataset):
    r"""Trajectories of the FitzHugh-Nagumo equations, generated at first use.

    Parameters
    ----------
    samples
        Number of trajectories, more than twice `held_out`; more samples change neither the test nor
        the validation set.
    resolution
        Points per side.
    modes
        Modes per axis of the initial fields, of the wavenumbers from 0 to :math:`\pi(n - 1)/2`.
    diffusion
        Diffusion constants of u and of v.
    threshold
        Constant k > 0 of the reaction, or a range ``[smallest, largest]`` to draw it from for each
        sample, with a uniform logarithm; it is then a parameter of the set.
    steps
        Frames after the first.
    interval
        Time between frames.
    storage
        Seed, folder, mode and held-out samples: a :class:`neurop.generation.storage.Storage` or a
        mapping of its parameters.

    Raises
    ------
    InputError
        For a parameter out of its bounds.

    Examples
    --------
    >>> FitzHughNagumo(samples=100, resolution=128).layout()
    {'values': (51, 2, 128, 128)}
    """

    name, channels = "fitzhugh_nagumo", len(FIELDS)

    def __init__(
        self,
        samples: int = 60,
        resolution: int = 64,
        modes: int = 128,
        diffusion: Sequence[float] = (1e-3, 5e-3),
        threshold: float | Sequence[float] = 5e-3,
        steps: int = 50,
        interval: float = 0.1,
        storage: Storage | Mapping[str, Any] | None = None,
    ) -> None:
        positive(interval=interval)
        if len(diffusion) != 2:
            raise InputError.of("diffusion", diffusion, "give two numbers, of u and of v")
        for number in diffusion:
            positive(diffusion=number)
        if modes < 1:
            raise InputError.of("modes", modes, "use 1 or more")
        if steps < 1:
            raise InputError.of("steps", steps, "use 1 or more")
        super().__init__(samples, (resolution, resolution), storage)
        self.threshold = self.register_range("threshold", threshold)
        self.modes, self.diffusion = modes, [float(number) for number in diffusion]
        self.steps, self.interval = steps, float(interval)
        self._points()

    def parameters(self) -> dict[str, Any]:
        """Return the parameters of the equation and of the initial fields."""
        names = ("modes", "diffusion", "threshold", "steps", "interval")
        return {name: getattr(self, name) for name in names} | {"solver_version": SOLVER_VERSION}

    def batch(self, shape: tuple[int, ...]) -> int:
        """Return the number of trajectories solved together, fewer on large grids."""
        return max(1, min(20, round(2 * (256 / self._points()[1]) ** 2)))

    def label(self, arrays: dict[str, NDArray[Any]]) -> FieldSet:
        """Return trajectories with times."""
        axes = (Axis(name, "neumann", -LENGTH / 2, LENGTH, layout="cells") for name in "xy")
        times = Times(self.interval * np.arange(self.steps + 1))
        return FieldSet(arrays["values"], FIELDS, Grid(tuple(axes)), times=times, source=self.name)

    def solve(self, numbers: range, shape: tuple[int, ...]) -> dict[str, NDArray[Any]]:
        """Return the trajectories of these numbers."""
        fine, coarse = self._points()
        rough = min(self.steps, math.ceil(ROUGH / self.interval - 1e-9))
        start = self.start(numbers, fine).to(compute_device())
        first = self._advance(start, STEPS[0], rough, (coarse, coarse))
        modes = CosineModes((coarse, coarse), LENGTH, 1, first)
        frames = [modes.fields(modes.coefficients(frame), shape) for frame in first.unbind(1)]
        if rough < self.steps:
            later = self._advance(first[:, -1], STEPS[1], self.steps - rough, shape)
            frames += later[:, 1:].unbind(1)
        values = torch.stack(frames, 1)
        if not bool(torch.isfinite(values).all()):
            remedy = "the solution overflowed; use a smaller number"
            raise InputError.of("threshold", self.threshold, remedy)
        return {"values": values.float().cpu().numpy()}

    def start(self, numbers: range, points: int) -> Tensor:
        r"""Return the initial fields ``(sample, 2, points, points)`` in float64.

        The coefficients of the orthonormal cosines on `modes` cells per axis are standard normal,
        so that the values in these cells are independent and standard normal as well.
        """
        count = self.modes
        noise = normals(numbers, 2 * count**2, self.seed).reshape(-1, 2, count, count)
        norm = np.sqrt(np.where(np.arange(count) == 0, 1.0, 2.0) / count)
        hat = torch.from_numpy(noise * norm[:, None] * norm)
        return CosineModes((count, count), LENGTH, 1, hat).fields(hat, (points, points))

    def _advance(self, state: Tensor, dt: float, steps: int, shape: tuple[int, ...]) -> Tensor:
        """Return frames every `interval`, the given state first."""
        substeps = math.ceil(self.interval / dt - 1e-9)
        return solve_reaction(
            state,
            fitzhugh_nagumo(self.threshold),
            3,
            self.diffusion,
            LENGTH,
            self.interval / substeps,
            substeps,
            steps,
            shape,
            boundary="neumann",
        )

    def _points(self) -> tuple[int, int]:
        r"""Return the solver's points per side at first and later, determined by the parameters.

        Of N points the modes below N/2 are solved for. Fronts have the width
        :math:`(2D)^{1/2}/|u|`; at first u is larger, and products of the noise have more modes.
        """
        front = 4 * LENGTH / math.sqrt(min(self.diffusion))
        least = max(48, front, 2 * self.modes)
        if least > LARGEST:
            name, remedy = "diffusion", "larger constants"
            if 2 * self.modes >= front:
                name, remedy = "modes", "fewer"
            needs = f"needs a solver of {least:.0f}^2 points, above {LARGEST}^2; use {remedy}"
            raise InputError.of(name, getattr(self, name), needs)
        return 16 * math.ceil(1.5 * least / 16), 16 * math.ceil(least / 16)
