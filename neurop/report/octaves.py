"""Tables of errors by octaves of the wavenumber at several steps or resolutions."""

from __future__ import annotations

from collections.abc import Sequence

import xarray as xr

from neurop.metrics.octaves import octave_names
from neurop.report.blocks import Table

NEEDED = ("octave_relative_l2", "octave", "octave_end")


def octave_tables(scores: xr.Dataset, dim: str, chosen: Sequence[int]) -> list[Table]:
    """Return a table for each field; none where the scores have no octaves.

    Parameters
    ----------
    scores
        With ``octave_relative_l2`` over `dim`, octave and field.
    dim
        ``step`` or ``resolution``.
    chosen
        Indices along it, one column each.
    """
    if not {*map(str, scores.variables)}.issuperset(NEEDED):
        return []
    found = scores.octave_relative_l2.isel({dim: list(chosen)}).transpose("octave", dim, "field")
    octaves = octave_names(zip(scores.octave.values, scores.octave_end.values, strict=True))
    columns = ["octave", *(f"{dim} {int(at)}" for at in found[dim].values)]
    return [
        Table(
            f"Relative L2 error of {field} by octaves of the wavenumber",
            columns,
            [[name, *map(float, row)] for name, row in zip(octaves, rows.values, strict=True)],
        )
        for field, rows in ((str(f), found.sel(field=f)) for f in found.field.values)
    ]
