"""``neurop list`` shows the choices of every group."""

import pytest

from neurop.cli import main


def test_one_group(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "logger"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "logger"
    assert lines[2].split(maxsplit=1) == ["logger=csv", "metrics.csv in the run folder"]


def test_all_groups_and_every_choice_is_described(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    choices = [line.split(maxsplit=1) for line in lines if "=" in line.split()[0]]
    assert {"model=fno", "data=navier_stokes", "trainer=default"} <= {words[0] for words in choices}
    assert [words[0] for words in choices if len(words) < 2] == []


def test_data_show_their_cards(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "data"]) == 0
    blocks: dict[str, list[str]] = {}
    for line in capsys.readouterr().out.splitlines():
        if line.startswith("data="):
            blocks[line.split()[0]] = (block := [])
        else:
            block.append(line)
    assert {"data=navier_stokes", "data=darcy_public", "data=era5", "data=file"} <= set(blocks)
    for name, lines in blocks.items():
        headings = [line.split()[0] for line in lines if line[2:3] != " "]
        assert headings == ["fields", "grid", "size", "cost", "source"], name
        assert max(map(len, lines)) <= 120
        assert not any(mark in line for line in lines for mark in ("`", "**"))
    assert blocks["data=darcy_public"][-1].endswith("arXiv:2010.08895, section 5.2.")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["modle"], "no group 'modle'; did you mean 'model'?"),
        (["model", "data"], "it takes one group; choose from augment, callback"),
    ],
)
def test_wrong_use(words: list[str], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", *words]) == 2
    assert capsys.readouterr().err.startswith(f"neurop list: {line}")
