r"""Fisher's equation on the periodic unit interval: a map to t = 1, or an evolution.

**Equation.**

.. math:: \partial_t u = \nu\,\partial_x^2 u + \rho\,u(1 - u), \qquad
   u_0 = \frac{g - \min g}{\max g - \min g}, \quad
   g \sim GP\Big(0, \exp\Big(-\frac{\sin^2\pi(x - x')}{2\lambda^2}\Big)\Big).

**Fields.** concentration (dimensionless), one channel, from 0 to 1. `steps` null: a map, u(., 0) in
and u(., `time`) out. `steps` = n: an evolution of n + 1 frames, u(., 0) the first.

**Grid.** x, `resolution` points of [0, 1), with the left end. The recorded fields are spectral
truncations ``|k| < N/2`` of one solution, which does not depend on `resolution`.

**Boundary.** periodic.

**Time step.** Frames every `time` / `steps`. Inside, ETDRK4 (exact diffusion, fourth order) in
float64 with a fixed step, free of aliases: 128 points and 300 steps per unit by default.

**Parameters.** viscosity nu 0.01, rate rho 5, correlation lambda 0.2; Du et al. use nu of 0.005,
0.01, 0.05 and 0.1. Their kernel is the one above, as in their code, which near x = x' is that of a
Gaussian with the length lambda / pi. They scale g by its extrema on 64 points, this set by those on
4096, so that it does not depend on a grid. `initial=pdebench` starts from the waves of PDEBench
(:mod:`neurop.physics.random_fields.waves`), shifted and scaled to the extrema 0 and 1: with nu of
0.5, 1, 2 or 5 and rate 1, 2, 5 or 10, resolution=1024 steps=100 time=1 is one of its sets, of 10000
samples; it trains on each fourth point. In `pdebench_code` the waves are those of its scripts. An
open issue (94 of its repository) reports files that tend to 0.5 instead of 1; the sets here tend to
1.

**Size.** 1240 pairs x 256 points in float32: 2.5 MB. Samples 0-19 are the test set, 20-39
validation, the rest training.

**Cost.** ``neurop generate data=reaction_diffusion workers=1`` takes 17 s of CPU time. Against
twice the points and a third of the step the worst of 8 samples is off by 3e-11 (relative L2,
float64), at nu = 0.1 by 3e-9 at t = 1 and 2e-7 over 20 frames, at nu = 1e-4 (900 points) by 8e-11;
the exact solution of Ablowitz and Zeppetella, a front of constant shape, is approached at fourth
order. The scheme of the paper (Lie splitting, 4096 steps and points) is off by 1e-6 to 3e-6 (4
samples). Waves decay within a first frame in which the steps grow in proportion to the time: at
five pairs of nu from 0.5 to 5 and rate 1 or 10 the worst frame of 40 samples is off by 1e-7, the
rounding of float32, against twice the points and eight times the steps. They take 2 s, with 101
frames.

**What is hard.** The evolution from random to uniform: the standard deviation over x falls from
0.27 to 0.004 at t = 1, as the reaction multiplies what is small by up to exp(5) = 148 and saturates
at 1. So the default map has little to tell: its targets differ from their mean by 0.6 % (relative
L2, mean of 200; 0.8 % at nu = 0.005, 0.2 % at nu = 0.1), to which an error must be compared, and
`steps`, a smaller `time` or nu gives more. The fields are smooth: from nu = 0.005 on their modes
from k = 48 on are rounding; at nu = 1e-4, with fronts of the width sqrt(nu / rho), they are 8e-5 of
the norm. The waves of PDEBench are soon uniform: their deviation over x falls from 0.29 to 0.004 at
t = 0.1 (nu = 0.5, rate 1 or 10) or to 2e-6 at t = 0.05 (nu = 5); the rest is the growth of a mean.

**Source.** Du, Chalapathi and Krishnapriyan, Neural spectral methods: self-supervised learning in
the spectral domain, ICLR 2024, arXiv:2312.05225; `pdebench`: Takamoto et al., PDEBench, NeurIPS
2022, arXiv:2210.07182; Ablowitz and Zeppetella, Bull. Math. Biol. 41
(1979) 835.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.fft import next_fast_len
from scipy.special import ive

from neurop.errors import InputError, nearest
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.fields.times import Times
from neurop.generation.dataset import SolvedDataset, positive
from neurop.generation.storage import Storage
from neurop.geometry.grid import Grid
from neurop.physics.device import compute_device
from neurop.physics.equations.fisher import Fisher
from neurop.physics.operators import truncate
from neurop.physics.random_fields.periodic import normals
from neurop.physics.random_fields.waves import RECIPES, random_waves
from neurop.physics.solvers.reaction import fisher, solve_reaction

SOLVER_VERSION = 1
LARGEST, FINE = 2**17, 4096
KERNEL = 0.2
"""Length of the kernel of the initial field by default."""
GRADED = 8
"""Steps in each span of a start with small scales."""


class ReactionDiffusion(SolvedDataset):
    r"""Samples of Fisher's equation, generated at first use.

    Parameters
    ----------
    samples
        Number of samples, more than twice `held_out`; more samples change neither the test nor the
        validation set.
    resolution
        Points of the interval.
    viscosity
        Diffusion constant :math:`\nu > 0`, or a range ``[smallest, largest]`` to draw it from for
        each sample, with a uniform logarithm; it is then a parameter of the set.
    rate
        Rate :math:`\rho > 0` of the reaction, or a range.
    correlation
        Length :math:`\lambda` of the kernel of the initial field, from 0.01 to 1; of ``kernel``
        only.
    initial
        Initial field: ``kernel``, or the waves of ``pdebench`` or ``pdebench_code``.
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
    >>> ReactionDiffusion(samples=100).name
    'reaction_diffusion'
    """

    name, channels = "reaction_diffusion", 1

    def __init__(
        self,
        samples: int = 1240,
        resolution: int = 256,
        viscosity: float | Sequence[float] = 1e-2,
        rate: float | Sequence[float] = 5.0,
        correlation: float = KERNEL,
        initial: str = "kernel",
        steps: int | None = None,
        time: float = 1.0,
        storage: Storage | Mapping[str, Any] | None = None,
    ) -> None:
        positive(time=time)
        if not 0.01 <= correlation <= 1:
            raise InputError.of("correlation", correlation, "use a number from 0.01 to 1")
        if initial not in ("kernel", *RECIPES):
            raise InputError.of("initial", initial, nearest(initial, ("kernel", *RECIPES)))
        if initial != "kernel" and correlation != KERNEL:
            remedy = f"is of initial=kernel, not of {initial}; leave it out"
            raise InputError.of("correlation", correlation, remedy)
        if steps is not None and steps < 1:
            raise InputError.of("steps", steps, "use 1 or more, or null for a map")
        super().__init__(samples, (resolution,), storage)
        self.viscosity = self.register_range("viscosity", viscosity)
        self.rate = self.register_range("rate", rate, max)
        self.correlation, self.initial = float(correlation), initial
        self.steps, self.time = steps, float(time)
        self.equation = None if steps is None else Fisher(self.viscosity, self.rate)
        self._discretisation()

    def parameters(self) -> dict[str, Any]:
        """Return the parameters of the equation and of the initial fields; a map has no `steps`."""
        start = "correlation" if self.initial == "kernel" else "initial"
        names = ["viscosity", "rate", start, "time"]
        names += [] if self.steps is None else ["steps"]
        return {name: getattr(self, name) for name in names} | {"solver_version": SOLVER_VERSION}

    def resolved_band(self) -> tuple[int, ...] | None:
        """Return the points that hold all modes of the solver, or None if the grid has less."""
        points = 16 * math.ceil(2 * self._discretisation()[0] / 3 / 16)
        return (points,) if points < self.shape[0] else None

    def batch(self, shape: tuple[int, ...]) -> int:
        """Return the number of samples solved together, fewer on large grids."""
        return max(1, min(100, 20000 // self._discretisation()[0]))

    def label(self, arrays: dict[str, NDArray[Any]]) -> FieldSet:
        """Return pairs, or trajectories with times."""
        field, grid = Field("concentration", "1", "concentration"), Grid.periodic(1)
        if self.steps is None:
            target = Field("final_concentration", "1", f"concentration at t = {self.time:g}")
            return FieldSet(
                arrays["values"], (field,), grid, arrays["targets"], (target,), source=self.name
            )
        times = Times(np.linspace(0.0, self.time, self.steps + 1))
        return FieldSet(arrays["values"], (field,), grid, times=times, source=self.name)

    def solve(self, numbers: range, shape: tuple[int, ...]) -> dict[str, NDArray[Any]]:
        """Return the pairs or trajectories of these numbers."""
        points, substeps = self._discretisation()
        start = torch.from_numpy(self.start(numbers, points))[:, None].to(compute_device())
        count = self.steps or 1
        if self.initial == "kernel":
            frames = self._advanced(start, self.time / count, substeps, count, shape)
        else:
            frames = self._from_rough(start, substeps, shape)
        if not bool(torch.isfinite(frames).all()):
            raise InputError.of("rate", self.rate, "the solution overflowed; use a smaller rate")
        values = frames.float().cpu().numpy()
        if self.initial != "kernel":
            # Modes beyond the solver's, which decay before the next frame.
            values[:, 0, 0] = self.start(numbers, *shape)
        return (
            {"values": values}
            if self.steps is not None
            else {"values": values[:, :1], "targets": values[:, 1:]}
        )

    def _advanced(
        self,
        start: torch.Tensor,
        interval: float,
        substeps: int,
        steps: int,
        shape: tuple[int, ...] | None = None,
    ) -> torch.Tensor:
        """Return frames every `interval`, the start first."""
        dt = interval / substeps
        return solve_reaction(
            start, fisher(self.rate), 2, [self.viscosity], 1.0, dt, substeps, steps, shape
        )

    def _from_rough(
        self, start: torch.Tensor, substeps: int, shape: tuple[int, ...]
    ) -> torch.Tensor:
        """Return the frames from a start with small scales, which decay in much less than a step.

        Until the first frame the spans double, from one within which the smallest scale of the
        solver decays; each has `GRADED` steps, so that steps are a fraction of the time elapsed.
        """
        count = self.steps or 1
        interval = self.time / count
        smallest = self.viscosity * (2 * math.pi * start.shape[-1] / 3) ** 2
        doublings = max(0, math.ceil(math.log2(2 * smallest * interval)))
        span = interval / 2**doublings
        states, state = [start], start
        for number in range(doublings + 1):
            length = span * 2 ** max(0, number - 1)
            steps = max(GRADED, math.ceil(substeps * length / interval))
            state = self._advanced(state, length, steps, 1)[:, 1]
        states.append(state)
        for number in range(1, count):
            steps = max(substeps, math.ceil(GRADED / number))
            state = self._advanced(state, interval, steps, 1)[:, 1]
            states.append(state)
        frames = torch.stack(states, 1)
        hat = truncate(torch.fft.rfft(frames, norm="forward"), start.shape[-1:], shape)
        return torch.fft.irfft(hat, n=shape[0], norm="forward")

    def start(self, numbers: range, points: int) -> NDArray[np.float64]:
        r"""Return the initial fields ``(sample, points)``.

        With :math:`a = 1/4\lambda^2` the kernel is :math:`e^{-a} e^{a\cos 2\pi d}`, whose Fourier
        coefficients are :math:`e^{-a} I_k(a)`; those beyond :math:`7/\lambda` are rounding.
        """
        if self.initial != "kernel":
            waves = random_waves(numbers, RECIPES[self.initial], self.seed)
            return waves.truncated(points, normalised=True)
        k = np.arange(1, self._modes + 1)
        noise = normals(numbers, 2 * len(k), self.seed).reshape(-1, len(k), 2)
        hat = np.zeros((len(noise), FINE // 2 + 1), np.complex128)
        deviation = np.sqrt(ive(k, 1 / (4 * self.correlation**2)) / 2)
        hat[:, k] = deviation * (noise[..., 0] + 1j * noise[..., 1])
        g = np.fft.irfft(hat, norm="forward")
        least, most = g.min(-1, keepdims=True), g.max(-1, keepdims=True)
        hat[:, :1] -= least
        hat = (hat / (most - least))[:, : points // 2 + 1]
        return np.fft.irfft(hat, n=points, norm="forward")

    @property
    def _modes(self) -> int:
        """Number of modes of the initial fields; of waves, those left in the second frame."""
        if self.initial != "kernel":
            decay = self.viscosity * self.time / (self.steps or 1)
            return math.ceil(math.sqrt(20 / decay) / (2 * math.pi))
        return math.ceil(7 / self.correlation)

    def _discretisation(self) -> tuple[int, int]:
        r"""Return the solver's points and its steps per frame, determined by the parameters.

        The modes below N/3 of the solver contain those of the initial field and resolve the width
        :math:`(\nu/\rho)^{1/2}` of fronts; the step follows the rate of the reaction.
        """
        width = math.sqrt(self.viscosity / self.rate)
        least = math.ceil(max(128, 3 * self._modes + 3, 4 / width))
        if least > LARGEST:
            remedy = f"needs a solver of {least} points, above {LARGEST}; use a larger viscosity"
            raise InputError.of("viscosity", self.viscosity, remedy)
        interval = self.time / (self.steps or 1)
        return 2 * next_fast_len((least + 1) // 2, real=True), math.ceil(60 * self.rate * interval)
