"""One physical field: its name and unit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Field:
    """One physical field: short name, unit (CF spelling) and descriptive name.

    Parameters
    ----------
    name, long_name
        Names.
    unit
        Unit; ``1`` for a number without dimension, empty if it is not known.
    diagnostic
        Whether it is predicted along with the state of an evolution and does not go in, such as
        rain.

    Examples
    --------
    >>> Field("msl", "Pa", "mean sea level pressure").unit
    'Pa'
    """

    name: str
    unit: str = "1"
    long_name: str = ""
    diagnostic: bool = False

    @property
    def units(self) -> dict[str, str]:
        """The CF attribute ``units``; empty if the unit is not known."""
        return {"units": self.unit} if self.unit else {}
