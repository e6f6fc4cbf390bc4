"""Help says what every value means, from the comments of the YAML files."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from neurop.cli._main import COMPUTING


def settings(text: str) -> list[str]:
    """Return the lines of the values in a help, without those of lists."""
    values = text.split("Values\n", 1)[1].split("\n\n", 1)[0]
    return [
        line for line in values.split("\n") if line.strip() and not line.strip().startswith("-")
    ]


@pytest.mark.parametrize("verb", COMPUTING)
def test_every_value_has_its_meaning(
    verb: str, neurop: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert neurop(verb, "--help") == 0
    lines = settings(capsys.readouterr().out)
    assert len(lines) > 2
    bare = [line for line in lines if "# " not in line and not line.rstrip().endswith(":")]
    assert bare == []


def test_the_comment_is_that_of_the_choice(
    neurop: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert neurop("train", "--help", "model=t1", "data=burgers", "callback=[ema]") == 0
    lines = {line.split(":")[0].strip(): line for line in settings(capsys.readouterr().out)}
    assert lines["resolution"].endswith("# [points]")
    assert lines["decay"].endswith("# [1] weight of the earlier average in each step")
    assert lines["held_out"].endswith("# [samples] for the test, and as many for validation")
    assert "_target_" not in lines


def test_printing_the_job_by_its_short_flag(
    neurop: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert neurop("train", "-c", "job", "model.width=7") == 0
    assert "  width: 7" in capsys.readouterr().out.splitlines()
    assert neurop("eval", "split=val", "-c", "job") == 0
    assert "split: val" in capsys.readouterr().out.splitlines()
