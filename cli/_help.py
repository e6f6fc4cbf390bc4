"""Help of a verb: every value with its meaning and unit, from the comments of the YAML files."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import redirect_stdout
from importlib.resources import files
from io import StringIO
from pathlib import Path
from string import Template
from typing import Any, cast

from omegaconf import DictConfig, OmegaConf

from ._errors import LISTS
from ._say import say
from ._settings.choices import PACKAGE, choices

_LINE = re.compile(r"(?P<indent> *)(?P<item>- )?(?P<key>[\w/@]+):(?P<value>.*)")
_COMMENT = re.compile(r"(?:^|\s)#\s(?P<text>.*)")
_COLUMN = 40


def show(
    app: Callable[[], object],
    verb: str,
    job: Callable[[], Any],
    folders: Callable[[], Iterable[str]],
) -> None:
    """Print the help of a verb, with the meaning of every value.

    Hydra's own help composes the search path again for each group, which takes seconds.

    Parameters
    ----------
    app
        Hydra's main function, which prints the composed settings.
    verb
        Name of the verb.
    job, folders
        Functions that return Hydra's settings of the job and the user's folders afterwards.
    """
    with redirect_stdout(StringIO()) as printed:
        app()
    groups = [f"{group}: {', '.join(names)}" for group, names in choices(folders()).items()]
    # Hydra has taken its settings out of the tree that they refer to.
    template = OmegaConf.create({"hydra": job()}).hydra.help.template
    text = Template(template).substitute(
        APP_CONFIG_GROUPS="\n".join([*groups, ""]), CONFIG=printed.getvalue()
    )
    chosen = job().runtime.choices
    extra = unknown_to_model(printed.getvalue(), chosen.get("model"), folders())
    say(explained(text, comments_of(verb, chosen, folders()), extra))


def unknown_to_model(printed: str, model: str | None, folders: Iterable[str]) -> set[str]:
    """Return the settings that the data set recommends and the file of the chosen model lacks.

    The verbs leave them out too, by the signature of the model, which is not imported here.
    """
    candidates = (root / f"model/{model}.yaml" for root in _roots(folders))
    file = next((path for path in candidates if path.is_file()), None)
    given = cast(DictConfig, OmegaConf.create(printed)).get("model")
    if file is None or not given:
        return set()
    known = cast(DictConfig, OmegaConf.load(file))
    return {f"model.{key}" for key in given.keys() - known.keys()}


def explained(text: str, comments: Mapping[str, str], extra: Container[str] = ()) -> str:
    r"""Return the help with comments after the values, and without the names of classes.

    Parameters
    ----------
    text
        Help that Hydra printed, with the values after a line ``Values``.
    comments
        Comments by full key.
    extra
        Full keys of values that are left out.

    Examples
    --------
    >>> text = "Values\nmodel:\n  _target_: a.B\n  width: 8\n"
    >>> say(explained(text, {"model.width": "[channels]"}))
    Values
    model:
      width: 8                              # [channels]
    <BLANKLINE>
    """
    head, values, rest = text.partition("Values\n")
    made, path = [], list[str]()
    for line in rest.split("\n"):
        found = _LINE.fullmatch(line)
        if not found or found["item"]:
            made.append(line)
            continue
        depth = len(found["indent"]) // 2
        path = [*path[:depth], found["key"]]
        comment = comments.get(".".join(path))
        if not found["key"].startswith("_") and ".".join(path[:2]) not in extra:
            made.append(f"{line:<{_COLUMN}}# {comment}" if comment else line)
    return head + values + "\n".join(made)


def comments_of(verb: str, chosen: Mapping[str, object], folders: Iterable[str]) -> dict[str, str]:
    """Return the comments of the settings of a verb by full key.

    Parameters
    ----------
    verb
        Name of the verb.
    chosen
        Chosen option of each group.
    folders
        The user's folders of configuration, whose files come first.
    """
    roots = _roots(folders)
    found = dict(_comments(roots, f"{verb}.yaml", ""))
    for group, choice in chosen.items():
        name, _, package = group.partition("@")
        found = dict(_comments(roots, f"{name}/{choice}.yaml", package or name)) | found
    for root in roots:
        for file in (f for group in LISTS for f in _yaml(root / group)):
            found = dict(_comments([file.parent], file.name, "")) | found
    return found


def _roots(folders: Iterable[str]) -> list[Path]:
    return [*map(Path, folders), Path(str(files(PACKAGE)))]


def _yaml(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.yaml"))


def _comments(roots: list[Path], name: str, package: str) -> Iterator[tuple[str, str]]:
    file = next((f for root in roots if (f := root / name).is_file()), None)
    if file is None:
        return
    text = file.read_text(encoding="utf-8")
    if header := re.search(r"^# @package (\S+)", text, re.MULTILINE):
        package = "" if header[1] == "_global_" else header[1]
    path = list[str]()
    for line in text.split("\n"):
        if not (found := _LINE.fullmatch(line)):
            continue
        comment = _COMMENT.search(found["value"])
        if found["item"]:
            # A choice of the defaults, of which the comment is that of its group.
            group, _, below = found["key"].lstrip("/").partition("@")
            inner = ".".join(filter(None, (package, below or group)))
            if comment:
                yield inner, comment["text"]
            if found["key"].startswith("/"):
                chosen = found["value"].split("#")[0].strip()
                yield from _comments(roots, f"{group}/{chosen}.yaml", inner)
            continue
        path = [*path[: len(found["indent"]) // 2], found["key"]]
        if comment:
            yield ".".join(filter(None, (package, *path))), comment["text"]
