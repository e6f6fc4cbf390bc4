"""``neurop eval protocol=<name>``."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., int]
SIGNS = "protocol.pseudoscalars=[vorticity]"


def test_a_table_on_the_terminal_and_in_a_file(
    trained: Path, neurop: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [f"ckpt={trained}", "protocol=equivariance", SIGNS, "out=there"]
    assert neurop("eval", *words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.split()[:2] == ["element", "mean"] for line in lines)
    found = json.loads(Path("there/eval-equivariance.json").read_text(), parse_constant=pytest.fail)
    table = found["table"]
    assert table["element"][:2] == ["(x, y) -> (x, y)", "(x, y) -> (-x, -y)"]
    assert table["mean"][0] < 1e-6 < table["mean"][1]
    assert found["reflections"] == max(table["largest"][4:])
    assert found["rotations"] == max(table["largest"][:4])
    # The identity has the error of the scores.
    scored = json.loads((trained / "train.json").read_text())["test/relative_l2"]
    assert table["moved"][0] == pytest.approx(scored, rel=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["protocol=equivarance"], "equivariance"),
        (["protocol=equivariance", "protocol.pseudoscalars=[w]"], "protocol.pseudoscalars=w:"),
        (["protocol=equivariance", "report=true"], "report=True: is of the scores"),
        (["protocol=equivariance", "members=2"], "is of one surrogate"),
        (
            ["protocol=equivariance", "protocol._target_=neurop.Grid", "~protocol.pseudoscalars"],
            "choose one",
        ),
    ],
)
def test_what_cannot_be_checked(
    trained: Path, neurop: Command, capsys: pytest.CaptureFixture[str], words: list[str], line: str
) -> None:
    assert neurop("eval", f"ckpt={trained}", *words, "out=there") == 2
    assert line in capsys.readouterr().err
    assert not Path("there").exists()


@pytest.mark.slow
def test_convergence(trained: Path, neurop: Command) -> None:
    words = [f"ckpt={trained}", "protocol=convergence", "protocol.doublings=2", "out=there"]
    assert neurop("eval", *words) == 0
    text = Path("there/eval-convergence.json").read_text()
    found = json.loads(text, parse_constant=pytest.fail)
    first, second = found["table"]["difference"]
    assert found["order"] == pytest.approx(math.log2(first / second))
    assert found["table"]["observed_order"] == [pytest.approx(found["order"]), None]
    assert found["distance"] == found["table"]["from_first"][-1]
