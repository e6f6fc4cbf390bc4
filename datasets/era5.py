r"""Weather: global reanalysis in steps of six hours; the sample is one winter of surface pressure.

**Equation.** none in closed form: the observed atmosphere, assimilated into the forecast model of
ECMWF.

**Fields.** ``msl``, mean sea level pressure (Pa); any variable of another file in time, latitude
and longitude.

**Grid.** (latitude, longitude), 73 x 144 points, 2.5 degrees: 90 to -90 with both poles, 0 to
357.5. Area weights cos(latitude).

**Boundary.** a sphere.

**Time step.** 6 h. 360 frames, 2025-12-01T00 to 2026-02-28T18.

**Parameters.** the three periods. Train, validation and test are separate in time, in this order:
neighbouring frames are so similar that a random split would leak. The test is February 2026;
forecasts of it start from its own first two frames.

**Size.** 6.2 MB, part of the package.

**Cost.** none, nothing is generated.

**What is hard.** One winter is a small training set. Errors on February 2026, RMSE weighted by
area, mean over time of the squared error taken before the root: mean of December and January as
forecast 769 Pa, of the default training period (to 26 January) 777 Pa; persistence 263, 607, 914 Pa
after 6, 24, 72 h. A surrogate is useful if its error is below both.

**Source.** Hersbach et al., The ERA5 global reanalysis, 2020, doi:10.1002/qj.3803; subset by
PyStormTracker-Data, https://github.com/mwyau/PyStormTracker-Data, CC-BY-4.0. Contains modified
Copernicus Climate Change Service information 2025-2026; neither the European Commission nor ECMWF
is responsible for any use of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from neurop.errors import InputError
from neurop.fields.computed.computed import with_computed
from neurop.fields.fieldset import FieldSet
from neurop.formats.conditions import ConditionNames
from neurop.formats.readers import netcdf
from neurop.generation.storage import grouped
from neurop.problems import Evolution
from neurop.source import Source

SAMPLE = Path(__file__).parent / "samples" / "era5_msl_2025-2026_djf_2.5x2.5.nc"


class ERA5(Source):
    """Reanalysis of the atmosphere, in three separate periods.

    Parameters
    ----------
    path
        Path of a NetCDF file of ERA5; by default the sample in the package.
    variables
        Variables of the file; None for all.
    train, val, test
        First and last day of each period, inclusive. With `val` None the last tenth of the training
        period is used, which is not an independent check; otherwise no two periods may overlap.
    conditions
        Static fields, forcings and mask of the file, and conditions that are computed (``solar``,
        ``time_of_day``, ``day_of_year``, ``latlon``): a
        :class:`neurop.formats.conditions.ConditionNames` or a mapping of its parameters; by default
        none.

    Raises
    ------
    InputError
        If a period is not a pair of dates, is outside the file, shorter than a window, or overlaps
        another.

    Examples
    --------
    >>> {name: fields.values.shape[1] for name, fields in ERA5().splits().items()}
    {'train': 228, 'val': 20, 'test': 112}
    """

    name = "era5"
    baselines = ("persistence", "climatology")
    problem = Evolution(history=2)

    def __init__(
        self,
        path: str | None = None,
        variables: Sequence[str] | None = ("msl",),
        train: Sequence[str] = ("2025-12-01", "2026-01-26"),
        val: Sequence[str] | None = ("2026-01-27", "2026-01-31"),
        test: Sequence[str] = ("2026-02-01", "2026-02-28"),
        conditions: ConditionNames | Mapping[str, Any] | None = None,
    ) -> None:
        self.path, self.variables = path, variables
        self.conditions = grouped(ConditionNames, conditions, "conditions")
        self.periods = {
            name: _days(name, days)
            for name, days in (("train", train), ("val", val), ("test", test))
            if days is not None
        }
        for name, (first, last) in self.periods.items():
            for other, (begin, end) in self.periods.items():
                if name < other and first <= end and begin <= last:
                    raise InputError(
                        f"{name} {first}..{last} overlaps {other} {begin}..{end}; separate them "
                        "in time",
                        name,
                        (str(first), str(last)),
                    )

    def splits(self) -> dict[str, FieldSet]:
        """Return ``train``, ``val`` and ``test``, each one trajectory."""
        sets = {name: self._period(name) for name in self.periods}
        train = sets["train"]
        val = sets.get("val") or train.frames(
            slice(-max(self.problem.history + 1, train.values.shape[1] // 10), None)
        )
        return {"train": train, "val": val, "test": sets["test"]}

    def at(self, shape: tuple[int, ...]) -> FieldSet:
        """Return the test set; raise InputError for another resolution than the file's."""
        if tuple(shape) != self._all.shape:
            there, asked = (" x ".join(map(str, s)) for s in (self._all.shape, shape))
            raise InputError(
                f"era5 has one resolution, {there}, not {asked}; give the path of a file at that "
                "resolution",
                "shape",
                tuple(shape),
            )
        return self._period("test")

    @cached_property
    def _all(self) -> FieldSet:
        given = self.conditions
        fields = netcdf.read(self.path or SAMPLE, self.variables, given.roles() or None)
        fields = with_computed(given.masked(fields), given.computed)
        assert fields.times is not None
        years = sorted({int(str(time)[:4]) for time in fields.times.values[[0, -1]]})
        attribution = (
            "Contains modified Copernicus Climate Change Service information "
            f"{'-'.join(map(str, years))}; "
            "neither the European Commission nor ECMWF is responsible for any use of it."
        )
        # For the sample only the name, because the path of the package is irrelevant to the data.
        return replace(
            fields,
            source=self.path or SAMPLE.name,
            attributes={**fields.attributes, "license": "CC-BY-4.0", "attribution": attribution},
        )

    def _period(self, name: str) -> FieldSet:
        first, last = self.periods[name]
        assert self._all.times is not None
        times = self._all.times.values
        start, stop = (
            int(i) for i in np.searchsorted(times, np.array([first, last + 1], times.dtype))
        )
        if stop - start <= self.problem.history:
            raise InputError(
                f"{self._all.source}: {stop - start} frames in {name} {first}..{last}, need more "
                f"than history={self.problem.history}; "
                f"the file covers {times[0]:.10}..{times[-1]:.10}",
                name,
                (str(first), str(last)),
            )
        return self._all.frames(slice(start, stop))


def _days(name: str, days: Sequence[str]) -> tuple[np.datetime64, np.datetime64]:
    try:
        first, last = (np.datetime64(str(day), "D") for day in days)
    except ValueError:
        remedy = "give the first and the last day, for example [2026-02-01, 2026-02-28]"
        raise InputError.of(name, days, remedy) from None
    if first > last:
        raise InputError.of(name, days, "the first day is after the last; swap them")
    return first, last
