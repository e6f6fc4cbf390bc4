"""Initial state, topography and forcing of the shallow-water data set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from neurop.errors import InputError, nearest
from neurop.generation.dataset import positive

Initial = Literal["random", "galewsky"]
Forcing = Literal["none", "bands"]
Mountains = Literal["same", "drawn"]


def check_choice(what: str, value: str, kind: Any) -> None:
    """Raise InputError unless a literal type has the value."""
    if value not in get_args(kind):
        raise InputError.of(what, value, nearest(str(value), get_args(kind)))


@dataclass(frozen=True)
class Flow:
    """Initial state, topography and forcing of the flow.

    Parameters
    ----------
    initial
        Initial state: ``random`` or ``galewsky``.
    mach
        Strength of the random wind, in units of the speed of gravity waves.
    topography
        Height of the mountains [m]; None for a smooth sphere.
    mountains
        Mountains: ``same`` for all samples, or ``drawn`` for each; their height [m] is then
        the static field ``orography`` of the set.
    forcing
        Forcing: ``none``, or ``bands``, a relaxation to alternating zonal winds within 10 days.

    Raises
    ------
    InputError
        For a parameter out of its bounds.

    Examples
    --------
    >>> from neurop.datasets import ShallowWater
    >>> ShallowWater(samples=100, truncation=20, flow=Flow(forcing="bands")).forcing
    'bands'
    """

    initial: Initial = "random"
    mach: float = 0.2
    topography: float | None = None
    mountains: Mountains = "same"
    forcing: Forcing = "none"

    def __post_init__(self) -> None:
        check_choice("initial", self.initial, Initial)
        check_choice("mountains", self.mountains, Mountains)
        check_choice("forcing", self.forcing, Forcing)
        positive(mach=self.mach, topography=self.topography)
        if self.mountains == "drawn" and self.topography is None:
            raise InputError.of(
                "mountains", "drawn", "give topography, the height of the mountains [m]"
            )
