"""The commands of a newcomer's page run in their order, and leave and print what it says."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from documents import ROOT, blocks, shell_lines

PAGE = ROOT / "docs" / "howto" / "from_file_to_forecast.md"
LEFT = (
    "config.yaml",
    "train.json",
    "metrics.csv",
    "report.html",
    "model/model.safetensors",
    "model/bands.safetensors",
    "eval/eval.nc",
    "calibrate/calibrate.png",
    "export/onnx/model.onnx",
)


def words(line: str) -> str:
    """Return a printed line with # for each number, and single spaces."""
    return " ".join(re.sub(r"[+-]?\d[\d.,:-]*(e-?\d+)?", "#", line).split())


@pytest.mark.slow
def test_the_page(
    neurop: Callable[..., int], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("onnxscript")
    pytest.importorskip("onnxruntime")
    text = PAGE.read_text()
    (script,) = (block.code for block in blocks(text) if block.language == "python")
    (tmp_path / "make_data.py").write_text(script)
    printed, verbs = "", []
    for line in filter(None, shell_lines(text)):
        program, *arguments = shlex.split(line, comments=True)
        if program == "python":
            subprocess.run([sys.executable, "-P", *arguments], check=True)
            continue
        assert program == "neurop"
        assert neurop(*arguments) == 0, line
        printed += capfd.readouterr().out
        verbs.append(arguments[0])
    assert verbs == ["inspect", "train", "eval", "calibrate", "eval", "export", "predict"]
    (run,) = Path("runs", "file-fno").iterdir()
    assert [name for name in LEFT if not (run / name).is_file()] == []
    known = {words(line) for line in printed.splitlines()}
    shown = [block.code for block in blocks(text) if block.language == "text"]
    lines = [line for code in shown for line in code.splitlines() if line.strip(" .")]
    assert len(lines) > 30
    assert [line for line in lines if words(line) not in known] == []

    judged = json.loads((run / "eval" / "eval.json").read_text())
    assert judged["relative_l2"] < 0.02
    assert judged["persistence_relative_l2"] > 0.5
    exported = json.loads((run / "export" / "onnx" / "export.json").read_text())
    assert exported["largest_difference"] < 1e-4
    truth = np.load("later.npz")["c"]
    with xr.open_dataset("forecast.nc") as made:
        assert made.c.dims == ("sample", "time", "x")
        np.testing.assert_allclose(made.time, 0.2 * np.arange(1, 6), rtol=1e-6)
        error = np.linalg.norm(made.c - truth, axis=-1) / np.linalg.norm(truth, axis=-1)
        inside = ((made.c_lower <= truth) & (truth <= made.c_upper)).all("x").mean("sample")
    assert np.median(error) < 0.02
    # The coverage of bands from 30 experiments is 0.90 with a deviation of 0.05.
    assert (inside > 0.75).all()
