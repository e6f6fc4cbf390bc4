r"""The closure of the two-scale system of Lorenz: the effect of fast variables on slow ones.

**Equation.**

.. math:: \dot X_k = X_{k-1}(X_{k+1} - X_{k-2}) - X_k + F + U_k, \qquad
   U_k = -\frac{hc}{b}\sum_{j=1}^{J} Y_{jk}, \qquad X \mapsto U,

.. math:: \dot Y_{jk} = -cb\,Y_{j+1,k}(Y_{j+2,k} - Y_{j-1,k}) - c\,Y_{jk} + \frac{hc}{b} X_k.

**Fields.** in: slow variables X, with `memory` above 0 also X that much earlier; out: closure U.
All dimensionless. Y is not stored.

**Grid.** k, `resolution` variables on a ring. It is no discretisation: another number is another
system.

**Boundary.** periodic; Y continues over k.

**Time step.** none, a map. Samples 0 to `frames` - 1 are snapshots of one trajectory, `interval`
apart, the next ones of another, so that `held_out` has to be a multiple of `frames`. Inside, the
Runge-Kutta method of fourth order in float64, 200 steps per unit of time, from random states
after `warmup` units of time.

**Parameters.** forcing F 20; scales: fast J 16, coupling h 1, speed c 4, amplitude b 10: a weak
separation of scales, so that U is no function of X alone. The code of Lutjens et al. has h 1/2,
c 8, b 10, as many fast variables as slow ones, and Y that continues inside its own k.

**Size.** 12,000 pairs of 32 values in float32: 3 MB. Samples 0-19 are the test set, 20-39
validation, the rest training.

**Cost.** 3 ms of one core per sample: 35 s for the default set. Against a quarter of the step and
from the same state the worst of 8 trajectories is off by 1e-5 in X and 7e-4 in U after an interval,
7e-3 and 0.3 after one unit of time (relative L2), and has become another trajectory after four:
the pairs are those of the equations, the path that leads to them is one of many.

**What is hard.** U depends on Y, which X determines in part; some of the rest is in earlier X.
Small differences grow about as exp(6.6 t), measured on 8 trajectories over two units of time.

**Source.** Lorenz, Predictability: a problem partly solved, ECMWF Seminar on Predictability, 1996;
Lütjens et al., Multiscale neural operator, 2022, arXiv:2207.11417.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurop.errors import InputError
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.generation.dataset import SolvedDataset, positive
from neurop.generation.storage import Storage, grouped
from neurop.geometry.grid import Grid
from neurop.physics.random_fields.periodic import normals
from neurop.physics.solvers.lorenz96 import Array, Scales, rk4

SOLVER_VERSION = 1
STEPS_PER_UNIT = 200
TOGETHER = 40
"""Trajectories that are solved at once."""


class Lorenz96(SolvedDataset):
    """Pairs of slow variables and their closure, generated at first use.

    Parameters
    ----------
    samples
        Number of samples, more than twice `held_out`; more samples change neither the test nor the
        validation set.
    resolution
        Slow variables K.
    forcing
        Forcing F.
    scales
        Ratios of the scales: a :class:`neurop.physics.solvers.lorenz96.Scales` or a mapping of its
        parameters.
    frames
        Samples of one trajectory; `held_out` is a multiple of it.
    interval
        Time between the samples of a trajectory.
    warmup
        Time from the random state to the first sample's interval.
    memory
        Time before the sample at which X is a second input, below `interval`; 0 for none.
    storage
        Seed, folder, mode and held-out samples: a :class:`neurop.generation.storage.Storage` or a
        mapping of its parameters.

    Raises
    ------
    InputError
        For a parameter out of its bounds.

    Examples
    --------
    >>> Lorenz96(samples=100, memory=0.05).layout()
    {'values': (1, 2, 32), 'targets': (1, 1, 32)}
    """

    name, channels = "lorenz96", 1

    def __init__(
        self,
        samples: int = 12000,
        resolution: int = 32,
        forcing: float = 20.0,
        scales: Scales | Mapping[str, Any] | None = None,
        frames: int = 20,
        interval: float = 0.2,
        warmup: float = 10.0,
        memory: float = 0.0,
        storage: Storage | Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(samples, (resolution,), storage)
        self.scales = grouped(Scales, scales, "scales")
        positive(interval=interval)
        if not abs(forcing) < math.inf:
            raise InputError.of("forcing", forcing, "use a finite number")
        if not 0 <= warmup < math.inf:
            raise InputError.of("warmup", warmup, "use a finite number of 0 or more")
        if not 0 <= memory < interval:
            raise InputError.of("memory", memory, f"use 0 or more, below interval={interval:g}")
        if frames < 1 or self.held_out % frames:
            remedy = (
                f"use a divisor of held_out={self.held_out}, so that splits share no trajectory"
            )
            raise InputError.of("frames", frames, remedy)
        self.forcing, self.interval, self.warmup = float(forcing), float(interval), float(warmup)
        self.frames, self.memory = frames, float(memory)

    def parameters(self) -> dict[str, Any]:
        """Return the parameters of the system and of the trajectories."""
        names = ("forcing", "frames", "interval", "warmup", "memory")
        return {name: getattr(self, name) for name in names} | {
            "scales": {k: v if k == "fast" else float(v) for k, v in asdict(self.scales).items()},
            "solver_version": SOLVER_VERSION,
        }

    def layout(self) -> dict[str, tuple[int, ...]]:
        """Return the shapes of one sample."""
        return {"values": (1, 1 + (self.memory > 0), *self.shape), "targets": (1, 1, *self.shape)}

    def batch(self, shape: tuple[int, ...]) -> int:
        """Return the samples of the trajectories that are solved at once."""
        return TOGETHER * self.frames

    def label(self, arrays: dict[str, NDArray[Any]]) -> FieldSet:
        """Return pairs of slow variables and closure."""
        fields = [Field("slow", "1", "slow variables")]
        if self.memory:
            fields.append(Field("earlier", "1", f"slow variables {self.memory:g} before"))
        return FieldSet(
            arrays["values"],
            tuple(fields),
            Grid.periodic(1),
            targets=arrays["targets"],
            target_fields=(Field("closure", "1", "closure"),),
            source=self.name,
        )

    def solve(self, numbers: range, shape: tuple[int, ...]) -> dict[str, NDArray[Any]]:
        """Return the samples of these numbers, of the trajectories that they are part of."""
        first, last = numbers.start // self.frames, (numbers.stop - 1) // self.frames
        inputs, targets = self._trajectories(range(first, last + 1), shape[0])
        start = numbers.start - first * self.frames
        kept = slice(start, start + len(numbers))
        return {"values": inputs[kept], "targets": targets[kept]}

    def _trajectories(self, numbers: range, points: int) -> tuple[Array, Array]:
        """Return all samples of trajectories: inputs and targets, ``(samples, 1, channels, K)``."""
        noise = normals(numbers, points * (1 + self.scales.fast), self.seed)
        x, y = self.after((5 * noise[:, :points], 0.1 * noise[:, points:]), self.warmup)
        inputs, targets = [], []
        for _ in range(self.frames):
            earlier, y = self.after((x, y), self.interval - self.memory)
            x, y = self.after((earlier, y), self.memory)
            inputs.append(np.stack([x, earlier], axis=1)[:, : 1 + (self.memory > 0)])
            targets.append(self.scales.closure(y)[:, None])
        made = [np.stack(part, axis=1).astype(np.float32) for part in (inputs, targets)]
        for array in made:
            if not np.isfinite(array).all():
                raise InputError.of("forcing", self.forcing, "the solution overflowed; use less")
        inputs_, targets_ = (part.reshape(-1, 1, *part.shape[2:]) for part in made)
        return inputs_, targets_

    def after(self, state: tuple[Array, Array], time: float) -> tuple[Array, Array]:
        """Return (X, Y) after a time."""
        steps = math.ceil(STEPS_PER_UNIT * time)
        if not steps:
            return state
        x, y = rk4(
            lambda now: self.scales.tendency((now[0], now[1]), self.forcing),
            state,
            time / steps,
            steps,
        )
        return x, y
