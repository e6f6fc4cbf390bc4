"""Training: curves of loss and validation error."""

from __future__ import annotations

from neurop.plots import loss_curves
from neurop.report.blocks import Section
from neurop.report.pictures import picture
from neurop.report.results import Results


def section(results: Results) -> Section | None:
    """Return the curves of ``metrics.csv``; None if there is none."""
    curves = results.folder.curves()
    if curves is None:
        return None
    shown = picture(
        lambda: loss_curves(curves),
        "Training loss and validation error by epoch.",
        "Training loss and validation error of each epoch; the point is the best validation, "
        "whose weights are the surrogate.",
    )
    return Section("training", "Training", [shown])
