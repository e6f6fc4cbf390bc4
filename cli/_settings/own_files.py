"""Check the user's files of settings before Hydra reads them: perhaps they were downloaded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from neurop.errors import InputError

from .._arguments import config_folders

MOST_VALUES = 100_000
"""Largest number of values of a file, with those that references (``*name``) repeat."""
MOST_DEPTH = 50
"""Deepest nesting: the time to read a file grows with the square of it."""

# Settings of Hydra that call functions, set variables of the environment, or add folders.
_CALLS = re.compile(r"\b(callbacks|env_set|_target_|searchpath)\b")
_INTO_HYDRA = re.compile(r"(@|# *@package +)(_global_\.)?hydra\b|^[+ -]*/?hydra/callbacks", re.M)


def check_own_files(args: list[str]) -> None:
    """Raise InputError for a file in the folders of the arguments that does what it must not.

    A file of settings calls nothing when Hydra starts, which the command line may do, and is of a
    size that can be read.
    """
    for folder in config_folders(args):
        for path in sorted(Path(folder).rglob("*.yaml")):
            _check(path, path.relative_to(folder).parts[0])


def expanded(text: str, path: Path) -> Iterator[yaml.Event]:
    """Yield the events of a YAML text; raise InputError if it is nested too deep or too large.

    A kilobyte of nested references can expand to gigabytes.
    """
    sizes: dict[str, int] = {}
    stack: list[tuple[str | None, int]] = [
        (None, 0)
    ]  # anchor and number of values of each open collection
    for event in yaml.parse(text, yaml.SafeLoader):
        yield event
        if isinstance(event, yaml.CollectionStartEvent):
            stack.append((event.anchor, 1))
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, size = stack.pop()
            sizes[anchor or ""] = size
            stack[-1] = (stack[-1][0], stack[-1][1] + size)
        elif isinstance(event, yaml.NodeEvent):
            known = isinstance(event, yaml.AliasEvent)
            size = sizes.get(event.anchor, 1) if known else 1
            stack[-1] = (stack[-1][0], stack[-1][1] + size)
        if len(stack) > MOST_DEPTH:
            raise InputError.in_file(path, f"nested deeper than {MOST_DEPTH} levels; flatten it")
        if stack[-1][1] > MOST_VALUES:
            raise InputError.in_file(
                path, f"more than {MOST_VALUES} values, with those repeated by *name; shorten it"
            )


def _check(path: Path, group: str) -> None:
    try:
        text = path.read_text(encoding="utf-8")
        for _ in expanded(text, path):
            pass
        content: Any = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError.in_file(path, f"cannot be read ({error}); correct or remove it") from error
    except (yaml.YAMLError, RecursionError):
        return  # Hydra says where, if it takes this file
    if not isinstance(content, dict):
        return
    hydra = content if group == "hydra" else content.get("hydra", {})
    found = _CALLS.search(str(hydra))
    if found or _INTO_HYDRA.search(text):
        what = f"hydra ... {found[1]}" if found else "settings of hydra"
        raise InputError.in_file(
            path, f"{what}: could run code when Hydra starts; give it on the command line"
        )
