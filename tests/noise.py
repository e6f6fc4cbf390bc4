"""A data set of noise whose solver can be handed to other processes, and can be made to fail in
any way.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurop.errors import InputError
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.fields.times import Times
from neurop.generation.dataset import SolvedDataset
from neurop.generation.generate import Recipe
from neurop.generation.storage import Mode
from neurop.geometry.grid import Grid


def values(numbers: range) -> dict[str, NDArray[np.float32]]:
    rows = [np.random.default_rng([7, i]).standard_normal((3, 1, 8)) for i in numbers]
    return {"values": np.stack(rows).astype(np.float32)}


def assemble(arrays: dict[str, Any]) -> FieldSet:
    return FieldSet(
        arrays["values"],
        (Field("u", "m s-1"),),
        Grid.periodic(1),
        times=Times(np.arange(3.0)),
        source="noise",
    )


class Awkward(Exception):
    """An error that cannot be pickled back: it takes two arguments and keeps one."""

    def __init__(self, what: str, where: str) -> None:
        super().__init__(f"{what} at {where}")


class Make:
    """Makes noise; `how` says what happens to the batch that begins with sample `at`. Leaves a
    file per process in `folder`.
    """

    def __init__(
        self, how: str = "", at: int = 8, folder: Path | None = None, seconds: float = 0.0
    ) -> None:
        self.how, self.at, self.folder, self.seconds = how, at, folder, seconds

    def __call__(self, numbers: range) -> dict[str, NDArray[np.float32]]:
        if self.folder:
            (self.folder / str(os.getpid())).touch()
        time.sleep(self.seconds)
        if numbers.start == self.at:
            self.fail()
        return values(numbers)

    def fail(self) -> None:
        if self.how == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.how == "memory":
            raise MemoryError
        if self.how == "input":
            raise InputError.of("viscosity", -1, "use a number above 0")
        if self.how == "system":
            raise OSError("no such device")
        if self.how == "awkward":
            raise Awkward("overflow", "t=3")
        if self.how == "talks":
            print("the solver talks")


def recipe(make: Callable[[range], dict[str, Any]] = values, **changes: Any) -> Recipe:
    return replace(
        Recipe("noise", (8,), {"seed": 7, "solver_version": 1}, 10, make, assemble, 4), **changes
    )


class Noise(SolvedDataset):
    """A data set of noise, four samples to a batch; `how` and `at` as in :class:`Make`."""

    name = "noise"

    def __init__(
        self,
        samples: int = 50,
        mode: Mode = "stored",
        how: str = "",
        at: int = 58,
        folder: str | None = None,
    ) -> None:
        super().__init__(samples, (8,), storage={"seed": 7, "folder": folder, "mode": mode})
        self.how, self.at = how, at

    def parameters(self) -> dict[str, Any]:
        return {"solver_version": 1}

    def batch(self, shape: tuple[int, ...]) -> int:
        return 4

    def solve(self, numbers: range, shape: tuple[int, ...]) -> dict[str, NDArray[Any]]:
        made = Make(self.how, self.at)(numbers)
        if self.how == "hole" and self.at in numbers:
            made["values"][numbers.index(self.at), 1, 0, 3] = np.nan
        return made

    def label(self, arrays: dict[str, NDArray[Any]]) -> FieldSet:
        return assemble(arrays)

    def one(self, number: int) -> NDArray[Any]:
        """Return the values of one sample."""
        return values(range(number, number + 1))["values"][0]
