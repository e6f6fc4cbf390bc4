"""The page: sections drawn by a template into one HTML file without references to other files."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from neurop import __version__
from neurop.files import replacing
from neurop.report.blocks import Section
from neurop.report.results import Results
from neurop.report.sections import (
    citation,
    configuration,
    cost,
    data,
    environment,
    fields,
    others,
    rollout,
    scores,
    superres,
    training,
)

SECTIONS: tuple[Callable[[Results], Section | None], ...] = (
    scores.section,
    fields.section,
    rollout.section,
    superres.section,
    others.uncertainty,
    data.section,
    configuration.section,
    training.section,
    others.further,
    cost.section,
    environment.section,
    citation.section,
)
"""The sections in the order of the page; each returns None where the run has nothing for it."""


def write_report(results: Results, path: Path) -> Path:
    """Write the report of a run, atomically.

    All values of the run are escaped, and the policy in the file allows only the script that neurop
    puts into it; nothing is loaded from elsewhere.

    Parameters
    ----------
    results
        The run and its evaluation.
    path
        Path of the file.

    Raises
    ------
    InputError
        If a file of the run is damaged.
    """
    text = page(results)
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8")
    return path


def page(results: Results) -> str:
    """Return the HTML of the report."""
    script, style = (_file(name) for name in ("report.js", "report.css"))
    environment_ = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    found = [section(results) for section in SECTIONS]
    return environment_.from_string(_file("report.html")).render(
        title=results.title,
        tiles=scores.tiles(results),
        sections=[one for one in found if one is not None],
        script=Markup(script),
        style=Markup(style),
        policy=f"default-src 'none'; img-src data:; style-src 'sha256-{_digest(style)}'; "
        f"script-src 'sha256-{_digest(script)}'; base-uri 'none'; form-action 'none'",
        version=__version__,
        made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )


def _file(name: str) -> str:
    return (files("neurop.report") / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
