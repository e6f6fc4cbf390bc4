r"""Shallow water on the rotating Earth: a random flow, or the unstable jet of Galewsky et al.

**Equation.**

.. math:: \partial_t\zeta &= -\nabla\cdot((\zeta + f)\,u) - \nu\zeta, \qquad
          \partial_t\varphi = -\nabla\cdot(\varphi\,u), \\
          \partial_t\delta &= k\cdot\nabla\times((\zeta + f)\,u)
            - \Delta(\varphi + \varphi_s + \tfrac12|u|^2) - \nu\delta,

with the geopotential :math:`\varphi` (gravity times depth, mean 10 km), the vorticity :math:`\zeta`
and divergence :math:`\delta` of the wind u, the Coriolis parameter f, the ground :math:`\varphi_s`
and the hyperdiffusion :math:`\nu = (l(l+1)/L(L+1))^4 / 2\,\mathrm{h}`. Radius, rotation and gravity
are the Earth's.

flow.forcing=bands adds :math:`(X_* - X)/10\,\mathrm{days}` to each field X, which relaxes it to
balanced winds of alternating direction, 80 cos(8 latitude) cos(latitude) m/s. They are unstable to
eddies, and from about day 20 on the flow has a climate: it is chaotic, with stationary statistics.
Without forcing it decays.

**Fields.** geopotential_anomaly, the deviation from gravity times 10 km (1e3 m2 s-2), vorticity and
divergence (1e-5 s-1): the state in the literature on spherical operators, in units in which all
three are about 1, so that each of them contributes to errors summed over fields.

**Grid.** (latitude, longitude), `resolution` times twice as many points, from the northernmost
latitude and longitude 0. legendre-gauss: no point on a pole, area weights exact. equiangular: with
the poles, as in torch-harmonics. The recorded field has those spherical harmonics of the solver's
field that the grid resolves, so sets at several resolutions describe the same flow.

**Boundary.** none on a sphere; longitude is periodic.

**Time step.** Frames every `interval` (1 h), the first after `spin_up`. Inside, ETDRK4 with exact
gravity waves and a step of one over the frequency of the fastest (10 minutes at truncation 31), at
most 20 minutes.

**Parameters.** truncation 31, the largest degree; a grid of n Gaussian latitudes resolves degrees
below n. initial: `random` draws white noise up to the truncation, 120 m in depth and `mach` (0.2)
in vorticity and divergence, the law of torch-harmonics with its limit of 120 degrees replaced by
the truncation (with forcing the bands, and this noise in their vorticity); `galewsky` is the
balanced jet of 80 m/s with a bump of 120 m, whose place, widths and height are drawn per sample
(:func:`neurop.physics.shallow_states.jet_states`). topography: the height of four Gaussian
mountains; the surface of the random flow is level over them except for the noise, and the
geopotential is that of the depth. mountains: `same` for all samples, or `drawn` for each; their
height is then the static field orography (m) of the set, which a network takes.

**Size.** 120 samples x 25 frames x 3 x 32 x 64 in float32: 74 MB. Samples 0-19 are the test set,
20-39 validation, the rest training.

**Cost.** 0.8 s of one CPU core per trajectory of 24 hours, 40 s on two cores for the default set.
After 24 hours the fields of sample 0 differ by 5e-5 (geopotential), 9e-6 and 1.1e-4 (divergence;
relative L2) from a step of 200 s. After 6 hours of a random flow at truncation 31 the three differ
by at most 1e-4 from a step of 75 s, those of torch-harmonics' Adams-Bashforth solver with its own
150 s by 0.07. Truncation 85 takes 1.8 s of a core per hour of one jet.

**What is hard.** Small gravity waves turn by most of a period within an hour: persistence over one
hour has a relative error of 1.3 in the geopotential and 1.7 in the divergence. The vorticity is
slow (0.22). White noise decays: in 24 hours hyperdiffusion takes a third of the vorticity. The jet
is unstable and needs truncation 85 or more; at 31 its wind is not resolved.

**Source.** Bonev et al., Spherical Fourier neural operators, ICML 2023, arXiv:2306.03838;
torch-harmonics, its examples; Galewsky, Scott and Polvani, Tellus A 56 (2004) 429,
doi:10.3402/tellusa.v56i5.14436; Williamson et al., J. Comput. Phys. 102 (1992) 211,
doi:10.1016/S0021-9991(05)80016-6.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from neurop.datasets.shallow_water_options import Flow, check_choice
from neurop.errors import InputError
from neurop.fields.condition import Condition
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.fields.times import Times
from neurop.generation.dataset import SolvedDataset, positive
from neurop.generation.storage import Storage, grouped
from neurop.geometry.grid import Grid
from neurop.physics.device import compute_device
from neurop.physics.harmonics import SphereLayout, synthesize
from neurop.physics.shallow_states import jet_states, mountains, random_states, zonal_bands
from neurop.physics.solvers.shallow_water import GRAVITY, ShallowWaterEquations

SOLVER_VERSION = 1
HEIGHT, JET = 120.0, 80.0
BANDS, RELAXATION = 8, 10 * 86400.0
LARGEST = 255
UNITS = (1e3, 1e-5, 1e-5)
FIELDS = (
    Field("geopotential_anomaly", "1e3 m2 s-2", "geopotential of the depth, above that of 10 km"),
    Field("vorticity", "1e-5 s-1", "relative vorticity"),
    Field("divergence", "1e-5 s-1", "divergence"),
)
GROUND = Field("orography", "m", "height of the mountains")


class ShallowWater(SolvedDataset):
    r"""Trajectories of shallow water on the rotating Earth, generated at first use.

    Parameters
    ----------
    samples
        Number of trajectories, more than twice `held_out`; more samples change neither the test nor
        the validation set.
    resolution
        Latitudes; twice as many longitudes.
    truncation
        Largest degree L of the spherical harmonics in which the flow is solved.
    flow
        Initial state, topography and forcing: a :class:`Flow` or a mapping of its parameters.
    steps
        Frames after the initial one.
    interval
        Time between frames [h].
    spin_up
        Time before the first frame [h].
    grid
        Latitudes: ``legendre-gauss`` or ``equiangular`` (with the poles).
    storage
        Seed, folder, mode and held-out samples: a :class:`neurop.generation.storage.Storage` or a
        mapping of its parameters.

    Raises
    ------
    InputError
        For a parameter out of its bounds.

    Examples
    --------
    >>> ShallowWater(samples=100).shape
    (32, 64)
    """

    name, channels = "shallow_water", len(FIELDS)

    def __init__(
        self,
        samples: int = 120,
        resolution: int = 32,
        truncation: int = 31,
        flow: Flow | Mapping[str, Any] | None = None,
        steps: int = 24,
        interval: float = 1.0,
        spin_up: float = 0.0,
        grid: SphereLayout = "legendre-gauss",
        storage: Storage | Mapping[str, Any] | None = None,
    ) -> None:
        drawn = grouped(Flow, flow, "flow")
        check_choice("grid", grid, SphereLayout)
        positive(interval=interval)
        if not 0 <= spin_up < math.inf:
            raise InputError.of("spin_up", spin_up, "use 0 hours or more")
        if steps < 1:
            raise InputError.of("steps", steps, "use 1 or more")
        if not 5 <= truncation <= LARGEST:
            raise InputError.of("truncation", truncation, f"use a degree of 5 to {LARGEST}")
        if drawn.forcing == "bands" and truncation <= BANDS:
            remedy = f"forcing=bands is not resolved; use {BANDS + 1} or more"
            raise InputError.of("truncation", truncation, remedy)
        super().__init__(samples, (resolution, 2 * resolution), storage)
        self.truncation, self.initial, self.mach = truncation, drawn.initial, float(drawn.mach)
        self.topography, self.forcing = drawn.topography and float(drawn.topography), drawn.forcing
        self.mountains = drawn.mountains
        if self.mountains == "drawn" and self.online:
            remedy = "they are drawn for stored samples; use mode=stored"
            raise InputError.of("mountains", "drawn", remedy)
        self.steps, self.interval, self.spin_up, self.grid = (
            steps,
            float(interval),
            float(spin_up),
            grid,
        )

    @property
    def invariants(self) -> tuple[str, ...]:  # type: ignore[override]
        """Integrals that the flow conserves up to hyperdiffusion.

        Energy and potential enstrophy, integrals of products, need Gauss quadrature.
        """
        if self.grid != "legendre-gauss" or self.forcing != "none":
            return ("mass",)
        return (
            ("mass", "potential_enstrophy")
            if self.topography
            else ("mass", "energy", "potential_enstrophy")
        )

    def conserved(self) -> tuple[str, ...]:
        """Return the geopotential of a flow without forcing; its mean is the mass."""
        return ("geopotential_anomaly",) if self.forcing == "none" else ()

    def parameters(self) -> dict[str, Any]:
        """Return the parameters of the equations and of the initial fields."""
        names = ("truncation", "initial", "mach", "steps", "interval", "spin_up", "grid")
        # Left out if there is none, because HDF5 attributes cannot be null.
        ground: dict[str, Any] = {} if self.topography is None else {"topography": self.topography}
        if self.mountains == "drawn":
            ground["mountains"] = "drawn"
        forcing = {} if self.forcing == "none" else {"forcing": self.forcing}
        return (
            {name: getattr(self, name) for name in names}
            | ground
            | forcing
            | {"solver_version": SOLVER_VERSION}
        )

    def batch(self, shape: tuple[int, ...]) -> int:
        """Return the number of trajectories solved together, fewer at high truncation."""
        return max(1, min(5, round(5 * (42 / self.truncation) ** 2)))

    def label(self, arrays: dict[str, NDArray[Any]]) -> FieldSet:
        """Return trajectories with times."""
        sphere = Grid.latlon(poles=True, gauss=self.grid == "legendre-gauss")
        times = self.spin_up + self.interval * np.arange(self.steps + 1)
        ground = arrays.get("orography")
        given = () if ground is None else (Condition(GROUND, "static", ground),)
        return FieldSet(
            arrays["values"],
            FIELDS,
            sphere,
            times=Times(times, "h"),
            conditions=given,
            source=self.name,
        )

    def layout(self) -> dict[str, tuple[int, ...]] | None:
        """Return the shapes of the arrays of one sample."""
        ground = {} if self.mountains == "same" else {"orography": (1, 1, *self.shape)}
        return {**(super().layout() or {}), **ground}

    def solve(self, numbers: range, shape: tuple[int, ...]) -> dict[str, NDArray[Any]]:
        """Return the trajectories of these numbers; raise InputError if the solution overflows."""
        if self.mountains == "same":
            return {"values": self._trajectories(self._water(0), numbers, shape)}
        frames, heights = [], []
        for number in numbers:
            water = self._water(number)
            frames.append(self._trajectories(water, range(number, number + 1), shape))
            height = synthesize(water.ground / GRAVITY, (shape[0], shape[1]), self.grid)
            heights.append(height.float().cpu().numpy()[None, None, None])
        return {"values": np.concatenate(frames), "orography": np.concatenate(heights)}

    def _water(self, number: int) -> ShallowWaterEquations:
        """Return the equations over the mountains of a sample."""
        water = _equations(self.truncation, compute_device())
        if self.topography is not None:
            water = water.over(mountains(water, self.topography, self.seed, number))
        if self.forcing == "none":
            return water
        return water.relaxed(zonal_bands(water, JET, BANDS), RELAXATION)

    def _trajectories(
        self, water: ShallowWaterEquations, numbers: range, shape: tuple[int, ...]
    ) -> NDArray[np.float32]:
        if self.initial == "random":
            state = random_states(water, numbers, self.mach, HEIGHT, self.seed)
            if water.target is not None:
                state[:, ::2] = 0  # waves would take as long to decay as the forcing does
                state += water.target
        else:
            state = jet_states(water, numbers, JET, HEIGHT, self.seed)
        frames = np.empty((len(numbers), self.steps + 1, 3, *shape), np.float32)
        unit = torch.tensor(UNITS, dtype=torch.float64, device=state.device)[:, None, None]
        for frame in range(self.steps + 1):
            state = self._advance(water, state, self.interval if frame else self.spin_up)
            frames[:, frame] = (
                (synthesize(state, (shape[0], shape[1]), self.grid) / unit).float().cpu().numpy()
            )
        if not np.isfinite(frames).all():
            raise InputError.of(
                "mach",
                self.mach,
                f"the solution overflowed (truncation={self.truncation}, "
                f"topography={self.topography}); use a smaller mach or lower mountains",
            )
        return frames

    def _advance(
        self, water: ShallowWaterEquations, state: torch.Tensor, hours: float
    ) -> torch.Tensor:
        """Return the state after some hours.

        The step is the inverse of the fastest wave's frequency, at most 20 minutes.
        """
        count = math.ceil(
            3600 * hours * max(water.planet.wave_frequency(self.truncation), 1 / 1200)
        )
        return water.advance(state, 3600 * hours / count, count) if count else state


@lru_cache(maxsize=4)
def _equations(truncation: int, device: torch.device) -> ShallowWaterEquations:
    return ShallowWaterEquations(truncation, device=device)
