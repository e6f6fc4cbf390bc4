"""Errors by octaves of the wavenumber, each compared with the power of the truth there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import xarray as xr
from numpy.typing import NDArray
from torch import Tensor

from neurop.evaluation.batches import check_compatible, variable
from neurop.evaluation.floor import best_fields
from neurop.fields.fieldset import FieldSet
from neurop.geometry.grid import Grid
from neurop.metrics.octaves import octave_power, octaves
from neurop.metrics.spectra import NEGLIGIBLE, power_spectrum, wavenumber_name

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate

PARTS = ("octave_error", "octave_truth")


def octave_parts(p: Tensor, y: Tensor, grid: Grid) -> dict[str, Tensor]:
    """Return the power of error and truth by octaves, ``(batch, channels, octaves)`` each."""
    powers = (octave_power(values.cpu().numpy(), grid)[1] for values in (p - y, y))
    return dict(zip(PARTS, map(torch.from_numpy, powers), strict=True))


def octave_variables(errors: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    r"""Return variables of the octaves from the means over samples of :func:`octave_parts`.

    .. math:: E_b = \sqrt{\frac{\sum_n \lVert P_b (p_n - y_n) \rVert^2}
       {\sum_n \lVert P_b\, y_n \rVert^2}}

    NaN where the truth has less than 1e-12 of its power, which is rounding error.
    """
    if PARTS[0] not in errors:
        return {}
    error, truth = (errors[name].mean(0).T for name in PARTS)
    return {
        "octave_relative_l2": _variable(
            _relative(error, truth), "error of one step, relative to the truth of the octave"
        ),
        "octave_error_share": _variable(_share(error), "share of the squared error of one step"),
        "octave_truth_share": _variable(_share(truth), "share of the truth's power"),
    }


def octave_relative(parts: Mapping[str, Sequence[Tensor]]) -> NDArray[Any] | None:
    """Return the relative errors ``(octave, field)`` of batches of :func:`octave_parts`, if any."""
    if PARTS[0] not in parts:
        return None
    error, truth = (torch.cat(list(parts[name])).numpy().mean(0).T for name in PARTS)
    return _relative(error, truth)


def octave_growth(
    prediction: NDArray[Any], truth: NDArray[Any], valid: NDArray[np.bool_], grid: Grid
) -> xr.Variable:
    """Return the relative errors of each step by octaves, as :func:`octave_variables`.

    Parameters
    ----------
    prediction, truth
        ``(sample, step, field, *grid)``.
    valid
        Steps at which the truth is known, ``(sample, step)``; of a step without any the error is
        NaN.
    grid
        Grid of the fields, without a mask.
    """
    first, _ = _ends(grid, truth.shape[3:])
    found = np.full((truth.shape[1], first.size, truth.shape[2]), np.nan)
    with np.errstate(over="ignore", invalid="ignore"):  # of a rollout that diverges
        for step, known in enumerate(valid.T):
            if known.any():
                p, y = (torch.as_tensor(v[known, step]).double() for v in (prediction, truth))
                error, power = (
                    part.numpy().mean(0).T for part in octave_parts(p, y, grid).values()
                )
                found[step] = _relative(error, power)
    return variable(
        ["step", "octave", "field"], found, "error of a step, relative to the truth of the octave"
    )


def octave_coordinates(grid: Grid, shape: tuple[int, ...]) -> dict[str, Any]:
    """Return the first and the last wavenumber of each octave of a grid."""
    first, last = _ends(grid, shape)
    named = {"units": "1", "comment": wavenumber_name(grid)}
    return {
        "octave": ("octave", first, {"long_name": "first wavenumber of the octave"} | named),
        "octave_end": ("octave", last, {"long_name": "last wavenumber of the octave"} | named),
    }


def octave_floor(surrogate: Surrogate, test: FieldSet, batch_size: int = 16) -> xr.Variable | None:
    """Return the part of each octave of the truth outside the modes of a band-limited network.

    It is ``octave_relative_l2`` of the fields of :func:`neurop.evaluation.truncation_floor`;
    None for a network that is not band-limited, or a domain with a mask.
    """
    test = check_compatible(surrogate, test)
    parts: dict[str, list[Tensor]] = defaultdict(list)
    for best, y, _ in best_fields(surrogate, test, batch_size):
        for name, power in octave_parts(best.double(), y, test.grid).items():
            parts[name].append(power)
    found = octave_relative(parts)
    if found is None:
        return None
    return _variable(found, "error of the best band-limited fields, by octave")


def _ends(grid: Grid, shape: tuple[int, ...]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    shells = power_spectrum(np.zeros(shape), grid)[0].size
    first = octaves(shells)
    return first, np.append(first[1:], shells) - 1


def _relative(error: NDArray[Any], truth: NDArray[Any]) -> NDArray[Any]:
    known = truth > NEGLIGIBLE * truth.sum(0)
    return np.sqrt(np.divide(error, truth, out=np.full_like(error, np.nan), where=known))


def _share(power: NDArray[Any]) -> NDArray[Any]:
    return power / np.maximum(power.sum(0), np.finfo(float).tiny)


def _variable(values: NDArray[Any], long_name: str) -> xr.Variable:
    return variable(["octave", "field"], values, long_name)
