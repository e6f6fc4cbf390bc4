"""The size of files, rooms and constructors, by which a newcomer finds the way."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = sorted(f for top in ("neurop", "cli", "datasets") for f in (ROOT / top).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))


def lines(file: Path) -> int:
    return len(file.read_text().splitlines())


def test_files_are_small() -> None:
    assert [f"{f.relative_to(ROOT)}: {lines(f)}" for f in SOURCE if lines(f) > 300] == []
    assert median(map(lines, SOURCE)) < 120


def test_no_room_holds_much_of_the_library() -> None:
    """A folder counts the files that lie in it, not those of the rooms inside."""
    sizes: Counter[str] = Counter()
    for file in SOURCE:
        sizes[str(file.parent.relative_to(ROOT))] += lines(file)
    total = sum(sizes.values())
    assert {room: size for room, size in sizes.items() if size > 0.12 * total} == {}


def constructors(file: Path) -> Iterator[tuple[str, int]]:
    """Yield class and number of arguments of every constructor, dataclasses included."""
    for node in ast.walk(ast.parse(file.read_text())):
        if not isinstance(node, ast.ClassDef):
            continue
        made = [n for n in node.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"]
        if made:
            a = made[0].args
            yield node.name, len([*a.posonlyargs, *a.args, *a.kwonlyargs]) - 1
        elif any("dataclass" in ast.unparse(d) for d in node.decorator_list):
            fields = [n for n in node.body if isinstance(n, ast.AnnAssign)]
            yield node.name, sum("ClassVar" not in ast.unparse(n.annotation) for n in fields)


@pytest.mark.parametrize("file", SOURCE, ids=lambda f: str(f.relative_to(ROOT)))
def test_constructors_take_few_arguments(file: Path) -> None:
    assert [(name, count) for name, count in constructors(file) if count > 9] == []
