r"""The viscous Burgers equation on the periodic unit interval: a map to t = 1, or an evolution.

**Equation.**

.. math:: \partial_t u + \partial_x\tfrac{u^2}{2} = \nu\,\partial_x^2 u, \qquad
   u_0 \sim N(0, \sigma^2(-\Delta + \tau^2)^{-\gamma}).

**Fields.** velocity (dimensionless), one channel. `steps` null: a map, u(., 0) in and u(., `time`)
out. `steps` = n: an evolution of n + 1 frames, u(., 0) the first.

**Grid.** x, `resolution` points of [0, 1), with the left end. The recorded fields are spectral
truncations ``|k| < N/2`` of one solution, which does not depend on `resolution`.

**Boundary.** periodic.

**Time step.** Frames every `time` / `steps`. Inside, ETDRK4 (exact viscosity, fourth order) in
float64 with a fixed step, free of aliases: 540 points and 585 steps per unit for the default map,
5400 and 2487 at a viscosity of 1e-3.

**Parameters.** viscosity 1e-2. `initial`, the random field: `paper`, gamma 2, tau 5, sigma 25,
standard deviation 0.594; `code`, gamma 2.5, tau 7, sigma 49, from the script published with the
paper, 0.274; `pino`, gamma 4, tau 5, sigma 625 (the factor is 625^2 in the covariance), 0.214. The
paper states a viscosity of 0.1, at which diffusion reduces the longest wave to 2 % at t = 1;
its released file differs from that, and no error here is measured on that file. The set of PINO is
samples=1200 storage.held_out=200 resolution=128 steps=100 initial=pino with this viscosity; it has
800 samples for training and none for validation.

`pdebench` and `pdebench_code` start from the waves of PDEBench, as in the paper and as in its
scripts (:mod:`neurop.physics.random_fields.waves`), with the standard deviations 0.58 and 0.82. Its
equation has the viscosity nu/pi, so that its set of nu = 0.01 is initial=pdebench
viscosity=0.0031831 time=2 steps=200 resolution=1024, on each fourth point and fifth frame for its
training: steps=40 resolution=256. It has 10000 samples at twelve nu from 0.001 to 4. Files of 2023
have x from -1 to 1 (issue 51 of its repository): but for the windows, the viscosity nu/(2 pi) and
time=1 here.

**Size.** 1240 pairs x 1024 points in float32: 10 MB. Samples 0-19 are the test set, 20-39
validation, the rest training.

**Cost.** The default set takes 9 s on two busy CPU cores, the set of PINO 3 s; at a viscosity of
1e-3 a sample takes 0.5 s per core. Against the exact solution (Cole and Hopf) the float64 solver is
off by at most 1e-9 at t = 1 (relative L2, default; 3e-8 for every random field and viscosities 1e-1
to 1e-3): less than the rounding of float32. For frames while a shock forms, in the fastest sample
of 1240: 2e-6. The waves of PDEBench at nu = 0.01 take 1.7 s per sample (1728 points, 4000 steps to
t = 2; `pdebench_code` 3.3 s), at nu = 0.001 about 110 s (16384 points; 11 s to t = 0.2). Against
the exact solution they are off by at most 2e-7 at nu = 0.01 (t = 0.05, 0.1, 0.5 and 2 of ten
samples, with absolute values, windows and the fastest of 400) and by at most 8e-7 at nu = 0.001
(the fastest, t = 0.05 and 0.1, recorded on 16384 points).

**What is hard.** Waves steepen into shocks of the thickness 4 nu / jump, which merge. At the
default viscosity u(., 1) is smooth again: its modes from k = 32 on are 5e-8 of its norm (median;
1e-6 at worst), those of u(., 0) from k = 64 on 2e-3, so a finer grid adds nothing; at 1e-3 the
shocks are ten times as thin. Waves of PDEBench with an absolute value have kinks: their first frame
is the sum of their modes, which over- and undershoots there. Its shocks at nu = 0.001 are thinner
than the cells of 1024 points: modes from k = 512 on have 6e-3 of the norm at t = 0.05 and 0.1 (the
fastest of 400), from k = 128 on 7e-2.

**Source.** Li et al., Fourier neural operator for parametric PDEs, ICLR 2021, arXiv:2010.08895,
section 5.1; `pino`: Li et al., Physics-informed neural operator for learning partial differential
equations, arXiv:2111.03794; `pdebench`: Takamoto et al., PDEBench: an extensive
benchmark for scientific machine learning, NeurIPS 2022, arXiv:2210.07182, appendix D.3.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.fft import next_fast_len

from neurop.errors import InputError, nearest
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.fields.times import Times
from neurop.generation.dataset import SolvedDataset, positive
from neurop.generation.storage import Storage
from neurop.geometry.grid import Grid
from neurop.physics.device import compute_device
from neurop.physics.equations import burgers as equation
from neurop.physics.random_fields.periodic import field_std, random_field
from neurop.physics.random_fields.waves import RECIPES, random_waves, waves_std
from neurop.physics.solvers.convection import burgers_symbol, solve_convection

SOLVER_VERSION = 1
LARGEST = 2**17
INITIAL = {
    "paper": {"alpha": 2.0, "tau": 5.0, "sigma": 25.0},
    "code": {"alpha": 2.5, "tau": 7.0, "sigma": 49.0},
    "pino": {"alpha": 4.0, "tau": 5.0, "sigma": 625.0},
}


class Burgers(SolvedDataset):
    r"""Samples of the viscous Burgers equation, generated at first use.

    Parameters
    ----------
    samples
        Number of samples, more than twice `held_out`; more samples change neither the test nor the
        validation set.
    resolution
        Points of the interval.
    viscosity
        Viscosity :math:`\nu > 0`, or a range ``[smallest, largest]`` to draw it from for each
        sample, with a uniform logarithm; it is then a parameter of the set.
    initial
        Random field of the initial velocity: ``paper``, ``code`` or ``pino``, or the waves of
        ``pdebench`` or ``pdebench_code``.
    steps
        Frames after the initial one; None for a map to the last time.
    time
        Last time.
    storage
        Seed, folder, mode and held-out samples: a :class:`neurop.generation.storage.Storage` or a
        mapping of its parameters.

    Raises
    ------
    InputError
        For a parameter out of its bounds.

    Examples
    --------
    >>> Burgers(samples=100).name
    'burgers'
    """

    name, channels = "burgers", 1

    def __init__(
        self,
        samples: int = 1240,
        resolution: int = 1024,
        viscosity: float | Sequence[float] = 1e-2,
        initial: str = "paper",
        steps: int | None = None,
        time: float = 1.0,
        storage: Storage | Mapping[str, Any] | None = None,
    ) -> None:
        positive(time=time)
        if initial not in INITIAL and initial not in RECIPES:
            raise InputError.of("initial", initial, nearest(initial, (*INITIAL, *RECIPES)))
        if steps is not None and steps < 1:
            raise InputError.of("steps", steps, "use 1 or more, or null for a map")
        super().__init__(samples, (resolution,), storage)
        self.viscosity = self.register_range("viscosity", viscosity)
        self.initial, self.steps, self.time = initial, steps, float(time)
        self.equation = None if steps is None else equation.Burgers(self.viscosity)
        self._discretisation(self.shape)

    def parameters(self) -> dict[str, Any]:
        """Return the parameters of the equation and of the initial fields; a map has no `steps`."""
        names = (
            ("viscosity", "initial", "time")
            if self.steps is None
            else ("viscosity", "initial", "steps", "time")
        )
        return {name: getattr(self, name) for name in names} | {"solver_version": SOLVER_VERSION}

    def resolved_band(self) -> tuple[int, ...] | None:
        r"""Return the points that resolve the frames after the first, or None if the grid has less.

        A shock of the height 2U has a spectrum that falls as :math:`\exp(-2\pi^2\nu k/U)`. At time
        t no slope exceeds 1/t, so :math:`U \le 1/2t` (Oleinik), nor is U above the speed of the
        start, taken as four standard deviations. The band :math:`|k| < K` contains all but
        :math:`e^{-11.5} = 10^{-5}` of that, and what viscosity leaves of the first frame:

        .. math:: K \ge \frac{11.5\,U}{2\pi^2\nu}, \qquad \nu(2\pi K)^2 t \ge 8, \qquad N = 2K,

        rounded up to a multiple of 16, with the time t of the second frame. Measured, the largest
        share of the norm beyond it: 1e-6 at a viscosity of 1e-2 (map, 64 points, 40 samples) and
        1e-6 at 1e-3 (map, 592 points, 6 samples).
        """
        first = self.time / (self.steps or 1)
        speed = min(4 * self._speed, 1 / (2 * first))
        shock = 11.5 * speed / (2 * math.pi**2 * self.viscosity)
        start = math.sqrt(8 / (self.viscosity * first)) / (2 * math.pi)
        points = 16 * math.ceil(2 * max(shock, start) / 16)
        return (points,) if points < self.shape[0] else None

    def conserved(self) -> tuple[str, ...]:
        """Return the velocity of an evolution; a map conserves nothing."""
        return () if self.steps is None else ("velocity",)

    def batch(self, shape: tuple[int, ...]) -> int:
        """Return the number of samples solved together, fewer on large grids."""
        points, _ = self._discretisation(shape)
        return max(1, min(40, 20000 // points))

    def label(self, arrays: dict[str, NDArray[Any]]) -> FieldSet:
        """Return pairs, or trajectories with times."""
        field, grid = Field("velocity", "1", "velocity"), Grid.periodic(1)
        if self.steps is None:
            target = Field("final_velocity", "1", f"velocity at t = {self.time:g}")
            return FieldSet(
                arrays["values"], (field,), grid, arrays["targets"], (target,), source=self.name
            )
        return FieldSet(
            arrays["values"],
            (field,),
            grid,
            times=Times(np.linspace(0.0, self.time, self.steps + 1)),
            source=self.name,
        )

    def solve(self, numbers: range, shape: tuple[int, ...]) -> dict[str, NDArray[Any]]:
        """Return the pairs or trajectories of these numbers."""
        frames = self._trajectories(numbers, shape)
        return (
            {"values": frames}
            if self.steps is not None
            else {"values": frames[:, :1], "targets": frames[:, 1:]}
        )

    def _trajectories(self, numbers: range, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """Return ``(sample, time, 1, points)``."""
        points, substeps = self._discretisation(shape)
        count = self.steps or 1
        frames = solve_convection(
            self._start(numbers, points).to(compute_device()),
            burgers_symbol(points, self.viscosity),
            1.0,
            self.time / count / substeps,
            substeps,
            count,
            shape[0],
        )
        # The modes of the initial field beyond the solver's grid decay before the next frame.
        frames[:, 0] = self._start(numbers, shape[0])
        if not bool(torch.isfinite(frames).all()):
            raise InputError.of(
                "viscosity", self.viscosity, "the solution overflowed; use a larger viscosity"
            )
        return frames[:, :, None].float().cpu().numpy()

    def _start(self, numbers: range, points: int) -> torch.Tensor:
        """Return the modes of the initial velocity on a grid, ``(sample, points)`` in float64."""
        if self.initial in INITIAL:
            return random_field(numbers, (points,), seed=self.seed, **INITIAL[self.initial])
        waves = random_waves(numbers, RECIPES[self.initial], self.seed)
        return torch.from_numpy(waves.truncated(points))

    @property
    def _speed(self) -> float:
        """Standard deviation of the initial velocity, with its mean."""
        if self.initial in INITIAL:
            return field_std((256,), **INITIAL[self.initial])
        return waves_std(RECIPES[self.initial])

    def _discretisation(self, shape: tuple[int, ...]) -> tuple[int, int]:
        r"""Return the solver's points and its steps per frame, determined by the parameters.

        A shock of height :math:`2U` has the thickness :math:`2\nu/U`, and no speed exceeds that of
        the start: the points resolve :math:`\nu/U` of a start with the standard deviation U nine
        times, for the rare samples with four times that speed. They resolve the recorded modes too,
        unless viscosity damps those within one frame. The step follows the growth of the fastest
        wave against viscosity, :math:`U^2/\nu`, and the turnover :math:`2\pi U`; frames while a
        shock forms need half the step of the last one.
        """
        speed, interval = self._speed, self.time / (self.steps or 1)
        least = max(64, 9 * speed / self.viscosity)
        decay = self.viscosity * (math.pi * least) ** 2 * interval
        least = math.ceil(max(least, 1.5 * shape[0] if decay < 40 else 0))
        if least > LARGEST:
            raise InputError.of(
                "viscosity",
                self.viscosity,
                f"needs a solver of {least} points, above {LARGEST}; use a larger viscosity",
            )
        rate = (6 * speed**2 / self.viscosity + 200 * math.pi * speed) * (
            1 if self.steps is None else 2
        )
        return 2 * next_fast_len((least + 1) // 2, real=True), math.ceil(interval * rate)
