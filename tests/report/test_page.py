"""The page: what it says, that it is whole, and that a stranger's words stay words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from raising import raises_input
from small_run import EVIL, pairs, write

from neurop.report import Results, write_report
from neurop.report.text import number

VOID = {"meta", "link", "img", "input", "br", "path", "rect", "image"}


class Reader(HTMLParser):
    """Elements with their attributes, the open ones, and the text of each kind of element."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: dict[str, list[str]] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.text.setdefault(self.open[-1], []).append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.elements if name == tag]


@pytest.fixture(scope="module")
def read(evolution_page: Path) -> Reader:
    return Reader(evolution_page.read_text())


def test_every_element_is_closed_and_every_identifier_is_unique(read: Reader) -> None:
    assert not read.open
    names = Counter(attrs["id"] for _, attrs in read.elements if "id" in attrs)
    assert max(names.values()) == 1
    targets = [attrs["href"] for attrs in read.all("a")]
    assert targets
    assert all(target and target[1:] in names for target in targets)


def test_nothing_is_loaded_from_elsewhere(read: Reader) -> None:
    for _, attrs in read.elements:
        for name in ("src", "href", "data", "action", "poster"):
            assert str(attrs.get(name, "#")).startswith(("data:", "#"))
    assert not re.search(r"url\((?!#)|@import", "".join(read.text["style"]))
    (policy,) = (a["content"] for a in read.all("meta") if "http-equiv" in a)
    assert str(policy).startswith("default-src 'none'; img-src data:;")
    assert "unsafe" not in str(policy)


def test_it_can_be_read_without_eyes(read: Reader) -> None:
    assert read.all("html") == [{"lang": "en"}]
    assert all(attrs.get("alt") for attrs in read.all("img"))
    assert all(attrs.get("scope") in ("row", "col") for attrs in read.all("th"))
    assert all(attrs.get("role") == "img" and attrs.get("aria-label") for attrs in read.all("svg"))
    levels = [int(tag[1]) for tag, _ in read.elements if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    labelled = {attrs.get("for") for attrs in read.all("label")}
    sliders = [attrs["id"] for attrs in read.all("input") if attrs["type"] == "range"]
    assert sliders
    assert labelled.issuperset(sliders)


def test_the_sections_are_those_that_the_run_has(read: Reader, map_page: Path) -> None:
    titles = ["Scores", "Fields", "Rollout", "Data", "Configuration", "Training", "Cost"]
    titles += ["Environment and hashes", "Citation"]
    assert read.text["h2"] == titles
    without = [title for title in titles if title not in ("Rollout", "Training")]
    assert Reader(map_page.read_text()).text["h2"] == without


def test_it_says_what_was_measured(evolution: Results, read: Reader) -> None:
    cells = {*read.text["td"], *read.text["dd"], *read.text["th"]}
    assert number(evolution.record["relative_l2"]) in cells
    assert number(evolution.record["rmse"]["wind_speed"]) in cells
    assert number(float(evolution.rollout.relative_l2[3])) in cells
    assert number(evolution.surrogate.parameters_count()) in cells
    assert {"7 min 24 s", "12.5", "1,800 s"} <= cells
    assert {"wind speed (m s⁻¹)", "temperature (K)", "time (h)"} <= cells
    assert evolution.folder.hashes()["model.safetensors"] in cells
    code = "".join(read.text["pre"])
    assert "eprint = {2010.08895}" in code
    assert "- model.width=4" in code


def test_a_page_of_a_run_of_a_stranger_holds_its_words_as_words(stranger_page: Path) -> None:
    plain = Reader(stranger_page.read_text())
    assert not plain.open
    scripts = [attrs.get("type") for attrs in plain.all("script")]
    assert scripts == ["application/json", None]
    assert "onerror" not in {name for _, attrs in plain.elements for name in attrs}
    assert not any(attrs.get("src") == "x" for attrs in plain.all("img"))
    assert "Uncertainty" in plain.text["h2"]
    assert plain.text["title"] == [f"fno on {EVIL}: report"]


def test_a_damaged_result_is_named_and_the_old_report_stays(
    make: Callable[..., Results], tmp_path: Path
) -> None:
    write(tmp_path, {"report.html": "old", "superres/superres.json": "{"})
    with raises_input("path", str(tmp_path / "superres" / "superres.json")):
        write_report(make(tmp_path, pairs()), tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text() == "old"
    assert not list(tmp_path.glob(".*"))
