"""Evaluations as files have them: one variable per field, with its unit, and dates of the steps."""

from __future__ import annotations

import re

import xarray as xr

from neurop.fields.clock import Clock

STATES = re.compile(r"(prediction|truth|interpolated|input|lower|upper)(_\d+)?")
"""Names of the variables that are fields, at one of several resolutions perhaps."""


def by_field(scores: xr.Dataset, clock: Clock | None = None) -> xr.Dataset:
    """Return an evaluation with one variable per field in place of the dimension ``field``.

    A predicted field has its own name, ``vorticity``; the truth is ``vorticity_truth``, other
    numbers of the field end in its name, ``mean_bias_vorticity``.

    Parameters
    ----------
    scores
        Result of an evaluation of this package.
    clock
        Times of the steps; the coordinate ``time`` of a rollout, which is the time since the last
        given frame, becomes ``lead``.

    Examples
    --------
    >>> along, about = {"field": ["u", "p"], "unit": ("field", ["m", "Pa"])}, ("field", "x")
    >>> scores = xr.Dataset({"truth": (about, [[1.0], [2.0]])}, along)
    >>> made = by_field(scores)
    >>> list(made), made.p_truth.attrs, made.p_truth.dims
    (['u_truth', 'p_truth'], {'long_name': 'p, truth', 'units': 'Pa'}, ('x',))
    """
    made: dict[str, xr.DataArray] = {}
    for name, variable in scores.drop_vars("input_name", errors="ignore").data_vars.items():
        for dim, names, units in (("field", "field", "unit"), ("input_field", "input_name", "")):
            if dim in variable.dims and names in scores:
                for index, field in enumerate(map(str, scores[names].values)):
                    unit = str(scores[units].values[index]) if units else ""
                    one = variable.isel({dim: index}, drop=True).drop_vars(units, errors="ignore")
                    made |= {_name(str(name), field): _about(one, str(name), field, unit)}
                break
        else:
            made[str(name)] = variable
    result = xr.Dataset(made, attrs=scores.attrs).drop_vars(["field", "unit"], errors="ignore")
    return _timed(result, clock)


def _name(name: str, field: str) -> str:
    if found := STATES.fullmatch(name):
        kind = "" if found[1] == "prediction" else f"_{found[1]}"
        return f"{field}{kind}{found[2] or ''}"
    return f"{name.removesuffix('_field')}_{field}"


def _about(one: xr.DataArray, name: str, field: str, unit: str) -> xr.DataArray:
    """Return a variable of one field with its names and unit."""
    said = one.attrs.get("long_name", name)
    about = {**one.attrs, "long_name": f"{field}, {said}"}
    if (STATES.fullmatch(name) or "rmse" in name) and unit:
        about["units"] = unit
    made = one.copy()
    made.attrs = about
    return made


def _timed(made: xr.Dataset, clock: Clock | None) -> xr.Dataset:
    if clock is None or "step" not in made.dims:
        return made
    lead = made["time"].variable
    lead.attrs |= {"standard_name": "forecast_period"}
    dates = clock.times(1, made.sizes["step"])
    about = {} if dates.values.dtype.kind == "M" else {"units": dates.unit}
    if dates.values.dtype.kind == "M":
        about["standard_name"] = "time"
    return made.drop_vars("time").assign_coords(
        lead=lead, time=("step", dates.values, {"long_name": "time", **about})
    )
