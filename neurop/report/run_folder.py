"""The files of a run folder, read as data: a folder may come from a stranger."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xarray as xr

from neurop.errors import InputError
from neurop.plots import read_metrics

MOST_BYTES = 20_000_000
"""Largest JSON file that is read."""
MOST_TEXT = 200_000
"""Largest text file that is shown, in bytes."""


@dataclass(frozen=True)
class RunFolder:
    """A run folder, or the folder around a ``model/`` folder.

    Parameters
    ----------
    path
        The folder.
    model
        Folder with ``model.json`` and ``model.safetensors``.
    data
        Settings of the data of the report: results on other data are left out. None for all.
    """

    path: Path
    model: Path
    data: Mapping[str, Any] | None = None

    def record(self, *names: str) -> dict[str, Any]:
        """Return a JSON file below the folder; empty if it does not exist.

        Raises
        ------
        InputError
            If it is no JSON object, or too large.
        """
        file = self.path.joinpath(*names)
        if not file.is_file():
            return {}
        if file.stat().st_size > MOST_BYTES:
            raise InputError.in_file(file, "larger than any result of a run; move it away")
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as error:
            raise InputError.in_file(
                file, f"not JSON ({error}); run the verb again, or move it away"
            ) from error
        if not isinstance(content, dict):
            raise InputError.in_file(file, "no result of a verb; move it away")
        other = self.data is not None and content.get("data_settings", self.data) != self.data
        return {} if other else content

    def text(self, name: str) -> str:
        """Return a text file of the folder, shortened if it is long; empty if it does not exist."""
        file = self.path / name
        if not file.is_file():
            return ""
        with file.open("rb") as opened:
            found = opened.read(MOST_TEXT + 1)
        cut = "\n(shortened)" if len(found) > MOST_TEXT else ""
        return found[:MOST_TEXT].decode("utf-8", errors="replace") + cut

    def curves(self) -> xr.Dataset | None:
        """Return ``metrics.csv``; None if there is none, or no epoch in it."""
        try:
            return read_metrics(self.path / "metrics.csv")
        except (InputError, ValueError, KeyError, csv.Error):
            return None

    def results(self) -> dict[str, dict[str, Any]]:
        """Return ``<verb>/<verb>.json`` of every verb that has run, by its name."""
        files = sorted(self.path.glob("*/*.json"))
        names = [file.stem for file in files if file.stem == file.parent.name]
        found = {name: self.record(name, f"{name}.json") for name in names if name != "model"}
        return {name: record for name, record in found.items() if record}

    def dataset(self, verb: str, *needed: str) -> xr.Dataset | None:
        """Return ``<verb>/<verb>.nc``; None if it is missing, or a name in it is."""
        file = self.path / verb / f"{verb}.nc"
        if not file.is_file() or not self.record(verb, f"{verb}.json"):
            return None
        try:
            with xr.open_dataset(file, engine="h5netcdf", decode_times=False) as opened:
                known = {*map(str, opened.variables), *map(str, opened.attrs)}
                return opened.load() if known.issuperset(needed) else None
        except (OSError, ValueError, KeyError):
            return None

    def hashes(self) -> dict[str, str]:
        """Return the SHA-256 of the files that make the surrogate, by name."""
        files = [
            self.model / "model.safetensors",
            self.model / "model.json",
            self.path / "config.yaml",
        ]
        found = {}
        for file in (file for file in files if file.is_file()):
            with file.open("rb") as opened:
                found[file.name] = hashlib.file_digest(opened, "sha256").hexdigest()
        return found
