"""What a data set is: the base class of everything that ``conf/data/*.yaml`` names."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from neurop.errors import InputError

if TYPE_CHECKING:
    from neurop.fields.fieldset import FieldSet
    from neurop.problems import Problem


class Source(ABC):
    """A data set that makes or reads itself.

    A subclass gives a `name` and :meth:`splits`; all else has a default that claims nothing.

    Attributes
    ----------
    name
        Short name, used in run folders and records.
    problem
        What is asked of a surrogate unless the user asks otherwise; None for what the data pose by
        themselves.
    invariants
        Names of the integrals whose drift a rollout reports (``energy``, ``enstrophy``, ``mass``,
        ...).
    baselines
        Names of the forecasts that a surrogate is compared with: ``persistence``, ``climatology``.
    mode
        ``stored``, or ``online``: training has its samples made while it runs.
    folder
        Folder of generated files; None for the default one.
    equation
        The equation that the fields solve, where one is known in closed form.

    Examples
    --------
    >>> class Nothing(Source):
    ...     name = "nothing"
    ...
    ...     def splits(self):
    ...         return {}
    >>> Nothing().baselines, Nothing().resolved_band()
    (('persistence',), None)
    """

    name: str
    problem: Problem | None = None
    invariants: tuple[str, ...] = ()
    baselines: tuple[str, ...] = ("persistence",)
    mode: str = "stored"
    folder: str | None = None
    equation: Any = None

    @property
    def online(self) -> bool:
        """Whether training has its samples made while it runs."""
        return self.mode == "online"

    @abstractmethod
    def splits(self) -> dict[str, FieldSet]:
        """Return the sets ``train``, ``val`` and ``test``."""

    def test(self) -> FieldSet:
        """Return the test set alone, which may cost less than all splits."""
        return self.splits()["test"]

    def at(self, shape: tuple[int, ...]) -> FieldSet:
        """Return the test set on a grid of `shape`.

        Raises
        ------
        InputError
            If the data do not have that resolution; the default has one alone.
        """
        test = self.test()
        if tuple(shape) != test.shape:
            there, asked = (" x ".join(map(str, s)) for s in (test.shape, shape))
            raise InputError(
                f"{self.name} has one resolution, {there}, not {asked}", "shape", tuple(shape)
            )
        return test

    def generate(self, workers: int | None = None, shard: tuple[int, int] | None = None) -> int:
        """Make the file of the set, or one shard of it, and return the number of samples made.

        Raises
        ------
        InputError
            By default: the set is read, not generated.
        """
        raise InputError(
            f"{self.name} is read, not generated; use neurop train or neurop inspect",
            "source",
            self.name,
        )

    def resolved_band(self) -> tuple[int, ...] | None:
        """Return the points per axis of a grid that holds all scales of the fields to predict.

        It is computed from the parameters of the set. None claims nothing: any scale of the grid
        may be in use.
        """
        return None

    def conserved(self) -> tuple[str, ...]:
        """Return the fields whose means the equation, its forcing and the boundary keep."""
        return ()


def check_source(found: object) -> Source:
    """Return `found` if it is a :class:`Source`.

    Raises
    ------
    InputError
        If it is of another class, which may have the right methods and lack the others.
    """
    if isinstance(found, Source):
        return found
    name = type(found).__name__
    raise InputError(
        f"data: {name} is no data set; declare it as a subclass, class "
        f"{name}(neurop.source.Source)",
        "data",
        name,
    )
