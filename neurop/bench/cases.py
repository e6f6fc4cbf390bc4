"""Cases to time: sizes, and the name composed of them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from neurop.errors import InputError, nearest

SCOPES = ("layer", "model", "family")
STANDARD = (
    "1d-64x64x8192-m16",
    "2d-16x32x64-m16",
    "2d-16x64x64-m12",
    "2d-8x32x128-m16",
    "2d-4x32x256-m32",
    "2d-2x32x512-m32",
    "3d-2x32x64-m12",
)
# One layer each: cost against resolution at fixed modes, and against modes at fixed resolution.
SWEEPS = (
    *(f"2d-4x32x{points}-m12" for points in (32, 64, 128, 256)),
    *(f"2d-4x32x128-m{modes}" for modes in (4, 8, 16, 32, 48)),
)


@dataclass(frozen=True)
class Case:
    """Sizes of one case; the same number of points and of modes on every axis.

    Parameters
    ----------
    dimensions
        Number of grid axes.
    batch, width
        Samples and channels.
    points, modes
        Points and frequencies |k| < modes per axis.

    Raises
    ------
    InputError
        If the grid does not resolve the modes, or there are more than three axes.

    Examples
    --------
    >>> Case(2, 4, 32, 256, 32).name
    '2d-4x32x256-m32'
    """

    dimensions: int
    batch: int
    width: int
    points: int
    modes: int

    def __post_init__(self) -> None:
        if not 1 <= self.dimensions <= 3 or min(self.batch, self.width, self.modes) < 1:
            raise InputError(
                f"case {self.name}: use 1 to 3 dimensions, and sizes of at least 1",
                "case",
                self.name,
            )
        if 2 * self.modes > self.points:
            raise InputError(
                f"case {self.name}: {self.points} points resolve at most {self.points // 2} modes",
                "case",
                self.name,
            )

    @property
    def name(self) -> str:
        """Name, ``2d-BATCHxWIDTHxPOINTS-mMODES``."""
        return f"{self.dimensions}d-{self.batch}x{self.width}x{self.points}-m{self.modes}"

    @property
    def shape(self) -> tuple[int, ...]:
        """Points per axis."""
        return (self.points,) * self.dimensions

    @property
    def bands(self) -> tuple[int, ...]:
        """Modes per axis."""
        return (self.modes,) * self.dimensions


def parse(name: str) -> Case:
    """Return the case of a name; raise InputError if it is none.

    Examples
    --------
    >>> parse("3d-2x32x64-m12")
    Case(dimensions=3, batch=2, width=32, points=64, modes=12)
    """
    match = re.fullmatch(r"(\d)d-(\d+)x(\d+)x(\d+)-m(\d+)", name)
    if match is None:
        raise InputError(
            f"no case '{name}' (DIMENSIONSd-BATCHxWIDTHxPOINTS-mMODES); {nearest(name, STANDARD)}",
            "case",
            name,
        )
    return Case(*map(int, match.groups()))
