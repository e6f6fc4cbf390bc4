r"""Two-dimensional Navier-Stokes flow in vorticity form on the periodic unit square.

**Equation.**

.. math:: \partial_t\omega + u\cdot\nabla\omega = \nu\Delta\omega + f, \qquad
   u = (\partial_y\psi, -\partial_x\psi), \qquad
          -\Delta\psi = \omega,

.. math:: f = F\,(\sin 2\pi(x+y) + \cos 2\pi(x+y)), \qquad
   \omega_0 \sim N(0, \sigma^2(-\Delta + 49)^{-5/2}).

The flow is forced at a large scale, or decays.

**Fields.** vorticity (dimensionless), one channel; the frame at t = 0 is the first of steps + 1.

**Grid.** (x, y), `resolution` points per side of [0, 1), with the left end. The recorded field is
the spectral truncation ``|k| < N/2`` of the solver's field, so sets at several resolutions describe
the same flow.

**Boundary.** periodic in x and y.

**Time step.** Frames every `interval` (1). Inside, ETDRK4 (exact viscosity, fourth order) with a
fixed step from a bound on the velocity (0.04 at 64^2). The paper's scheme is of first order: at
64^2 its 10,000 steps per unit take 18 s of CPU time per trajectory and are off by 2e-5; this one is
off by 1e-6 with 6 steps per unit, in 0.05 s, and by 4e-9 with its 25, in 0.16 s.

**Parameters.** viscosity 1e-3 (the paper: also 1e-4, 1e-5). forcing: `diagonal`, the paper's f
above; `kolmogorov`, f = F sin(2 pi k y) with k = `wavenumber`, whose laminar flow f / (4 pi^2 k^2
nu) is an exact solution; `none`, decay. F is `strength` (0.1). amplitude, the standard deviation of
omega_0: 0.262 is the value of the code that generated the released files, 0.185 that of its latest
version, 0.043 that of the paper's covariance 7^(3/2) (-Lap + 49)^-2.5. precision: float32 takes 0.6
of the CPU time of float64 and is off by 6e-7 (relative L2 over 20 frames of the default set) where
float64 is off by 4e-9. The paper uses frames 1 to 10 as input; here ``problem.history`` sets their
number (1).

**Size.** 240 samples x 21 frames x 64^2 in float32: 83 MB. Samples 0-19 are the test set, 20-39
validation, the rest training.

**Cost.** The default set takes 25 to 40 s on two CPU cores and differs from a solve with 256^2
points by 3e-8 (relative L2 of the common modes: the rounding of float32). The 20 test samples at
256^2: about 1 minute. A finer flow has a finer solver, unless `solver` is given: per
trajectory of 20 units and core 0.2 s at 1e-3, 2 s at 1e-4 (128^2), 2 minutes at 1e-5 (432^2).

**What is hard.** Forcing drives the large scales while the influence of omega_0 decays: the error
of a surrogate grows over the steps. At 1e-3 the flow is smooth: after t = 1 the modes beyond a 32^2
grid are 1e-6 of its norm, beyond 64^2 less than 1e-7, so there is nothing to super-resolve; at 1e-4
and below vorticity forms filaments finer than a coarse training grid.

**Source.** Li et al., Fourier neural operator for parametric PDEs, ICLR 2021, arXiv:2010.08895,
section 5.3 and appendix A.3.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurop.datasets.navier_stokes_options import PRECISIONS, Forcing, Solver, solver_points
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
ALPHA, TAU = 2.5, 7.0


class NavierStokes(SolvedDataset):
    r"""Trajectories of two-dimensional Navier-Stokes flow, generated at first use.

    Parameters
    ----------
    samples
        Number of trajectories, more than twice `held_out`; more samples change neither the test nor
        the validation set.
    resolution
        Points per side.
    viscosity
        Viscosity :math:`\nu > 0`, or a range ``[smallest, largest]`` to draw it from for each
        sample, with a uniform logarithm; it is then a parameter of the set.
    amplitude
        Standard deviation of the initial vorticity, or a range.
    steps
        Frames after the initial one.
    interval
        Time between frames.
    forcing
        Force on the flow: a :class:`Forcing` or a mapping of its parameters.
    solver
        Grid and precision of the solver: a :class:`Solver` or a mapping of its parameters.
    storage
        Seed, folder, mode and held-out samples: a :class:`neurop.generation.storage.Storage` or a
        mapping of its parameters.

    Raises
    ------
    InputError
        For a parameter out of its bounds.

    Examples
    --------
    >>> NavierStokes(samples=100).name
    'navier_stokes'
    """

    name, channels = "navier_stokes", 1
    invariants = ("energy", "enstrophy", "mean")

    def __init__(
        self,
        samples: int = 240,
        resolution: int = 64,
        viscosity: float | Sequence[float] = 1e-3,
        amplitude: float | Sequence[float] = 0.262,
        steps: int = 20,
        interval: float = 1.0,
        forcing: Forcing | Mapping[str, Any] | None = None,
        solver: Solver | Mapping[str, Any] | None = None,
        storage: Storage | Mapping[str, Any] | None = None,
    ) -> None:
        force, grid = grouped(Forcing, forcing, "forcing"), grouped(Solver, solver, "solver")
        positive(interval=interval)
        if steps < 1:
            raise InputError.of("steps", steps, "use 1 or more")
        super().__init__(samples, (resolution, resolution), storage)
        self.viscosity = self.register_range("viscosity", viscosity)
        self.amplitude = self.register_range("amplitude", amplitude, max)
        self.strength = self.register_range("strength", force.strength, max)
        self.steps, self.interval, self.forcing = steps, float(interval), force.kind
        self.wavenumber, self.equation = force.wavenumber, force.equation(self.viscosity)
        self.solver, self.precision = grid.points, grid.precision
        self.discretisation(self.shape)

    def parameters(self) -> dict[str, Any]:
        """Return the parameters of the equation and of the initial fields."""
        names = ("viscosity", "amplitude", "steps", "interval")
        found = {name: getattr(self, name) for name in names} | {
            "forcing": self.strength,
            "solver_version": SOLVER_VERSION,
        }
        if self.forcing == "kolmogorov":
            found["forcing_wavenumber"] = self.wavenumber
        if self.forcing == "none":
            found["forcing"] = 0.0
        if self.solver is not None:
            found["solver"] = self.solver
        return found if self.precision == "float64" else found | {"precision": self.precision}

    def resolved_band(self) -> tuple[int, ...] | None:
        r"""Return the points per side that resolve all later frames, or None if the grid has less.

        .. math:: N \ge 0.75\,(\omega/\nu)^{1/2}, \qquad N \ge 6\kappa, \qquad
           \nu(\pi N)^2\,T \ge 8,

        rounded up to a multiple of 16, with the bound :math:`\omega` on the vorticity and
        :math:`\kappa` of the forcing as in :meth:`discretisation` and the interval T: the
        dissipation scale, the forcing, and what viscosity leaves of the first frame. Measured, the
        largest share of the norm beyond it, over all later frames: 1e-6 at a viscosity of 1e-3 (32
        points, 4 trajectories of 20 units), 1e-5 at 1e-4 (96 points, 2 of 12 units), 8e-6 at 1e-5
        (256 points, 1 of 8 units).
        """
        growth, kappa = self._growth()
        dissipation = 0.75 * math.sqrt((self.amplitude + growth) / self.viscosity)
        first = math.sqrt(8 / (self.viscosity * self.interval)) / math.pi
        points = 16 * math.ceil(max(dissipation, 6 * kappa, first) / 16)
        return (points, points) if points < min(self.shape) else None

    def conserved(self) -> tuple[str, ...]:
        """Return the vorticity, whose mean is constant: no force has a mean."""
        return ("vorticity",)

    def batch(self, shape: tuple[int, ...]) -> int:
        """Return the number of trajectories solved together, fewer on large grids."""
        solver, _ = self.discretisation(shape)
        return max(1, min(5, round(5 * (64 / solver) ** 2)))

    def label(self, arrays: dict[str, NDArray[Any]]) -> FieldSet:
        """Return trajectories with times."""
        times = self.interval * np.arange(self.steps + 1)
        return FieldSet(
            arrays["values"],
            (Field("vorticity", "1", "vorticity"),),
            Grid.periodic(2),
            times=Times(times),
            source=self.name,
        )

    def solve(self, numbers: range, shape: tuple[int, ...]) -> dict[str, NDArray[Any]]:
        """Return the trajectories of these numbers."""
        return {"values": self._trajectories(numbers, shape)}

    def _trajectories(self, numbers: range, shape: tuple[int, ...]) -> NDArray[np.float32]:
        solver, substeps = self.discretisation(shape)
        place: dict[str, Any] = {"device": compute_device(), "dtype": PRECISIONS[self.precision]}
        frames = solve_vorticity(
            self.start(numbers, solver).to(**place),
            self.force(solver).to(**place),
            self.viscosity,
            self.interval / substeps,
            substeps,
            self.steps,
            (shape[0], shape[1]),
        )
        if not bool(torch.isfinite(frames).all()):
            raise InputError.of(
                "viscosity",
                self.viscosity,
                f"the solution overflowed (amplitude={self.amplitude}, interval={self.interval}); "
                "use a larger viscosity or a smaller amplitude",
            )
        return frames[:, :, None].float().cpu().numpy()

    def advance(self, frames: NDArray[Any]) -> NDArray[np.float32] | None:
        """Return the vorticity one interval later, solved on the grid of `frames`."""
        if self.ranges:
            return None
        place: dict[str, Any] = {"device": compute_device(), "dtype": PRECISIONS[self.precision]}
        start, force = torch.as_tensor(frames[:, 0]), self.force(frames.shape[-1])
        rate = stable_rate(frames.shape[-1], self._peak(), self.viscosity)
        steps = math.ceil(self.interval * rate) or 1
        made = solve_vorticity(
            start.to(**place), force.to(**place), self.viscosity, self.interval / steps, steps, 1
        )
        return made[:, 1:].float().cpu().numpy()

    def start(self, numbers: range, points: int) -> Tensor:
        """Return the initial vorticity of `numbers` on a grid of `points` squared, in float64."""
        # The sum over the modes of 256^2 has converged to 6 digits; with a fixed grid the field is
        # the same at every resolution.
        sigma = self.amplitude / field_std((256, 256), alpha=ALPHA, tau=TAU)
        return random_field(
            numbers, (points, points), sigma=sigma, seed=self.seed, alpha=ALPHA, tau=TAU
        )

    def force(self, points: int) -> Tensor:
        """Return f on a grid of `points` squared."""
        return self._force.on_grid(points)

    @property
    def _force(self) -> Forcing:
        return Forcing(self.forcing, self.strength, self.wavenumber)

    def discretisation(self, shape: tuple[int, ...]) -> tuple[int, int]:
        r"""Return the solver's points per side and its steps per frame, from the parameters.

        Bounds in the mean square: a forcing of strength F and wavenumber :math:`\kappa` against
        viscosity on the slowest mode gives :math:`\omega \le a + F\theta,\ u \le a/2\pi +
        F\theta/\kappa` with :math:`\theta = (1-e^{-4\pi^2\nu T})/4\pi^2\nu`. The points (48 or
        more, for the initial field, and 6 per wave of the forcing) resolve the dissipation scale
        :math:`(\nu/\omega)^{1/2}`, and the recorded modes that the 2/3 rule would remove from the
        advection, unless viscosity damps those within one interval. Peaks are about twice the mean
        square (of 200 initial fields up to 2.5 times; :math:`\sqrt2` times as much along the
        diagonal), and the step is 2 over the largest rate of advection :math:`U k - \nu k^2/2` (the
        scheme's limit on the imaginary axis is 2.8), and at most :math:`1/15\omega`, for accuracy.
        Without the paper's forcing, the peaks of the initial field require :math:`1/80a`.
        """
        growth, kappa = self._growth()
        vorticity = self.amplitude + growth
        decay = self.viscosity * (2 * math.pi * max(shape) / 3) ** 2 * self.interval
        least = math.ceil(
            max(
                48,
                6 * kappa,
                0.85 * math.sqrt(vorticity / self.viscosity),
                1.5 * max(shape) if decay < 5 else 0,
            )
        )
        solver = solver_points(self.solver, least, shape, self.viscosity)
        accuracy = (
            15 * vorticity
            if self.forcing == "diagonal"
            else max(15 * vorticity, 80 * self.amplitude)
        )
        rate = max(stable_rate(solver, self._peak(), self.viscosity), accuracy)
        return solver, math.ceil(self.interval * rate)

    def _peak(self) -> float:
        """Return a bound on the velocity, and of initial fields, on that along the diagonal."""
        growth, kappa = self._growth()
        factor = 2 if self.forcing == "diagonal" else 3.5
        return factor * (self.amplitude + growth / kappa) / (2 * math.pi)

    def _growth(self) -> tuple[float, float]:
        """Return the root mean square vorticity of the forcing, and its wavenumber over 2 pi."""
        damping = 4 * math.pi**2 * self.viscosity
        theta = -math.expm1(-damping * self.steps * self.interval) / damping
        strength, kappa = self._force.scale()
        return strength * theta, kappa
