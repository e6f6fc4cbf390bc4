"""One physical field: its name and unit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Field:
    """One physical field: short name, unit (CF spelling) and descriptive name.

    Examples
    --------
    >>> Field("msl", "Pa", "mean sea level pressure").unit
    'Pa'
    """

    name: str
    unit: str = "1"
    long_name: str = ""
