r"""Steady Darcy flow through a smooth log-normal medium on the periodic unit square.

**Equation.**

.. math:: -\nabla\cdot(a(x)\,\nabla u(x)) = 8\pi^2 \sin 2\pi x_1 \sin 2\pi x_2, \qquad
   \int u = 0, \qquad a \mapsto u,

.. math:: a = e^{\sigma g / s}, \quad g \sim N(0, (-\Delta + \tau^2)^{-4}), \quad
   \tau = \sqrt 6 / \ell, \quad s^2 = E\,g^2.

**Fields.** in: permeability a; out: pressure u. Both dimensionless.

**Grid.** (x, y), `resolution` points per side of [0, 1), with the left ends. The equation is solved
on `solver` points per side (45); the stored fields are spectral truncations of one solution, which
does not depend on `resolution`.

**Boundary.** periodic.

**Time step.** none, a map.

**Parameters.** ell (0.25), the correlation length of the Matern field g of smoothness 3; sigma, the
standard deviation of log a (0.5; of 1000 samples the ratio of the largest to the smallest a has the
median 8.5). For a = 1 the pressure would be sin(2 pi x) sin(2 pi y).

**Size.** 1540 pairs of 33 x 33 in float32: 13 MB. Samples 0-19 are the test set, 20-39 validation,
the rest training.

**Cost.** 8 ms of one core per sample. Fourier collocation and conjugate gradients, preconditioned
by the Laplacian between roots of a
(``neurop.physics.solvers.darcy_periodic``), take 26 iterations on 45, 63
and 81 points per side, 40 to 43 at sigma = 0.7. At 45 points u is within 6e-8 of the solution at
81, a within 6e-7 (relative L2 of 20 samples).

**What is hard.** Little: a and u are smooth, as theorems on the size of neural operators assume;
the default set of :mod:`neurop.datasets.darcy` has jumps. The map is smoothing and not linear, and
u scales like 1/a.

**Source.** The problem of Kovachki et al., On universal approximation and error bounds for Fourier
neural operators, JMLR 22 (2021) 290, arXiv:2107.07562, section 4.1, with random fields of this
package.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from neurop.errors import InputError
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.generation.dataset import SolvedDataset, positive
from neurop.generation.storage import Storage
from neurop.geometry.grid import Grid
from neurop.physics.device import compute_device
from neurop.physics.operators import truncate
from neurop.physics.random_fields.periodic import field_std, random_field
from neurop.physics.solvers.darcy_periodic import solve_darcy_periodic

SOLVER_VERSION = 1
TOLERANCE = 1e-8
ALPHA = 4.0
"""Exponent of the covariance: a Matern field of smoothness 3 in two dimensions."""


class DarcyPeriodic(SolvedDataset):
    """Pairs of a smooth permeability and its pressure, periodic, generated at first use.

    Parameters
    ----------
    samples
        Number of samples, more than twice `held_out`; more samples change neither the test nor the
        validation set.
    resolution
        Points per side of the stored fields, at most `solver`.
    ell
        Correlation length of log a, as a fraction of the side.
    sigma
        Standard deviation of log a.
    solver
        Points per side of the solver, an odd number.
    storage
        Seed, folder, mode and held-out samples: a :class:`neurop.generation.storage.Storage` or a
        mapping of its parameters.

    Raises
    ------
    InputError
        For a parameter out of its bounds.

    Examples
    --------
    >>> DarcyPeriodic(samples=100).permeability(range(2)).shape
    torch.Size([2, 45, 45])
    """

    name, channels = "darcy_periodic", 1

    def __init__(
        self,
        samples: int = 1540,
        resolution: int = 33,
        ell: float = 0.25,
        sigma: float = 0.5,
        solver: int = 45,
        storage: Storage | Mapping[str, Any] | None = None,
    ) -> None:
        positive(ell=ell, sigma=sigma)
        if solver < 9 or solver % 2 == 0:
            raise InputError.of("solver", solver, "use an odd number of 9 or more")
        super().__init__(samples, (resolution, resolution), storage)
        self.ell, self.sigma, self.solver = float(ell), float(sigma), solver
        self._check(self.shape)

    def parameters(self) -> dict[str, Any]:
        """Return the parameters of the coefficient and of the solver."""
        return {name: getattr(self, name) for name in ("ell", "sigma", "solver")} | {
            "tolerance": TOLERANCE,
            "solver_version": SOLVER_VERSION,
        }

    def label(self, arrays: dict[str, NDArray[Any]]) -> FieldSet:
        """Return pairs of permeability and pressure."""
        return FieldSet(
            arrays["values"],
            (Field("permeability", "1", "permeability"),),
            Grid.periodic(2),
            targets=arrays["targets"],
            target_fields=(Field("pressure", "1", "pressure"),),
            source=self.name,
        )

    def solve(self, numbers: range, shape: tuple[int, ...]) -> dict[str, NDArray[Any]]:
        """Return coefficients and solutions of `numbers`, truncated to a grid of `shape`."""
        self._check(shape)
        a = self.permeability(numbers).to(compute_device())
        wave = torch.sin(2 * math.pi * torch.arange(self.solver).double() / self.solver).to(a)
        u = solve_darcy_periodic(a, 8 * math.pi**2 * wave[:, None] * wave, tolerance=TOLERANCE)
        made = {}
        for name, field in (("values", a), ("targets", u)):
            hat = torch.fft.rfft2(field, norm="forward")
            kept = truncate(hat, field.shape[1:], shape)
            values = torch.fft.irfft2(kept, s=shape, norm="forward")
            made[name] = values[:, None, None].cpu().numpy().astype(np.float32)
        return made

    def at(self, shape: tuple[int, ...]) -> FieldSet:
        """Return the test set on another grid of at most the solver's points."""
        self._check(shape)
        return super().at(shape)

    def permeability(self, numbers: range) -> torch.Tensor:
        """Return a on the solver's grid, ``(len(numbers), solver, solver)``."""
        covariance = {"alpha": ALPHA, "tau": math.sqrt(2 * (ALPHA - 1)) / self.ell}
        g = random_field(numbers, (self.solver, self.solver), seed=self.seed, **covariance)
        return (self.sigma / field_std((self.solver, self.solver), **covariance) * g).exp()

    def _check(self, shape: tuple[int, ...]) -> None:
        """Raise InputError for a grid that is finer than the solver's."""
        if max(shape) > self.solver:
            remedy = f"the solver has {self.solver} points per side; use as many or fewer"
            raise InputError.of("resolution", max(shape), remedy)
