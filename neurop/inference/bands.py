"""Error bands of labelled predictions."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from neurop.errors import InputError
from neurop.fields.times import in_seconds
from neurop.inference.conformal.calibration import Calibration
from neurop.problems import LeadTimes

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate


class BandWarning(UserWarning):
    """A prediction has no band, or one whose coverage was not calibrated."""


def bands_of(surrogate: Surrogate) -> Calibration:
    """Return the bands of a surrogate; raise InputError if it is not calibrated."""
    if surrogate.bands is None:
        raise InputError.of(
            "bands", None, "the surrogate is not calibrated; run neurop calibrate ckpt=<run>"
        )
    return surrogate.bands


def add_bands(
    surrogate: Surrogate, predicted: xr.Dataset, level: float | None = None, first: int = 1
) -> xr.Dataset:
    """Return predictions with their bands, ``<field>_lower`` and ``<field>_upper``.

    Parameters
    ----------
    surrogate
        Calibrated surrogate.
    predicted
        Result of :meth:`neurop.Surrogate.predict` or :meth:`neurop.Surrogate.rollout`, with any
        order of dimensions.
    level
        Probability; that of the calibration by default.
    first
        Lead time of the first frame of `predicted`, in steps, for a part of a rollout.

    Raises
    ------
    InputError
        If the surrogate is not calibrated, the calibration has too few samples for the level, or
        `predicted` lacks a field.

    Warns
    -----
    BandWarning
        For lead times after the calibrated ones, which have no band (NaN), and for another grid or
        time step than those of the calibration.

    Examples
    --------
    >>> from neurop import Field, FieldSet, Grid, Surrogate
    >>> from neurop.evaluation import calibrate
    >>> rng = np.random.default_rng(0)
    >>> train, held_out = (
    ...     FieldSet(rng.random((20, 3, 1, 16)), (Field("u", "m s-1"),), Grid.periodic(1))
    ...     for _ in range(2)
    ... )
    >>> surrogate = Surrogate.of(train, "fno")
    >>> surrogate.bands = calibrate(surrogate, train, held_out, level=0.9)
    >>> made = add_bands(surrogate, surrogate.rollout(held_out.initial(), steps=2))
    >>> bool((made.u_lower < made.u).all()), made.u_upper.attrs["units"]
    (True, 'm s-1')
    """
    bands = bands_of(surrogate)
    level = bands.level if level is None else level
    card = surrogate.card
    names = [field.name for field in card.outputs]
    for name in (*names, *card.grid.names):
        if name not in (*predicted.data_vars, *predicted.dims):
            raise InputError.of("predicted", name, "is missing; give the result of predict")
    if first < 1:
        raise InputError.of("first", first, "give at least 1")
    shape = tuple(predicted.sizes[axis] for axis in card.grid.names)
    _warn_of_grid(bands, shape)
    _warn_of_step(surrogate, bands, predicted, first)
    width = bands.half_width(shape, level)
    frames = predicted.sizes.get("time", 1) if card.is_state else 1
    chosen = np.arange(first - 1, first - 1 + frames)
    known = chosen < bands.leads
    if not known.all():
        warnings.warn(
            f"the bands are calibrated for {bands.leads} steps; later ones have none",
            BandWarning,
            stacklevel=2,
        )
    rows = width[np.minimum(chosen, bands.leads - 1)]
    rows[~known] = np.nan
    dims = (*(["time"] if "time" in predicted.dims else []), *card.grid.names)
    made = {}
    for index, name in enumerate(names):
        values = rows[:, index] if dims[0] == "time" else rows[0, index]
        if dims[0] == "time" and len(values) != predicted.sizes["time"]:
            values = np.broadcast_to(values, (predicted.sizes["time"], *shape))
        half = xr.DataArray(values, dims=dims)
        field = predicted[name]
        for word, sign in (("lower", -1.0), ("upper", 1.0)):
            edge = (field + sign * half).transpose(*field.dims).astype(field.dtype)
            text = f"{word} bound of the {100 * level:g} % band of {name}"
            edge.attrs = {k: v for k, v in field.attrs.items() if k == "units"}
            made[f"{name}_{word}"] = edge.assign_attrs(long_name=text)
    result = predicted.copy().assign(made)
    for name in names:
        result[name].attrs["ancillary_variables"] = f"{name}_lower {name}_upper"
    result.attrs |= {"band_level": level, "band_guarantee": bands.guarantee.statement}
    return result


def _warn_of_grid(bands: Calibration, shape: tuple[int, ...]) -> None:
    if shape != bands.shape:
        mine, theirs = (" x ".join(map(str, points)) for points in (bands.shape, shape))
        warnings.warn(
            f"the bands are calibrated on {mine} points; on {theirs} their coverage is not "
            "guaranteed",
            BandWarning,
            stacklevel=3,
        )


def _warn_of_step(
    surrogate: Surrogate, bands: Calibration, predicted: xr.Dataset, first: int
) -> None:
    """Warn of another lead time of a surrogate of several."""
    step, unit = bands.about.get("step"), str(bands.about.get("step_unit", ""))
    if not isinstance(surrogate.card.problem, LeadTimes) or step is None:
        return
    if "lead" not in predicted.coords:
        return
    lead = np.atleast_1d(predicted["lead"].values)
    apart = in_seconds(lead[-1] / (first - 1 + len(lead)), str(predicted["lead"].attrs["units"]))
    expected = in_seconds(step, unit)
    if apart[1] == expected[1] and not np.isclose(apart[0], expected[0], rtol=1e-3):
        warnings.warn(
            f"the bands are calibrated for steps of {expected[0]:g} {expected[1]}, not "
            f"{apart[0]:g}; their coverage is not guaranteed",
            BandWarning,
            stacklevel=3,
        )
