"""``neurop bench`` measures what it is asked for, and says in one line what it cannot."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

ROW = {
    "case",
    "scope",
    "path",
    "device",
    "allocator",
    "forward_ms",
    "step_ms",
    "peak_mb",
    "error",
    "spread",
}
TINY = ["scopes=[layer]", "repeats=2", "seconds=0"]


def test_bench(
    neurop: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = "2d-2x3x16-m4"
    assert neurop("bench", f"cases=[{case}]", "paths=[neurop,torch-fft]", *TINY) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split()[:4] == ["case", "scope", "path", "allocator"]
    assert lines[-1] == "wrote runs/bench"
    written = tmp_path / "runs" / "bench"
    assert {file.name for file in written.iterdir()} == {"bench.json", "bench.png"}
    record = json.loads((written / "bench.json").read_text())
    assert set(record) == {"machine", "settings", "notes", "rows"}
    assert record["machine"]["copy_gb_per_s"] > 0.1
    assert record["machine"]["gemm_gflop_per_s"] > 1
    order = [
        (row["case"], row["scope"], row["path"], row["device"], row["allocator"])
        for row in record["rows"]
    ]
    assert order == [
        (case, "layer", path, "cpu", kind)
        for path in ("neurop", "torch-fft")
        for kind in ("shipped", "same")
    ]
    for row in record["rows"]:
        assert set(row) == ROW
        assert row["forward_ms"] > 0
        assert row["step_ms"] > 0
        assert 0 < row["error"] < 1e-6
        # At least the output and its gradient; at most what some dozen such fields take.
        assert 2 * 2 * 3 * 16**2 * 4e-6 < row["peak_mb"] < 1
        low, high = row["spread"]["forward_ms"]
        assert low <= row["forward_ms"] <= high
        assert row["spread"]["rounds"] == 2
    shipped, same, *_ = record["rows"]
    assert shipped | {"allocator": "same"} == same


@pytest.mark.slow
def test_a_family_is_measured_beside_its_fno(neurop: Callable[..., int], tmp_path: Path) -> None:
    assert (
        neurop(
            "bench",
            "cases=[2d-2x4x16-m4]",
            "scopes=[family]",
            "paths=[neurop-fno,neurop-t1]",
            "repeats=1",
            "seconds=0",
        )
        == 0
    )
    rows = json.loads((tmp_path / "runs" / "bench" / "bench.json").read_text())["rows"]
    assert {(row["scope"], row["path"]) for row in rows} == {
        ("family", "neurop-fno"),
        ("family", "neurop-t1"),
    }
    assert all(0 < row["error"] < 1e-5 for row in rows)


@pytest.mark.slow
def test_trainings_of_several_lengths(neurop: Callable[..., int], tmp_path: Path) -> None:
    data = ["data=advection", "data.samples=12", "data.resolution=16", "data.storage.held_out=2"]
    words = ["scopes=[training]", "paths=[neurop,neurop-t1]", "budgets=[2steps,6steps]"]
    assert neurop("bench", *words, *data, "data.steps=4") == 0
    written = tmp_path / "runs" / "bench"
    assert {file.name for file in written.iterdir()} == {"bench.json", "bench.png"}
    record = json.loads((written / "bench.json").read_text())
    found = [(row["path"], row["budget"], row["steps"]) for row in record["rows"]]
    assert found == [
        (path, f"{steps}steps", steps) for steps in (2, 6) for path in ("neurop", "neurop-t1")
    ]
    assert all(0 < row["error"] < 10 and row["train_seconds"] > 0 for row in record["rows"])
    assert list(record["times_as_long"]) == ["neurop-t1/neurop"]


@pytest.mark.parametrize(
    ("argument", "line"),
    [
        (
            "cases=[2d-16x32x64-m1x]",
            "no case '2d-16x32x64-m1x' (DIMENSIONSd-BATCHxWIDTHxPOINTS-mMODES); did you mean "
            "'2d-16x32x64-m16'?",
        ),
        ("cases=[2d-1x1x8-m5]", "case 2d-1x1x8-m5: 8 points resolve at most 4 modes"),
        ("cases=[]", "cases=[]: give a list, such as cases=[2d-16x32x64-m16]"),
        ("scopes=[layers]", "no scope 'layers'; did you mean 'layer'?"),
        ("paths=[neurop-compile]", "paths=neurop-compile: did you mean 'neurop-compiled'?"),
        (
            "paths=[neurop-t1]",
            "paths=['neurop-t1']: none of them is of the scope layer; leave out paths= or the "
            "scope",
        ),
        ("repeats=0", "repeats=0: give at least 1"),
        ("seconds=-1", "seconds=-1; give a number of at least 0"),
        ("scopes=[training]", "scopes=['training']: needs a data set; give data=, as data=darcy"),
    ],
)
def test_what_it_cannot_do_is_one_line(
    argument: str,
    line: str,
    neurop: Callable[..., int],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert neurop("bench", argument) == 2
    assert capsys.readouterr().err == f"neurop bench: {line}\n"
    assert list(tmp_path.iterdir()) == []


def test_a_path_that_is_not_installed(
    neurop: Callable[..., int], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("neurop.bench.paths.available", lambda: False)
    assert neurop("bench", "paths=[neuraloperator]") == 2
    assert (
        capsys.readouterr().err
        == "neurop bench: paths=neuraloperator: neuraloperator is not installed; pip install "
        "neuraloperator==2.0.0\n"
    )
