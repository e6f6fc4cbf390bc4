"""What a report is made of: the run folder, and results that were computed for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import xarray as xr

from neurop.report.run_folder import RunFolder
from neurop.surrogate import Surrogate


@dataclass(frozen=True)
class Results:
    """The run folder, the surrogate, and its evaluation on the test set.

    Parameters
    ----------
    folder
        Run folder.
    surrogate
        The surrogate.
    scores
        Result of :func:`neurop.evaluation.score.score`.
    record
        Content of ``eval.json``.
    rollout
        Result of :func:`neurop.evaluation.rollout.rollout`, if the surrogate is an evolution.
    about
        Further facts about the data, by heading.
    call
        Measured cost of a call of the surrogate, by name.
    """

    folder: RunFolder
    surrogate: Surrogate
    scores: xr.Dataset
    record: dict[str, Any]
    rollout: xr.Dataset | None = None
    about: dict[str, str] = field(default_factory=dict)
    call: dict[str, Any] = field(default_factory=dict)

    @property
    def data(self) -> str:
        """Return the name of the data: of a file of the user, that of the file."""
        name = str(self.record.get("data", "data"))
        return str(self.surrogate.card.origin.get("source") or name) if name == "file" else name

    @property
    def title(self) -> str:
        """Return model and data."""
        return f"{self.surrogate.name} on {self.data}"
