"""Environment and hashes: what the numbers can be reproduced with."""

from __future__ import annotations

from typing import Any

from neurop.report.blocks import Section, Table
from neurop.report.results import Results


def section(results: Results) -> Section:
    """Return versions, device, and the hashes of data, settings and weights."""
    trained = results.folder.record("versions.json")
    here = results.record.get("versions") or {}
    names = list(dict.fromkeys([*trained, *here]))
    rows = [[name, trained.get(name), here.get(name)] for name in names]
    rows.append(["device", None, results.record.get("device")])
    hashes: list[list[Any]] = [
        [f"{name} (SHA-256)", value] for name, value in results.folder.hashes().items()
    ]
    for text, value in (
        ("training data", results.surrogate.card.origin.get("data_hash")),
        ("test data", results.record.get("data_hash")),
    ):
        if value is not None:
            hashes.append([text, str(value)])
    blocks = [
        Table("Versions", ["", "training", "evaluation"], rows),
        Table("Hashes", (), hashes),
    ]
    return Section("environment", "Environment and hashes", blocks)
