"""Fields: truth, prediction and error, by lead time of a rollout or by sample of a map."""

from __future__ import annotations

import numpy as np
import xarray as xr

from neurop.plots.style import readable_time
from neurop.report.blocks import Section
from neurop.report.results import Results
from neurop.report.text import plain_unit
from neurop.report.viewer import positions, viewer

COMPARED = (
    "Truth and prediction share one scale; the error is the prediction minus the truth. Move the "
    "slider, or use the arrow keys."
)


def section(results: Results) -> Section:
    """Return a viewer of the rollout of the first sample, or of examples of a map."""
    rolled = results.rollout
    if rolled is not None:
        known = int(rolled.attrs["known_steps"]) or rolled.sizes["step"]
        one = rolled.isel(sample=0, step=slice(known))
        chosen = positions(one.truth, "step", 0.6)
        shown = viewer(
            "rollout-fields",
            "Lead time",
            _steps(rolled, chosen),
            [one.truth.isel(step=index) for index in chosen],
            [one.prediction.isel(step=index) for index in chosen],
            f"Rollout of test sample 0 from its first frames. {COMPARED}",
        )
        return Section("fields", "Fields", [shown])
    scores = results.scores
    rows = range(scores.sizes["example"])
    given = []
    if "input" in scores:
        given = [scores.input.isel(example=index, input_field=0) for index in rows]
    shown = viewer(
        "examples",
        "Test sample",
        [str(name) for name in scores.example_name.values],
        [scores.truth.isel(example=index) for index in rows],
        [scores.prediction.isel(example=index) for index in rows],
        COMPARED,
        given,
    )
    return Section("fields", "Fields", [shown])


def _steps(run: xr.Dataset, chosen: list[int]) -> list[str]:
    """Return ``step 4 (24 h)`` of each index, or ``step 4`` if time counts steps."""
    times, unit = readable_time(run.time.values, str(run.time.attrs.get("units", "1")))
    if unit == "1" and np.array_equal(times, run.step):
        return [f"step {int(run.step[i])}" for i in chosen]
    return [
        f"step {int(run.step[i])} ({f'{times[i]:g} {plain_unit(unit)}'.strip()})" for i in chosen
    ]
