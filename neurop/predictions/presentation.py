"""How predictions from files are presented: the names, order and attributes of the input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import xarray as xr

from neurop.card import Card
from neurop.fields.spelling import Spelling
from neurop.formats.conventions.calendars import dates_of_months
from neurop.inference.labels import times
from neurop.inference.start import Start
from neurop.predictions.inputs import Inputs

KEPT = ("standard_name", "long_name")
"""Attributes of the variables of the input that predictions of the same field have too."""


@dataclass(frozen=True, eq=False)
class Presentation:
    """Names, order and attributes of predictions.

    Parameters
    ----------
    spelling
        Names and order of the axes.
    attributes
        Attributes of the variables by name.
    sampled
        Whether there is a dimension ``sample``.
    along
        Further coordinates, such as parameters per sample.

    Examples
    --------
    >>> made = xr.Dataset({"u": (("sample", "latitude"), [[1.0, 2.0]])})
    >>> Presentation(Spelling({"latitude": "lat"}), sampled=False).block(made).u.dims
    ('lat',)
    """

    spelling: Spelling = field(default_factory=Spelling)
    attributes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    sampled: bool = True
    along: Mapping[str, xr.Variable] = field(default_factory=dict)

    @classmethod
    def of(cls, inputs: Inputs, card: Card, data: xr.Dataset, start: Start) -> Presentation:
        """Return the presentation of predictions from files.

        Parameters
        ----------
        inputs
            Files.
        card
            Description of the surrogate.
        data
            From :func:`neurop.predictions.starting_data.starting_data`; its reference times become
            a coordinate.
        start
            Start of the prediction, whose parameters become coordinates.
        """
        header = inputs.header
        spelling, attributes = Spelling(), {}
        if header is not None:
            found = Spelling.of(header, card.grid)
            names = {k: v for k, v in found.names.items() if k in card.grid.names}
            spelling = replace(found, names=names)
            attributes = {
                str(name): {k: str(v.attrs[k]) for k in KEPT if k in v.attrs}
                for name, v in header.data_vars.items()
            }
        along: dict[str, xr.Variable] = {}
        for name in ("time", "forecast_reference_time"):
            if name in data.coords and data[name].size:
                last = data[name].variable[-1] if name == "time" else data[name].variable
                about = {k: v for k, v in last.attrs.items() if k in ("units", "calendar")}
                if last.dtype.kind in "MO" or " since " in str(about.get("units")):
                    about["standard_name"] = "forecast_reference_time"
                about = {"units": "1", **about} if last.dtype.kind in "iuf" else about
                reference = _dated(xr.DataArray(last.values, dims=last.dims, attrs=about))
                along["forecast_reference_time"] = reference.variable
        for one in start.conditions:
            if one.role == "parameter":
                values = np.asarray(one.values).reshape(-1)
                about = {
                    "units": one.field.unit,
                    "long_name": one.field.long_name or one.field.name,
                }
                per_sample = len(values) == len(start) > 1
                along[one.field.name] = (
                    xr.Variable("sample", values, about)
                    if per_sample
                    else xr.Variable((), values[0], about)
                )
        return cls(spelling, attributes, inputs.sampled, along)

    def block(self, made: xr.Dataset) -> xr.Dataset:
        """Return a block of predictions as it is presented."""
        made = self.spelling.restored(made)
        made = made if self.sampled else made.isel(sample=0)
        for name, about in self.attributes.items():
            if name in made.data_vars:
                made[name].attrs.update(about)
        return made

    def header(
        self,
        block: xr.Dataset,
        start: Start,
        steps: int,
        data: xr.Dataset,
        attributes: Mapping[str, Any],
    ) -> xr.Dataset:
        """Return the coordinates of all predictions.

        Parameters
        ----------
        block
            A presented block.
        start
            Start of the prediction, with its clock.
        steps
            Number of steps.
        data
            Starting data, whose calendar the times have.
        attributes
            Attributes of the file.
        """
        made = xr.Dataset(coords=block.drop_vars(["time", "lead"], errors="ignore").coords)
        if start.clock is not None:
            made = made.assign_coords(times(start.clock, 0, steps))
            if "time" in data.coords and made["time"].dtype.kind in "iuf":
                made["time"].attrs.update(data["time"].attrs)
                made = made.assign_coords(time=_dated(made["time"]))
        kept = {
            name: v.isel(sample=0) if "sample" in v.dims and not self.sampled else v
            for name, v in self.along.items()
        }
        return made.assign_coords(kept).assign_attrs(attributes)


def _dated(times: xr.DataArray) -> xr.DataArray:
    """Return times that count from a date as other programs decode them: months as days."""
    unit, _, date = str(times.attrs.get("units", "")).partition(" since ")
    if not date:
        return times
    about = {"standard_name": "time", **times.attrs}
    origin = f"{date} {times.attrs.get('calendar', 'standard')}"
    found = dates_of_months(np.atleast_1d(times.values), unit, origin)
    if found is None:
        return times.assign_attrs(about)
    values, units = found
    about = {k: v for k, v in about.items() if k not in ("units", "calendar")} | units
    about["comment"] = "the first day of each month" if unit == "months" else "the first day"
    return xr.DataArray(values.reshape(times.shape), dims=times.dims, attrs=about)
