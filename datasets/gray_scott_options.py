"""Reaction of the Gray-Scott data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from neurop.errors import InputError, nearest
from neurop.generation.dataset import positive
from neurop.generation.ranges import bounds_of

REGIMES = {
    "bubbles": (0.098, 0.057),
    "gliders": (0.014, 0.054),
    "maze": (0.029, 0.057),
    "spirals": (0.018, 0.051),
    "spots": (0.030, 0.062),
    "worms": (0.058, 0.065),
}
"""Feed and kill rates of The Well, by name."""


@dataclass(frozen=True)
class Reaction:
    """Rates and diffusion constants of the reaction.

    Parameters
    ----------
    regime
        Name of the rates: ``bubbles``, ``gliders``, ``maze``, ``spirals``, ``spots`` or ``worms``.
    feed
        Feed rate f > 0 in place of that of the regime, or a range ``[smallest, largest]`` to draw
        it from for each sample, with a uniform logarithm; it is then a parameter of the set.
    kill
        Kill rate k > 0 in place of that of the regime, or a range.
    diffusion
        Diffusion constants of A and B.

    Raises
    ------
    InputError
        For a parameter out of its bounds.

    Examples
    --------
    >>> Reaction("maze").rates, Reaction("maze", kill=0.06).rates
    ((0.029, 0.057), (0.029, 0.06))
    """

    regime: str = "spirals"
    feed: float | Sequence[float] | None = None
    kill: float | Sequence[float] | None = None
    diffusion: Sequence[float] = (2e-5, 1e-5)

    def __post_init__(self) -> None:
        if self.regime not in REGIMES:
            raise InputError.of("regime", self.regime, nearest(self.regime, REGIMES))
        if len(self.diffusion) != 2:
            raise InputError.of("diffusion", self.diffusion, "give two numbers, of A and of B")
        for number in self.diffusion:
            positive(diffusion=number)
        for name, value in zip(("feed", "kill"), self.rates, strict=True):
            bounds_of(name, value)

    @property
    def rates(self) -> tuple[float | Sequence[float], float | Sequence[float]]:
        """Feed and kill rate, or their ranges."""
        feed, kill = REGIMES[self.regime]
        return (
            feed if self.feed is None else self.feed,
            kill if self.kill is None else self.kill,
        )
