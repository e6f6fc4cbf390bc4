"""Error messages of one line: the mistake, and what was probably meant."""

from __future__ import annotations

import os
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from errno import EACCES, EEXIST, EISDIR, ENOSPC, ENOTDIR, EPERM, EROFS
from typing import TextIO

from neurop.errors import InputError, nearest
from neurop.extras import PLUGINS, advice
from neurop.files import write_failure

from ._say import say
from ._settings.renamed import renamed

LISTS = ("augment", "constraint", "callback")
"""Groups with a list of options."""
REFUSED = (EACCES, EEXIST, EISDIR, ENOSPC, ENOTDIR, EPERM, EROFS)
"""Errors of a place that the user chose, such as ``hydra.run.dir``, which Hydra makes itself."""


def debugging() -> bool:
    """Return whether ``NEUROP_DEBUG`` turns on tracebacks."""
    return os.environ.get("NEUROP_DEBUG", "0") not in ("", "0")


def explain(
    error: BaseException, words: Callable[[], tuple[list[str], dict[str, list[str]]]]
) -> str | None:
    """Return the message for an error that the user can correct; None for any other error.

    Parameters
    ----------
    error
        Exception that was raised.
    words
        Function that returns every key of the configuration and the choices of every group; called
        only if needed.
    """
    if cause := _wrong_input(error):
        return str(cause)
    if isinstance(error, OSError) and error.filename is not None and error.errno in REFUSED:
        return f"{error.filename}: {error.strerror}; give another place, or change its permissions"
    if (failed := _failed_write(error)) is not None:
        return f"{failed}; free space, or give another place"
    # Names rather than classes, so that this module imports neither Hydra nor OmegaConf.
    names = {c.__name__ for c in type(error).__mro__}
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if names & {"MemoryError", "OutOfMemoryError"} or "can't allocate memory" in first:
        return _out_of_memory(str(error))
    if match := re.search(r"Could not load '([^'/]+)/([^']+)'", first):
        group, choice = match.groups()
        return f"no {group} '{choice}'; {nearest(choice, words()[1].get(group, []))}"
    if "MissingConfigException" in names:
        return _no_config(error, first)
    if "OverrideParseException" in names:
        return _not_an_override(str(getattr(error, "override", "")), words)
    if match := re.match(r"Could not (?:override|delete from config|delete)[. ]*'([^']+)'", first):
        return _no_setting(match[1].split("@")[0].split("=")[0], words)
    if "InstantiationException" in names:
        return None
    if names & {"HydraException", "OmegaConfBaseException", "CompactHydraException"}:
        cause_line = str(error.__cause__).strip().splitlines()[:1] if error.__cause__ else []
        return f"{first} ({cause_line[0]})" if cause_line and cause_line[0] not in first else first
    return None


def _wrong_input(error: BaseException | None) -> InputError | None:
    """Return the first InputError in the chain of causes; None if there is none."""
    while error is not None:
        if isinstance(error, InputError):
            return error
        error = error.__cause__
    return None


def _failed_write(error: BaseException | None) -> str | None:
    """Return the reason of the system why something could not be written; None for other errors."""
    while error is not None:
        if (reason := write_failure(error)) is not None:
            return reason
        error = error.__cause__
    return None


def _out_of_memory(text: str) -> str:
    """Return the message for memory that ran out, with the size that was asked for if known."""
    size = re.search(r"allocate (\d[\d.]* ?\w+)", text)
    asked = f" (asked for {size[1]})" if size else ""
    return (
        f"memory ran out{asked}; use smaller batches (loader.batch_size in train, batch_size in "
        "other verbs), a narrower network (model.width) or a coarser grid"
    )


def _no_config(error: BaseException, first: str) -> str:
    options, name = (
        getattr(error, "options", None),
        str(getattr(error, "missing_cfg_file", "") or ""),
    )
    group, _, choice = name.rpartition("/")
    if group in ("hydra/launcher", "hydra/sweeper") and choice in PLUGINS:
        return f"{group}={choice} needs the package {PLUGINS[choice]}: {advice(PLUGINS[choice])}"
    return f"no {group} '{choice}'; {nearest(choice, options)}" if options and group else first


def _not_an_override(word: str, words: Callable[[], tuple[list[str], dict[str, list[str]]]]) -> str:
    if "=" in word:
        return (
            f"'{word}' cannot be read; put values with brackets, commas or spaces in quotes: "
            "'key=[1,2]'"
        )
    keys, groups = words()
    for group, choices in groups.items():
        if word in choices:
            return f"'{word}' is not key=value; did you mean '{group}={word}'?"
    close = _closest(word, [*keys, *groups])
    return f"'{word}' is not key=value" + (
        f"; did you mean '{close}=...'?" if close else "; for example model=fno"
    )


def _no_setting(key: str, words: Callable[[], tuple[list[str], dict[str, list[str]]]]) -> str:
    keys, groups = words()
    group, _, below = key.partition(".")
    option = below.partition(".")[0]
    chosen = any(k.startswith(f"{group}.{option}.") for k in keys)
    if group in LISTS and option in groups.get(group, []) and not chosen:
        return f"no setting '{key}' while {option} is not chosen; add '{group}=[{option}]'"
    if group in groups and "." in key and not any(k.startswith(f"{group}.") for k in keys):
        one = f"'{group}=[<name>]'" if group in LISTS else f"{group}=<name>"
        names = ", ".join(groups[group])
        return f"no setting '{key}' while no {group} is chosen; add {one}, one of {names}"
    if new := renamed(key, keys):
        return f"no setting '{key}'; write {new}"
    close = _closest(key, [*keys, *groups])
    if close:
        return f"no setting '{key}'; did you mean '{close}'?"
    siblings = (
        {k for k in keys if k.startswith(f"{group}.")}
        if "." in key
        else {k for k in (*keys, *groups) if "." not in k}
    )
    return f"no setting '{key}'; {nearest(key, siblings or [k for k in keys if '.' not in k])}"


def _closest(key: str, known: Iterable[str]) -> str | None:
    """Return the key that was probably meant: first by its last part, then by its spelling."""
    known = sorted(k for k in set(known) if "." in k or "." not in key)
    last = key.rsplit(".", 1)[-1]
    same = [k for k in known if k.rsplit(".", 1)[-1] == last and k != key]
    if same:
        return (get_close_matches(key, same, n=1, cutoff=0.0) or same)[0]
    close = get_close_matches(key, known, n=1, cutoff=0.7)
    if not close and "." not in key:
        endings = {k.rsplit(".", 1)[-1]: k for k in reversed(known)}
        close = [endings[e] for e in get_close_matches(last, endings, n=1, cutoff=0.75)]
    return close[0] if close else None


@contextmanager
def one_line_warnings() -> Iterator[None]:
    """Print warnings of neurop in one line; others as Python does."""
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        yield


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Print a warning of neurop in one line, and any other as Python does."""
    if issubclass(category, UserWarning) and f"{os.sep}neurop{os.sep}" in filename:
        say(f"warning: {message}", file=sys.stderr)
    else:
        text = warnings.formatwarning(message, category, filename, lineno, line)
        say(text, end="", file=file or sys.stderr)
