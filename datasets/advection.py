r"""Advection on the periodic unit interval at a constant speed: random waves that keep their shape.

**Equation.**

.. math:: \partial_t u + \beta\,\partial_x u = 0, \qquad u(x, t) = u_0(x - \beta t).

**Fields.** tracer (dimensionless), one channel; an evolution of `steps` + 1 frames, u(., 0) the
first.

**Grid.** x, `resolution` points of [0, 1), with the left end. The recorded fields are the values of
the solution at these points, so every grid samples one function.

**Boundary.** periodic.

**Time step.** Frames every `time` / `steps` (0.05). There is no solver: each frame is the exact
solution, the initial function at shifted points.

**Parameters.** speed beta 0.4; PDEBench has sets with 0.1, 0.2, 0.4, 0.7, 1, 2, 4 and 7. `initial`
is a sum of two sine waves, in 10 % of the samples its absolute value with a random sign, and in
10 % under a window (:mod:`neurop.physics.random_fields.waves`): `pdebench` as in the paper, with
wavenumbers from 1 to 8; `pdebench_code` as in its scripts, with wavenumbers from 1 to 4 and means
that differ from 0. PDEBench stores 10000 samples of 1024 cell centres and 201 frames, from a solver
of second order, and trains on each fourth point and fifth frame, which are the defaults here; its
test set is a tenth.

**Size.** 1240 samples x 41 frames x 256 points in float32: 52 MB. Samples 0-19 are the test set,
20-39 validation, the rest training.

**Cost.** 1.7 ms of CPU time per sample. The values are exact to rounding.

**What is hard.** Nothing is lost or made, so every error of the speed adds up over the frames; two
frames at speed 0.4 differ by a shift of 5.12 points and by 0.56 of their norm (mean of 400
samples). Absolute values have kinks, of which a grid lacks a part: a shift of the modes below N/2,
the best that a band-limited model can do, is off by 0.3 % after one frame and 0.4 % after all of
them in these samples (relative L2, mean of 38), by at most 2e-6 in the others.

**Source.** Takamoto et al., PDEBench: an extensive benchmark for scientific machine learning,
NeurIPS 2022, arXiv:2210.07182, appendix D.1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurop.errors import InputError, nearest
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.fields.times import Times
from neurop.generation.dataset import SolvedDataset, positive
from neurop.generation.storage import Storage
from neurop.geometry.grid import Grid
from neurop.physics.random_fields.waves import RECIPES, random_waves

SOLVER_VERSION = 1


class Advection(SolvedDataset):
    r"""Trajectories of the advection equation, generated at first use.

    Parameters
    ----------
    samples
        Number of trajectories, more than twice `held_out`; more samples change neither the test nor
        the validation set.
    resolution
        Points of the interval.
    speed
        Speed :math:`\beta > 0`, or a range ``[smallest, largest]`` to draw it from for each sample,
        with a uniform logarithm; it is then a parameter of the set.
    initial
        Initial field: ``pdebench`` or ``pdebench_code``.
    steps
        Frames after the first.
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
    >>> Advection(samples=100, speed=[0.1, 7.0]).ranges
    {'speed': (0.1, 7.0)}
    """

    name, channels = "advection", 1

    def __init__(
        self,
        samples: int = 1240,
        resolution: int = 256,
        speed: float | Sequence[float] = 0.4,
        initial: str = "pdebench",
        steps: int = 40,
        time: float = 2.0,
        storage: Storage | Mapping[str, Any] | None = None,
    ) -> None:
        positive(time=time)
        if initial not in RECIPES:
            raise InputError.of("initial", initial, nearest(initial, RECIPES))
        if steps < 1:
            raise InputError.of("steps", steps, "use 1 or more")
        super().__init__(samples, (resolution,), storage)
        self.speed = self.register_range("speed", speed)
        self.initial, self.steps, self.time = initial, steps, float(time)

    def parameters(self) -> dict[str, Any]:
        """Return the parameters of the equation and of the initial fields."""
        names = ("speed", "initial", "steps", "time")
        return {name: getattr(self, name) for name in names} | {"solver_version": SOLVER_VERSION}

    def label(self, arrays: dict[str, NDArray[Any]]) -> FieldSet:
        """Return trajectories, with times."""
        times = Times(np.linspace(0.0, self.time, self.steps + 1))
        field = Field("tracer", "1", "advected quantity")
        return FieldSet(arrays["values"], (field,), Grid.periodic(1), times=times, source=self.name)

    def solve(self, numbers: range, shape: tuple[int, ...]) -> dict[str, NDArray[Any]]:
        """Return the trajectories of these numbers."""
        (points,) = shape
        times = np.linspace(0.0, self.time, self.steps + 1)
        x = np.arange(points) / points - self.speed * times[:, None]
        frames = random_waves(numbers, RECIPES[self.initial], self.seed)(x)
        return {"values": frames[:, :, None].astype(np.float32)}
