r"""One-dimensional scenarios of APEBench: maps of fields that a network learns to iterate.

**Equation.** On the unit interval with N points, in units of one step,

.. math:: \partial_t u = \sum_j \frac{\gamma_j}{2^{j-1} N^j}\,\partial_x^j u + \delta_0 u^2
   + \frac{\delta_1}{2N}\,\partial_x u^2
   + \frac{\delta_2}{2N^2}\bigl((\partial_x u)^2 - \langle(\partial_x u)^2\rangle\bigr),

with :math:`\gamma_0 u` for j = 0. The difficulties that are not 0 are those of APEBench:

- ``advection``: :math:`\gamma_1 = -4`; ``diffusion``: :math:`\gamma_2 = 4`;
  ``advection_diffusion``: both; ``dispersion``: :math:`\gamma_3 = 4`; ``hyper_diffusion``:
  :math:`\gamma_4 = -4`
- ``burgers``: :math:`\gamma_2 = 1.5,\ \delta_1 = -1.5`
- ``kdv`` (Korteweg and de Vries): :math:`\gamma_3 = -14,\ \gamma_4 = -9,\ \delta_1 = -2`
- ``ks_cons`` (Kuramoto-Sivashinsky): :math:`\gamma_2 = -2,\ \gamma_4 = -18,\ \delta_1 = -1`;
  ``ks``: :math:`\gamma_2 = -1.2,\ \gamma_4 = -15,\ \delta_2 = -6`
- ``fisher``: :math:`\gamma_0 = 0.02,\ \gamma_2 = 0.2,\ \delta_0 = -0.02`

**Fields.** solution u (dimensionless), one channel. The first frame is a sum of waves 1 to 5 with
random amplitudes and phases, zero mean and a largest absolute value of 1; of ``fisher`` it is
shifted and scaled to [0, 1]; ``ks_cons`` and ``ks`` begin 500 steps after it.

**Grid.** x, `resolution` points of [0, 1), with the left end. The difficulties refer to N, so
another number is another equation, and :meth:`ApeBench.at` refuses it.

**Boundary.** periodic.

**Time step.** One frame is one step, the unit of time. The truth of APEBench is the map of one step
of ETDRK2, not the flow of the equation; for the linear scenarios both are the same. It is made here
in float64 by neurop's solver (:func:`neurop.physics.solvers.difficulties.solve_difficulties`) as
exponax, the solver of APEBench, makes it: with products of the modes below 53 (at 160 points) and
with the real parts of the scheme's weights alone.

**Parameters.** `release` of exponax. 0.1.0, which APEBench requires: amplitudes uniform in (-1, 1),
the higher modes of products are kept. 0.2.0: amplitudes and phases of white noise, they are left
out. The modes below 53 of both maps are the same. The random numbers are neurop's: the fields have
the distribution of APEBench's, not its values.

**Size.** 110 samples x 201 frames x 160 points in float32: 14 MB. Samples 0-29 are the test set,
30-59 validation, the rest training; the latter two have `train_steps` + 1 frames (51).

**Cost.** 2 (linear) to 10 ms (``ks``) of one core per sample, so a second for a set. 20 frames from
one field agree with those of exponax to 4e-14 (largest difference, float64, all scenarios, both
releases). From the flow of the equation (64 steps per frame with complex weights, 320 points) the
map is off after 1, 20 and 50 frames by 1e-3, 5e-3, 9e-4 (``burgers``), 5e-3, 0.2, 0.5 (``kdv``),
6e-3, 0.06, 0.2 (``ks_cons``), 2e-4, 4e-3, 9e-3 (``ks``) and 8e-7, 2e-5, 3e-5 (``fisher``; relative
L2, median of 8 samples). The real weights alone change a frame of ``kdv`` by 4e-3 and make its
scheme one of first order. The modes that tell the releases apart are up to 1e-2 of the norm in
``burgers``, 1e-3 in ``ks_cons``, 3e-5 in ``ks`` and 1e-5 in ``kdv`` (30 samples, 50 frames).

**What is hard.** A long rollout from a network that was trained on one step: the score is the
geometric mean of the errors of steps 1 to 100. A frame differs from that before it by 0.5 of its
norm (``advection``, ``advection_diffusion``), 0.1 (``kdv``, ``ks_cons``), 0.08 (``burgers``), 0.04
(``diffusion``), 0.03 (``ks``) and less than 0.01 (the others; means of 30 samples, first frames).
``kuramoto_sivashinsky`` has the flow of the equation of ``ks_cons``.

**Source.** Koehler, Niedermayr, Westermann and Thuerey, APEBench: a benchmark for autoregressive
neural emulators of PDEs, NeurIPS 2024, arXiv:2411.00180; github.com/tum-pbs/apebench, scenarios of
the mode ``difficulty``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from neurop.errors import InputError
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.fields.times import Times
from neurop.generation.dataset import SolvedDataset
from neurop.generation.storage import Storage, grouped
from neurop.geometry.grid import Grid
from neurop.physics.device import compute_device
from neurop.physics.random_fields.periodic import normals, uniforms
from neurop.physics.solvers.difficulties import Difficulties, solve_difficulties

SOLVER_VERSION = 1
CUTOFF = 5
WARMUP = 500
Release = Literal["0.1.0", "0.2.0"]
SCENARIOS = {
    "advection": Difficulties((0.0, -4.0)),
    "diffusion": Difficulties((0.0, 0.0, 4.0)),
    "advection_diffusion": Difficulties((0.0, -4.0, 4.0)),
    "dispersion": Difficulties((0.0, 0.0, 0.0, 4.0)),
    "hyper_diffusion": Difficulties((0.0, 0.0, 0.0, 0.0, -4.0)),
    "burgers": Difficulties((0.0, 0.0, 1.5), (0.0, -1.5, 0.0)),
    "kdv": Difficulties((0.0, 0.0, 0.0, -14.0, -9.0), (0.0, -2.0, 0.0)),
    "ks_cons": Difficulties((0.0, 0.0, -2.0, 0.0, -18.0), (0.0, -1.0, 0.0)),
    "ks": Difficulties((0.0, 0.0, -1.2, 0.0, -15.0), (0.0, 0.0, -6.0)),
    "fisher": Difficulties((0.02, 0.0, 0.2), (-0.02, 0.0, 0.0)),
}


class ApeBench(SolvedDataset):
    """Trajectories of a scenario of APEBench, generated at first use.

    Parameters
    ----------
    scenario
        Name: ``advection``, ``diffusion``, ``advection_diffusion``, ``dispersion``,
        ``hyper_diffusion``, ``burgers``, ``kdv``, ``ks_cons``, ``ks`` or ``fisher``.
    samples
        Number of trajectories, more than twice `held_out`; more samples change neither the test nor
        the validation set.
    resolution
        Points N of the interval, 16 or more; another number is another equation.
    steps
        Frames after the first, of all samples in the file and of the test set.
    train_steps
        Frames after the first of training and validation, at most `steps`.
    release
        Release of exponax whose map and initial fields are made: ``0.1.0``, which APEBench
        requires, or ``0.2.0``.
    storage
        Seed, folder and held-out samples: a :class:`neurop.generation.storage.Storage` or a mapping
        of its parameters; by default 30 are held out. Neither the mode ``online`` nor other
        `resolutions`.

    Raises
    ------
    InputError
        For a parameter out of its bounds.

    Examples
    --------
    >>> source = ApeBench("kdv")
    >>> source.samples, source.shape, source.layout()
    (110, (160,), {'values': (201, 1, 160)})
    """

    name, channels = "apebench", 1

    def __init__(
        self,
        scenario: str = "burgers",
        samples: int = 110,
        resolution: int = 160,
        steps: int = 200,
        train_steps: int = 50,
        release: Release = "0.1.0",
        storage: Storage | Mapping[str, Any] | None = None,
    ) -> None:
        if scenario not in SCENARIOS:
            raise InputError.of("scenario", scenario, f"choose {', '.join(SCENARIOS)}")
        if release not in get_args(Release):
            raise InputError.of("release", release, f"choose {' or '.join(get_args(Release))}")
        if resolution < 16:
            raise InputError.of("resolution", resolution, "use 16 or more, for waves 1 to 5")
        if steps < 1:
            raise InputError.of("steps", steps, "use 1 or more")
        if not 1 <= train_steps <= steps:
            raise InputError.of("train_steps", train_steps, f"use 1 to steps={steps}")
        if isinstance(storage, Mapping) or storage is None:
            storage = {"held_out": 30, **(storage or {})}
        settings = grouped(Storage, storage, "storage")
        if settings.mode == "online":
            raise InputError.of("mode", "online", "APEBench has a fixed training set; use stored")
        if settings.resolutions:
            remedy = "another number of points is another equation; leave it out"
            raise InputError.of("resolutions", dict(settings.resolutions), remedy)
        super().__init__(samples, (resolution,), settings)
        self.scenario, self.steps, self.train_steps = scenario, steps, train_steps
        self.release = release

    @property
    def difficulties(self) -> Difficulties:
        """Equation of the scenario, in units of the grid and of one step."""
        return SCENARIOS[self.scenario]

    def parameters(self) -> dict[str, Any]:
        """Return the parameters of the map and of the initial fields."""
        return {
            "scenario": self.scenario,
            "steps": self.steps,
            "release": self.release,
            "solver_version": SOLVER_VERSION,
        }

    def conserved(self) -> tuple[str, ...]:
        """Return the solution, except of ``fisher``: its mean is constant."""
        return () if self.scenario == "fisher" else ("u",)

    def batch(self, shape: tuple[int, ...]) -> int:
        """Return the number of trajectories solved together."""
        return 30

    def splits(self) -> dict[str, FieldSet]:
        """Return the sets ``train``, ``val`` and ``test``, the first two with fewer frames."""
        return self._cut(super().splits())

    def outline(self) -> dict[str, FieldSet] | None:
        """Return the splits with samples of noise; None if the file is there."""
        found = super().outline()
        return None if found is None else self._cut(found)

    def at(self, shape: tuple[int, ...]) -> FieldSet:
        """Return the test set.

        Raises
        ------
        InputError
            If `shape` is not that of the set, as another number of points is another equation.
        """
        if tuple(shape) != self.shape:
            remedy = (
                f"the scenario is defined by its {self.shape[0]} points; another is another map"
            )
            raise InputError.of("shape", tuple(shape), remedy)
        return self.test()

    def label(self, arrays: dict[str, NDArray[Any]]) -> FieldSet:
        """Return trajectories, with the number of each step."""
        return FieldSet(
            arrays["values"],
            (Field("u", "1", "solution"),),
            Grid.periodic(1),
            times=Times(np.arange(self.steps + 1, dtype=np.float64)),
            source=self.name,
        )

    def solve(self, numbers: range, shape: tuple[int, ...]) -> dict[str, NDArray[Any]]:
        """Return the trajectories of these numbers."""
        frames = solve_difficulties(
            self.initial(numbers).to(compute_device()),
            self.difficulties,
            self.steps,
            WARMUP if self.scenario.startswith("ks") else 0,
            real_weights=True,
            keep_products=self.release == "0.1.0",
        )
        if not bool(torch.isfinite(frames).all()):
            remedy = f"the solution of {self.scenario} overflowed; use APEBench's 160"
            raise InputError.of("resolution", self.shape[0], remedy)
        return {"values": frames[:, :, None].float().cpu().numpy()}

    def initial(self, numbers: range) -> torch.Tensor:
        """Return the random fields ``(sample, N)`` of these numbers, before the warm-up."""
        if self.release == "0.1.0":
            amplitude, turn = np.split(uniforms(numbers, 2 * CUTOFF, self.seed), 2, axis=1)
            waves = (2.0 * amplitude - 1.0) * np.exp(2j * np.pi * turn)
        else:
            real, imaginary = np.split(normals(numbers, 2 * CUTOFF, self.seed), 2, axis=1)
            waves = real + 1j * imaginary
        half = np.zeros((len(numbers), self.shape[0] // 2 + 1), np.complex128)
        half[:, 1 : CUTOFF + 1] = waves
        u = np.fft.irfft(half, n=self.shape[0], norm="forward")
        if self.scenario == "fisher":
            u -= u.min(-1, keepdims=True)
        return torch.from_numpy(u / np.abs(u).max(-1, keepdims=True))

    def _cut(self, splits: dict[str, FieldSet]) -> dict[str, FieldSet]:
        """Return the splits, of which all but the test set have `train_steps` + 1 frames."""
        first = slice(self.train_steps + 1)
        return {
            name: split if name == "test" else split.frames(first) for name, split in splits.items()
        }
