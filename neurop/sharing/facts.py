"""What a reader wants to know about a saved surrogate, from its card and its normalisers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PureWindowsPath
from typing import Any

from neurop.errors import InputError
from neurop.geometry.sphere import Sphere
from neurop.model_folder import CARD
from neurop.plain_values import check_values
from neurop.sharing.bibliography import bibtex
from neurop.sharing.scores import Score
from neurop.surrogate import Surrogate

Rows = list[list[Any]]


@dataclass(frozen=True)
class Facts:
    """A surrogate, the plain values of its card, its scores, and where its data come from.

    Parameters
    ----------
    surrogate
        Loaded surrogate.
    plain
        Content of ``model.json``.
    scores
        Scores on its test data.
    data
        Name of the training data.
    reference
        Citation of the training data in plain text; empty if there is none.
    """

    surrogate: Surrogate
    plain: Mapping[str, Any]
    scores: tuple[Score, ...]
    data: str
    reference: str

    @classmethod
    def of(cls, folder: Path, scores: tuple[Score, ...] = ()) -> Facts:
        """Return the facts of a model folder.

        Parameters
        ----------
        folder
            Folder with ``model.json`` and ``model.safetensors``.
        scores
            Scores of its run; by default those that ``model.json`` holds.

        Raises
        ------
        InputError
            As :meth:`neurop.Surrogate.load`.
        """
        surrogate = Surrogate.load(folder)
        plain = json.loads((folder / CARD).read_text(encoding="utf-8"))
        origin = surrogate.card.origin
        named = {score.data for score in scores}
        source = PureWindowsPath(str(origin.get("source") or "unknown"))
        data = str(origin.get("data") or (named.pop() if len(named) == 1 else source.name))
        kept = scores or tuple(_scores(plain))
        return cls(surrogate, plain, kept, data, str(origin.get("attribution") or ""))

    def cited(self, reference: str) -> Facts:
        """Return the same facts with a citation of the training data."""
        return replace(self, reference=reference)

    @property
    def task(self) -> str:
        """The learning task in words."""
        card = self.surrogate.card
        if not card.is_state:
            return "map"
        step, unit = card.sampling.step, card.sampling.unit
        size = "" if step is None else f" of {step:g}" + ("" if unit == "1" else f" {unit}")
        frames = "" if card.history == 1 else f", from {card.history} frames"
        return f"evolution in steps{size}{frames}"

    def fields(self) -> Rows:
        """Return role, name, unit, description, and mean and deviation or range, of each field."""
        s = self.surrogate
        card = s.card
        rows: Rows = []
        both = {f.name for f in card.outputs} if card.is_state else set()
        for what, fields, norm in (
            ("input", card.inputs, s.input_norm),
            ("output", card.outputs, s.output_norm),
        ):
            for i, field in enumerate(fields):
                if what == "output" and field.name in both:
                    continue
                role = "diagnostic" if field.diagnostic else "state" if field.name in both else what
                mean, std = float(norm.mean[i].mean()), float(norm.std[i])
                spread = f"{mean:.4g} ± {std:.3g}"
                rows.append([field.name, role, field.unit, field.long_name, spread])
        for known in card.conditions:
            inside = f"{known.low:.4g} to {known.high:.4g}"
            source = "" if known.computed is None else f"computed: {known.computed.name}"
            about = known.long_name or source
            rows.append([known.name, known.role, known.unit, about, inside])
        return rows

    def axes(self) -> Rows:
        """Return name, points in training, ends, unit, boundary and layout of each axis."""
        card = self.surrogate.card
        whole = isinstance(card.grid, Sphere) and card.grid.is_whole
        rows: Rows = []
        for axis, n in zip(card.grid.axes, card.shape, strict=True):
            ends = f"{axis.start:.6g} to {axis.start + axis.length:.6g}"
            boundary = "pole to pole" if whole and axis.name == "latitude" else axis.boundary
            rows.append([axis.name, n, ends, axis.unit, boundary, axis.layout])
        return rows

    def arguments(self) -> Rows:
        """Return name and value of each argument of the model and of each constraint."""
        rows: Rows = [[key, _short(v)] for key, v in self.surrogate.card.model.arguments.items()]
        for spec in self.plain.get("constraints") or ():
            given = ", ".join(f"{k}={_short(v)}" for k, v in spec["arguments"].items())
            rows.append([f"constraint {spec['name']}", given])
        return rows

    def origin(self) -> Rows:
        """Return what is known of the training data."""
        return [[key, _short(value)] for key, value in self.public_origin.items()]

    @property
    def public_origin(self) -> dict[str, Any]:
        """What is known of the training data, of their path the file name alone."""
        origin = self.surrogate.card.origin
        paths = str(origin.get("source") or "").split(", ")
        source = ", ".join(PureWindowsPath(path).name for path in paths)
        return {**origin, "source": source, "data": self.data}

    def versions(self) -> Rows:
        """Return the versions that the surrogate was saved with."""
        versions = self.plain.get("versions")
        saved = versions if isinstance(versions, dict) else {}
        return [["format of the card", self.plain["format"]], *map(list, saved.items())]

    @property
    def citation(self) -> str:
        """Citation of the model, in one line."""
        return str(self.plain.get("citation") or self.surrogate.net.citation)

    def bibtex(self) -> str:
        """Return BibTeX of the model, of the training data and of neurop."""
        return bibtex((self.surrogate.name, self.citation), (self.data, self.reference))


def _scores(plain: Mapping[str, Any]) -> Iterator[Score]:
    listed = plain.get("scores") or []
    if not isinstance(listed, list):
        raise InputError.of("scores", listed, "need a list")
    for values in listed:
        check_values(Score, values, "scores")
        try:
            yield Score(**values)
        except TypeError as error:
            raise InputError.of("scores", values, "need a mapping of one score") from error


def _short(value: Any) -> str:
    """Return a value as text of one line that a terminal shows as it is."""
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    plain = "".join(c if c.isprintable() else " " for c in text)
    return plain if len(plain) <= 100 else f"{plain[:97]}..."
