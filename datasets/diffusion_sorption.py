r"""Diffusion with sorption in groundwater: a pollutant that spreads from one end of an interval.

**Equation.**

.. math:: R(u)\,\partial_t u = D\,\partial_x^2 u, \qquad
   R(u) = 1 + \frac{1 - \phi}{\phi}\,\rho_s k\,n\,u^{n-1}, \qquad u(x, 0) = u_0 \sim U(0, 0.2).

**Fields.** concentration (dimensionless), one channel, from 0 to 1; an evolution of `steps` + 1
frames, the constant u(., 0) the first.

**Grid.** x, the centres of `resolution` cells of the unit interval; the fields are values of one
solution, which does not depend on `resolution`.

**Boundary.** u(0, t) = 1 and u(1, t) = -D u_x(1, t): the right end is drained with the velocity 1,
that is, u is nearly 0 there. The grid is an open one: both are part of what is to be learned. This
is the sign in the script that makes the data of PDEBench; its physics-informed network has the
other one, with which disturbances at the wall grow at the rate 1/(DR), hundreds per unit of time.

**Time step.** Frames every `time` / `steps` (5). Inside, finite volumes on 256 and 512 cells, dense
at the ends, extrapolated to fourth order; backward differences of orders up to 5 in float64 with
steps that follow their error (:func:`neurop.physics.solvers.sorption.solve_sorption`).

**Parameters.** diffusion D 5e-4 and Freundlich's isotherm `sorption`: porosity phi 0.29, density
rho_s 2880, coefficient k 3.5e-4 and exponent n 0.874, those of PDEBench; largest start 0.2. Its
set has 10000 samples of 1024 cells and 101 frames, a tenth of them for the test.

**Size.** 240 samples x 101 frames x 1024 points in float32: 99 MB. Samples 0-19 are the test set,
20-39 validation, the rest training.

**Cost.** A sample takes 0.3 s of CPU time. Against four times the cells and a tolerance of 1e-11
the worst frame of two samples (starts 0.127 and 0.008) is off by 6e-8 (relative L2, float64): less
than the rounding of float32. The exact solution of linear sorption (n = 1), error functions at both
ends, is met to 5e-8 (200 points, t = 5 and 20), and what flows in and out is what is added to the
conserved quantity, to 2e-7. A scheme with the conditions of PDEBench's script, of first order, on
1024 cells is off by 1e-2 in the second frame and by 1e-3 in the last (start 0.1).

**What is hard.** Little, as the samples differ by one number, their start: the whole set differs
from its mean by 8 % (relative L2, mean of 20 samples), and a parabola in the start, fitted at each
point and time to 15 samples, predicts five others to 3e-4 to 1e-3. An error must be compared with
that. The second frame is unlike the first, from which it differs by 0.7 of its norm: layers have
formed at both ends. Later frames differ from those before them by 3 % (t = 55) falling to 0.3 %. R
is singular at u = 0; the smallest value of 20 samples is 3e-5.

**Source.** Takamoto et al., PDEBench: an extensive benchmark for scientific machine learning,
NeurIPS 2022, arXiv:2210.07182, appendix D.8; github.com/pdebench/PDEBench,
data_gen/src/sim_diff_sorp.py.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurop.errors import InputError
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.fields.times import Times
from neurop.generation.dataset import SolvedDataset, positive
from neurop.generation.storage import Storage, grouped
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.physics.random_fields.periodic import uniforms
from neurop.physics.solvers.sorption import Sorption, solve_sorption

SOLVER_VERSION = 1
LARGEST = 2048


class DiffusionSorption(SolvedDataset):
    r"""Trajectories of the diffusion-sorption equation, generated at first use.

    Parameters
    ----------
    samples
        Number of trajectories, more than twice `held_out`; more samples change neither the test nor
        the validation set.
    resolution
        Cells of the interval.
    diffusion
        Diffusion constant :math:`D > 0`, or a range ``[smallest, largest]`` to draw it from for
        each sample, with a uniform logarithm; it is then a parameter of the set.
    sorption
        Isotherm: a :class:`neurop.physics.solvers.sorption.Sorption` or a mapping of its
        parameters.
    largest
        Largest initial concentration, above 0 and at most 1; the smallest is 0.
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
    >>> DiffusionSorption(samples=100, sorption={"exponent": 1.0}).sorption.exponent
    1.0
    """

    name, channels = "diffusion_sorption", 1

    def __init__(
        self,
        samples: int = 240,
        resolution: int = 1024,
        diffusion: float | Sequence[float] = 5e-4,
        sorption: Sorption | Mapping[str, Any] | None = None,
        largest: float = 0.2,
        steps: int = 100,
        time: float = 500.0,
        storage: Storage | Mapping[str, Any] | None = None,
    ) -> None:
        positive(time=time)
        if not 0 < largest <= 1:
            raise InputError.of("largest", largest, "use a number above 0, at most 1")
        if steps < 1:
            raise InputError.of("steps", steps, "use 1 or more")
        self.sorption = grouped(Sorption, sorption, "sorption")
        super().__init__(samples, (resolution,), storage)
        self.diffusion = self.register_range("diffusion", diffusion)
        self.largest, self.steps, self.time = float(largest), steps, float(time)
        self._cells()

    def parameters(self) -> dict[str, Any]:
        """Return the parameters of the equation and of the initial fields."""
        names = ("diffusion", "largest", "steps", "time")
        isotherm = {name: float(value) for name, value in vars(self.sorption).items()}
        return (
            {name: getattr(self, name) for name in names}
            | isotherm
            | {"solver_version": SOLVER_VERSION}
        )

    def batch(self, shape: tuple[int, ...]) -> int:
        """Return the number of trajectories solved by one process before the next."""
        return 5

    def label(self, arrays: dict[str, NDArray[Any]]) -> FieldSet:
        """Return trajectories, with times."""
        times = Times(np.linspace(0.0, self.time, self.steps + 1))
        field = Field("concentration", "1", "dissolved concentration")
        grid = Grid((Axis("x", "open", layout="cells"),))
        return FieldSet(arrays["values"], (field,), grid, times=times, source=self.name)

    def solve(self, numbers: range, shape: tuple[int, ...]) -> dict[str, NDArray[Any]]:
        """Return the trajectories of these numbers."""
        (points,) = shape
        x, times = (np.arange(points) + 0.5) / points, np.linspace(0.0, self.time, self.steps + 1)
        frames = [
            solve_sorption(start, self.diffusion, self.sorption, times, x, self._cells())
            for start in self.largest * uniforms(numbers, 1, self.seed)[:, 0]
        ]
        return {"values": np.stack(frames)[:, :, None].astype(np.float32)}

    def _cells(self) -> int:
        r"""Return the solver's cells, determined by the parameters.

        They resolve the layers at the ends in the second frame, of the width
        :math:`w = (D t/R(1))^{1/2}`, where the cells have the width :math:`\pi w^{1/2}/N`: the
        ratio of both is :math:`w^{1/2} N/\pi`, and that of the default parameters.
        """
        spread = self.diffusion * self.time / self.steps
        width = math.sqrt(spread / float(self.sorption.retardation(np.ones(()))))
        cells = max(256, math.ceil(42.8 / math.sqrt(width)))
        if cells > LARGEST:
            remedy = f"needs {cells} cells, above {LARGEST}; use a larger constant or interval"
            raise InputError.of("diffusion", self.diffusion, remedy)
        return cells
