"""The README of a published surrogate: a model card in the form that the Hugging Face hub reads."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import yaml

from neurop.sharing.facts import Facts

LICENSES = (
    "mit",
    "apache-2.0",
    "bsd-2-clause",
    "bsd-3-clause",
    "cc0-1.0",
    "cc-by-4.0",
    "cc-by-sa-4.0",
    "cc-by-nc-4.0",
    "cc-by-nc-sa-4.0",
    "gpl-3.0",
    "lgpl-3.0",
    "agpl-3.0",
    "mpl-2.0",
    "openrail",
    "unlicense",
)
"""Licences with an identifier of the hub; another one is written by its name."""


def model_card(
    facts: Facts,
    title: str,
    license: str | None = None,
    datasets: Sequence[str] = (),
    pictures: Mapping[str, str] | None = None,
) -> str:
    """Return the model card: YAML between ``---`` lines, then Markdown.

    Parameters
    ----------
    facts
        Facts of the surrogate.
    title
        Name of the repository, or of the model.
    license
        Licence of the weights; None if none was given.
    datasets
        Names ``owner/name`` of data sets on the hub.
    pictures
        File name and caption of each picture in the folder.
    """
    head = yaml.safe_dump(
        metadata(facts, title, license, datasets),
        sort_keys=False,
        allow_unicode=True,
        width=10_000,
    )
    return f"---\n{head}---\n\n{_text(facts, title, license, pictures or {})}"


def metadata(
    facts: Facts, title: str, license: str | None = None, datasets: Sequence[str] = ()
) -> dict[str, Any]:
    """Return the metadata that the hub reads; see :func:`model_card` for the arguments."""
    surrogate = facts.surrogate
    words = ["neural-operator", "pde", "surrogate-model", surrogate.name, facts.data]
    made: dict[str, Any] = {
        "library_name": "neurop",
        "pipeline_tag": "other",
        "tags": list(dict.fromkeys(words)),
    }
    if license is not None:
        known = license.lower() in LICENSES
        made |= {"license": license.lower()} if known else {"license": "other"}
        made |= {} if known else {"license_name": license}
    if datasets:
        made["datasets"] = list(datasets)
    if not facts.scores:
        return made
    results = []
    for (data, split), group in groupby(facts.scores, key=lambda s: (s.data, s.split)):
        metrics = [{"type": s.name, "value": s.value, "name": s.label + _in(s.unit)} for s in group]
        task = {"type": "other", "name": facts.task}
        where = {"type": data, "name": data, "split": split}
        results.append({"task": task, "dataset": where, "metrics": metrics})
    made["metrics"] = sorted({score.name for score in facts.scores})
    made["model-index"] = [{"name": title, "results": results}]
    return made


def _in(unit: str) -> str:
    return "" if unit == "1" else f" ({unit})"


def _text(facts: Facts, title: str, license: str | None, pictures: Mapping[str, str]) -> str:
    surrogate, card = facts.surrogate, facts.surrogate.card
    inputs, outputs = (", ".join(f"`{f.name}`" for f in fs) for fs in (card.inputs, card.outputs))
    what = (
        f"advances {outputs} in time, {facts.task.removeprefix('evolution ')}"
        if card.is_state
        else f"maps {inputs} to {outputs}"
    )
    shape = " x ".join(map(str, card.shape))
    place = title if "/" in title else "OWNER/NAME"
    verb = "rollout(fields, steps=10)" if card.is_state else "predict(fields)"
    forcing = any(c.role == "forcing" and c.computed is None for c in card.conditions)
    given = ", forcing=forcing)" if forcing else ")"
    parts = [
        f"# {title}",
        "A surrogate made with neurop: a neural operator "
        f"(`{surrogate.name}`, {surrogate.parameters_count():,} real parameters) that {what}. "
        f"It was trained on {facts.data} with {shape} points.",
        *(f"![{caption}]({file})" for file, caption in pictures.items()),
        "## Use",
        "```python\nimport neurop\nimport xarray as xr\n\n"
        f'surrogate = neurop.load("hf://{place}")  # or the folder with these files\n'
        'fields = xr.open_dataset("fields.nc")  # the variables below, in their units\n'
        f"prediction = surrogate.{verb[:-1]}{given}\n```",
        "Weights are safetensors and the description is JSON: nothing is unpickled.",
        "## Fields",
        _table(
            ["name", "role", "unit", "what", "training: mean ± deviation, or range"], facts.fields()
        ),
        _limits(facts),
        "## Grid",
        _table(["axis", "points", "domain", "unit", "boundary", "layout"], facts.axes()),
        "The operator is defined on functions and can be evaluated at other resolutions; its error "
        "there has to be measured (`neurop superres`)."
        if surrogate.net.resolution_invariant
        else "The network belongs to the resolution of its training data.",
        "## Training data",
        _table(["what", "value"], facts.origin()),
    ]
    if facts.scores:
        rows = [[s.label, f"{s.value:.4g}", s.unit, f"{s.data}, {s.split}"] for s in facts.scores]
        parts += ["## Scores", _table(["score", "value", "unit", "data"], rows)]
    parts += ["## Model", _table(["setting", "value"], [*facts.arguments(), *facts.versions()])]
    if license is not None:
        parts += ["## License", f"Weights: {license}."]
    data_license = card.origin.get("license")
    if data_license:
        parts += [] if license is not None else ["## License"]
        parts.append(f"Training data: {_cell(data_license)}.")
    parts += ["## Citation", f"```bibtex\n{facts.bibtex()}```"]
    return "\n\n".join(part for part in parts if part) + "\n"


def _limits(facts: Facts) -> str:
    """Return what lies outside of the training data."""
    ranges = [k for k in facts.surrogate.card.conditions if k.role in ("parameter", "forcing")]
    if not ranges:
        return ""
    names = ", ".join(f"`{k.name}`" for k in ranges)
    return f"Outside the range in training of {names} the surrogate extrapolates, and warns."


def _table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [list(columns), ["---"] * len(columns), *([*map(_cell, row)] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: Any) -> str:
    """Return a value as text of one cell: no markup, no line break."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    for mark in "\\|<>`*_[]":
        text = text.replace(mark, f"\\{mark}")
    return " ".join(text.split())
