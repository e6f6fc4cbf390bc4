"""Zero-shot super-resolution: errors inside and beyond the training band, and of interpolation."""

from __future__ import annotations

import time
import warnings
from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from neurop.errors import InputError
from neurop.evaluation.aliasing import aliasing
from neurop.evaluation.batches import (
    check_compatible,
    coordinates,
    field_coordinate,
    iterate_pairs,
    variable,
)
from neurop.evaluation.octaves import octave_parts, octave_relative
from neurop.evaluation.restriction import restrict_to
from neurop.evaluation.superres_spectra import KINDS, spectra_coordinates, spectra_variables
from neurop.evaluation.verdict import verdict
from neurop.fields.fieldset import FieldSet
from neurop.fields.mask import blank
from neurop.geometry.grid import Grid
from neurop.inference.check_input import ResolutionWarning, of_one_resolution
from neurop.inference.domain import inside, measure
from neurop.inference.evaluating import evaluating
from neurop.metrics.norms import relative, scaled
from neurop.metrics.spectra import power_spectrum
from neurop.spectral import resample

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate

SCORES = {
    "relative_l2": "relative L2 error",
    "relative_l2_in_band": "relative L2 error of the modes that the training grid resolves",
    "relative_l2_beyond_band": "relative L2 error of the modes beyond the training grid",
    "relative_l2_interpolated": "relative L2 error of predicting on the training grid and "
    "interpolating spectrally",
    "truth_beyond_band": "share of the truth's norm beyond the training grid: what predicting "
    "nothing there would score",
    "prediction_beyond_band": "norm of the prediction beyond the training grid, relative to the "
    "truth's norm",
    "persistence_beyond_band": "relative L2 error of persistence beyond the training grid; NaN of "
    "a map",
}


def superres(
    surrogate: Surrogate, truths: Mapping[int, FieldSet], batch_size: int = 16
) -> xr.Dataset:
    r"""Score a surrogate on other grids than the training grid.

    The error :math:`e` is split by the projection :math:`P` on the modes strictly below the Nyquist
    frequency of the training grid, its band:

    .. math:: \frac{\|e\|^2}{\|y\|^2} = \frac{\|Pe\|^2}{\|y\|^2} + \frac{\|e-Pe\|^2}{\|y\|^2}

    This holds per field and sample (per window of an evolution: one step from every frame), exactly
    on flat grids and, with spherical harmonics as modes, on Legendre-Gauss latitudes; on other
    latitudes approximately. The scores are means, for which it does not hold. A truth below
    :data:`neurop.metrics.norms.FLOOR` counts as that large.

    Parameters
    ----------
    surrogate
        Surrogate of a map or an evolution.
    truths
        Test set per resolution; the key is the number of points of the first axis.
    batch_size
        Windows per call of the surrogate.

    Returns
    -------
    xarray.Dataset
        Over ``resolution``: each of :data:`SCORES`, the mean over fields and samples,
        ``relative_l2_field`` per field, ``octave_relative_l2`` ``(resolution, octave, field)``
        without a mask (:mod:`neurop.evaluation.octaves`), ``seconds`` per window of the surrogate,
        power spectra ``spectrum_{truth,prediction,interpolated}`` and ``spectrum_error``;
        ``train_resolution``; per resolution r one example
        ``{truth,prediction,interpolated}_r`` (see :func:`example`); attribute ``warning``, empty if
        no aliasing was found and the model is resolution-invariant, and ``verdict``, see
        :func:`neurop.evaluation.verdict.verdict`.

    Raises
    ------
    InputError
        If there is no resolution, or the data do not fit the surrogate.

    Examples
    --------
    >>> from neurop import Field, Surrogate
    >>> sets = {
    ...     n: FieldSet(np.random.randn(2, 3, 1, n), (Field("u"),), Grid.periodic(1))
    ...     for n in (16, 32)
    ... }
    >>> superres(Surrogate.of(sets[16], "fno"), sets).relative_l2.sizes
    Frozen({'resolution': 2})
    """
    if not truths:
        raise InputError("resolutions=[] holds no resolution; give at least one", "resolutions", [])
    truths = {n: check_compatible(surrogate, data) for n, data in truths.items()}
    with evaluating(surrogate), warnings.catch_warnings():
        # Said once, in the attribute.
        warnings.simplefilter("ignore", ResolutionWarning)
        parts = {
            resolution: _measure(surrogate, truths[resolution], batch_size)
            for resolution in sorted(truths)
        }
    rows = list(parts.values())
    variables: dict[str, Any] = {
        name: variable(["resolution"], [row["scores"][name] for row in rows], text)
        for name, text in SCORES.items()
    }
    fields = [row["fields"] for row in rows]
    variables["relative_l2_field"] = variable(
        ["resolution", "field"], fields, "relative L2 error of each field"
    )
    seconds = [row["seconds"] for row in rows]
    variables["seconds"] = variable(
        ["resolution"], seconds, "time of the surrogate per window", "s"
    )
    variables |= spectra_variables(rows)
    finest = truths[max(truths)]
    coords = field_coordinate(surrogate.card.outputs) | {"resolution": list(parts)}
    coords |= spectra_coordinates(finest, variables["spectrum_truth"][1].shape[-1])
    for resolution, row in parts.items():
        data = truths[resolution]
        coords |= coordinates(data, f"_{resolution}")
        dims = ("field", *(f"{name}_{resolution}" for name in data.grid.names))
        variables |= {
            f"{kind}_{resolution}": (dims, row["examples"][kind], {"long_name": kind})
            for kind in KINDS
        }
    variables["train_resolution"] = variable(
        [], surrogate.card.shape[0], "points of the first axis of the training grid"
    )
    attributes = {
        "model": surrogate.name,
        "train_shape": list(surrogate.card.shape),
        "axes": list(surrogate.card.grid.names),
    }
    elsewhere = any(data.shape != surrogate.card.shape for data in truths.values())
    found = (
        of_one_resolution(surrogate.card) if elsewhere else "",
        aliasing(parts, truths, surrogate.card.shape),
    )
    made = xr.Dataset(
        variables, coords, attributes | {"warning": "; ".join(line for line in found if line)}
    )
    return made.assign_attrs(verdict=verdict(made))


