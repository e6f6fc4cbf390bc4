"""Files: what they say of themselves, and that none is kept that was not compared."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from exporting.cases import CASES, TINY, made, with_everything
from raising import raises_input
from small import evolution

from neurop import export
from neurop.errors import ExternalFailure
from neurop.exporting import compare, pt2
from neurop.exporting.compare import differences
from neurop.registry import Spec
from neurop.surrogate import Surrogate


@pytest.fixture(scope="module")
def line() -> Surrogate:
    return made(evolution((16,)), Spec("fno", TINY))


def test_a_file_that_torch_alone_reads(line: Surrogate, tmp_path: Path) -> None:
    record = export(line, tmp_path, origin={"checkpoint": "run"})
    assert json.loads((tmp_path / "export.json").read_text()) == record
    assert sorted(p.name for p in tmp_path.iterdir()) == ["export.json", "model.pt2"]
    (one,) = record["files"]
    assert one["sha256"] == hashlib.sha256((tmp_path / "model.pt2").read_bytes()).hexdigest()
    # Run in a fresh process on other batches and grids than the graph was made with.
    assert [(row["batch"], row["grid"]) for row in one["compared"]] == [
        (1, [16]),
        (3, [25]),
        (5, [5]),
    ]
    assert 0 <= record["largest_difference"] < 1e-5
    assert record["checkpoint"] == "run"
    assert one["inputs"] == [
        {
            "name": "x",
            "type": "float32",
            "shape": ["batch", 2, "x"],
            "channels": [
                {"name": "u", "unit": "m s-1", "frame": 0},
                {"name": "p", "unit": "Pa", "frame": 0},
            ],
        }
    ]
    assert [one["frame"] for one in one["outputs"][0]["channels"]] == [1, 1]
    assert (one["step"], one["step_unit"], one["axes"][0]["least_points"]) == (0.5, "s", 5)
    inside = {pt2.ABOUT: ""}
    program = torch.export.load(tmp_path / "model.pt2", extra_files=inside).module()
    assert json.loads(inside[pt2.ABOUT])["inputs"] == one["inputs"]
    x = torch.from_numpy(np.random.default_rng(0).normal(size=(2, 2, 40))).float()
    torch.testing.assert_close(program(x), line(x), atol=1e-4, rtol=1e-5)
    with pytest.raises(AssertionError, match=">= 5"):  # the graph refuses what aliases its modes
        program(x[..., :4])


def test_channels_of_conditions() -> None:
    from neurop.exporting.description import describe

    about = describe(with_everything(), (9, 12), None)
    x, given = about["inputs"]
    assert [(c["name"], c["frame"]) for c in x["channels"]] == [
        ("u", -1), ("p", -1), ("u", 0), ("p", 0)
    ]  # fmt: skip
    assert [(c["name"], c["unit"], c["role"]) for c in given["channels"]] == [
        ("nu", "m2 s-1", "parameter"),
        ("solar", "W m-2", "forcing"),
        ("solar at the predicted time", "W m-2", "forcing"),
        ("sea", "1", "mask"),
    ]
    assert given["shape"] == ["batch", 4, 9, 12]
    assert about["dynamic"] == {"batch": True, "grid": False}


@pytest.fixture
def wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the fresh process by one whose result is 2 ten-thousandths larger."""

    def run(kind: str, path: Path, folder: Path) -> None:
        for file in folder.glob("*.x.npy"):
            x = np.load(file)
            np.save(folder / file.name.replace(".x.", ".y."), x * np.float32(1 + 2e-4))

    monkeypatch.setattr(compare, "_run", run)
    monkeypatch.setattr(Surrogate, "forward", lambda self, x, given=None: x)


@pytest.mark.usefixtures("wrong")
def test_a_file_that_differs_is_not_kept(
    line: Surrogate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pt2, "write", lambda program, path, *_: path.write_bytes(b"-") and {})
    monkeypatch.setattr("neurop.exporting.export.trace", lambda *_: None)
    with pytest.raises(ExternalFailure, match=r"differs .* \[16\] points"):
        export(line, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_the_difference_is_in_units_of_the_deviation(line: Surrogate) -> None:
    truth = torch.tensor([2.0, 1e3]).view(1, 2, 1) + line.scale.view(1, 2, 1) * torch.zeros(1, 2, 4)
    norm = line.context.norm
    truth = norm.inverse(torch.zeros(1, 2, 4))
    y = truth + 3e-3 * line.scale.view(1, 2, 1)
    largest, accepted = compare._relative(line, y, truth)
    assert largest == pytest.approx(3e-3, rel=1e-2)
    # The rounding of pressures of 1000 Pa whose deviation is tens of Pa adds to the tolerance.
    assert 1e-4 < accepted < 3e-4
    assert compare._relative(line, y[..., :2], truth)[0] == float("inf")


def test_a_file_that_does_not_run_is_named(line: Surrogate, tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"no model")
    pytest.importorskip("onnxruntime")
    with pytest.raises(ExternalFailure, match="onnx file does not run"):
        differences(line, "onnx", tmp_path / "model.onnx", [(1, (16,))])


@pytest.mark.parametrize(
    ("key", "value", "settings"),
    [
        ("format", "onx", {"format": "onx"}),
        ("grids", [], {"grids": []}),
        ("grids", [16, 16], {"grids": [(16, 16)]}),
        ("grids", [1], {"grids": [(1,)]}),
        ("grids", [16], {"grids": [(16,), (16,)]}),
        ("NEUROP_SHT", "torch-harmonics", {}),
    ],
)
def test_what_is_refused_before_anything_is_written(
    key: str,
    value: Any,
    settings: dict[str, Any],
    line: Surrogate,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if key == "NEUROP_SHT":
        monkeypatch.setenv(key, value)
    with raises_input(key, value):
        export(line, tmp_path / "new", **settings)
    assert not (tmp_path / "new").exists()


def test_a_file_in_place_of_the_folder(line: Surrogate, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with raises_input("path", str(tmp_path / "taken")):
        export(line, tmp_path / "taken")


def test_a_missing_package_is_named(
    line: Surrogate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("neurop.exporting.onnx.PACKAGES", ("onnx_of_nobody",))
    with raises_input("format", "onnx", "pip install onnx-of-nobody"):
        export(line, tmp_path, "onnx")
    for name in ("CXX", "PATH"):
        monkeypatch.setenv(name, "")
    with raises_input("format", "aoti", "compiler"):
        export(line, tmp_path, "aoti")


@pytest.mark.slow
def test_one_file_per_grid_replaces_those_of_an_earlier_export(tmp_path: Path) -> None:
    sphere = CASES["sfno"].surrogate()
    first = export(sphere, tmp_path)
    assert "Legendre" in first["grid_fixed_because"]
    export(sphere, tmp_path, grids=[(9, 16), (12, 20)])
    names = sorted(p.name for p in tmp_path.iterdir())
    assert names == ["export.json", "model-12x20.pt2", "model-9x16.pt2"]
