"""Check of a run's ``overrides.yaml`` before it is used again: plain values of known keys."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from neurop.errors import InputError

from .._arguments import config_dirs
from .choices import PACKAGE, choices

# Callbacks that users may name themselves, which neither run programs nor overwrite files.
_CALLBACKS = {
    f"lightning.pytorch.callbacks.{name}"
    for name in (
        "DeviceStatsMonitor",
        "EarlyStopping",
        "GradientAccumulationScheduler",
        "LearningRateMonitor",
        "ModelSummary",
        "RichModelSummary",
        "StochasticWeightAveraging",
        "Timer",
        "WeightAveraging",
    )
}
_OPTIMIZERS = re.compile(r"torch\.optim\.(lr_scheduler\.)?[A-Z]\w*")
_TARGET = re.compile(r"_target_: *([\w.]+)")
_REFERENCE = re.compile(r"\$\{[\w.\[\]]+\}")


@dataclass(frozen=True)
class Known:
    """Settings and classes that are known without the run folder.

    Parameters
    ----------
    groups
        Choices of every group.
    settings
        Top-level keys of the configuration that are not groups.
    targets
        Classes and functions that the configuration files name.
    parse
        Function from a word to an override of Hydra, or None if it cannot be parsed.
    trust
        Packages that the command line trusts.
    verb
        Verb of the command line.
    """

    groups: Mapping[str, Sequence[str]]
    settings: frozenset[str]
    targets: frozenset[str]
    parse: Callable[[str], Any]
    trust: tuple[str, ...] = ()
    verb: str = "train"

    def target(self, name: Any) -> bool:
        """Return whether a target is known or trusted."""
        return isinstance(name, str) and (
            name in self.targets
            or name in _CALLBACKS
            or _OPTIMIZERS.fullmatch(name) is not None
            or any(name.startswith(f"{package}.") for package in self.trust)
        )


def known(
    args: list[str],
    parse: Callable[[str], Any],
    verb: str = "train",
) -> Known:
    """Return the settings and classes of the configuration files and the command line.

    Parameters
    ----------
    args
        Arguments of the command line.
    parse
        Function from a word to an override of Hydra, or None if it cannot be parsed.
    verb
        Verb of the command line.
    """
    own, package = config_dirs(args), str(files(PACKAGE))
    texts = [
        file.read_text(encoding="utf-8")
        for root in (package, *own)
        for file in Path(root).glob("*/*.yaml")
    ]
    top = OmegaConf.load(Path(package) / f"{verb}.yaml")
    return Known(
        choices(own),
        settings=frozenset(map(str, top)) - {"defaults", "hydra", "trust"},
        targets=frozenset(name for text in texts for name in _TARGET.findall(text)),
        parse=parse,
        trust=_trusted(args, parse),
        verb=verb,
    )


def _trusted(words: Iterable[str], parse: Callable[[str], Any]) -> tuple[str, ...]:
    found: list[str] = []
    for word in words:
        override = parse(word) if word.lstrip("+").startswith("trust=") else None
        if override is not None:
            value = override.value()
            names = value if isinstance(value, list) else [value]
            found += [str(name).removesuffix(".*") for name in names if name]
    return tuple(found)


def checked_trust(packages: Any, words: Iterable[str], parse: Callable[[str], Any]) -> Any:
    """Return the packages of a configuration; raise InputError if the command line has others."""
    names = [packages] if isinstance(packages, str) else packages
    named = {str(n).removesuffix(".*") for n in names} if isinstance(names, Iterable) else set()
    if others := sorted(named - set(_trusted(words, parse))):
        raise InputError.of(
            "trust", others, "only the command line trusts packages; add 'trust=[...]' to it"
        )
    return packages


def check(words: Iterable[str], known: Known, run: str) -> None:
    """Raise InputError for the first override that is not a plain value of a known key.

    Parameters
    ----------
    words
        Overrides in a run folder.
    known
        Settings and classes that are known without it.
    run
        Run folder, for the message.
    """
    for word in words:
        if wrong := _wrong(word, known):
            again = f"neurop {known.verb} resume={run} {_shell(word)}"
            raise InputError(
                f"resume={run}: its overrides.yaml has {_shell(word)}, which {wrong}; if you "
                f"trust it, add it yourself: {again}",
                "resume",
                word,
            )


def _wrong(word: str, known: Known) -> str | None:
    if word.startswith("-") or "\n" in word:
        return "is no setting"
    override = known.parse(word)
    if override is None:
        return "cannot be read"
    if override.is_sweep_override():
        return "is a sweep"
    value = override.value()
    parts = re.split(r"[./]|\[", override.key_or_group)
    place = (override.package or parts[0]).split(".")[0]
    for root in (parts[0], place):
        if root == "trust" or (root not in known.groups and root not in known.settings):
            return f"sets {root}"
    if override.key_or_group in known.groups and not override.is_delete():
        chosen = value if isinstance(value, list) else [value]
        options = known.groups[override.key_or_group]
        if not all(choice is None or choice in options for choice in chosen):
            return f"is no known choice of {override.key_or_group}"
    if "_target_" in parts:
        value = {"_target_": value}
    return _calls(value, known)


def _calls(value: Any, known: Known) -> str | None:
    """Return what an unsafe value would call or look up; None for a plain value."""
    if isinstance(value, str) and "${" in _REFERENCE.sub("", value):
        return "looks values up"
    if isinstance(value, dict):
        if "_target_" in value and not known.target(value["_target_"]):
            return f"names {value['_target_']}"
        value = list(value.values())
    if isinstance(value, list):
        return next((wrong for item in value if (wrong := _calls(item, known))), None)
    return None


def _shell(word: str) -> str:
    """Return a word as typed in a shell, without control characters of the terminal."""
    shown = "".join(c if c.isprintable() else "?" for c in word)
    return shown if re.fullmatch(r"[\w./=+~-]*", shown) else "'" + shown.replace("'", r"'\''") + "'"