def example(scores: xr.Dataset, resolution: int) -> xr.Dataset:
    """Return ``truth``, ``prediction`` and ``interpolated`` of one sample at one resolution.

    It is the first sample; of an evolution the last frame of the first trajectory.
    """
    names = {f"{kind}_{resolution}": kind for kind in KINDS}
    axes = {f"{axis}_{resolution}": axis for axis in np.atleast_1d(scores.attrs["axes"])}
    chosen = scores[list(names)]
    return chosen.drop_vars([c for c in chosen.coords if c not in {*axes, "field", "unit"}]).rename(
        names | axes
    )


def _measure(surrogate: Surrogate, data: FieldSet, batch_size: int) -> dict[str, Any]:
    band = surrogate.card.shape
    collected: dict[str, list[Tensor]] = defaultdict(list)
    power: Any = 0.0
    examples: dict[str, Any] = {}
    count, times = 0, []
    # The end of the first trajectory: an evolution may begin smooth, with nothing beyond the band.
    shown = 0 if data.has_targets else max(data.length(0) - surrogate.card.history - 1, 0)
    for x, y, given in iterate_pairs(surrogate, data, batch_size):
        weights, domain = measure(surrogate.card, y, given), inside(surrogate.card, given)
        begin = time.perf_counter()
        prediction = surrogate(x, given=given).double().cpu()  # waits for a GPU
        times.append((time.perf_counter() - begin) / len(x))
        prediction = prediction.to(y)
        fields = {
            "truth": y,
            "prediction": prediction,
            "interpolated": _interpolated(surrogate, x, given, prediction, data.grid),
        }
        if domain is not None:  # the values of the truth outside are no error
            for kind in ("prediction", "interpolated"):
                fields[kind] = torch.where(domain[:, None], fields[kind], y)
            prediction = fields["prediction"]
        error, unit = prediction - y, scaled(y, surrogate.scale, weights)
        in_band, truth_in, held = (_in_band(v, data.grid, band) for v in (error, y, prediction))
        norms = {
            "relative_l2": error,
            "relative_l2_in_band": in_band,
            "relative_l2_beyond_band": error - in_band,
            "relative_l2_interpolated": fields["interpolated"] - y,
            "truth_beyond_band": y - truth_in,
            "prediction_beyond_band": prediction - held,
        }
        if surrogate.card.is_state:
            change = x[:, -y.shape[1] :].double() - y
            norms["persistence_beyond_band"] = change - _in_band(change, data.grid, band)
        for name, values in norms.items():
            collected[name].append(
                relative(scaled(values, surrogate.scale, weights), unit, weights)
            )
        if domain is None:
            for name, part in octave_parts(prediction, y, data.grid).items():
                collected[name].append(part)
        power = power + np.stack(
            [power_spectrum(v.cpu().numpy(), data.grid)[1].sum(0) for v in fields.values()]
        )
        if count <= shown < count + len(y):
            row = slice(shown - count, shown - count + 1)
            one = None if domain is None else domain[row].cpu().numpy()
            examples = {kind: blank(v[row].cpu().numpy(), one)[0] for kind, v in fields.items()}
        count += len(y)
    scores = dict.fromkeys(SCORES, float("nan"))
    scores |= {
        name: float(torch.cat(collected[name]).mean()) for name in SCORES if name in collected
    }
    by_field = torch.cat(collected["relative_l2"]).mean(0).cpu().numpy()
    return {
        "scores": scores,
        "fields": by_field,
        "spectra": power / count,
        "octaves": octave_relative(collected),
        "examples": examples,
        "seconds": float(np.median(times)),
    }


def _in_band(values: Tensor, grid: Grid, band: tuple[int, ...]) -> Tensor:
    """Return the part of fields on the band of the training grid; all of it on no finer a grid."""
    shape = tuple(values.shape[2:])
    if all(n <= m for n, m in zip(shape, band, strict=True)):
        return values
    return resample(values, grid, shape, band=band)


def _interpolated(
    surrogate: Surrogate, x: Tensor, given: Tensor | None, prediction: Tensor, grid: Grid
) -> Tensor:
    """Return the prediction on the training grid, interpolated spectrally to the grid of `x`."""
    shape, coarse = tuple(x.shape[2:]), surrogate.card.shape
    if shape == coarse:
        return prediction
    x = restrict_to(x, grid, coarse, smooth=surrogate.card.is_state)
    given = None if given is None else restrict_to(given, grid, coarse, smooth=False)
    return resample(surrogate(x, given=given).double(), grid, shape)
