"""The YAML of a model or a data set is the signature of its constructor: the same names and the
same defaults.
"""

import inspect
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from neurop.cli._settings.build import locate
from neurop.cli._settings.check import group_of, read_annotations

CONF = Path(__file__).parents[2] / "conf"
# What the verb fills in from the data.
FILLED_IN = {"in_channels", "out_channels", "domain"}
FILES = sorted(file for group in ("model", "data") for file in (CONF / group).glob("*.yaml"))


def plain(value: Any) -> Any:
    """Return a default as YAML writes it."""
    return [plain(item) for item in value] if isinstance(value, tuple | list) else value


@pytest.mark.parametrize("file", FILES, ids=lambda f: f"{f.parent.name}-{f.stem}")
def test_yaml_is_the_signature(file: Path) -> None:
    node = OmegaConf.to_container(OmegaConf.load(file))
    assert isinstance(node, dict)
    call = locate(node.pop("_target_"))
    for other in node.pop("defaults", []):
        if other == {"/storage@storage": "default"}:
            node["storage"] = OmegaConf.to_container(
                OmegaConf.load(CONF / "storage" / "default.yaml")
            )
    takes = dict(inspect.signature(call).parameters)
    assert not [name for name, p in takes.items() if p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
    assert set(node) == set(takes)
    assert len(set(takes) - {"history"}) <= 9
    hints = read_annotations(call)
    groups = {name: kind for name in takes if (kind := group_of(hints[name]))}
    given = {
        name: plain(p.default)
        for name, p in takes.items()
        if p.default is not p.empty and node[name] != "???" and name not in groups
    }
    defaults = given | {name: asdict(kind()) for name, kind in groups.items()}
    assert {name: node[name] for name in defaults} == defaults
    missing = {name for name, value in node.items() if value == "???"}
    if file.parent.name == "model":
        assert missing <= FILLED_IN
    else:
        # What a data set cannot know (a file's path) has no default in Python either.
        assert all(takes[name].default is inspect.Parameter.empty for name in missing)


def test_there_are_models_and_data() -> None:
    assert {"fno"} <= {f.stem for f in FILES if f.parent.name == "model"}
    assert {"navier_stokes"} <= {f.stem for f in FILES if f.parent.name == "data"}


@pytest.mark.parametrize(
    "file", sorted(CONF.rglob("*.yaml")), ids=lambda f: str(f.relative_to(CONF))
)
def test_every_file_says_what_it_is(file: Path) -> None:
    first = next(
        line
        for line in file.read_text().splitlines()
        if line.strip() and not line.startswith("# @package")
    )
    assert first.startswith("# ")
