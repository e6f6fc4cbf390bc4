"""Data sets that make or read themselves."""

from __future__ import annotations

from abc import ABC, abstractmethod

from neurop.fields.fieldset import FieldSet
from neurop.problems import Problem


class Source(ABC):
    """What ``conf/data/*.yaml`` names."""

    name: str
    problem: Problem | None = None
    invariants: tuple[str, ...] = ()
    baselines: tuple[str, ...] = ("persistence",)

    @abstractmethod
    def splits(self) -> dict[str, FieldSet]:
        """Return the sets."""

    def resolved_band(self) -> tuple[int, ...] | None:
        """None."""
        return (32, 32)

    def conserved(self) -> tuple[str, ...]:
        """None."""
        return ()
