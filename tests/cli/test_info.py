"""``neurop info``: a surrogate's card in words, and BibTeX."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from pybtex.database import parse_string

Command = Callable[..., int]


def test_the_card_in_words(
    neurop: Command, trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert neurop("info", f"ckpt={trained}") == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[0].startswith(f"{trained}/model: fno, evolution in steps of ")
    assert "x 16 0 to 1 1 periodic left" in lines
    assert "modes 4" in lines
    assert "data navier_stokes" in lines
    assert any(line.startswith("relative L2 error, mean 0.") for line in lines)


@pytest.mark.parametrize("spelling", ["--cite", "cite=true"])
def test_bibtex(
    spelling: str, neurop: Command, trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert neurop("info", str(trained), spelling) == 0
    found = parse_string(capsys.readouterr().out, "bibtex")
    assert list(found.entries) == ["li2021fno", "neurop"]


def test_an_archive(
    neurop: Command, trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        for file in (trained / "model").iterdir():
            made.write(file, f"waves/{file.name}")
    assert neurop("info", "ckpt=a.zip") == 0
    assert capsys.readouterr().out.startswith("a.zip: fno, ")
    assert neurop("eval", "ckpt=a.zip") == 2
    assert capsys.readouterr().err.startswith("neurop eval: a.zip does not say")


@pytest.mark.parametrize(
    "words", [(), ("ckpt=",), ("--json",), ("a", "b"), ("cite=maybe", "a"), ("ckpt=a", "field=b")]
)
def test_wrong_words(words: tuple[str, ...], neurop: Command) -> None:
    assert neurop("info", *words) == 2
