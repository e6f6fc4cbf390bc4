"""Scores on the test set: headline numbers, errors of each field, forecasts by lead time."""

from __future__ import annotations

from functools import partial
from typing import Any

from neurop.metrics.octaves import octave_names
from neurop.plots import forecast_skill
from neurop.plots.style import readable_time
from neurop.report.blocks import Section, Table, Text
from neurop.report.pictures import picture
from neurop.report.results import Results
from neurop.report.sections.generic import ORIGIN, tables
from neurop.report.text import number, time_text, with_unit

NAMES = {
    "relative_l2": "relative L2 error, mean",
    "relative_l2_median": "relative L2 error, median",
    "relative_l2_worst": "relative L2 error, worst",
    "worst_sample": "sample with the worst error",
    "persistence_relative_l2": "relative L2 error of persistence",
    "truncation_floor": "relative L2 error of the best fields of the model's modes",
}
SKILLS = {
    "rmse": "RMSE",
    "persistence_rmse": "persistence",
    "climatology_rmse": "climatology",
    "acc": "anomaly correlation",
    "persistence_acc": "of persistence",
}
BY_FIELD = ("relative_l2_field", "rmse")
OCTAVES = {
    "relative_l2": "relative L2",
    "error_share": "share of the squared error",
    "truth_share": "share of the truth's power",
    "floor": "best of the model's modes",
}
KNOWN = ORIGIN | {*NAMES, *BY_FIELD, "forecasts", "octaves"}
MOST_FIGURES = 4


def section(results: Results) -> Section:
    """Return the scores of ``eval.json``."""
    record = results.record
    samples = record.get("samples")
    where = f"{results.data} ({record.get('split')}), {number(samples)} "
    where += "sample" if samples == 1 else "samples"
    points = number(record.get("resolution"))
    blocks: list[Any] = [
        Text(
            f"Evaluated on {where} of {points} points. Relative errors are norms weighted by the "
            "cell measure, divided by the norm of the truth; RMSE is in the unit of the field."
        ),
        Table(
            "Errors of one step" if results.surrogate.card.is_state else "Errors of the map",
            (),
            [[text, record[name]] for name, text in NAMES.items() if name in record],
        ),
    ]
    units = record.get("unit") or {}
    columns = [name for name in BY_FIELD if isinstance(record.get(name), dict)]
    if columns:
        rows = [
            [with_unit(field, units.get(field)), *(record[name].get(field) for name in columns)]
            for field in record[columns[0]]
        ]
        headings = {"relative_l2_field": "relative L2", "rmse": "RMSE"}
        blocks.append(
            Table("Errors of each field", ["field", *(headings[name] for name in columns)], rows)
        )
    blocks += _octaves(record)
    blocks += _forecasts(results)
    blocks += tables("Further scores", record, KNOWN)
    return Section("scores", "Scores", blocks)


def _octaves(record: dict[str, Any]) -> list[Any]:
    """Return a table of errors by octaves of the wavenumber for each field."""
    found = record.get("octaves")
    if not found:
        return []
    columns = [name for name in OCTAVES if name in found]
    blocks = []
    for field in found["relative_l2"]:
        rows = [
            [octave, *(found[name][field][i] for name in columns)]
            for i, octave in enumerate(octave_names(found["wavenumbers"]))
        ]
        title = f"Error of {field} by octaves of the wavenumber"
        blocks.append(Table(title, ["octave", *(OCTAVES[name] for name in columns)], rows))
    return blocks


def _forecasts(results: Results) -> list[Any]:
    leads = results.record.get("forecasts")
    if not leads:
        return []
    unit = str(results.record.get("time_unit") or "1")
    times = [one.get("lead_time") for one in leads]
    dated = all(time is not None for time in times)
    values, unit = readable_time(times, unit) if dated else ([one["lead"] for one in leads], "")
    skills = [name for name in SKILLS if name in leads[0]]
    units = results.record.get("unit") or {}
    rows = [
        [float(value) if dated else value, with_unit(field, units.get(field))]
        + [one[name].get(field) for name in skills]
        for one, value in zip(leads, values, strict=True)
        for field in one[skills[0]]
    ]
    lead = with_unit("lead time", unit) if dated else "lead (frames)"
    made: list[Any] = [
        Table(
            "Forecasts from every start",
            [lead, "field", *(SKILLS[name] for name in skills)],
            rows,
        )
    ]
    scores = results.scores
    if scores.sizes.get("lead", 0) > 1:
        for index in range(min(scores.sizes["field"], MOST_FIGURES)):
            name = str(scores.field.values[index])
            others = " and ".join(
                other for other in ("persistence", "climatology") if f"{other}_rmse" in scores
            )
            made.append(
                picture(
                    partial(forecast_skill, scores, index),
                    f"Root mean square error of {name} by lead time.",
                    f"Forecasts of {name}, compared with {others}.",
                )
            )
    return made


def tiles(results: Results) -> list[tuple[str, str, str]]:
    """Return name, value and note of the headline numbers."""
    record = results.record
    train = results.folder.record("train.json")
    step = "one step" if results.surrogate.card.is_state else "map"
    compared = record.get("persistence_relative_l2")
    worst = record.get("relative_l2_worst")
    note = f"persistence {number(compared)}" if compared is not None else f"worst {number(worst)}"
    found = [(f"relative L2 error, {step}", number(record.get("relative_l2")), note)]
    if results.rollout is not None:
        stored = results.folder.record("rollout", "rollout.json")
        error = stored.get("trajectory_relative_l2", float(results.rollout.trajectory_relative_l2))
        steps = stored.get("known_steps", results.rollout.attrs["known_steps"])
        found.append(("relative L2 error, rollout", number(error), f"{number(steps)} steps"))
    errors = record.get("rmse") or {}
    if len(errors) == 1:
        ((field, value),) = errors.items()
        unit = (record.get("unit") or {}).get(field)
        found.append((f"RMSE of {with_unit(field, unit)}", number(value), ""))
    found.append(("resolution", number(record.get("resolution")), "points"))
    found.append(("parameters", number(results.surrogate.parameters_count()), ""))
    if "seconds" in train:
        steps = f"{number(train['steps'])} steps" if "steps" in train else ""
        found.append(("training", time_text(train["seconds"]), steps))
    return found
