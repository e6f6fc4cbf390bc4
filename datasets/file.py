r"""Your own fields: a file in a known format, or any arrays with named axes.

**Equation.** yours.

**Fields.** `input`, and `target` for a map from fields to fields; without a target the input is the
state of an evolution in time. `conditions` are parameters, static fields and forcings, which the
network takes and does not predict, and a mask of the cells that belong to the domain.

**Grid.** every axis except ``sample``, ``member``, ``time``, ``channel`` and ``level``; regular
points. Latitude and longitude make a sphere or a part of it.

**Boundary.** per axis ``periodic``, ``dirichlet``, ``neumann`` or ``open``, from the file or from
you.

**Time step.** that of the file, or `step`.

**Parameters.** those in the file.

**Size.** any: data larger than a quarter of the memory stay in the file and are read by its chunks.

**Cost.** none, nothing is generated.

**What is hard.** metadata that the file lacks must be given: `neurop inspect FILE` prints what was
detected, and settings that read the file. Known formats are those of FNO and PINO (MATLAB),
neuraloperator, PDEBench, The Well, makani, FourCastNet, ERA5 (current NetCDF, NetCDF before 2024,
cfgrib), WeatherBench 1 and 2 (NetCDF, Zarr), and any HDF5, NetCDF, Zarr, ``.mat``, ``.npz`` or
``.npy`` file of arrays.

**Source.** yours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from neurop.errors import InputError, nearest
from neurop.fields.computed.computed import with_computed
from neurop.fields.fieldset import FieldSet
from neurop.fields.same_units import like
from neurop.formats.assemble import assemble, stays_lazy
from neurop.formats.choose import ReadOptions
from neurop.formats.concatenate import check_alike, concatenate
from neurop.formats.conditions import ConditionNames
from neurop.formats.content import LEADING
from neurop.formats.detect import file_content
from neurop.formats.find_files import find_files
from neurop.formats.readers.arrays import one_name
from neurop.formats.set_units import with_units
from neurop.formats.splits import by_period, by_share, noted
from neurop.generation.storage import grouped
from neurop.source import Source


@dataclass(frozen=True)
class Domain:
    """Extent and points of the grid, and units of the fields, if the file does not define them.

    Parameters
    ----------
    length
        Extent of the domain in your unit: one for all axes, or one per axis by name; by default
        that of the file, else 1.
    layout
        Positions of the points: ``left`` (j/n), ``ends`` (with both ends), ``cells`` (centres) or
        ``chebyshev`` (Gauss-Lobatto points); one for all axes, or one per axis by name; by default
        that of the file, else left.
    units
        Units by the names of fields, ``{"T": "K"}``; by default those of the file, else unknown.

    Examples
    --------
    >>> Domain(length={"x": 2.0, "y": 1.0}, layout="cells").layout
    'cells'
    """

    length: float | Mapping[str, float] | None = None
    layout: str | Mapping[str, str] | None = None
    units: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Reading:
    """Division of the samples of a file into splits, and where its values stay.

    The record of a run says which samples were held out.

    Parameters
    ----------
    held_out
        Share of the samples for validation, and again for the test: the last samples, or the last
        frames of a single trajectory. With 1 all samples are the test, for surrogates that were
        trained on others.
    test
        File, list of files or pattern of the test; by default a part of `path`.
    shuffle
        Seed of a random order of the samples before they are divided; by default the order of the
        file.
    periods
        First and last time of each period, ``{"val": [2015, 2015], "test": [2016, 2017]}``, in
        place of `held_out`; see :func:`neurop.formats.splits.by_period`.
    lazy
        Whether the values stay in the file; by default if they would take more than a quarter of
        the memory.

    Raises
    ------
    InputError
        If the share is not between 0 and 0.5, nor 1, or settings exclude each other.
    """

    held_out: float = 0.1
    test: str | Sequence[str] | None = None
    shuffle: int | None = None
    periods: Mapping[str, Sequence[Any]] | None = None
    lazy: bool | None = None

    def __post_init__(self) -> None:
        if not 0 < self.held_out < 0.5 and self.held_out != 1:
            raise InputError.of(
                "held_out",
                self.held_out,
                "give a share above 0 and below 0.5, or 1 to test on all samples",
            )
        if self.periods is not None:
            parts = ("train", "val", "test")
            if unknown := [name for name in self.periods if name not in parts]:
                remedy = f"no part '{unknown[0]}'; {nearest(str(unknown[0]), parts)}"
                raise InputError.of("periods", dict(self.periods), remedy)
            if self.shuffle is not None:
                raise InputError.of("shuffle", self.shuffle, "excludes periods; give one of them")
            if ("test" in self.periods) == (self.test is not None):
                remedy = "give the test once, as a period or as a file"
                raise InputError.of("periods", dict(self.periods), remedy)


class File(Source):
    """The data set of one file, or of several with the same fields.

    Parameters
    ----------
    path
        Path of the file, a list of paths, or a pattern such as ``data/*.h5``. Several files of
        dated frames are one record in time; others are more samples. Values are converted to the
        units of the first; numbers among the attributes that differ become parameters.
    input
        Name of the input array, or of several on one grid; by default those of the learning task of
        the format.
    target
        Name of the array to predict from it, or several; None for an evolution in time, or for the
        task of the format.
    axes
        Name of each axis of the arrays, in the file's order, if the file does not name them.
        ``sample``, ``member``, ``time``, ``channel`` and ``level`` are reserved, the others are the
        grid's.
    boundary
        Boundary of the grid's axes (:class:`neurop.geometry.axis.Axis`): one for all, or one per
        axis by name; by default that of the file, which must then define it.
    domain
        Extent and points of the grid, and units: a :class:`Domain` or a mapping of its parameters.
    step
        Time between frames; by default that of the file, else 1.
    conditions
        Parameters, static fields, forcings, computed ones and the mask: a
        :class:`neurop.formats.conditions.ConditionNames` or a mapping of its parameters; by default
        those of the learning task of the format.
    storage
        Held-out share, and where the values stay: a :class:`Reading` or a mapping of its
        parameters.

    Raises
    ------
    InputError
        If a setting cannot be used; when the file is read, if it lacks a required setting, or too
        few samples remain for training.

    Examples
    --------
    >>> from neurop.datasets.darcy_public import SAMPLES
    >>> {name: len(part) for name, part in File(str(SAMPLES / "darcy_test_16.pt")).splits().items()}
    {'train': 40, 'val': 5, 'test': 5}
    """

    name = "file"

    def __init__(
        self,
        path: str | Sequence[str],
        input: str | Sequence[str] | None = None,
        target: str | Sequence[str] | None = None,
        axes: Sequence[str] | None = None,
        boundary: str | Mapping[str, str] | None = None,
        domain: Domain | Mapping[str, Any] | None = None,
        step: float | None = None,
        conditions: ConditionNames | Mapping[str, Any] | None = None,
        storage: Reading | Mapping[str, Any] | None = None,
    ) -> None:
        reading = grouped(Reading, storage, "storage")
        known = grouped(ConditionNames, conditions, "conditions")
        self.computed, self.masked = known.computed, known.masked
        self.path, self.reading = path, reading
        extent = grouped(Domain, domain, "domain")
        names = tuple(axes or ())
        if names and (not set(names) - set(LEADING) or len(set(names)) < len(names)):
            raise InputError.of(
                "axes", names, "name every axis of the array once, one of the grid at least"
            )
        if not input and target:
            raise InputError.of("target", target, "give input too, the array to predict it from")
        if step is not None and not step > 0:
            raise InputError.of("step", step, "give the time between frames, above 0")
        self.units = dict(extent.units or {})
        self.options = ReadOptions(
            _names(input),
            _names(target),
            names,
            boundary,
            extent.length,
            extent.layout,
            step,
            known.roles() or None,
        )

    def splits(self) -> dict[str, FieldSet]:
        """Return ``train``, ``val`` and ``test``, in this order in the file.

        Raises
        ------
        InputError
            If the file cannot be read with the settings, or has too few samples.
        """
        data, reading = self._all, self.reading
        if reading.held_out == 1:
            raise InputError.of(
                "held_out", 1, "leaves no sample to train on; it is for eval, rollout and superres"
            )
        parts = ("val",) if reading.test is not None else ("val", "test")
        if reading.periods is not None:
            made = by_period(data, {k: tuple(v) for k, v in reading.periods.items()}, parts)
        else:
            made = by_share(data, reading.held_out, reading.shuffle, parts)
        if reading.test is None:
            return made
        said = f"{made['train'].attributes['held_out']}; test: {self._other.source}"
        return {name: noted(part, said) for name, part in (*made.items(), ("test", self._other))}

    def test(self) -> FieldSet:
        """Return the test set: the last part of :meth:`splits`, or all samples if none trains."""
        if self.reading.test is not None:
            return self._other
        return self._all if self.reading.held_out == 1 else self.splits()["test"]

    def whole(self) -> FieldSet:
        """Return all samples."""
        return self._all

    def at(self, shape: tuple[int, ...]) -> FieldSet:
        """Return the test set; raise InputError for another resolution than the file's."""
        test = self.test()
        if tuple(shape) != test.shape:
            there, asked = (" x ".join(map(str, s)) for s in (test.shape, shape))
            raise InputError(
                f"{test.source} has one resolution, {there}, not {asked}", "shape", tuple(shape)
            )
        return test

    @cached_property
    def _all(self) -> FieldSet:
        return self._read(self.path)

    @cached_property
    def _other(self) -> FieldSet:
        """The test set of files of its own, in the units of the others."""
        found = self._read(self.reading.test or ())
        check_alike(self._all, found)
        return like(self._all, found)

    def _read(self, given: str | Sequence[str]) -> FieldSet:
        contents = [file_content(path) for path in find_files(given)]
        parts = [assemble(c, self.options, lazy=True) for c in one_name(contents)]
        made = self.masked(with_units(concatenate(parts, lazy=True), self.units))
        made = made if stays_lazy(made, self.reading.lazy) else made.loaded().check_finite()
        return with_computed(made, self.computed)


def _names(given: str | Sequence[str] | None) -> tuple[str, ...]:
    return () if given is None else (given,) if isinstance(given, str) else tuple(given)
