"""Units of fields that a file does not define, and units that are not known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from raising import raises_input

from neurop.datasets import File
from neurop.evaluation.batches import common_unit
from neurop.fields.field import Field

READ = {"axes": ["sample", "time", "x"], "boundary": "periodic"}


@pytest.fixture
def path(tmp_path: Path) -> str:
    values = np.random.default_rng(0).random((10, 3, 8), np.float32)
    np.savez(tmp_path / "a.npz", T=values, q=values)
    return str(tmp_path / "a.npz")


def test_the_user_gives_them(path: str) -> None:
    read = READ | {"input": ["T", "q"]}
    data = File(path, **read, domain={"units": {"T": "K"}}).whole()
    assert [field.unit for field in data.fields] == ["K", ""]
    made = data.to_xarray()
    assert made["T"].attrs["units"] == "K"
    # That of q is not known, which is not a number without dimension.
    assert "units" not in made["q"].attrs


def test_wrong_ones_are_named(path: str) -> None:
    for units in ({"T": "K", "p": "Pa"}, {"t": "K"}):
        with raises_input("units", units, "the data have no"):
            File(path, **READ, input="T", domain={"units": units}).whole()


def test_the_unit_of_an_array_over_fields() -> None:
    assert common_unit((Field("a", "K"), Field("b", "K"))) == {"units": "K"}
    assert common_unit((Field("a", "K"), Field("b", "m"))) == {}
    assert common_unit((Field("a", ""), Field("b", ""))) == {}
    assert common_unit((Field("a", ""), Field("b", "K"))) == {}
