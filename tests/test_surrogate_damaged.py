"""A surrogate's folder is read with suspicion: what is damaged or of another model is said in
one line.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from raising import raises_input
from safetensors.torch import load_file, save_file
from small import ARGUMENTS, evolution, surrogate

import neurop
from neurop.card import FORMAT
from neurop.errors import InputError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    surrogate(evolution()).save(tmp_path / "model")
    return tmp_path / "model"


def rewrite(folder: Path, **card: Any) -> None:
    path = folder / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | card))


def spec(name: str, **arguments: Any) -> dict[str, Any]:
    return {"name": name, "arguments": arguments}


def truncate(name: str, share: float) -> Callable[[Path], None]:
    def cut(folder: Path) -> None:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: int(share * len(content))])

    return cut


def widen(folder: Path) -> None:
    state = load_file(folder / "model.safetensors")
    key = "net.lift.weight"
    save_file(state | {key: torch.zeros(7, *state[key].shape[1:])}, folder / "model.safetensors")


def drop(key: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        state = load_file(folder / "model.safetensors")
        del state[key]
        save_file(state, folder / "model.safetensors")

    return change


def forget(key: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        card = json.loads((folder / "model.json").read_text())
        del card[key]
        (folder / "model.json").write_text(json.dumps(card))

    return change


@pytest.mark.trust(
    "A damaged file is one line, never a traceback or a wrong number",
    "surrogate folders",
)
@pytest.mark.parametrize(
    ("damage", "file", "message"),
    [
        (
            truncate("model.safetensors", 0.0),
            "model.safetensors",
            "damaged",
        ),
        (truncate("model.safetensors", 0.001), "model.safetensors", "damaged"),
        (truncate("model.safetensors", 0.9), "model.safetensors", "damaged"),
        (
            lambda f: (f / "model.safetensors").write_bytes(b"\xff" * 64),
            "model.safetensors",
            "damaged",
        ),
        (truncate("model.json", 0.5), "model.json", "not JSON.*line"),
        (lambda f: (f / "model.json").write_bytes(b"\xff\xfe"), "model.json", "not JSON"),
        (lambda f: (f / "model.json").write_text("[1]"), "model.json", "no surrogate's card"),
        (lambda f: (f / "model.safetensors").unlink(), "", r"no model\.safetensors"),
        (
            lambda f: (f / "model.json").unlink(),
            "",
            r"no model\.json",
        ),
        (lambda f: rewrite(f, format=FORMAT + 1), "model.json", f"format {FORMAT + 1}"),
        (
            lambda f: rewrite(f, model=spec("fno", **{**ARGUMENTS, "width": 5})),
            "",
            r"net\.\S+ has shape .* two models",
        ),
        (
            widen,
            "",
            r"net\.lift\.weight has shape \(7, 6\) in model\.safetensors, \(6, 6\)",
        ),
        (drop("net.lift.bias"), "", r"net\.lift\.bias has shape None in"),
        (drop("input_norm.std"), "", r"lacks 'input_norm\.std'"),
        (forget("geometry"), "", "lacks 'geometry'"),
        (forget("outputs"), "", "lacks 'outputs'"),
    ],
)
def test_a_damaged_folder_is_said_in_one_line(
    damage: Callable[[Path], Any], file: str, message: str, folder: Path
) -> None:
    damage(folder)
    with raises_input("path", str(folder / file), message):
        neurop.load(folder)


@pytest.mark.parametrize(
    ("change", "key", "value"),
    [
        ({"model": spec("fnoo")}, "model", "fnoo"),
        ({"model": spec("fno", modes=3, wdth=6)}, "model", "fno"),
        ({"inputs": []}, "input_norm", 2),
        ({"geometry": 3}, "geometry", 3),
    ],
)
def test_a_card_of_another_model_is_said_in_one_line(
    change: dict[str, Any], key: str, value: Any, folder: Path
) -> None:
    rewrite(folder, **change)
    with raises_input(key, value):
        neurop.load(folder)


@pytest.mark.trust(
    "Opening what a stranger wrote runs no code",
    "a target planted in a card",
)
def test_loading_runs_no_code_of_the_card(folder: Path) -> None:
    rewrite(folder, model=spec("neurop.models.FNO"), _target_="os.system")
    with pytest.raises(InputError) as error:
        neurop.load(folder)
    assert (error.value.key, error.value.value) == ("model", "neurop.models.fno")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with raises_input("path", str(tmp_path / "nowhere")):
        neurop.load(tmp_path / "nowhere")


@pytest.mark.trust(
    "What a file promises is compared with a bound before it is read",
    "weights whose header promises more than the file",
)
def test_a_header_that_promises_much(folder: Path) -> None:
    path = folder / "model.safetensors"
    size = 4 * 10**13
    head = {"net.lift.weight": {"dtype": "F32", "shape": [10**13], "data_offsets": [0, size]}}
    text = json.dumps(head).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text)
    with raises_input("path", str(path), "damaged"):
        neurop.load(folder)
    path.write_bytes((2**62).to_bytes(8, "little") + text)
    with raises_input("path", str(path), "damaged"):
        neurop.load(folder)
    with path.open("ab") as file:
        file.truncate(10**13)  # takes no room on the disk
    with raises_input("path", str(path), r"would fill 1e\+04 GB of memory, [\d.]+ GB are free"):
        neurop.load(folder)
