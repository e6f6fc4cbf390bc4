r"""Kolmogorov flow: two-dimensional turbulence that a sine in y drives and a linear drag limits.

**Equation.**

.. math:: \partial_t\omega + u\cdot\nabla\omega = \tfrac{1}{\mathrm{Re}}\Delta\omega - \alpha\omega
   - n\cos ny, \qquad u = (\partial_y\psi, -\partial_x\psi), \qquad -\Delta\psi = \omega,

with the force sin(ny) on the velocity along x.

**Fields.** vorticity (dimensionless), one channel, zero mean; the first of steps + 1 frames lies in
the statistically steady state.

**Grid.** (x, y), `resolution` points per side of [0, 2 pi), with the left end. The recorded field
is the spectral truncation ``|k| < N/2`` of the solver's field.

**Boundary.** periodic in x and y.

**Time step.** Frames every `interval` (0.2), of which the first is flow.spin_up (40) after a random
field of the deviation 1.5, N(0, sigma^2 (-Lap + 1.2)^-2.5): on at most 64^2 points but for the last
4 units. Inside, ETDRK4 (exact viscosity and drag, fourth order) with a fixed step from a bound on
the velocity, on 128^2 points by default.

**Parameters.** reynolds Re 1000, wavenumber n 4 and drag alpha 0.1, as in Kochkov et al.; without
motion in y the laminar flow u = sin(ny) / (alpha + n^2/Re) would be steady. solver.points, null for
2 (n Re)^(1/2) rounded up.

**Size.** 60 samples x 41 frames x 64^2 in float32: 40 MB. Samples 0-19 are the test set, 20-39
validation, the rest training.

**Cost.** A sample takes 10 s of CPU time (``neurop generate data=kolmogorov_flow data.samples=6
data.storage.held_out=2 workers=1``: 58 s), 3 s at Re = 250. The solver follows the flow, but 4 % of
the norm of the vorticity lies beyond its modes: from the same states of two flows, and against
256^2 points, the modes of a 32^2 grid are off by 2 % after one unit of time and 3 % after two
(relative L2; 96^2: 5 % and 10 %; 192^2, at 4 times the cost: 0.2 % and 0.5 %), and half the step
changes none of these digits.

**What is hard.** Chaos with thin filaments: a frame differs from the last one by 0.58 of its norm,
from that 2 units before by more than its norm (3 samples), and 20 % of the norm of the vorticity
lies in modes from k = 16 on. A surrogate that is accurate for a step may gain energy at the small
scales in a long rollout, while the energy of the flow stays between 0.76 and 1.35 (the same
samples).

**Source.** Kochkov et al., Machine learning-accelerated computational fluid dynamics, PNAS 118
(2021) e2101784118, arXiv:2102.01010; McCabe et al., Towards stability of autoregressive neural
operators, TMLR 2023, arXiv:2306.10619.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurop.datasets.kolmogorov_flow_options import Flow
from neurop.datasets.navier_stokes_options import PRECISIONS, Solver, solver_points
from neurop.errors import InputError
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.fields.times import Times
from neurop.generation.dataset import SolvedDataset, positive
from neurop.generation.storage import Storage, grouped
from neurop.geometry.grid import Grid
from neurop.physics.device import compute_device
from neurop.physics.random_fields.periodic import field_std, random_field
from neurop.physics.solvers.vorticity import solve_vorticity, stable_rate

SOLVER_VERSION = 1
START = {"alpha": 2.5, "tau": 7.0, "sigma": 1.5 / field_std((256, 256), alpha=2.5, tau=7.0)}
COARSE, LAST = 64, 4.0
"""Points of the spin-up, and its last part, on the points of the solver."""


class KolmogorovFlow(SolvedDataset):
    """Trajectories of Kolmogorov flow, generated at first use.

    Parameters
    ----------
    samples
        Number of trajectories, more than twice `held_out`; more samples change neither the test nor
        the validation set.
    resolution
        Points per side.
    flow
        Equation and spin-up: a :class:`Flow` or a mapping of its parameters.
    steps
        Frames after the first.
    interval
        Time between frames.
    solver
        Grid and precision of the solver: a ``neurop.datasets.navier_stokes_options.Solver``
        or a mapping of its parameters.
    storage
        Seed, folder, mode and held-out samples: a :class:`neurop.generation.storage.Storage` or a
        mapping of its parameters.

    Raises
    ------
    InputError
        For a parameter out of its bounds.

    Examples
    --------
    >>> KolmogorovFlow(samples=100).discretisation((64, 64))[0]
    128
    """

    name, channels = "kolmogorov_flow", 1
    invariants = ("energy", "enstrophy", "mean")

    def __init__(
        self,
        samples: int = 60,
        resolution: int = 64,
        flow: Flow | Mapping[str, Any] | None = None,
        steps: int = 40,
        interval: float = 0.2,
        solver: Solver | Mapping[str, Any] | None = None,
        storage: Storage | Mapping[str, Any] | None = None,
    ) -> None:
        given, grid = grouped(Flow, flow, "flow"), grouped(Solver, solver, "solver")
        positive(interval=interval)
        if steps < 1:
            raise InputError.of("steps", steps, "use 1 or more")
        super().__init__(samples, (resolution, resolution), storage)
        self.reynolds = self.register_range("reynolds", given.reynolds, max)
        self.wavenumber, self.force = given.wavenumber, given.force
        self.drag, self.spin_up = float(given.drag), float(given.spin_up)
        self.steps, self.interval = steps, float(interval)
        self.solver, self.precision = grid.points, grid.precision
        self.discretisation(self.shape)

    def parameters(self) -> dict[str, Any]:
        """Return the parameters of the equation and of the initial fields."""
        names = ["reynolds", "wavenumber", "drag", "spin_up", "steps", "interval", "precision"]
        names += [] if self.solver is None else ["solver"]
        return {name: getattr(self, name) for name in names} | {"solver_version": SOLVER_VERSION}

    def conserved(self) -> tuple[str, ...]:
        """Return the vorticity, whose mean is constant: the force has none."""
        return ("vorticity",)

    def batch(self, shape: tuple[int, ...]) -> int:
        """Return the number of trajectories solved together, fewer on large grids."""
        return max(1, min(5, round(5 * (64 / self.discretisation(shape)[0]) ** 2)))

    def label(self, arrays: dict[str, NDArray[Any]]) -> FieldSet:
        """Return trajectories, with times since the end of the spin-up."""
        return FieldSet(
            arrays["values"],
            (Field("vorticity", "1", "vorticity"),),
            Grid.periodic(2, 2 * math.pi),
            times=Times(self.interval * np.arange(self.steps + 1)),
            source=self.name,
        )

    def solve(self, numbers: range, shape: tuple[int, ...]) -> dict[str, NDArray[Any]]:
        """Return the trajectories of these numbers."""
        points, _ = self.discretisation(shape)
        last = min(LAST, self.spin_up)
        coarse = points if last == self.spin_up else min(COARSE, points)
        state = random_field(numbers, (coarse, coarse), seed=self.seed, **START)
        state = state.to(device=compute_device(), dtype=PRECISIONS[self.precision])
        for time in (self.spin_up - last, last):
            if time:
                state = self._advance(state, time, 1, (points, points))[:, 1]
        frames = self._advance(state, self.interval, self.steps, shape)
        if not bool(torch.isfinite(frames).all()):
            remedy = "the solution overflowed; use a smaller one, or more drag"
            raise InputError.of("reynolds", self.reynolds, remedy)
        return {"values": frames[:, :, None].float().cpu().numpy()}

    def _advance(
        self, state: Tensor, time: float, steps: int, shape: tuple[int, ...] | None = None
    ) -> Tensor:
        """Return frames every `time`, the given state first, on the grid of the state."""
        points = state.shape[-1]
        substeps = math.ceil(time * self._rate(points))
        # In units of the side x is x / 2 pi, and the vorticity and the time are the same.
        return solve_vorticity(
            state,
            self.force(points).to(state),
            1 / self.reynolds / (2 * math.pi) ** 2,
            time / substeps,
            substeps,
            steps,
            None if shape is None else (shape[0], shape[1]),
            drag=self.drag,
        )

    def least(self) -> int:
        r"""Return the points per side that the flow needs.

        They are :math:`2\sqrt{n\,\mathrm{Re}}`, which resolve the larger part of the dissipation,
        and 6 per wave of the force at least.
        """
        dissipation = 2 * math.sqrt(self.wavenumber * self.reynolds)
        return math.ceil(max(48, 6 * self.wavenumber, dissipation))

    def discretisation(self, shape: tuple[int, ...]) -> tuple[int, int]:
        """Return the solver's points per side and its steps per frame, from the parameters."""
        points = solver_points(self.solver, self.least(), shape, 1 / self.reynolds)
        return points, math.ceil(self.interval * self._rate(points))

    def _rate(self, points: int) -> float:
        r"""Return the steps per unit of time for a bound on the largest velocity.

        The drag a of the largest scale, viscosity included, limits it to about
        :math:`4.5\,(0.1/a)^{1/2}` (measured for n = 2 and 4, a = 0.05 and 0.1), and the laminar
        flow, :math:`1/(\alpha + n^2/\mathrm{Re})`, is an upper one; 1.2 times the smaller, or that
        of the start.
        """
        viscosity = 1 / self.reynolds
        laminar = 1 / (self.drag + self.wavenumber**2 * viscosity)
        peak = max(3.5, 1.2 * min(laminar, 4.5 * math.sqrt(0.1 / (self.drag + viscosity))))
        side = 2 * math.pi
        return max(30.0, stable_rate(points, peak / side, viscosity / side**2))
