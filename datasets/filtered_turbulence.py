r"""Forced turbulence on a grid that does not resolve it: the filtered solution of a finer solver.

**Equation.** That of :mod:`neurop.datasets.kolmogorov_flow`; the frames are its solution through a
sharp spectral filter, which obeys

.. math:: \partial_t\bar\omega + \overline{\bar u\cdot\nabla\bar\omega} =
   \tfrac{1}{\mathrm{Re}}\Delta\bar\omega - \alpha\bar\omega - n\cos ny + r, \qquad
   r = \overline{\bar u\cdot\nabla\bar\omega} - \overline{u\cdot\nabla\omega},

with a stress of the unresolved scales, r, that the frames do not determine.

**Fields.** vorticity (dimensionless), filtered, one channel, zero mean; the first of steps + 1
frames lies in the statistically steady state.

**Grid.** (x, y), `resolution` N points per side of [0, 2 pi), with the left end. The filter keeps
the modes ``|k_i| < N/2`` and no others; the solver has `factor` N points per side, on every grid of
the set, so that the set at N `factor` points is the solution itself.

**Boundary.** periodic in x and y.

**Time step.** That of :mod:`neurop.datasets.kolmogorov_flow`, on 128^2 points by default.

**Parameters.** reynolds 1000, wavenumber 4, drag 0.1; factor 4. The attributes of the set hold
`filter_width`, 2 pi / N = pi / k_c with the cutoff k_c = N/2, and `solver`, the points of the
solver.

**Size.** 60 samples x 41 frames x 32^2 in float32: 10 MB. Samples 0-19 are the test set, 20-39
validation, the rest training.

**Cost.** A sample takes 7 s of CPU time (``neurop generate data=filtered_turbulence data.samples=6
data.storage.held_out=2 workers=1``: 45 s). The accuracy is that of the solver, see
:mod:`neurop.datasets.kolmogorov_flow`: at Re = 1000 its 128^2 points cut the end of the dissipation
range; factor 8, or reynolds 250, resolves it better.

**What is hard.** Closure: 22 % of the norm of the vorticity and 0.1 % of the energy lie beyond the
filter. The same solver on the grid of the frames, from a filtered state, is off by 0.29 after one
frame, 0.47 after 5 and 1.1 after 20 (relative L2, two samples), and persistence by 0.54, 1.2 and
1.4.

**Source.** Zhao et al., LESnets (large-eddy simulation nets): physics-informed neural operator for
large-eddy simulation of turbulence, J. Comput. Phys. 537 (2025) 114125, arXiv:2411.04502, for the
use of filtered solutions; the flow here is two-dimensional.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from neurop.datasets.kolmogorov_flow import KolmogorovFlow
from neurop.datasets.kolmogorov_flow_options import Flow
from neurop.datasets.navier_stokes_options import Solver
from neurop.errors import InputError
from neurop.fields.fieldset import FieldSet
from neurop.generation.storage import Storage


class FilteredTurbulence(KolmogorovFlow):
    """Trajectories of Kolmogorov flow through a sharp spectral filter, generated at first use.

    Parameters
    ----------
    samples
        Number of trajectories, more than twice `held_out`; more samples change neither the test nor
        the validation set.
    resolution
        Points per side of the filtered fields.
    factor
        Points per side of the solver over those of the filtered fields, 2 or more.
    flow
        Equation and spin-up: a :class:`Flow` or a mapping of its parameters.
    steps
        Frames after the first.
    interval
        Time between frames.
    storage
        Seed, folder, mode and held-out samples: a :class:`neurop.generation.storage.Storage` or a
        mapping of its parameters.

    Raises
    ------
    InputError
        For a parameter out of its bounds, or if the solver does not resolve the flow.

    Examples
    --------
    >>> FilteredTurbulence(samples=100).discretisation((32, 32))[0]
    128
    """

    name = "filtered_turbulence"

    def __init__(
        self,
        samples: int = 60,
        resolution: int = 32,
        factor: int = 4,
        flow: Flow | Mapping[str, Any] | None = None,
        steps: int = 40,
        interval: float = 0.2,
        storage: Storage | Mapping[str, Any] | None = None,
    ) -> None:
        if factor < 2:
            raise InputError.of("factor", factor, "use 2 or more; the fields are filtered")
        points = factor * resolution
        super().__init__(samples, resolution, flow, steps, interval, Solver(points), storage)
        if points < self.least():
            remedy = f"{points} points do not resolve the flow, which needs {self.least()}"
            raise InputError.of("factor", factor, f"{remedy}; use a larger one")

    def label(self, arrays: dict[str, NDArray[Any]]) -> FieldSet:
        """Return trajectories, with the width of the filter as an attribute."""
        found = super().label(arrays)
        width = 2 * math.pi / found.shape[0]
        return replace(found, attributes={**found.attributes, "filter_width": width})
