"""Stored results in a report: lead times whatever the clock, and those of its own data alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_run import waves

from neurop.report import Results
from neurop.report.blocks import Table
from neurop.report.run_folder import RunFolder
from neurop.report.sections.rollout import section


def with_rollout(make: Callable[..., Results], folder: Path) -> Results:
    """Return results whose folder has a rollout that began at 100 units of time."""
    found = make(folder, waves())
    rolled = found.rollout
    assert rolled is not None
    (folder / "rollout").mkdir()
    lead = rolled.time.variable
    lead.attrs["units"] = "h"
    dates = ("step", 100 + rolled.time.values, {"units": "h"})
    stored = rolled.drop_vars("time").assign_coords(lead=lead, time=dates)
    stored.to_netcdf(folder / "rollout" / "rollout.nc", engine="h5netcdf")
    record = {"samples": 7, "data_settings": {"path": "own"}}
    (folder / "rollout" / "rollout.json").write_text(json.dumps(record))
    return found


def test_times_of_a_stored_rollout_are_lead_times(
    make: Callable[..., Results], tmp_path: Path
) -> None:
    found = with_rollout(make, tmp_path)
    made = section(found)
    assert made is not None
    assert "7 test samples" in made.blocks[0].text
    (table,) = [b for b in made.blocks if isinstance(b, Table) and "lead time" in b.caption]
    assert found.rollout is not None
    leads = np.asarray(found.rollout.time.values, float)
    np.testing.assert_allclose([row[1] for row in table.rows], leads[: len(table.rows)])
    assert table.columns[1] == "time (h)"


@pytest.mark.slow
def test_results_on_other_data_are_left_out(make: Callable[..., Results], tmp_path: Path) -> None:
    found = with_rollout(make, tmp_path)
    for path, there in (("own", True), ("other", False)):
        folder = RunFolder(tmp_path, tmp_path / "model", {"path": path})
        assert bool(folder.record("rollout", "rollout.json")) == there
        assert ("rollout" in folder.results()) == there
        assert (folder.dataset("rollout", "relative_l2") is not None) == there
    other = replace(found, folder=RunFolder(tmp_path, tmp_path / "model", {"path": "other"}))
    made = section(other)
    assert made is not None
    assert "7 test samples" not in made.blocks[0].text


def test_errors_by_octaves_of_a_rollout(make: Callable[..., Results], tmp_path: Path) -> None:
    found = make(tmp_path, waves())
    made, rolled = section(found), found.rollout
    assert made is not None
    assert rolled is not None
    table = next(b for b in made.blocks if isinstance(b, Table) and "octaves" in b.caption)
    steps = [int(name.split()[-1]) for name in table.columns[1:]]
    assert (steps[0], steps[-1]) == (1, rolled.attrs["known_steps"])
    known = [row for row in table.rows if np.isfinite(row[1])]
    assert known
    for name, *values in known:
        octave = int(str(name).split()[0])
        expected = rolled.octave_relative_l2.sel(octave=octave, step=steps).isel(field=0)
        np.testing.assert_allclose(values, expected)
