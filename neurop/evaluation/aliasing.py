"""Signs of aliasing in predictions on grids finer than that of the training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neurop.fields.fieldset import FieldSet

GROWTH = 1.2
"""Ratio of in-band errors, to the training resolution's, above which a finer grid is harmful."""
EXCESS, NOTABLE = 2.0, 0.005
"""Bounds of the prediction's norm beyond the band, reported as aliasing if both are exceeded.

EXCESS is relative to the truth's norm beyond the band, NOTABLE to the norm of the truth.
"""


def aliasing(
    parts: Mapping[int, Any], truths: Mapping[int, FieldSet], band: tuple[int, ...]
) -> str:
    """Return a warning about resolutions with aliasing; empty if there are none."""
    base = next(
        (
            parts[r]["scores"]["relative_l2_in_band"]
            for r, data in truths.items()
            if data.shape == band
        ),
        None,
    )
    found = []
    for resolution, part in parts.items():
        score = part["scores"]
        made, real, inside = (
            score["prediction_beyond_band"],
            score["truth_beyond_band"],
            score["relative_l2_in_band"],
        )
        if made > NOTABLE and made > EXCESS * real:
            found.append(
                f"at {resolution} points the prediction holds {made:.2g} of the norm beyond the "
                f"training band, the truth {real:.2g}"
            )
        if base is not None and resolution > band[0] and inside > GROWTH * base and inside > 1e-6:
            found.append(
                f"at {resolution} points the error inside the training band is "
                f"{inside / base:.2g} times that at {band[0]}"
            )
    return f"aliasing: {'; '.join(found)}. Remedy: train on several resolutions" if found else ""
