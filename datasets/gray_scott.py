r"""The reaction of Gray and Scott with diffusion on a periodic square: patterns that form and move.

**Equation.**

.. math:: \partial_t A = D_A\Delta A - AB^2 + f(1 - A), \qquad
   \partial_t B = D_B\Delta B + AB^2 - (f + k)B.

**Fields.** a and b, the concentrations (dimensionless), from 0 to 1; an evolution of steps + 1
frames.

**Grid.** (x, y), `resolution` points per side of [0, length), with the left end. The recorded
fields are spectral truncations ``|k| < N/2`` of one solution, which does not depend on
`resolution`; 64 points of the default set hold all modes of the solver.

**Boundary.** periodic in x and y.

**Time step.** Frames every `interval` (20), of which the first is `warmup` (200) after 12 patches
per unit of area (3), at random, on A = 1, B = 0: Gaussians of the width 0.03 with A = B = 1/2 in
the centre. Inside, ETDRK4 (exact diffusion, fourth order) in float64 with steps of 2, free of
aliases, 128^2 points.

**Parameters.** reaction.regime names the rates (f, k): bubbles (0.098, 0.057), gliders (0.014,
0.054), maze (0.029, 0.057), spirals (0.018, 0.051), spots (0.03, 0.062), worms (0.058, 0.065), as
in The Well, with its D_A = 2e-5 and D_B = 1e-5; `feed` and `kill` replace them. length 0.5; The
Well has 2 with 128 points, twice as far apart as here, 1001 frames every 10, 1200 samples and also
random Fourier series to start from, and states no width of its patches.

**Size.** 60 samples x 51 frames x 2 fields x 64^2 in float32: 100 MB. Samples 0-19 are the test
set, 20-39 validation, the rest training.

**Cost.** A sample takes 3 s of CPU time (``neurop generate data=gray_scott data.samples=6
data.storage.held_out=2 workers=1``: 21 s in all). Over the first ten frames of two samples per
regime the fields are off by 2e-6 (bubbles, worms) to 6e-5 (gliders) against 160^2 points and half
the step.

**What is hard.** What moves differs by regime. From one frame to the next a field changes by 0.2 to
0.3 of its standard deviation for spirals, 0.1 to 0.3 for gliders and 0.2 falling to 0.04 for spots,
which divide until they fill the square (2 samples each, frames 0 to 50); worms and bubbles change
by 0.03 at first and 0.001 at the end, so that persistence is hard to beat and an error must be
compared with it. Gliders die out in 3 of 12 samples by t = 600, spirals in 1 (64^2 points and steps
of 4): the state is then A = 1, B = 0. Fronts are thin: a grid with the spacing of The Well (32
points) cuts modes with 1e-3 of the norm of B (one sample of spirals).

**Source.** J. E. Pearson, Complex patterns in a simple system, Science 261 (1993) 189,
arXiv:patt-sol/9304003; Ohana et al., The Well: a large-scale collection of diverse physics
simulations for machine learning, NeurIPS 2024, arXiv:2412.00568.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.fft import next_fast_len

from neurop.datasets.gray_scott_options import Reaction
from neurop.errors import InputError
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.fields.times import Times
from neurop.generation.dataset import SolvedDataset, positive
from neurop.generation.storage import Storage, grouped
from neurop.geometry.grid import Grid
from neurop.physics.device import compute_device
from neurop.physics.solvers.reaction import gray_scott, solve_reaction

SOLVER_VERSION = 1
LARGEST, STEP = 2048, 2.0
PATCHES, WIDTH = 12, 0.03
"""Patches of the initial fields per unit of area, and their width."""


class GrayScott(SolvedDataset):
    """Trajectories of the Gray-Scott equations, generated at first use.

    Parameters
    ----------
    samples
        Number of trajectories, more than twice `held_out`; more samples change neither the test nor
        the validation set.
    resolution
        Points per side.
    reaction
        Rates and diffusion constants: a :class:`Reaction` or a mapping of its parameters.
    length
        Side of the square.
    steps
        Frames after the first.
    interval
        Time between frames.
    warmup
        Time from the patches to the first frame.
    storage
        Seed, folder, mode and held-out samples: a :class:`neurop.generation.storage.Storage` or a
        mapping of its parameters.

    Raises
    ------
    InputError
        For a parameter out of its bounds.

    Examples
    --------
    >>> GrayScott(samples=100, reaction={"regime": "spots"}).feed
    0.03
    """

    name, channels = "gray_scott", 2

    def __init__(
        self,
        samples: int = 60,
        resolution: int = 64,
        reaction: Reaction | Mapping[str, Any] | None = None,
        length: float = 0.5,
        steps: int = 50,
        interval: float = 20.0,
        warmup: float = 200.0,
        storage: Storage | Mapping[str, Any] | None = None,
    ) -> None:
        given = grouped(Reaction, reaction, "reaction")
        positive(length=length, interval=interval)
        if not 0 <= warmup < math.inf:
            raise InputError.of("warmup", warmup, "use a finite number of 0 or more")
        if steps < 1:
            raise InputError.of("steps", steps, "use 1 or more")
        super().__init__(samples, (resolution, resolution), storage)
        feed, kill = given.rates
        self.feed = self.register_range("feed", feed)
        self.kill = self.register_range("kill", kill)
        self.diffusion = [float(number) for number in given.diffusion]
        self.length, self.steps = float(length), steps
        self.interval, self.warmup = float(interval), float(warmup)
        self._points()

    def parameters(self) -> dict[str, Any]:
        """Return the parameters of the equation and of the initial fields."""
        names = ("feed", "kill", "diffusion", "length", "steps", "interval", "warmup")
        return {name: getattr(self, name) for name in names} | {"solver_version": SOLVER_VERSION}

    def batch(self, shape: tuple[int, ...]) -> int:
        """Return the number of trajectories solved together, fewer on large grids."""
        return max(1, min(5, round(2 * (128 / self._points()) ** 2)))

    def label(self, arrays: dict[str, NDArray[Any]]) -> FieldSet:
        """Return trajectories, with times since the end of the warm-up."""
        fields = tuple(Field(name, "1", f"concentration of {name.upper()}") for name in ("a", "b"))
        times = Times(self.interval * np.arange(self.steps + 1))
        grid = Grid.periodic(2, self.length)
        return FieldSet(arrays["values"], fields, grid, times=times, source=self.name)

    def solve(self, numbers: range, shape: tuple[int, ...]) -> dict[str, NDArray[Any]]:
        """Return the trajectories of these numbers."""
        state = self.start(numbers, self._points()).to(compute_device())
        if self.warmup:
            state = self._advance(state, self.warmup, 1)[:, 1]
        frames = self._advance(state, self.interval, self.steps, shape)
        if not bool(torch.isfinite(frames).all()):
            raise InputError.of("feed", self.feed, "the solution overflowed; use a smaller rate")
        return {"values": frames.float().cpu().numpy()}

    def start(self, numbers: range, points: int) -> torch.Tensor:
        r"""Return the initial fields ``(sample, 2, points, points)`` in float64.

        With :math:`s = 1 - \prod_i (1 - g_i)` they are A = 1 - s/2 and B = s/2; the patches
        :math:`g_i = \exp((\cos\theta_x + \cos\theta_y - 2)/\kappa^2)`, with :math:`\kappa = 2\pi`
        width/length, are periodic.
        """
        count = max(1, round(PATCHES * self.length**2))
        x = np.arange(points) / points
        rest = np.ones((len(numbers), points, points))
        for row, number in enumerate(numbers):
            # The centres in units of the length, patch by patch.
            for centre in np.random.default_rng([self.seed, number]).random((count, 2)):
                angle = np.cos(2 * np.pi * (x - centre[:, None])) - 1
                gx, gy = np.exp(angle / (2 * np.pi * WIDTH / self.length) ** 2)
                rest[row] *= 1 - gx[:, None] * gy
        s = torch.from_numpy(1 - rest)
        return torch.stack([1 - s / 2, s / 2], 1)

    def _advance(
        self, state: torch.Tensor, time: float, steps: int, shape: tuple[int, ...] | None = None
    ) -> torch.Tensor:
        """Return frames every `time`, the given state first."""
        substeps, reaction = math.ceil(time / STEP), gray_scott(self.feed, self.kill)
        dt = time / substeps
        return solve_reaction(
            state, reaction, 3, self.diffusion, self.length, dt, substeps, steps, shape
        )

    def _points(self) -> int:
        r"""Return the solver's points per side, determined by the parameters.

        Concentrations are below 1, so fronts of B are no thinner than a few
        :math:`(D_B/AB)^{1/2}`; the modes of the patches need 12 points per width.
        """
        front = 0.8 * self.length / math.sqrt(min(self.diffusion))
        least = math.ceil(max(48, front, 6 * self.length / WIDTH))
        if least > LARGEST:
            remedy = f"needs a solver of {least}^2 points, above {LARGEST}^2; use a shorter length"
            raise InputError.of("length", self.length, remedy)
        return 2 * next_fast_len((least + 1) // 2, real=True)
