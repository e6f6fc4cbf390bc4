"""The base class of generated data sets."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurop.errors import InputError
from neurop.fields.condition import Condition
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.generation.generate import Recipe, data_folder, generate, load_or_generate
from neurop.generation.ranges import Bounds, bounds_of, log_uniform
from neurop.generation.storage import Storage, grouped
from neurop.physics.device import compute_device
from neurop.source import Source

ON_GPU = 16
"""Ratio of the samples solved at once on a GPU to those on a core; an estimate, not measured."""

OUTLINED = 2
"""Number of samples per split in an outline."""


def positive(**numbers: float | None) -> None:
    """Raise InputError for the first number that is not finite and above 0; None is allowed."""
    for name, number in numbers.items():
        if number is not None and not 0 < number < math.inf:
            raise InputError.of(name, number, "use a finite number above 0")


class SolvedDataset(Source):
    """Base class of data sets that are generated at first use and stored in a file.

    Sample i is determined by the parameters, the seed and i. The first `held_out` samples are the
    test set, as many more the validation set and the rest the training set, so that more samples
    change neither of the first two.

    Parameters
    ----------
    samples
        Number of samples, above 2 * `held_out`.
    shape
        Points per axis of the stored fields.
    storage
        Seed, folder, mode and held-out samples: a :class:`neurop.generation.storage.Storage` or a
        mapping of its parameters.

    Attributes
    ----------
    name
        Short name, used in file and run folders.
    channels
        Number of fields of a trajectory, for :meth:`layout`; None if it is not known before.

    Raises
    ------
    InputError
        For a parameter out of its bounds.
    """

    generated = True
    channels: int | None = None

    def __init__(
        self,
        samples: int,
        shape: tuple[int, ...],
        storage: Storage | Mapping[str, Any] | None = None,
    ) -> None:
        settings = grouped(Storage, storage, "storage")
        if samples <= 2 * settings.held_out:
            raise InputError.of(
                "samples",
                samples,
                f"{2 * settings.held_out} are held out for test and validation; use "
                f"{2 * settings.held_out + 1} or more",
            )
        if min(shape) < 8:
            raise InputError.of("resolution", min(shape), "use 8 or more")
        self.samples, self.shape = samples, tuple(shape)
        self.ranges: dict[str, Bounds] = {}
        self.seed, self.folder = settings.seed, settings.folder
        self.mode, self.held_out = settings.mode, settings.held_out
        self.other_grids = dict(settings.resolutions or {})
        most = samples - 2 * settings.held_out
        if max(self.other_grids.values(), default=0) > most:
            remedy = f"the set has {most} training samples; give that many or fewer"
            raise InputError.of("resolutions", self.other_grids, remedy)

    def register_range(
        self,
        name: str,
        value: float | Sequence[float],
        decisive: Callable[[Bounds], float] = min,
    ) -> float:
        """Return a parameter that may be a range, from which it is drawn for each sample.

        Of a range it is the `decisive` value, the smallest or the largest, for what is decided once
        for the set. The values of the samples are a parameter of the set
        (:class:`neurop.fields.condition.Condition`).

        Raises
        ------
        InputError
            If a number is not above 0, the range is not in ascending order, or samples are to be
            solved during the training.
        """
        least, bounds = bounds_of(name, value)
        if bounds is not None:
            if self.online:
                raise InputError.of(
                    name, list(bounds), "is drawn for stored samples; give one number"
                )
            self.ranges[name] = bounds
        return least if bounds is None else decisive(bounds)

    def _drawn(self, numbers: range) -> dict[str, NDArray[np.float64]]:
        """Return the values of the parameters that have a range, one per sample."""
        return {
            name: log_uniform(bounds, name, numbers, self.seed)
            for name, bounds in self.ranges.items()
        }

    @abstractmethod
    def parameters(self) -> dict[str, Any]:
        """Return all parameters except shape and number of samples, as plain values.

        They include the version of the solver.
        """

    @abstractmethod
    def solve(self, numbers: range, shape: tuple[int, ...]) -> dict[str, NDArray[Any]]:
        """Return the samples of `numbers` on a grid of `shape`, each determined by its number.

        The result is ``{"values": (n, time, channel, *shape)}``, and ``"targets"`` for a map.
        Several processes call it at once, each with a copy of this object.
        """

    @abstractmethod
    def label(self, arrays: dict[str, NDArray[Any]]) -> FieldSet:
        """Return the arrays of :meth:`solve` as a set, with fields, grid and times.

        The arrays may be lazy ones on disk, so they must not be computed with.
        """

    def layout(self) -> dict[str, tuple[int, ...]] | None:
        """Return the shapes of the arrays of :meth:`solve` for one sample; None if not known.

        A set with frames after the initial one, `steps`, has trajectories, any other is a map.
        """
        if self.channels is None:
            return None
        steps = getattr(self, "steps", None)
        if steps is None:
            return dict.fromkeys(("values", "targets"), (1, self.channels, *self.shape))
        return {"values": (steps + 1, self.channels, *self.shape)}

    def outline(self) -> dict[str, FieldSet] | None:
        """Return the splits with samples of noise; None if the file is there."""
        layout = self.layout()
        if layout is None or self._file.exists():
            return None
        rng = np.random.default_rng(0)
        arrays = {
            name: (0.5 + rng.random((3 * OUTLINED, *shape))).astype(np.float32)
            for name, shape in layout.items()
        }
        data = (self._labelled if self.ranges else self.label)(arrays)
        known = self.recipe(self.shape, self.stored).parameters  # as in the file
        data = replace(data, attributes={**data.attributes, **known})
        return {
            split: data.samples(slice(OUTLINED * i, OUTLINED * (i + 1)))
            for i, split in enumerate(("train", "val", "test"))
        }

    @property
    def _file(self) -> Path:
        return data_folder(self.folder) / self.recipe(self.shape, self.stored).file

    def batch(self, shape: tuple[int, ...]) -> int:
        """Return the number of samples per call of :meth:`solve`.

        An interruption loses at most the calls in progress.
        """
        return 20

    @property
    def stored(self) -> int:
        """Number of samples in the file."""
        return min(self.samples, 3 * self.held_out) if self.online else self.samples

    def generate(self, workers: int | None = None, shard: tuple[int, int] | None = None) -> int:
        """Generate the file, or one shard; see :func:`neurop.generation.generate.generate`."""
        return generate(self.recipe(self.shape, self.stored), self.folder, workers, shard)

    def splits(self) -> dict[str, FieldSet]:
        """Return the sets ``train``, ``val`` and ``test``, generated if their file is missing.

        Further training samples on other grids are in ``train_<points>``.
        """
        data = load_or_generate(self.recipe(self.shape, self.stored), self.folder)
        count = self.held_out
        bounds = {
            "train": slice(2 * count, None),
            "val": slice(count, 2 * count),
            "test": slice(0, count),
        }
        others = {
            f"train_{points}": load_or_generate(
                self.recipe(self._shape_of(points), number, 2 * count), self.folder
            )
            for points, number in self.other_grids.items()
        }
        return {split: data.samples(which) for split, which in bounds.items()} | others

    def _shape_of(self, points: int) -> tuple[int, ...]:
        """Return the shape with `points` on the first axis, in proportion to that of the set."""
        shape = tuple(n * points / self.shape[0] for n in self.shape)
        if points < 8 or any(n != int(n) for n in shape):
            raise InputError.of(
                "resolutions", points, f"give 8 or more points, in proportion to {self.shape}"
            )
        return tuple(int(n) for n in shape)

    def test(self) -> FieldSet:
        """Return the test set; only this part is generated if the full set is not stored."""
        if self._file.exists():
            return self.splits()["test"]
        return load_or_generate(self.recipe(self.shape, self.held_out), self.folder)

    def at(self, shape: tuple[int, ...]) -> FieldSet:
        """Return the test set on a grid of another shape, solved again and stored in its own file.

        Raises
        ------
        InputError
            If the solver has no grid of `shape`.
        """
        if tuple(shape) == self.shape:
            return self.test()
        if len(shape) != len(self.shape) or min(shape) < 8:
            sizes = ("one size", "two sizes", "three sizes")[len(self.shape) - 1]
            raise InputError(
                f"{self.name} has no resolution {'x'.join(map(str, shape))}; give {sizes} of 8 or "
                "more",
                "shape",
                tuple(shape),
            )
        return load_or_generate(self.recipe(tuple(shape), self.held_out), self.folder)

    def recipe(self, shape: tuple[int, ...], samples: int, first: int = 0) -> Recipe:
        """Return the recipe of `samples` samples on a grid of `shape`, from number `first` on."""
        drawn = {name: list(bounds) for name, bounds in self.ranges.items()}
        return Recipe(
            self.name,
            shape,
            {**self.parameters(), **drawn, "seed": self.seed} | ({"first": first} if first else {}),
            samples,
            partial(self._solve_from, shape=shape, first=first),
            partial(self._labelled, first=first) if self.ranges else self.label,
            self.batch(shape) * (ON_GPU if compute_device().type == "cuda" else 1),
        )

    def _solve_from(
        self, numbers: range, shape: tuple[int, ...], first: int
    ) -> dict[str, NDArray[Any]]:
        """Return :meth:`solve` of samples counted from `first`.

        Those whose parameters are drawn are solved one after the other.
        """
        numbers = range(numbers.start + first, numbers.stop + first)
        if not self.ranges:
            return self.solve(numbers, shape)
        parts = []
        for number in numbers:
            one = copy(self)
            one.ranges = {}
            for name, values in self._drawn(range(number, number + 1)).items():
                setattr(one, name, float(values[0]))
            parts.append(one.solve(range(number, number + 1), shape))
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _labelled(self, arrays: dict[str, NDArray[Any]], first: int = 0) -> FieldSet:
        found = self.label(arrays)
        flat = (-1, 1, 1, *(1,) * len(self.shape))
        conditions = tuple(
            Condition(Field(name), "parameter", values.reshape(flat))
            for name, values in self._drawn(range(first, first + len(found))).items()
        )
        return replace(found, conditions=conditions)
