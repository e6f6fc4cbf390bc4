"""The table of the commands: every verb, files that it leaves, and the tests that run it."""

from __future__ import annotations

import re
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path

import pytest
from documents import ROOT

from neurop.cli._main import VERBS

from ..conftest import TINY

PAGE = ROOT / "docs" / "commands.md"
TABLE = re.findall(r"^\| `(\w+)` \|(.*)\|(.*)\|(.*)\|$", PAGE.read_text(), re.MULTILINE)
ROWS = {verb: [cell.strip() for cell in cells] for verb, *cells in TABLE}
FOLDERS = {
    "refine": "refined",
    "compare": "compared",
    "publish": "RUN/publish",
    "bench": "runs/bench",
    "init": "my_project",
    "generate": ".",
    "doctor": ".",
}
"""Where the files of a row lie; elsewhere in the folder of the run."""
# Long enough for forecasts of several lead times.
SET = [word.replace("data.steps=2", "data.steps=5") for word in TINY]
LONG = [word for word in SET if not word.startswith("trainer.max_epochs")]
RUN = (
    ("generate", *SET[:4]),
    ("train", *SET, "hydra.run.dir=RUN"),
    ("refine", "ckpt=RUN", "trainer.max_epochs=1", "hydra.run.dir=refined"),
    ("eval", "ckpt=RUN", "report=true"),
    ("superres", "ckpt=RUN", "resolutions=[16]"),
    ("calibrate", "ckpt=RUN"),
    ("rollout", "ckpt=RUN"),
    ("predict", "ckpt=RUN", "input=INPUT"),
    ("publish", "ckpt=RUN"),
    ("compare", *LONG, "budget=2steps", "models=[fno,persistence]", "hydra.run.dir=compared"),
    ("bench", "cases=[2d-2x3x16-m4]", "paths=[neurop]", "scopes=[layer]", "repeats=2", "seconds=0"),
    ("init", "my_project"),
    ("doctor", "json=machine.json"),
    ("inspect", "INPUT"),
    ("list", "data"),
    ("info", "RUN"),
)  # fmt: skip
"""Small runs; export is left to its own tests, since a compiler takes most of a minute."""


def test_every_verb_has_a_row() -> None:
    assert list(ROWS) == list(VERBS)
    for verb, (command, files, tests) in ROWS.items():
        assert re.search(rf"`neurop {verb}\b", command)
        assert files
        named = re.findall(r"`(\S+)`", tests)
        assert named
        for file in named:
            assert re.search(rf"\b{verb}\b", (ROOT / file).read_text()), file


def patterns(verb: str) -> list[str]:
    """Return the files in the row of a verb; a folder stands for all that is in it."""
    words = re.findall(r"`([^`\s]+)`", ROWS[verb][1])
    found = [w for w in words if re.search(r"\.\w+$|/$", w) or w == "Makefile"]
    return [w + "*" if w.endswith("/") else w for w in found]


def files() -> set[str]:
    return {str(path) for path in Path().rglob("*") if path.is_file()}


@pytest.mark.slow
def test_the_files_are_those_of_small_runs(
    neurop: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEUROP_DATA", "data")
    assert {verb for verb, *_ in RUN} | {"export"} == VERBS.keys()
    for verb, *words in RUN:
        before = files()
        (given, *_) = [*Path("data").glob("*.h5"), None]
        assert neurop(verb, *(word.replace("INPUT", str(given)) for word in words)) == 0
        folder = Path(FOLDERS.get(verb, "RUN"))
        made = {str(Path(name).relative_to(folder)) for name in files() - before}
        made = {name for name in made if not name.endswith(".mp4")}
        wanted = patterns(verb)
        assert [n for n in sorted(made) if not any(fnmatch(n, w) for w in wanted)] == [], verb
        assert [w for w in wanted if not any(fnmatch(n, w) for n in made)] == [], verb
