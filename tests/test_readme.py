"""Every command in the README can be given as it is written there."""

import itertools
import re
import shlex
from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_module

from neurop.cli._hydra import _DEFAULTS
from neurop.cli._main import COMPUTING, VERBS
from neurop.cli._settings.check import mistakes
from neurop.geometry.grid import Grid
from neurop.models import REGISTRY, create
from neurop.registry import trust_packages

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
CLUSTER = (ROOT / "docs" / "beyond_one_machine.md").read_text()


def commands(text: str) -> list[str]:
    """Return the lines of ``sh`` blocks that start with neurop, with continued lines joined and
    comments cut.
    """
    blocks = re.findall(r"^```(?:sh|bash|shell|console)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    return [
        line.removeprefix("$ ").strip()
        for line in lines
        if line.removeprefix("$ ").lstrip().startswith("neurop ")
    ]


def test_commands_are_found() -> None:
    text = "```sh\n# no\nneurop train model=fno \\\n  data=darcy  # fit\npip install x\n"
    text += "$ neurop list\n```\n```python\nneurop x\n```\n"
    assert commands(text) == ["neurop train model=fno    data=darcy  # fit", "neurop list"]


def jobs(overrides: list[str]) -> list[list[str]]:
    """Return the jobs of a sweep."""
    values = [
        [f"{key}={value}" for value in text.split(",")]
        for key, text in (o.split("=", 1) for o in overrides)
    ]
    return [list(job) for job in itertools.product(*values)]


def args_of_hydra(args: list[str]) -> list[str]:
    """Return the settings of launcher and sweeper, choices first."""
    return sorted((a for a in args if a.startswith("hydra")), key=lambda a: "." in a.split("=")[0])


@pytest.mark.parametrize("command", [*commands(README), *commands(CLUSTER)])
def test_command(command: str) -> None:
    _, verb, *args = shlex.split(command, comments=True)
    if verb.startswith("-"):
        assert verb in ("--help", "--version")
        return
    assert verb in VERBS
    if verb not in COMPUTING:
        return
    overrides = [a for a in args if not a.startswith(("-", "resume=", "hydra"))]
    searched = any("sweeper" in a for a in args)  # the values are Optuna's
    sweep = {"-m", "--multirun"} & set(args)
    for job in jobs([a for a in overrides if "(" not in a]) if sweep else [overrides]:
        with initialize_config_module("neurop.conf", **_DEFAULTS):
            compose(verb, args_of_hydra(args), return_hydra_config=True)
            cfg = compose(verb, job)
        assert searched or all("(" not in word for word in overrides)
        if "name" in cfg:
            cfg.name = "set by Hydra in a run"
        assert list(mistakes(cfg)) == []


def test_the_model_of_ones_own_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = re.findall(r"^```python\n# mypkg/net.py\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    (tmp_path / "readme_net.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    trust_packages("readme_net")
    try:
        model = create("pointwise", 2, 1, Grid.periodic(1), width=4)
        x = torch.randn(3, 2, 8)
        assert torch.equal(model(x.roll(1, 2)), model(x).roll(1, 2))
    finally:
        monkeypatch.delitem(REGISTRY._registered, "pointwise", raising=False)
