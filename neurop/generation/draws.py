"""How a training draws items from a buffer: a group of settings."""

from __future__ import annotations

from dataclasses import dataclass

from neurop.errors import InputError, nearest
from neurop.generation.policies import POLICIES


@dataclass(frozen=True)
class Draws:
    """Policy of a buffer and the number of items that it must hold.

    Parameters
    ----------
    policy
        ``reservoir``: random draws with repetition, a new item replaces a drawn one; ``fifo``: each
        item once, in order; ``firo``: each once, in random order. See
        :mod:`neurop.generation.policies`.
    watermark
        Number of items below which a draw waits for the solver. A reservoir never falls below it
        again.

    Raises
    ------
    InputError
        If there is no such policy, or the watermark is below 1.

    Examples
    --------
    >>> Draws("fifo")
    Draws(policy='fifo', watermark=1)
    """

    policy: str = "reservoir"
    watermark: int = 1

    def __post_init__(self) -> None:
        if self.policy not in POLICIES:
            raise InputError.of("policy", self.policy, nearest(self.policy, POLICIES))
        if self.watermark < 1:
            raise InputError.of("watermark", self.watermark, "use 1 item or more")
