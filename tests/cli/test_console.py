"""Tables and files that verbs leave."""

import json
from pathlib import Path

import numpy as np
import pytest

from neurop.cli._console import table, wrote
from neurop.cli._output import write_json


def test_plain_table(capsys: pytest.CaptureFixture[str]) -> None:
    table(
        "Errors",
        ["name", "grid", "error"],
        [["fno", (64, 64), 0.0123456], ["a longer one", (128,), None]],
    )
    wrote(Path("runs/a"))
    assert capsys.readouterr().out.splitlines() == [
        "Errors",
        "  name          grid     error",
        "  fno           64x64  0.01235",
        "  a longer one  128          -",
        "wrote runs/a",
    ]


def test_table_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    table("Errors", ["name", "error"], [["[bold]", 0.5]])
    printed = capsys.readouterr().out
    # By default Rich reads square brackets as markup.
    assert "[bold]" in printed
    assert "━" in printed


def test_json_is_strict(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.json"
    write_json(
        path,
        {
            "nan": float("nan"),
            "inf": np.float32("inf"),
            "n": np.int64(3),
            "a": np.array([1.5, np.nan]),
            "p": Path("x"),
            "t": (1, None),
        },
    )
    assert json.loads(path.read_text(), parse_constant=pytest.fail) == {
        "nan": None,
        "inf": None,
        "n": 3,
        "a": [1.5, None],
        "p": "x",
        "t": [1, None],
    }
    assert [p.name for p in path.parent.iterdir()] == ["a.json"]


def test_json_refuses_what_it_cannot_hold(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("before")
    with pytest.raises(TypeError, match="JSON"):
        write_json(tmp_path / "a.json", {"x": object()})
    assert (tmp_path / "a.json").read_text() == "before"


@pytest.mark.parametrize("name", ["LOCAL_RANK", "RANK"])
def test_only_the_first_process_speaks(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for rank, said in (("1", 0), ("0", 3)):
        monkeypatch.setenv(name, rank)
        table("t", ["a"], [])
        wrote("x")
        write_json(tmp_path / "a.json", {})
        assert len(capsys.readouterr().out.splitlines()) == said
        assert (tmp_path / "a.json").exists() is (rank == "0")
