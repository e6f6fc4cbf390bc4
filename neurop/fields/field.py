"""One physical field: its name and unit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Field:
    """One physical field: short name, unit (CF spelling) and descriptive name.

    Parameters
    ----------
    name, unit, long_name
        Names and unit.
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
