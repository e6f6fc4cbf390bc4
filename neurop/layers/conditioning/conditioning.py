"""The input channels of a network that are numbers, and how they enter it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from torch import Tensor, nn

from neurop.errors import InputError, nearest
from neurop.layers.conditioning.film import FiLM

Kind = Literal["channels", "film"]


@dataclass(frozen=True)
class Conditioning:
    """Which input channels are numbers per sample, and how they enter a network.

    The numbers are input channels in both cases: a constant field each.

    Parameters
    ----------
    kind
        ``channels``: as input channels alone; ``film``: they also scale and shift the channels of
        every block (:class:`neurop.layers.conditioning.film.FiLM`).
    channels
        Indices of the input channels that are numbers; of a surrogate they are those of its
        parameters.

    Raises
    ------
    InputError
        If there is no such kind.

    Examples
    --------
    >>> from neurop.models import FNO
    >>> model = FNO(2, 1, modes=(4, 4), width=8, conditioning=Conditioning("film", channels=(1,)))
    """

    kind: Kind = "film"
    channels: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise InputError.of("conditioning", self.kind, nearest(self.kind, get_args(Kind)))

    @classmethod
    def of(cls, given: Conditioning | Kind, in_channels: int) -> Conditioning:
        """Return the conditioning of a network of `in_channels`, from one or from its kind.

        Raises
        ------
        InputError
            If the network has no such channel.
        """
        made = given if isinstance(given, Conditioning) else cls(given)
        if wrong := [index for index in made.channels if not 0 <= index < in_channels]:
            raise InputError.of("channels", wrong[0], f"there are {in_channels} input channels")
        return made

    def films(self, channels: Sequence[int]) -> nn.ModuleList:
        """Return new modulations of some numbers of channels; none without numbers."""
        sizes = channels if self.modulates else ()
        return nn.ModuleList(FiLM(len(self.channels), size) for size in sizes)

    def numbers(self, x: Tensor) -> Tensor | None:
        """Return the numbers of an input ``(batch, channels, *grid)``, ``(batch, numbers)``.

        None if nothing is modulated.
        """
        if not self.modulates:
            return None
        return x[:, list(self.channels)].flatten(2)[..., 0]

    @property
    def modulates(self) -> bool:
        """Whether there are numbers that scale and shift channels."""
        return self.kind == "film" and bool(self.channels)
