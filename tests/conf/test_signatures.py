"""A YAML file is the signature of what it names: the same names and the same defaults."""

import inspect
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from neurop.cli._settings.build import locate
from neurop.plain_values import group_of, read_annotations
from neurop.registry import Spec

CONF = Path(__file__).parents[2] / "conf"
# What the verb fills in from the data.
FILLED_IN = {
    "model": {"in_channels", "out_channels", "domain", "numbers"},
    "method": {"surrogate", "data", "model"},
    "correct": {"surrogate"},
    "loader": {"splits", "problem", "source", "extra", "seed"},
    "problem": {"data", "default"},
    "optimizer": {"params"},
    "scheduler": {"optimizer", "steps"},
}
# Values that the data set computes, unless they are given.
AUTO = "auto"
FILES = sorted(
    file
    for file in CONF.glob("*/*.yaml")
    if file.parent.name not in ("experiment", "recommended", "hydra", "debug")
    and "_target_: neurop." in file.read_text()
)


def plain(value: Any) -> Any:
    """Return a default as YAML writes it."""
    if isinstance(value, Spec):  # of a model whose settings are those of its own file
        return value.name
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, tuple | list) else value


@pytest.mark.parametrize("file", FILES, ids=lambda f: f"{f.parent.name}-{f.stem}")
def test_yaml_is_the_signature(file: Path) -> None:
    node = OmegaConf.to_container(OmegaConf.load(file))
    assert isinstance(node, dict)
    node = node.get(file.parent.name, node)  # of a file of several groups, its own
    call = locate(node.pop("_target_"))
    node.pop("_partial_", None)
    for other in node.pop("defaults", []):
        if other == {"/storage@storage": "default"}:
            node["storage"] = OmegaConf.to_container(
                OmegaConf.load(CONF / "storage" / "default.yaml")
            )
        elif "/data@source" in other:
            node["source"] = "???"
        elif part := next((key for key in other if key.startswith("/model@")), None):
            node[part.removeprefix("/model@")] = other[part]
    takes = dict(inspect.signature(call).parameters)
    for name in FILLED_IN.get(file.parent.name, set()) & takes.keys():
        del takes[name]
    assert not [name for name, p in takes.items() if p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
    assert set(node) == set(takes)
    if inspect.isclass(call):
        assert len(inspect.signature(call).parameters) <= 9
    hints = read_annotations(call)
    assert set(hints) >= set(takes)
    groups = {name: kind for name in takes if (kind := group_of(hints[name]))}
    given = {
        name: plain(p.default)
        for name, p in takes.items()
        if p.default is not p.empty and node[name] not in ("???", AUTO) and name not in groups
    }
    defaults = given | {name: plain(asdict(kind())) for name, kind in groups.items()}
    assert {name: node[name] for name in defaults} == defaults
    # What cannot be known (a file's path) has no default in Python either.
    unknown = {name for name, value in node.items() if value in ("???", AUTO)}
    for name in unknown - groups.keys():
        assert takes[name].default is inspect.Parameter.empty


def test_there_are_models_and_data() -> None:
    named = {(f.parent.name, f.stem) for f in FILES}
    assert named >= {("model", "fno"), ("data", "navier_stokes"), ("augment", "noise")}
    assert named >= {("constraint", "means"), ("callback", "ema"), ("objective", "regression")}


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
