"""Every command in the README and the documentation can be given as it is written there."""

from __future__ import annotations

import itertools
import re
import shlex
from pathlib import Path

import pytest
from documents import PAGES, ROOT, name, shell_lines
from hydra import compose, initialize_config_module
from hydra.core.override_parser.overrides_parser import OverridesParser

from neurop.cli._hydra import _DEFAULTS
from neurop.cli._main import COMPUTING, VERBS
from neurop.cli._settings.check import left_out as leave_out
from neurop.cli._settings.check import mistakes

LINES = {page: shell_lines(page.read_text()) for page in PAGES}


def commands(lines: list[str]) -> list[str]:
    """Return the commands that start with neurop, without comments, each once."""
    lines = [line.removeprefix("srun ").strip() for line in lines]
    words = [shlex.split(line, comments=True) for line in lines if line.startswith("neurop ")]
    return list(dict.fromkeys(shlex.join(command) for command in words))


COMMANDS = commands([line for lines in LINES.values() for line in lines])


def test_commands_are_found() -> None:
    text = "```sh\n# no\nneurop train model=fno \\\n  data=darcy  # fit\npip install x\n"
    text += "$ neurop list\n```\n```python\nneurop x\n```\n"
    assert commands(shell_lines(text)) == ["neurop train model=fno data=darcy", "neurop list"]
    assert len(COMMANDS) > 40


def jobs(overrides: list[str]) -> list[list[str]]:
    """Return the jobs of a sweep; of an interval the lower end."""
    parsed = OverridesParser.create().parse_overrides(overrides)
    values = []
    for text, one in zip(overrides, parsed, strict=True):
        if one.is_interval_sweep():
            values.append([f"{one.key_or_group}={one.value().start}"])
        elif one.is_sweep_override():
            values.append([f"{one.key_or_group}={v}" for v in one.sweep_string_iterator()])
        else:
            values.append([text])
    return [list(job) for job in itertools.product(*values)]


def test_jobs() -> None:
    words = ["a=1,2", "b=[3,4]", "c=choice(x,y)", "d=tag(log,interval(1e-4,1e-2))"]
    assert len(jobs(words)) == 4
    assert jobs(words)[-1] == ["a=2", "b=[3,4]", "c=y", "d=0.0001"]


@pytest.mark.parametrize("command", COMMANDS)
def test_command(command: str) -> None:
    _, verb, *args = shlex.split(command)
    if verb.startswith("-"):
        assert verb in ("--help", "--version")
        return
    assert verb in VERBS
    if verb not in COMPUTING:
        return
    if {"-c", "--cfg"} & set(args):
        assert args[args.index("-c") + 1 :][:1] == ["job"]
        args = args[: args.index("-c")]
    # Launchers and sweepers are packages of their own.
    left_out = (
        "-",
        "resume=",
        "hydra/launcher=",
        "hydra.launcher.",
        "hydra/sweeper=",
        "hydra.sweeper.",
    )
    overrides = [a for a in args if not a.startswith(left_out)]
    # Jobs of a sweep differ in values alone, so the first and the last are enough.
    made = jobs(overrides) if {"-m", "--multirun"} & set(args) else [overrides]
    for job in made if len(made) < 3 else (made[0], made[-1]):
        with initialize_config_module("neurop.conf", **_DEFAULTS):
            cfg = compose(verb, job)
        if "name" in cfg:
            cfg.name = "set by Hydra in a run"
        leave_out(cfg, job)  # as the command does
        assert list(mistakes(cfg)) == []


def test_every_verb_is_shown() -> None:
    assert set(VERBS) <= {command.split()[1] for command in COMMANDS}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_other_commands(page: Path) -> None:
    """Targets of make and scripts that a page names exist."""
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = page.read_text()
    named = [line.split()[1] for line in LINES[page] if line.startswith("make ")]
    named += re.findall(r"`make ([\w-]+)`", text)
    assert set(named) <= targets
    for script in re.findall(r"python (benchmarks/\S+\.py)", text):
        assert (ROOT / script).is_file(), script
