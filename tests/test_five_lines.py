"""The Python of the README runs as it stands there, on smaller data."""

from __future__ import annotations

import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

README = Path(__file__).parents[1] / "README.md"
SMALLER = {
    "samples=100": "samples=45, resolution=16, steps=3",
    "modes=16, width=24": "modes=4, width=4, depth=1",
    "epochs=8": "epochs=2",
    "steps=20": "steps=3",
}


def test_five_lines_train_score_roll_out_and_plot(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = re.findall(r"^```python\n(.*?)^```", README.read_text(), re.DOTALL | re.MULTILINE)[0]
    lines = [line for line in code.splitlines() if line and not line.startswith("import")]
    assert len(lines) <= 5
    for full, small in SMALLER.items():
        assert full in code
        code = code.replace(full, small)
    monkeypatch.setenv("NEUROP_DATA", str(store))
    monkeypatch.chdir(tmp_path)
    plt.switch_backend("agg")
    names: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), names)
    printed = capsys.readouterr().out.splitlines()
    assert 0 < float(printed[-1]) < 1
    assert [line.split()[:2] for line in printed[:-1]] == [["epoch", "1/2"], ["epoch", "2/2"]]
    # One panel per lead time, of fields that change.
    panels = [axes for axes in plt.gcf().axes if axes.get_title().startswith("time")]
    assert len(panels) == 3
    values = [np.asarray(axes.collections[0].get_array()) for axes in panels]
    assert all(np.isfinite(v).all() for v in values)
    assert not np.array_equal(values[0], values[1])
    plt.close("all")
