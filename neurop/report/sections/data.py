"""The data card: fields, axes, sampling, conditions, and where the data come from."""

from __future__ import annotations

from typing import Any

from neurop.plots.style import readable_time
from neurop.report.blocks import Section, Table
from neurop.report.results import Results
from neurop.report.text import number, plain_unit, words


def section(results: Results) -> Section:
    """Return what the card of the surrogate says about its data."""
    card = results.surrogate.card
    both = [("input", one) for one in card.inputs if not one.diagnostic]
    both += [("output", one) for one in card.outputs]
    joined: dict[tuple[str, str, str], list[str]] = {}
    for role, one in both:
        key = (one.name, plain_unit(one.unit), one.long_name)
        joined.setdefault(key, []).append(role)
    fields = [
        [name, " and ".join(roles), unit, text] for (name, unit, text), roles in joined.items()
    ]
    axes = [
        [
            axis.name,
            points,
            axis.start,
            axis.start + axis.length,
            plain_unit(axis.unit),
            axis.boundary,
            axis.layout,
        ]
        for axis, points in zip(card.grid.axes, card.shape, strict=True)
    ]
    blocks: list[Any] = [
        Table("Fields", ["field", "role", "unit", "long name"], fields),
        Table(
            f"Axes of the training grid ({card.grid.geometry})",
            ["axis", "points", "from", "to", "unit", "boundary", "layout"],
            axes,
        ),
    ]
    if card.conditions:
        conditions = [
            [one.name, one.role, plain_unit(one.unit), float(one.low), float(one.high)]
            for one in card.conditions
        ]
        columns = ["condition", "role", "unit", "lowest in training", "highest"]
        blocks.append(Table("Conditions", columns, conditions))
    rows: list[list[Any]] = []
    if card.sampling.step is not None:
        (step,), unit = readable_time([card.sampling.step], card.sampling.unit)
        rows.append(["time between frames", f"{number(float(step))} {plain_unit(unit)}".strip()])
    rows += [
        [words(str(key)), value]
        for key, value in card.origin.items()
        if not isinstance(value, dict | list) or value
    ]
    rows += [[f"data set: {heading.lower()}", text] for heading, text in results.about.items()]
    blocks.append(Table("Origin", (), rows))
    return Section("data", "Data", blocks)
