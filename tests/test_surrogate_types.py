"""A card is held to the types of what it makes, and weights to what a network can compute with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from raising import raises_input
from safetensors.torch import load_file, save_file
from small import ARGUMENTS, evolution, surrogate

import neurop
from neurop.constraints.band_limit import BandLimit
from neurop.errors import InputError

WRONG = [None, [], [None], {}, "text", "", -1, 0, 10**6, 10**30, 1.5, True, float("inf")]
WEIGHT = "net.lift.weight"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    surrogate(evolution(), constraints=[BandLimit((6, 6))]).save(tmp_path / "model")
    return tmp_path / "model"


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to every value of nested lists and mappings."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        yield (*path, key)
        if isinstance(inner, dict | list):
            yield from places(inner, (*path, key))


def replaced(value: Any, path: tuple[Any, ...], by: Any) -> Any:
    """Return a copy with another value at one place."""
    made = json.loads(json.dumps(value))
    inner = made
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = by
    return made


@pytest.mark.trust(
    "A damaged file is one line, never a traceback or a wrong number",
    "any value at any place of a card",
)
def test_any_value_at_any_place_loads_or_is_refused_in_one_line(
    folder: Path, record_property: pytest.RecordProperty
) -> None:
    card, refused, lines = json.loads((folder / "model.json").read_text()), 0, 0
    for path in places(card):
        for wrong in WRONG:
            (folder / "model.json").write_text(json.dumps(replaced(card, path, wrong)))
            try:
                neurop.load(folder)
            except InputError as error:
                refused += "\n" not in str(error)
                lines += 1
            except Exception as error:
                raise AssertionError(f"{path} = {wrong!r}") from error
    assert refused == lines > 300
    record_property("trials", lines)


@pytest.mark.parametrize(
    ("path", "wrong", "key"),
    [
        (("model", "arguments", "width"), True, "arguments.width"),
        (("model", "arguments", "depth"), 10**6, "arguments.depth"),
        (("model", "arguments", "expansion"), float("inf"), "arguments.expansion"),
        (("model", "arguments", "in_channels"), 3, "arguments.in_channels"),
        (("model", "arguments"), None, "arguments"),
        (("inputs",), None, "inputs"),
        (("inputs", 0, "name"), 3, "inputs.name"),
        (("geometry", "axes", 0, "length"), "long", "axes.length"),
        (("sampling", "step"), "text", "sampling.step"),
        (("problem", "arguments", "history"), 1.5, "problem.history"),
        (("constraints", 0, "arguments", "band"), "text", "constraint.band"),
    ],
)
def test_a_value_of_another_type_is_named(
    path: tuple[Any, ...], wrong: Any, key: str, folder: Path
) -> None:
    card = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps(replaced(card, path, wrong)))
    with pytest.raises(InputError) as error:
        neurop.load(folder)
    assert (error.value.key, error.value.value) == (key, wrong)


@pytest.mark.trust(
    "A damaged file is one line, never a traceback or a wrong number",
    "any value at any place of a card",
)
@pytest.mark.parametrize("nested", ["[" * 10**5 + "]" * 10**5, '{"a":' * 10**5 + "1" + "}" * 10**5])
def test_a_deep_card_is_refused(nested: str, folder: Path) -> None:
    (folder / "model.json").write_text(nested)
    with raises_input("path", str(folder / "model.json"), "not JSON"):
        neurop.load(folder)


@pytest.mark.trust(
    "A damaged file is one line, never a traceback or a wrong number",
    "weights of other shapes, types and values",
)
@pytest.mark.parametrize(
    ("name", "change"),
    [
        (WEIGHT, lambda w: w.long()),
        (WEIGHT, lambda w: w > 0),
        (WEIGHT, lambda w: torch.complex(w, w)),
        (WEIGHT, lambda w: w * float("nan")),
        (WEIGHT, lambda w: w / 0),
        ("input_norm.mean", lambda w: w * float("nan")),
        ("output_norm.mean", lambda w: w.long()),
        ("input_norm.std", lambda w: w * 0),
        ("output_norm.std", lambda w: -w),
    ],
)
def test_weights_that_cannot_be_used_are_named(name: str, change: Any, folder: Path) -> None:
    path = folder / "model.safetensors"
    state = load_file(path)
    save_file(state | {name: change(state[name]).contiguous()}, path)
    with pytest.raises(InputError) as error:
        neurop.load(folder)
    assert error.value.key == name


def test_what_is_right_still_loads(folder: Path) -> None:
    assert neurop.load(folder).card.model.arguments == ARGUMENTS
