"""The page in a browser: silent, self-contained, within the window, in both colour schemes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import browser
import pytest
from browser import Page
from small_run import EVIL

PROGRAM = browser.find()
pytestmark = pytest.mark.skipif(
    PROGRAM is None, reason="no browser; install one: apt-get install chromium"
)
ARROW_LEFT = 37


@pytest.fixture(scope="module")
def shown(evolution_page: Path) -> Iterator[Page]:
    """Return the page of a run of two fields."""
    assert evolution_page.stat().st_size < 5e6
    with Page(str(PROGRAM), evolution_page) as page:
        yield page


def test_it_is_silent_and_asks_for_nothing_else(shown: Page) -> None:
    asked = [address for address in shown.requests if not address.startswith("data:")]
    assert [address.rpartition("/")[2] for address in asked] == ["report.html"]
    assert shown.problems == []


@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_into_the_window(shown: Page, width: int) -> None:
    shown.resize(width, 800)
    assert shown.run("document.documentElement.scrollWidth") == width
    broken = "[...document.images].filter(i => !i.complete || !i.naturalWidth).length"
    assert shown.run(broken) == 0


@pytest.mark.parametrize(
    ("scheme", "seen", "hidden", "paper"),
    [
        ("light", "light", "dark", "rgb(255, 255, 255)"),
        ("dark", "dark", "light", "rgb(22, 25, 29)"),
    ],
)
def test_both_colour_schemes(shown: Page, scheme: str, seen: str, hidden: str, paper: str) -> None:
    shown.resize(1280, 800)
    shown.prefer(scheme)
    assert shown.run("getComputedStyle(document.body).backgroundColor") == paper
    visible = "[...document.querySelectorAll('img.{}')].every(i => {}i.getClientRects().length)"
    assert shown.run(visible.format(seen, ""))
    assert shown.run(visible.format(hidden, "!"))
    shown.prefer("light")


def test_on_paper_the_page_is_light(shown: Page) -> None:
    shown.prefer("dark", "print")
    assert shown.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert shown.run("getComputedStyle(document.querySelector('.slider')).display") == "none"
    assert shown.pdf()[:5] == b"%PDF-"
    shown.prefer("light")


def test_the_slider_is_moved_by_keys_and_changes_every_panel(shown: Page) -> None:
    pictures = "[...document.querySelectorAll('#rollout-fields image.raster')].map(i => {})"
    href = pictures.format("i.getAttribute('href')")
    before = shown.run(href)
    said = "document.querySelector('#rollout-fields output').textContent"
    assert shown.run(said) == "step 4 (2 h)"
    shown.run("document.querySelector('#rollout-fields-slider').focus()")
    shown.press("ArrowLeft", ARROW_LEFT)
    after = shown.run(href)
    assert shown.run(said) == "step 3 (1.5 h)"
    # Two fields, each of truth, prediction and error.
    assert len(before) == 6
    assert all(old != new for old, new in zip(before, after, strict=True))
    labels = pictures.format("i.closest('svg').getAttribute('aria-label')")
    assert shown.run(labels)[0] == "truth (K), step 3 (1.5 h)"


def test_one_field_is_shown_at_a_time(shown: Page) -> None:
    seen = "[...document.querySelectorAll('#rollout-fields .group')].map(g => !g.hidden)"
    assert shown.run(seen) == [True, False]
    shown.run("document.querySelectorAll('#rollout-fields input[type=radio]')[1].click()")
    assert shown.run(seen) == [False, True]


def test_curves_move_with_the_slider(map_page: Path) -> None:
    with Page(str(PROGRAM), map_page, 390) as page:
        curves = "[...document.querySelectorAll('#examples path.curve')]"
        paths = f"{curves}.map(p => p.getAttribute('d'))"
        before = page.run(paths)
        page.run("document.querySelector('#examples-slider').focus()")
        page.press("ArrowLeft", ARROW_LEFT)
        after = page.run(paths)
        assert page.problems == []
        assert page.run("document.documentElement.scrollWidth") == 390
    # Input, truth and prediction, error: the second sample has another amplitude.
    assert len(before) == 4
    assert all(old != new for old, new in zip(before, after, strict=True))


def test_no_script_of_a_stranger_runs(stranger_page: Path) -> None:
    with Page(str(PROGRAM), stranger_page) as page:
        assert page.run("window.taken === undefined")
        assert page.run("document.querySelector('h1').textContent") == f"fno on {EVIL}"
        assert page.problems == []
