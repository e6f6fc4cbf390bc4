r"""Steady Darcy flow through a random medium on the unit square, of two phases or log-normal.

**Equation.**

.. math:: -\nabla\cdot(a(x)\,\nabla u(x)) = 1 \text{ in } (0, 1)^2, \qquad
   u = 0 \text{ on the boundary}, \qquad a \mapsto u,

.. math:: g \sim N(0, (-\Delta + 9)^{-2}), \qquad
   a = 12 \text{ where } g \ge 0 \text{ else } 3, \qquad \text{or} \quad
          a = e^{\sigma g / s}, \quad s^2 = \textstyle\sum_k E\,c_k^2.

**Fields.** in: permeability a; out: pressure u. Both dimensionless.

**Grid.** (x, y), `resolution` points per side of [0, 1], with both ends. The equation is solved on
`solver` points (421 as in the paper) by finite volumes around the nodes, and every stored
resolution is a part of that grid: 85, 141, 211 and 421 as in the paper, and 16, 22, 43, 61, 106. So
sets at several resolutions have the same solutions, at the same cost.

**Boundary.** dirichlet, u = 0.

**Time step.** none, a map.

**Parameters.** coefficient, low and high of the two phases (3 and 12; a script of the authors has 4
for 3), sigma of the logarithm of a log-normal medium (1: a varies by a factor of about 400 over the
square). The wavenumbers of g are below 421, the same at any resolution. faces, the mean of a
between two nodes: harmonic preserves the flux through an interface; arithmetic is that of the
paper's solver. At 421 points the first is 4e-4 (log-normal: 2e-5) from its own solution at 841, the
second 2e-3 (6e-5); the first is of second order where a is smooth, of first order at interfaces
that run between the nodes.

**Size.** 1040 pairs of 85 x 85 in float32: 60 MB. Samples 0-19 are the test set, 20-39 validation,
the rest training.

**Cost.** 40 ms of one core per sample at 421 x 421, 9 ms of them for the random field: the default
set takes 27 s on two cores. Conjugate gradients preconditioned by a multigrid cycle take 9
iterations (log-normal: 8) to a relative residual of 1e-6, where u is within 1e-8 of the solution of
the discrete equations. The number does not depend on the grid; it grows to 14 at sigma = 4, and to
23 for two phases whose ratio is 100. A ratio of 10,000 is out of reach.

**What is hard.** a jumps: on a grid of 85 points an interface is known to within a cell, though u
is the solution for the interface on 421 points. The map is smoothing but not linear, u scales like
1/a, and its gradient jumps where a does.

**Source.** Li et al., Fourier neural operator for parametric PDEs, ICLR 2021, arXiv:2010.08895,
section 5.2 and appendix A.3.2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from neurop.errors import InputError, nearest
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.generation.dataset import SolvedDataset, positive
from neurop.generation.ranges import bounds_of
from neurop.generation.storage import Storage, grouped
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.physics.device import compute_device
from neurop.physics.equations import darcy as equation
from neurop.physics.random_fields.cosine import cosine_field, cosine_std
from neurop.physics.solvers.darcy import FaceMean, solve_darcy
from neurop.physics.solvers.multigrid import factors

SOLVER_VERSION = 1
TOLERANCE = 1e-6
FIELD = {"alpha": 2.0, "tau": 3.0, "modes": 421}
TOGETHER = 4
"""Samples that a CPU solves together: they share the overhead of small grids and fit its caches."""
Kind = Literal["piecewise", "lognormal"]


@dataclass(frozen=True)
class Coefficient:
    """Distribution of the random coefficient a.

    Parameters
    ----------
    kind
        Kind of medium: ``piecewise`` or ``lognormal``.
    low, high
        Values of a > 0 where g < 0 and elsewhere; piecewise only. `high` may be a range
        ``[smallest, largest]`` to draw it from for each sample, with a uniform logarithm: the
        contrast high / low is then drawn, and `high` is a parameter of the set.
    sigma
        Standard deviation of log a > 0, or a range; log-normal only.

    Raises
    ------
    InputError
        For a parameter out of its bounds.

    Examples
    --------
    >>> Darcy(samples=100, coefficient=Coefficient("lognormal", sigma=2.0)).coefficient
    'lognormal'
    """

    kind: Kind = "piecewise"
    low: float = 3.0
    high: float | Sequence[float] = 12.0
    sigma: float | Sequence[float] = 1.0

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise InputError.of("kind", self.kind, nearest(self.kind, get_args(Kind)))
        positive(low=self.low)
        unused = "sigma" if self.kind == "piecewise" else "high"
        for name, value in (("high", self.high), ("sigma", self.sigma)):
            _, drawn = bounds_of(name, value)
            if drawn and name == unused:
                remedy = f"has no effect with kind={self.kind}; give one number"
                raise InputError.of(name, list(drawn), remedy)


class Darcy(SolvedDataset):
    r"""Pairs of permeability and pressure of Darcy flow, generated at first use.

    Parameters
    ----------
    samples
        Number of samples, more than twice `held_out`; more samples change neither the test nor the
        validation set.
    resolution
        Points per side of the stored fields, with both ends: resolution - 1 divides solver - 1.
    coefficient
        Distribution of a: a :class:`Coefficient` or a mapping of its parameters.
    faces
        Mean of a on the face between two nodes: ``harmonic``, or ``arithmetic`` as in the published
        files.
    solver
        Points per side of the solver, with both ends.
    storage
        Seed, folder, mode and held-out samples: a :class:`neurop.generation.storage.Storage` or a
        mapping of its parameters.

    Raises
    ------
    InputError
        For a parameter out of its bounds.

    Examples
    --------
    >>> Darcy(samples=100).resolutions()
    (8, 11, 13, 15, 16, 21, 22, 29, 31, 36, 43, 61, 71, 85, 106, 141, 211, 421)
    """

    name, channels = "darcy", 1

    def __init__(
        self,
        samples: int = 1040,
        resolution: int = 85,
        coefficient: Coefficient | Mapping[str, Any] | None = None,
        faces: FaceMean = "harmonic",
        solver: int = 421,
        storage: Storage | Mapping[str, Any] | None = None,
    ) -> None:
        medium = grouped(Coefficient, coefficient, "coefficient")
        self.equation = equation.Darcy()
        if faces not in get_args(FaceMean):
            raise InputError.of("faces", faces, nearest(faces, get_args(FaceMean)))
        if solver < 9:
            raise InputError.of("solver", solver, "use 9 or more")
        super().__init__(samples, (resolution, resolution), storage=storage)
        self.coefficient, self.faces, self.solver = medium.kind, faces, solver
        self.low = float(medium.low)
        self.high = self.register_range("high", medium.high)
        self.sigma = self.register_range("sigma", medium.sigma)
        try:
            factors(solver - 1)
        except InputError as error:
            raise InputError.of("solver", solver, str(error)) from error
        self._strides(self.shape)

    def parameters(self) -> dict[str, Any]:
        """Return the parameters of the equation, of the coefficient and of the solver."""
        names = ("coefficient", "low", "high", "sigma", "faces", "solver")
        return {name: getattr(self, name) for name in names} | {
            "tolerance": TOLERANCE,
            "solver_version": SOLVER_VERSION,
        }

    def resolutions(self) -> tuple[int, ...]:
        """Return the points per side of the grids that are part of the solver's grid."""
        intervals = self.solver - 1
        return tuple(n + 1 for n in range(7, intervals + 1) if intervals % n == 0)

    def label(self, arrays: dict[str, NDArray[Any]]) -> FieldSet:
        """Return pairs of permeability and pressure."""
        return FieldSet(
            arrays["values"],
            (Field("permeability", "1", "permeability"),),
            Grid((Axis("x", "dirichlet", layout="ends"), Axis("y", "dirichlet", layout="ends"))),
            targets=arrays["targets"],
            target_fields=(Field("pressure", "1", "pressure"),),
            source=self.name,
        )

    def solve(self, numbers: range, shape: tuple[int, ...]) -> dict[str, NDArray[Any]]:
        """Return the coefficients and the solutions of `numbers` on a grid of `shape`."""
        rows, columns = self._strides(shape)
        device = compute_device()
        together = TOGETHER if device.type == "cpu" else len(numbers)
        pieces = []
        for start in range(0, len(numbers), together):
            a = self.permeability(numbers[start : start + together])
            u = solve_darcy(a.to(device), faces=self.faces, tolerance=TOLERANCE)
            pieces.append([field[:, ::rows, ::columns].float().cpu().numpy() for field in (a, u)])
        values, targets = (np.concatenate(parts)[:, None, None] for parts in zip(*pieces))
        return {"values": values, "targets": targets}

    def at(self, shape: tuple[int, ...]) -> FieldSet:
        """Return the test set on another part of the solver's grid, stored in its own file."""
        if len(shape) == 2:
            self._strides(tuple(shape))
        return super().at(shape)

    def permeability(self, numbers: range) -> Tensor:
        """Return a on the solver's grid, ``(len(numbers), solver, solver)``."""
        g = cosine_field(numbers, (self.solver, self.solver), seed=self.seed, **FIELD)  # type: ignore[arg-type]
        if self.coefficient == "piecewise":
            return torch.where(g >= 0, g.new_tensor(self.high), self.low)
        return (self.sigma / cosine_std(2, **FIELD) * g).exp()  # type: ignore[arg-type]

    def _strides(self, shape: tuple[int, ...]) -> tuple[int, int]:
        """Return the number of solver intervals per interval of `shape`, per axis."""
        intervals = self.solver - 1
        for points in shape:
            if points not in self.resolutions():
                raise InputError(
                    f"{self.name} has no {points} points per side: those of the solver's grid of "
                    f"{self.solver} are needed; "
                    f"choose from {', '.join(map(str, self.resolutions()))}, or another solver",
                    "resolution",
                    points,
                )
        return intervals // (shape[0] - 1), intervals // (shape[1] - 1)
