r"""The Kuramoto-Sivashinsky equation on a periodic interval: chaos in one dimension.

**Equation.**

.. math:: \partial_t u + \partial_x\tfrac{u^2}{2} + \partial_x^2 u + \partial_x^4 u = 0, \qquad
   u(x + L, t) = u(x, t).

**Fields.** velocity (dimensionless), one channel, zero mean; the first of steps + 1 frames lies on
the attractor.

**Grid.** x, `resolution` points of [0, L), with the left end. The recorded fields are spectral
truncations ``|k| < N/2`` of one solution, which does not depend on `resolution`.

**Boundary.** periodic.

**Time step.** Frames every `interval` (1), of which the first is `warmup` (100) after a Gaussian
random field of unit deviation, N(0, sigma^2 (-Lap + 1/4)^-2). Inside, ETDRK4 (exact linear part,
fourth order) in float64, free of aliases, with 4 points per unit of length and 80 steps per unit of
time (16 during the warm-up).

**Parameters.** length 64, as in the code of Brandstetter et al.: seven of the fastest growing
waves; Kassam and Trefethen use 32 pi. There is no other: lengths, times and velocities are scaled
so that all other factors are 1. Two published settings are experiments. ``ks_refiner``, PDE-Refiner
(Lippe et al.): 256 points, frames every 0.2 after 360 of them; there length and interval are drawn
within 10 %, the start is a sum of sines, the solver is implicit with a tolerance of 1e-9, and the
test set has 640 frames. ``ks_apebench``, the conservative scenario of APEBench (Koehler et al.),
whose difficulties at 160 points mean a length of 106.7 and frames every 0.444; there the start is a
sum of five waves, the reference takes one step of second order a frame, which is another map (that
of the data set ``apebench``), and the test set has 200 frames.

**Size.** 240 samples x 101 frames x 128 points in float32: 12 MB. Samples 0-19 are the test set,
20-39 validation, the rest training.

**Cost.** The default set takes 12 s on two CPU cores. Against a quarter of the step the worst of 8
trajectories is off by 1e-8 after one unit of time, 6e-8 after 10, 1e-6 after 30, 4e-5 after 60 and
3e-4 after 100 (relative L2, float64; the median 5e-5): chaos multiplies the error of the first
steps. The set is stored in float32. At the settings of ``ks_refiner`` 60 samples take 11 s of CPU
time on one core, so its 2304 (330 MB) several minutes; all 110 of ``ks_apebench`` (4 MB) 33 s.

**What is hard.** Waves of length 2 pi sqrt 2 grow at the rate 1/4 and merge, and new ones appear
all the time: a small error grows on average as exp(0.084 t) at length 64 (measured over 16 pairs
and 60 to 90 units of time), a factor of 4000 over a trajectory of the default set, so a surrogate
is evaluated by how long it stays close and by the spectrum after that. Lyapunov spectra by length:
Edson et al. The flow is smooth: the modes beyond k = 6.3 (128 points) are 1e-7 of its norm.

**Source.** Kassam and Trefethen, SIAM J. Sci. Comput. 26 (2005) 1214,
doi:10.1137/S1064827502410633; Brandstetter et al., Lie point symmetry data augmentation for neural
PDE solvers, ICML 2022, arXiv:2202.07643; Edson et al., Lyapunov exponents of the
Kuramoto-Sivashinsky PDE, ANZIAM J. 61 (2019) 270, doi:10.1017/S1446181119000105; Lippe et al.,
PDE-Refiner: achieving accurate long rollouts with neural PDE solvers, NeurIPS 2023,
arXiv:2308.05732; Koehler et al., APEBench: a benchmark for autoregressive neural emulators of PDEs,
NeurIPS 2024, arXiv:2411.00180.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.fft import next_fast_len

from neurop.errors import InputError
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.fields.times import Times
from neurop.generation.dataset import SolvedDataset
from neurop.generation.storage import Storage
from neurop.geometry.grid import Grid
from neurop.physics.device import compute_device
from neurop.physics.equations import kuramoto_sivashinsky as ks
from neurop.physics.random_fields.periodic import field_std, random_field
from neurop.physics.solvers.convection import kuramoto_sivashinsky_symbol, solve_convection

SOLVER_VERSION = 1
LARGEST = 2**17
STEPS_PER_UNIT, WARMUP_STEPS_PER_UNIT = 80, 16
ALPHA, TAU = 2.0, 0.5


class KuramotoSivashinsky(SolvedDataset):
    """Trajectories of the Kuramoto-Sivashinsky equation, generated at first use.

    Parameters
    ----------
    samples
        Number of trajectories, more than twice `held_out`; more samples change neither the test nor
        the validation set.
    resolution
        Points of the interval.
    length
        Length of the interval, above 2 pi; on a shorter one the flow decays to zero.
    steps
        Frames after the first.
    interval
        Time between frames.
    warmup
        Time from the random field to the first frame.
    storage
        Seed, folder, mode and held-out samples: a :class:`neurop.generation.storage.Storage` or a
        mapping of its parameters.

    Raises
    ------
    InputError
        For a parameter out of its bounds.

    Examples
    --------
    >>> KuramotoSivashinsky(samples=100).name
    'kuramoto_sivashinsky'
    """

    name, channels = "kuramoto_sivashinsky", 1
    equation = ks.KuramotoSivashinsky()

    def __init__(
        self,
        samples: int = 240,
        resolution: int = 128,
        length: float = 64.0,
        steps: int = 100,
        interval: float = 1.0,
        warmup: float = 100.0,
        storage: Storage | Mapping[str, Any] | None = None,
    ) -> None:
        for what, number, least in (("length", length, 2 * math.pi), ("interval", interval, 0.0)):
            if not least < number < math.inf:
                raise InputError.of(what, number, f"use a finite number above {least:.4g}")
        if not 0 <= warmup < math.inf:
            raise InputError.of("warmup", warmup, "use a finite number of 0 or more")
        if steps < 1:
            raise InputError.of("steps", steps, "use 1 or more")
        super().__init__(samples, (resolution,), storage)
        self.length, self.steps, self.interval, self.warmup = (
            float(length),
            steps,
            float(interval),
            float(warmup),
        )
        self._discretisation()

    def parameters(self) -> dict[str, Any]:
        """Return the parameters of the equation and of the initial fields."""
        names = ("length", "steps", "interval", "warmup")
        return {name: getattr(self, name) for name in names} | {"solver_version": SOLVER_VERSION}

    def conserved(self) -> tuple[str, ...]:
        """Return the velocity: all terms are derivatives, so its mean over a period is constant."""
        return ("velocity",)

    def batch(self, shape: tuple[int, ...]) -> int:
        """Return the number of trajectories solved together, fewer on large grids."""
        return max(1, min(20, 10000 // self._discretisation()[0]))

    def label(self, arrays: dict[str, NDArray[Any]]) -> FieldSet:
        """Return trajectories, with times since the end of the warm-up."""
        times = self.interval * np.arange(self.steps + 1)
        grid = Grid.periodic(1, self.length)
        return FieldSet(
            arrays["values"],
            (Field("velocity", "1", "velocity"),),
            grid,
            times=Times(times),
            source=self.name,
        )

    def solve(self, numbers: range, shape: tuple[int, ...]) -> dict[str, NDArray[Any]]:
        """Return the trajectories of these numbers."""
        return {"values": self._trajectories(numbers, shape)}

    def _trajectories(self, numbers: range, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """Return ``(sample, time, 1, points)``."""
        points, substeps = self._discretisation()
        sigma = 1.0 / field_std((points,), alpha=ALPHA, tau=TAU, length=self.length)
        start = random_field(
            numbers,
            (points,),
            sigma=sigma,
            seed=self.seed,
            alpha=ALPHA,
            tau=TAU,
            length=self.length,
        )
        linear, state = kuramoto_sivashinsky_symbol(points, self.length), start.to(compute_device())
        # The warm-up only has to end on the attractor, so its steps are long.
        if warmup := math.ceil(WARMUP_STEPS_PER_UNIT * self.warmup):
            state = solve_convection(state, linear, self.length, self.warmup / warmup, warmup, 1)[
                :, 1
            ]
        frames = solve_convection(
            state, linear, self.length, self.interval / substeps, substeps, self.steps, shape[0]
        )
        if not bool(torch.isfinite(frames).all()):
            raise InputError.of(
                "interval",
                self.interval,
                f"the solution overflowed (length={self.length}); use a smaller interval",
            )
        return frames[:, :, None].float().cpu().numpy()

    def _discretisation(self) -> tuple[int, int]:
        """Return the solver's points and its steps per frame, determined by the parameters.

        The amplitude of the waves on the attractor does not depend on the length: at k = 8 it has
        fallen to 1e-10 of the largest, and four points per unit of length keep the modes below 8.4
        free of aliases.
        """
        least = math.ceil(max(64, 4 * self.length))
        if least > LARGEST:
            raise InputError.of(
                "length",
                self.length,
                f"needs a solver of {least} points, above {LARGEST}; use a shorter length",
            )
        return 2 * next_fast_len((least + 1) // 2, real=True), math.ceil(
            STEPS_PER_UNIT * self.interval
        )
