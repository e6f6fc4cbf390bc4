r"""A round dam breaks: shallow water on a square, after PDEBench.

**Equation.**

.. math:: \partial_t h + \nabla\cdot(hu) = 0, \qquad
   \partial_t(hu) + \nabla\cdot(hu\otimes u + \tfrac12 h^2 I) = 0,

with the gravity 1, at rest at t = 0, and h = `inner` inside a circle around the centre, `outer`
outside.

**Fields.** height h (dimensionless), an evolution of steps + 1 frames. PDEBench has the height
alone too; the velocity is computed, not stored.

**Grid.** (x, y), `resolution` cells per side of [-2.5, 2.5]. The values are averages over cells of
one solution in `solver`^2 cells, so that sets at several resolutions have the same solutions, at
the same cost; `resolution` divides `solver`. The first frame has the exact share of the circle in
each cell.

**Boundary.** open: the outermost cells continue outside. Up to t = 1 no wave reaches it, and the
mean height does not change.

**Time step.** Frames every `interval` (0.01), the first at t = 0. Inside, finite volumes of second
order in float64 with a fixed step (Courant number 1/2): linear reconstruction with the
monotonized central limiter, HLLC fluxes, Runge-Kutta method of second order. One quadrant is
solved, with walls on the axes of symmetry.

**Parameters.** The radius of the circle is uniform in `radius` (0.3 to 0.7), inner 2, outer 1,
those of PDEBench, which has 128 x 128 cells (``data.resolution=128``), 1000 samples and the Roe
solver of PyClaw with the same limiter on these cells, where the circle is made of whole cells.

**Size.** 60 samples x 101 frames x 64^2 in float32: 99 MB. Samples 0-19 are the test set, 20-39
validation, the rest training.

**Cost.** A sample takes 2.6 s of one core. At t = 0.1, 0.25, 0.5 and 1 the heights of two samples
are off by 2.5e-3 to 4.4e-3 (relative L2 on 64 x 64 cells; 2 to 3 % of h - `outer`) against the
equations of a radial flow on 4000 points of the radius by another scheme. The error is of first
order, as bores and the ends of rarefactions are not smooth: at the radii 0.3 and 0.7 it is 7e-3 to
9e-3 with solver=128, 1e-3 to 2e-3 with solver=512, which takes 17 s.

**What is hard.** A bore runs outward, and a rarefaction inward that meets itself in the centre,
where the height falls to 0.24; at the radius 0.33 it is back at 0.96 at t = 1. From one frame to
the next the height changes by 2 to 11 % of its standard deviation, in ten frames by 36 to 89 % (4
samples). The height is half of the state: one frame does not show where the water goes, two do. The
radius is the only difference between the samples.

**Source.** Takamoto et al., PDEBench: an extensive benchmark for scientific machine learning,
NeurIPS 2022, arXiv:2210.07182, and its code; Toro, Shock-capturing methods for free-surface shallow
flows, Wiley 2001.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import brentq
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
from neurop.physics.solvers.shallow_water_volumes import COURANT, advance_water

SOLVER_VERSION = 1
HALF, LARGEST = 2.5, 2048
"""Half the side of the square, and the largest number of cells per side."""


class DamBreak(SolvedDataset):
    """Trajectories of radial dam breaks, generated at first use.

    Parameters
    ----------
    samples
        Number of trajectories, more than twice `held_out`; more samples change neither the test nor
        the validation set.
    resolution
        Cells per side of the stored fields; it divides `solver`.
    radius
        Smallest and largest radius of the circle, below 2.5.
    inner, outer
        Height inside and outside of the circle, inner > outer > 0.
    steps
        Frames after the first.
    interval
        Time between frames.
    solver
        Cells per side of the solver, an even number.
    storage
        Seed, folder, mode and held-out samples: a :class:`neurop.generation.storage.Storage` or a
        mapping of its parameters.

    Raises
    ------
    InputError
        For a parameter out of its bounds.

    Examples
    --------
    >>> DamBreak(samples=100).resolutions()
    (8, 16, 32, 64, 128, 256)
    """

    name, channels = "dam_break", 1

    def __init__(
        self,
        samples: int = 60,
        resolution: int = 64,
        radius: Sequence[float] = (0.3, 0.7),
        inner: float = 2.0,
        outer: float = 1.0,
        steps: int = 100,
        interval: float = 0.01,
        solver: int = 256,
        storage: Storage | Mapping[str, Any] | None = None,
    ) -> None:
        positive(inner=inner, outer=outer, interval=interval)
        if inner <= outer:
            raise InputError.of("inner", inner, f"use a height above outer={outer:g}")
        if len(radius) != 2 or not 0 < radius[0] < radius[1] < HALF:
            remedy = f"give [smallest, largest] between 0 and {HALF}"
            raise InputError.of("radius", list(radius), remedy)
        if steps < 1:
            raise InputError.of("steps", steps, "use 1 or more")
        if not 8 <= solver <= LARGEST or solver % 2:
            raise InputError.of("solver", solver, f"use an even number from 8 to {LARGEST}")
        super().__init__(samples, (resolution, resolution), storage)
        self.radius = [float(number) for number in radius]
        self.inner, self.outer, self.solver = float(inner), float(outer), solver
        self.steps, self.interval = steps, float(interval)
        self._check(self.shape)

    @property
    def invariants(self) -> tuple[str, ...]:  # type: ignore[override]
        """The mean height, if no wave reaches the boundary."""
        return ("mean",) if self.conserved() else ()

    def conserved(self) -> tuple[str, ...]:
        """Return the height if no wave reaches the boundary.

        A round bore is not faster than the straight one between the same heights.
        """
        c, low = math.sqrt(self.inner), self.outer

        def excess(h: float) -> float:
            return 2 * (c - math.sqrt(h)) - (h - low) * math.sqrt((h + low) / (2 * h * low))

        height = brentq(excess, low, self.inner)
        bore = math.sqrt(0.5 * height * (height + low) / low)
        reached = self.radius[1] + bore * self.steps * self.interval
        # The computed bore is a few cells wide.
        return ("height",) if reached < HALF * (1 - 8 / self.solver) else ()

    def parameters(self) -> dict[str, Any]:
        """Return the parameters of the initial fields and of the solver."""
        names = ("radius", "inner", "outer", "steps", "interval", "solver")
        return {name: getattr(self, name) for name in names} | {"solver_version": SOLVER_VERSION}

    def resolutions(self) -> tuple[int, ...]:
        """Return the cells per side of the grids whose cells are made of whole solver cells."""
        return tuple(n for n in range(8, self.solver + 1) if self.solver % n == 0)

    def batch(self, shape: tuple[int, ...]) -> int:
        """Return the number of trajectories solved together, fewer on large grids."""
        return max(1, min(20, round((256 / self.solver) ** 2)))

    def label(self, arrays: dict[str, NDArray[Any]]) -> FieldSet:
        """Return trajectories with times."""
        axes = (Axis(name, "open", -HALF, 2 * HALF, layout="cells") for name in "xy")
        times = Times(self.interval * np.arange(self.steps + 1))
        height = (Field("height", "1", "height of the water"),)
        return FieldSet(arrays["values"], height, Grid(tuple(axes)), times=times, source=self.name)

    def solve(self, numbers: range, shape: tuple[int, ...]) -> dict[str, NDArray[Any]]:
        """Return the trajectories of these numbers."""
        self._check(shape)
        state = self.start(numbers).to(compute_device())
        spacing = 2 * HALF / self.solver
        # Across the rarefaction |u| = 2 (c - c*), which bounds |u1| + |u2| + 2 c*.
        speed = math.sqrt(8 * self.inner) - (math.sqrt(8) - 2) * math.sqrt(self.outer)
        substeps = math.ceil(self.interval * speed / (COURANT * spacing))
        frames = np.empty((len(numbers), self.steps + 1, 1, *shape), np.float32)
        for frame in range(self.steps + 1):
            if frame:
                dt = self.interval / substeps
                state = advance_water(state, spacing, dt, substeps, first="wall")
            frames[:, frame, 0] = self._averages(state[:, 0], shape).float().cpu().numpy()
        return {"values": frames}

    def at(self, shape: tuple[int, ...]) -> FieldSet:
        """Return the test set on other cells made of those of the solver, stored in its own file.

        Raises
        ------
        InputError
            If they are not made of whole cells.
        """
        if len(shape) == 2:
            self._check(tuple(shape))
        return super().at(shape)

    def radii(self, numbers: range) -> NDArray[np.float64]:
        """Return the radius of the circle of each sample."""
        low, high = self.radius
        uniform = [np.random.default_rng([self.seed, number]).random() for number in numbers]
        return low + (high - low) * np.array(uniform)

    def start(self, numbers: range) -> Tensor:
        """Return height and momenta of the quadrant x, y > 0, ``(sample, 3, n, n)``, in float64."""
        edges = np.linspace(0.0, HALF, self.solver // 2 + 1)
        r = self.radii(numbers)[:, None, None]
        area = np.diff(np.diff(_area(edges[:, None], edges, r), axis=1), axis=2)
        height = self.outer + (self.inner - self.outer) * area / edges[1] ** 2
        return torch.from_numpy(np.stack([height, 0 * height, 0 * height], 1))

    def _averages(self, quadrant: Tensor, shape: tuple[int, ...]) -> Tensor:
        """Return the averages over the cells of `shape` of the square around a quadrant."""
        half = torch.cat([quadrant.flip(1), quadrant], 1)
        whole = torch.cat([half.flip(2), half], 2)
        rows, columns = (self.solver // points for points in shape)
        return whole.unflatten(2, (-1, columns)).unflatten(1, (-1, rows)).mean((2, 4))

    def _check(self, shape: tuple[int, ...]) -> None:
        for points in shape:
            if points not in self.resolutions():
                raise InputError(
                    f"{self.name} has no {points} cells per side: they are made of the solver's "
                    f"{self.solver}; choose from {', '.join(map(str, self.resolutions()))}, or "
                    "another solver",
                    "resolution",
                    points,
                )


def _area(
    x: NDArray[np.float64], y: NDArray[np.float64], r: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the area of the circle of radius r around 0 in [0, x] x [0, y]."""
    x, y = np.minimum(x, r), np.minimum(y, r)
    corner = np.minimum(x, np.sqrt(r**2 - y**2))

    def under(s: NDArray[np.float64]) -> NDArray[np.float64]:
        return 0.5 * (s * np.sqrt(r**2 - s**2) + r**2 * np.arcsin(s / r))

    return corner * y + under(x) - under(corner)
