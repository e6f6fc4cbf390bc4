"""Spectra and errors by octaves of several grids, as variables over the resolution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurop.evaluation.batches import variable
from neurop.evaluation.octaves import octave_coordinates
from neurop.fields.fieldset import FieldSet
from neurop.metrics.spectra import spectrum_error, wavenumber_name

KINDS = ("truth", "prediction", "interpolated")


def spectra_variables(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return variables of the spectra and octaves of each grid, NaN beyond its wavenumbers.

    Parameters
    ----------
    rows
        Of each grid: ``spectra`` of truth, prediction and interpolation ``(3, field, wavenumber)``,
        and ``octaves`` ``(octave, field)``, None with a mask.
    """
    spectra = _padded([row["spectra"] for row in rows], 2)
    dims = ("resolution", "field", "wavenumber")
    made: dict[str, Any] = {
        f"spectrum_{kind}": (dims, spectra[:, index], {"long_name": f"mean power of the {kind}"})
        for index, kind in enumerate(KINDS)
    }
    errors = [spectrum_error(row["spectra"][1], row["spectra"][0]) for row in rows]
    made["spectrum_error"] = variable(
        ["resolution", "field"], errors, "mean |log10| ratio of the power spectra"
    )
    octaves = [row["octaves"] for row in rows]
    if all(found is not None for found in octaves):
        made["octave_relative_l2"] = variable(
            ["resolution", "octave", "field"],
            _padded(octaves, 0),
            "error, relative to the truth of the octave",
        )
    return made


def spectra_coordinates(finest: FieldSet, wavenumbers: int) -> dict[str, Any]:
    """Return the wavenumbers and octaves of the finest grid."""
    name = {"long_name": wavenumber_name(finest.grid)}
    made: dict[str, Any] = {"wavenumber": ("wavenumber", np.arange(wavenumbers), name)}
    return made | (octave_coordinates(finest.grid, finest.shape) if finest.inside is None else {})


def _padded(rows: Sequence[NDArray[Any]], dim: int) -> NDArray[Any]:
    """Return arrays of different lengths along one dimension as one, with NaN after their ends."""
    longest = max(row.shape[dim] for row in rows)
    made = []
    for row in rows:
        after = [(0, 0)] * row.ndim
        after[dim] = (0, longest - row.shape[dim])
        made.append(np.pad(row, after, constant_values=np.nan))
    return np.stack(made)
