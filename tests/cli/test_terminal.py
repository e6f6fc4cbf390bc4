"""What files say cannot steer the terminal: control characters are shown, not sent."""

import ast
import json
from pathlib import Path

import h5py
import numpy as np
import pytest
import yaml
from small import evolution, surrogate

import neurop.cli
from neurop.cli import main
from neurop.cli._console import table
from neurop.printable import printable

EVIL = "u\x1b[31m\x1b]0;title\x07\r\b\u202e\x9b2J\x7f\u2028"
"""Colour, title of the window, start of line, backspace, direction, an 8-bit sequence."""
SENT = set(EVIL) - set("u[31m]0;title2J")


def is_safe(capsys: pytest.CaptureFixture[str]) -> str:
    shown = capsys.readouterr()
    assert not SENT & set(shown.out + shown.err)
    return shown.out + shown.err


@pytest.mark.trust(
    "Text of a stranger never steers the terminal", "names and attributes that steer a terminal"
)
def test_inspection(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file[EVIL] = np.ones((4, 8))
        file[EVIL].attrs["units"] = EVIL
        file[EVIL].attrs["dims"] = np.array(["time", f"x{EVIL}"], object)
        file.attrs["title"] = EVIL
    assert main(["inspect", str(tmp_path / "a.h5")]) == 0
    assert r"u\x1b[31m" in is_safe(capsys)


@pytest.mark.trust(
    "Text of a stranger never steers the terminal", "a name that writes settings of its own"
)
def test_settings_to_paste(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A name with an end of line cannot add a line to the settings that `inspect` proposes."""
    name = "u\n_target_: os.system\nv"
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file[name], file[f"{name} w"] = np.ones((4, 8)), np.ones((4, 8))
    assert main(["inspect", str(tmp_path / "a.h5")]) == 0
    printed = is_safe(capsys)
    lines = [line for line in printed.splitlines() if line.lstrip().startswith("_target_")]
    assert lines == ["  _target_: neurop.datasets.File"]
    settings = printed.split("NAME:\n")[1].split("\n  #")[0]
    assert yaml.safe_load(settings)["_target_"] == "neurop.datasets.File"


@pytest.mark.trust("Text of a stranger never steers the terminal", "a card that steers a terminal")
def test_the_card_of_a_surrogate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    surrogate(evolution()).save(tmp_path / "model")
    card = tmp_path / "model" / "model.json"
    content = json.loads(card.read_text())
    content["inputs"][0] |= {"unit": EVIL, "long_name": EVIL}
    card.write_text(json.dumps(content))
    main(["info", f"ckpt={tmp_path / 'model'}"])
    assert "x1b" in is_safe(capsys)


@pytest.mark.trust("Text of a stranger never steers the terminal", "settings that steer a terminal")
@pytest.mark.parametrize("word", [f"seed='{EVIL}'", f"{EVIL}=1", EVIL, f"model={EVIL}"])
def test_errors(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", word]) == 2
    assert "x1b" in is_safe(capsys)


def test_a_table_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    table(EVIL, ["name"], [[EVIL], [(EVIL,)]])
    assert not set("\r\b\u202e\x9b\x07") & set(capsys.readouterr().out)


def test_what_is_escaped() -> None:
    assert printable("Temperatur in °C, 気温, \u0627") == "Temperatur in °C, 気温, \u0627"
    assert printable("a\tb\nc", lines=True) == "a\tb\nc"
    assert printable("a\tb\nc\udcff") == r"a\tb\nc\udcff"


def test_verbs_print_in_one_way() -> None:
    """All verbs print by `say`; the progress of `bench` moves the cursor itself."""
    folder = Path(neurop.cli.__file__).parent
    calls = {
        (file.name, ast.unparse(node.func))
        for file in folder.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call)
    }
    assert {file for file, name in calls if name == "print"} == {"_say.py", "bench.py"}
