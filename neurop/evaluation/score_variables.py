"""Scores of a test set as variables with names, dimensions and units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurop.evaluation.batches import variable


def one_step(errors: dict[str, NDArray[Any]], windows: Sequence[int]) -> dict[str, Any]:
    """Return the errors of one step, from those per window, of which each sample has a number."""
    relative = errors["relative"]
    samples = np.full((len(windows), max(windows)), np.nan)
    samples[np.arange(max(windows)) < np.array(windows)[:, None]] = relative
    made = {
        "relative_l2": variable([], relative.mean(), "relative L2 error of one step, mean"),
        "relative_l2_median": variable(
            [], np.median(relative), "relative L2 error of one step, median"
        ),
        "relative_l2_worst": variable([], relative.max(), "relative L2 error of one step, largest"),
        "worst_sample": variable(
            [],
            np.repeat(range(len(windows)), windows)[relative.argmax()],
            "sample with the largest error",
        ),
        "relative_l2_samples": variable(
            ["sample", "window"],
            samples,
            "relative L2 error of one step",
        ),
        "relative_l2_field": variable(
            ["field"], errors["relative_field"].mean(0), "relative L2 error of one step, by field"
        ),
        "rmse_one_step": (
            ("field",),
            np.sqrt(errors["square"].mean(0)),
            {"long_name": "RMSE of one step, in the field's unit"},
        ),
    }
    if "persistence_relative" in errors:
        made["persistence_relative_l2"] = variable(
            [],
            errors["persistence_relative"].mean(),
            "relative L2 error of persistence over one step",
        )
    return made


def leading(errors: dict[str, NDArray[Any]], leads: Sequence[int]) -> dict[str, Any]:
    """Return the skill of forecasts by lead time and field, from errors per start and field."""
    made: dict[str, Any] = {}
    for name in ("rmse", "persistence_rmse", "climatology_rmse", "acc", "persistence_acc"):
        if leads and f"{name} {leads[0]}" in errors:
            means = np.stack([errors[f"{name} {lead}"].mean(0) for lead in leads])
            values = np.sqrt(means) if name.endswith("rmse") else means
            words = (
                name.replace("rmse", "RMSE").replace("acc", "anomaly correlation").replace("_", " ")
            )
            made[name] = (
                ("lead", "field"),
                values,
                {"long_name": words} | ({} if name.endswith("rmse") else {"units": "1"}),
            )
    return made


def lead_coordinates(step: tuple[float | None, str], leads: Sequence[int]) -> dict[str, Any]:
    """Return the lead times in frames, and in the unit of the time step if it is known."""
    if not leads:
        return {}
    found: dict[str, Any] = {
        "lead": (
            "lead",
            list(leads),
            {"long_name": "lead time", "units": "1", "comment": "in frames"},
        )
    }
    if step[0] is not None:
        found["lead_time"] = (
            "lead",
            np.array(leads) * float(step[0]),
            {"units": step[1]},
        )
    return found
