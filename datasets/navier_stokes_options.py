"""Forcing and solver settings of the Navier-Stokes data set."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from scipy.fft import next_fast_len
from torch import Tensor

from neurop.errors import InputError, nearest
from neurop.generation.ranges import bounds_of
from neurop.physics.equations.vorticity import Vorticity

FORCINGS = ("diagonal", "kolmogorov", "none")
LARGEST = 4096
"""Points per side of the largest solver."""
PRECISIONS = {"float64": torch.float64, "float32": torch.float32}


@dataclass(frozen=True)
class Forcing:
    """Force f on the flow.

    Parameters
    ----------
    kind
        Kind of force: ``diagonal`` (the paper's), ``kolmogorov`` or ``none``.
    strength
        Strength F > 0, or a range ``[smallest, largest]`` to draw it from for each sample, with a
        uniform logarithm; ignored without forcing.
    wavenumber
        Integer k of the Kolmogorov forcing; ignored for the others.

    Raises
    ------
    InputError
        For a parameter out of its bounds.

    Examples
    --------
    >>> Forcing("kolmogorov", strength=1.0, wavenumber=1).on_grid(4)[0].round().tolist()
    [0.0, 1.0, 0.0, -1.0]
    """

    kind: str = "diagonal"
    strength: float | Sequence[float] = 0.1
    wavenumber: int = 4

    def __post_init__(self) -> None:
        if self.kind not in FORCINGS:
            raise InputError.of("kind", self.kind, nearest(self.kind, FORCINGS))
        _, drawn = bounds_of("strength", self.strength)
        if drawn and self.kind == "none":
            remedy = "without forcing it has no effect; give one number"
            raise InputError.of("strength", list(drawn), remedy)
        if self.wavenumber < 1:
            raise InputError.of("wavenumber", self.wavenumber, "use 1 or more")

    def on_grid(self, points: int) -> Tensor:
        """Return f on a grid of `points` squared, in float64; of a range, the smallest."""
        strength, _ = bounds_of("strength", self.strength)
        x = torch.arange(points, dtype=torch.float64) / points
        if self.kind == "diagonal":
            phase = 2 * torch.pi * (x[:, None] + x)
            return strength * (phase.sin() + phase.cos())
        strength = strength if self.kind == "kolmogorov" else 0.0
        return strength * torch.sin(2 * torch.pi * self.wavenumber * x).expand(points, points)

    def equation(self, viscosity: float) -> Vorticity:
        """Return the equation of a flow under this force."""
        strength, _ = bounds_of("strength", self.strength)
        unit = None if self.kind == "none" else replace(self, strength=1.0).on_grid
        return Vorticity(viscosity, unit, strength)

    def scale(self) -> tuple[float, float]:
        """Return the root mean square of f, and its wavenumber over 2 pi."""
        strength, _ = bounds_of("strength", self.strength)
        return {
            "diagonal": (strength, math.sqrt(2)),
            "kolmogorov": (strength / math.sqrt(2), float(self.wavenumber)),
            "none": (0.0, 1.0),
        }[self.kind]


@dataclass(frozen=True)
class Solver:
    """Grid and precision of the solver.

    Parameters
    ----------
    points
        Points per side, from those of the fields to 4096; by default as many as the viscosity
        requires.
    precision
        Precision: ``float64``, or ``float32``, which is faster and less accurate. The set is stored
        in float32 in both cases.

    Raises
    ------
    InputError
        For an unknown precision.

    Examples
    --------
    >>> from neurop.datasets import NavierStokes
    >>> NavierStokes(samples=100, solver=Solver(points=128)).solver
    128
    """

    points: int | None = None
    precision: str = "float64"

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            raise InputError.of("precision", self.precision, nearest(self.precision, PRECISIONS))


def solver_points(
    asked: int | None, least: int, shape: tuple[int, ...], viscosity: float | Sequence[float]
) -> int:
    """Return the points per side of the solver: those asked for, or enough for the flow.

    Raises
    ------
    InputError
        If fewer are asked for than the fields have, or more are needed than :data:`LARGEST`.
    """
    finest = max(shape)
    if asked is not None:
        if not max(48, finest) <= asked <= LARGEST:
            remedy = f"fields of {finest} points per side need a solver of {max(48, finest)}"
            raise InputError.of("points", asked, f"{remedy} to {LARGEST}")
        return asked
    if least > LARGEST:
        remedy = f"{finest} points need a solver of {least}^2, above {LARGEST}^2"
        raise InputError.of("viscosity", viscosity, f"{remedy}; use a larger viscosity")
    return finest if finest >= least else 2 * next_fast_len((least + 1) // 2, real=True)
