"""A surrogate's folder: weights and a card, complete and portable."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from raising import raises_input
from small import evolution, mapping, surrogate

import neurop
from neurop.fields.fieldset import FieldSet
from neurop.fields.standardize import Standardize
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.problems import Evolution

ENDS = Grid((Axis("x", "neumann", -1.0, 3.0, "km", "ends"), Axis("y", "open", layout="cells")))
SETS: dict[str, tuple[FieldSet, dict[str, Any]]] = {
    "evolution": (evolution(), {"problem": Evolution(2)}),
    "states": (evolution(), {"problem": Evolution(increments=False)}),
    "climatology": (evolution(grid=ENDS), {"normalizer": Standardize(pointwise=True)}),
    "map": (mapping(), {}),
    "sphere": (
        evolution((7, 12), grid=Grid.latlon(), attributes={"license": "CC-BY-4.0", "other": 1}),
        {},
    ),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    surrogate(evolution()).save(tmp_path / "model")
    return tmp_path / "model"


@pytest.mark.parametrize("kind", SETS)
def test_a_saved_surrogate_returns(kind: str, tmp_path: Path) -> None:
    data, how = SETS[kind]
    s = surrogate(data, **how)
    s.save(tmp_path / "run" / "model")
    for path in (tmp_path / "run", tmp_path / "run" / "model", str(tmp_path / "run")):
        again = neurop.load(path)
        assert again.card == s.card
        assert not again.training
        for shape in (data.shape, tuple(n + 2 for n in data.shape)):
            x = torch.randn(2, s.card.in_channels, *shape)
            assert torch.equal(again(x), s(x))
    assert sorted(p.name for p in (tmp_path / "run" / "model").iterdir()) == [
        "model.json",
        "model.safetensors",
    ]


def test_double_precision_returns(tmp_path: Path) -> None:
    s = surrogate(evolution()).double()
    s.save(tmp_path)
    x = torch.randn(1, 2, 9, 8, dtype=torch.float64)
    assert torch.equal(neurop.load(tmp_path)(x), s(x))


def test_the_card_says_what_the_surrogate_is(folder: Path) -> None:
    card = json.loads((folder / "model.json").read_text())
    assert card["format"] == 5
    assert card["model"] == {"name": "fno", "arguments": {"modes": 3, "width": 6, "depth": 1}}
    assert card["distribution"] is None
    assert (
        card["inputs"]
        == card["outputs"]
        == [
            {"name": n, "unit": u, "long_name": w, "diagnostic": False}
            for n, u, w in (("u", "m s-1", "velocity"), ("p", "Pa", "pressure"))
        ]
    )
    evolves = {"history": 1, "unroll": 1, "increments": True}
    assert card["problem"] == {"name": "evolution", "arguments": evolves}
    assert card["sampling"] == {"shape": [9, 8], "step": 0.5, "unit": "s"}
    assert card["constraints"] == []
    assert card["origin"] == {"source": "waves", "data_hash": evolution().digest()}
    assert card["versions"] == {"neurop": neurop.__version__, "torch": torch.__version__}
    assert "CITATION.cff" in card["software"]
    rights = SETS["sphere"][0]
    assert surrogate(rights).card.origin["license"] == "CC-BY-4.0"
    assert "other" not in surrogate(rights).card.origin


def test_nothing_in_the_folder_is_a_pickle_or_names_this_machine(folder: Path) -> None:
    for path in folder.iterdir():
        content = path.read_bytes()
        assert b"\x80\x02" not in content[:8]
        assert not content.startswith(b"PK")
        assert str(folder.parent).encode() not in content
        assert str(Path(neurop.__file__).parents[1]).encode() not in content


def test_saving_again_replaces_both_files(folder: Path) -> None:
    other = surrogate(evolution(channels=1), seed=3)
    other.save(folder)
    x = torch.randn(1, 1, 9, 8)
    assert torch.equal(neurop.load(folder)(x), other(x))


def test_a_card_that_cannot_be_written_leaves_the_folder_as_it_was(folder: Path) -> None:
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    s = surrogate(evolution(), seed=1)
    s.card = replace(s.card, sampling=replace(s.card.sampling, step=float("nan")))
    with pytest.raises(ValueError, match="JSON"):
        s.save(folder)
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before


def test_constant_fields_cannot_be_normalised() -> None:
    data = evolution()
    data.values[:, :, 1] = 4.0
    with raises_input("field", "p"):
        surrogate(data)
    still = replace(data, values=np.repeat(evolution().values[:, :1], 6, 1))
    with raises_input("field", "u"):
        surrogate(still)
