"""Configuration: model, problem, constraints, and the settings of the run as text."""

from __future__ import annotations

from typing import Any

from neurop.report.blocks import Code, Section, Table
from neurop.report.results import Results
from neurop.report.text import words


def section(results: Results) -> Section:
    """Return the settings that describe the surrogate, and the files of settings."""
    card = results.surrogate.card
    plain = card.to_dict()
    rows: list[list[Any]] = [["model", card.model.name]]
    rows += [[words(key), value] for key, value in card.model.arguments.items()]
    problem = plain["problem"]
    rows.append(["problem", problem["name"]])
    rows += [[words(key), value] for key, value in problem["arguments"].items()]
    for one in plain["constraints"]:
        rows.append([f"constraint {words(one['name'])}", one["arguments"] or "yes"])
    seed = results.folder.record("train.json").get("seed")
    if seed is not None:
        rows.append(["seed", seed])
    blocks: list[Any] = [Table("Model and problem", (), rows)]
    for name, title in (
        ("overrides.yaml", "Settings of the command (overrides.yaml)"),
        ("config.yaml", "All settings (config.yaml)"),
    ):
        if text := results.folder.text(name):
            blocks.append(Code(title, text))
    return Section("configuration", "Configuration", blocks)
