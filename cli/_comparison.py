"""The entries of a comparison: their errors and costs, the table, the files and the figure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from types import TracebackType
from typing import Any

import numpy as np
import torch
import xarray as xr

from neurop.errors import ExternalFailure, InputError
from neurop.evaluation.compare import ERRORS, compare, errors_of, notes
from neurop.fields.fieldset import FieldSet
from neurop.machine import describe_machine
from neurop.plots import comparison, save
from neurop.surrogate import Surrogate

from ._comparison_table import as_csv, growth_of, print_table
from ._console import show, wrote
from ._evaluation import finite_or_none
from ._output import write_json, write_text
from ._say import say

COSTS = ("step_ms", "peak_mb", "train_seconds", "seconds", "steps", "epochs")


@dataclass
class Entry:
    """A model: errors and training records of each seed, and why one of them failed."""

    parts: list[xr.Dataset] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    parameters: int | None = None
    reason: str | None = None

    def costs(self) -> dict[str, float | None]:
        """Return the means over seeds of the records; the largest memory."""
        found: dict[str, float | None] = {}
        for name in COSTS:
            values = [r[name] for r in self.records if r.get(name) is not None]
            mean = max if name == "peak_mb" else fmean
            found[name] = mean(values) if values else None
        return found


class Comparison:
    """Entries on one test set; as a context it keeps those made before Ctrl-C.

    Parameters
    ----------
    folder
        Run folder.
    device
        Device of the evaluation.
    steps
        Steps of the rollout; None for the default.
    batch_size
        Samples per call.
    """

    def __init__(
        self, folder: Path, device: torch.device, steps: int | None, batch_size: int
    ) -> None:
        self.folder, self.device, self.steps, self.batch_size = folder, device, steps, batch_size
        self.entries: dict[str, Entry] = {}
        self.interrupted = False
        self.test: FieldSet
        self.about: dict[str, Any] = {}

    def begin(self, name: str, data_hash: str, test: FieldSet) -> None:
        """Set the data."""
        self.test = test
        hashes = {"data_hash": data_hash, "test_hash": test.digest()}
        self.about = {"data": name, **hashes, "samples": len(test), "resolution": list(test.shape)}

    def take(
        self, name: str, folder: Path, place: str | None = None, model: Path | None = None
    ) -> None:
        """Evaluate the surrogate of a run; `place` is what the user calls the folder."""
        file = folder / "train.json"
        try:
            record = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
            surrogate = Surrogate.load(model or folder / "model").to(self.device)
            self.enter(name, surrogate, record, place or str(folder))
        except json.JSONDecodeError as error:
            self.fail(name, f"{file} is not JSON ({error})")
        except InputError as error:
            self.fail(name, str(error))

    def fail(self, name: str, reason: str) -> None:
        """Add the reason for which there is no result."""
        self.entries.setdefault(name, Entry()).reason = reason
        say(f"{name}: failed: {reason}", flush=True)

    def enter(
        self,
        name: str,
        surrogate: Surrogate,
        record: dict[str, Any] | None = None,
        run: str | None = None,
    ) -> None:
        """Evaluate a surrogate or a baseline."""
        entry = self.entries.setdefault(name, Entry())
        entry.parts.append(errors_of(surrogate, self.test, self.steps, self.batch_size))
        entry.records += [record] if record else []
        entry.runs += [run] if run else []
        entry.parameters = surrogate.parameters_count()
        error = show(float(entry.parts[-1].error.mean()))
        trained = f", {record['steps']} steps in {record['train_seconds']:.0f} s" if record else ""
        say(f"{name}: error {error}{trained}", flush=True)

    def __enter__(self) -> Comparison:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> bool:
        self.interrupted = kind is not None and issubclass(kind, KeyboardInterrupt)
        return self.interrupted

    def report(self, settings: dict[str, Any]) -> dict[str, Any]:
        """Print the table and write the files.

        Raises
        ------
        ExternalFailure
            If a model failed.
        KeyboardInterrupt
            If the comparison was interrupted.
        """
        done = {name: entry.parts for name, entry in self.entries.items() if entry.parts}
        result = compare(done) if done else None
        rows = list(self._rows(result))
        said = [] if result is None else list(notes(result))
        what = {} if result is None else {n: result[n].what for n in ERRORS if n in result}
        print_table(f"{self.about['data']}, {self.about['samples']} test samples", rows, what)
        for line in said:
            say(f"note: {line}")
        growth = {} if result is None or "growth" not in result else growth_of(result)
        write_json(
            self.folder / "compare.json",
            {**self.about, **settings, "models": rows, "notes": said, **growth}
            | {"machine": describe_machine()},
        )
        write_text(self.folder / "compare.csv", as_csv(rows))
        if result is not None:
            save(comparison(result), self.folder / "compare.png")
        wrote(self.folder)
        if self.interrupted:
            raise KeyboardInterrupt
        if failed := [name for name, entry in self.entries.items() if entry.reason]:
            raise ExternalFailure(f"{', '.join(failed)} failed; the table has the reason")
        return {} if result is None else {"error": float(result.error.min())}

    def _rows(self, result: xr.Dataset | None) -> Iterator[dict[str, Any]]:
        """Yield the row of each entry, the smallest error first and failures last."""
        places = {} if result is None else {str(m): i for i, m in enumerate(result.model.values)}
        errors = (
            {n: float(result.error[i]) for n, i in places.items()} if result is not None else {}
        )
        order = sorted(
            self.entries, key=lambda name: np.nan_to_num(errors.get(name, np.inf), nan=np.inf)
        )
        for name in order:
            entry, row = self.entries[name], dict[str, Any](model=name)
            if result is not None and name in places:
                one = result.isel(model=places[name])
                row |= {str(k): finite_or_none(v) for k, v in one.data_vars.items() if not v.ndim}
                row |= {"seeds": int(one.seeds)}
            yield row | {
                "parameters": entry.parameters,
                **entry.costs(),
                "runs": entry.runs,
                "failed": entry.reason,
            }
