from pathlib import Path

import numpy as np
import pytest
import torch
from raising import raises_input

import neurop.datasets
from neurop.errors import InputError
from neurop.fields.field import Field
from neurop.formats.readers import torch_pt
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid

SAMPLES = Path(neurop.datasets.__file__).parent / "samples"


@pytest.mark.parametrize(
    ("name", "shape"),
    [("train_16", (1000, 16, 16)), ("test_16", (50, 16, 16)), ("test_32", (50, 32, 32))],
)
def test_real_files(name, shape):
    fields = torch_pt.read(SAMPLES / f"darcy_{name}.pt")
    raw = torch.load(SAMPLES / f"darcy_{name}.pt", weights_only=True)
    assert fields.has_targets
    assert fields.values.shape == fields.targets.shape == (shape[0], 1, 1, *shape[1:])
    assert fields.values.dtype == fields.targets.dtype == np.float32
    np.testing.assert_array_equal(fields.values[:, 0, 0], raw["x"].numpy().astype(np.float32))
    np.testing.assert_array_equal(fields.targets[:, 0, 0], raw["y"].numpy())
    assert set(np.unique(fields.values)) == {0.0, 1.0}


def test_grid_fields_and_numbers(tmp_path):
    grid = Grid((Axis("s", "periodic"),))
    pair = {
        "x": torch.arange(6.0, dtype=torch.float64).reshape(2, 3),
        "y": torch.ones(2, 3, requires_grad=True),
    }
    torch.save({**pair, "visc": torch.tensor([[0.5]])}, tmp_path / "a.pt")
    fields = torch_pt.read(tmp_path / "a.pt", grid, Field("a", "K"), Field("u", "m"))
    assert (fields.grid, fields.fields, fields.target_fields) == (
        grid,
        (Field("a", "K"),),
        (Field("u", "m"),),
    )
    assert fields.attributes == {"visc": 0.5}
    np.testing.assert_array_equal(fields.values[1, 0, 0], [3, 4, 5])


X = torch.zeros(2, 4, 4)
HOLE = X.clone()
HOLE[1, 2, 3] = torch.nan


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            [X, X],
            r"0 \(2, 4, 4\), 1 \(2, 4, 4\)",
        ),
        ({"x": X}, r"x \(2, 4, 4\)"),
        ({}, r"without a tensor of numbers \(dict\)"),
        ({"a": X, "u": X}, r"a \(2, 4, 4\), u \(2, 4, 4\)"),
        ({"x": X, "y": X[:1]}, r"x \(2, 4, 4\), y \(1, 4, 4\)"),
        (
            {"x": torch.zeros(2, 4), "y": torch.ones(2, 5, 4)},
            r"x \(2, 4\), y \(2, 5, 4\)",
        ),
        ({"x": torch.zeros(3), "y": torch.zeros(3)}, r"x \(3,\), y \(3,\)"),
        ({"x": torch.zeros(0, 4), "y": torch.zeros(0, 4)}, r"'x' has shape \(0, 4\), it is empty"),
        ({"x": X, "y": [1, 2]}, r"x \(2, 4, 4\)"),
        ({"x": X.to(torch.complex64), "y": X}, "real numbers"),
        ({"x": X.to_sparse(), "y": X}, "dense"),
        ({"x": X, "y": HOLE}, r"'y' of sample 1.*nan at point \(2, 3\)"),
    ],
)
def test_wrong_content_is_one_line(tmp_path, content, message):
    path = tmp_path / "a.pt"
    torch.save(content, path)
    key, value = ("field", "y") if "nan" in message else ("path", str(path))
    with raises_input(key, value, message) as error:
        torch_pt.read(path)
    assert str(path) in str(error.value)


@pytest.mark.trust(
    "A damaged file is one line, never a traceback or a wrong number",
    "data files of every format, cut off",
)
@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.7, 0.99])
def test_truncated_file_is_one_line(tmp_path, share):
    whole = (SAMPLES / "darcy_test_16.pt").read_bytes()
    path = tmp_path / "a.pt"
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(InputError) as error:
        torch_pt.read(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_absent_file():
    with raises_input("path", "absent.pt"):
        torch_pt.read("absent.pt")
