"""Read the settings of a run folder as plain data, which cannot name functions to call."""

from __future__ import annotations

from glob import glob
from pathlib import Path
from typing import Any, cast

import yaml
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from neurop import datasets
from neurop.errors import InputError
from neurop.source import Source

from .._runs import Checkpoint
from .build import trusted
from .check import mistakes
from .data import data_set
from .places import places
from .renamed import current

# A run writes a few kilobytes.
MOST_BYTES = 1_000_000
# The time to read a nested file grows with the square of its depth.
MOST_DEPTH = 50


def read_yaml(path: Path) -> Any:
    """Return a settings file of a run as plain lists, mappings and values.

    Raises
    ------
    InputError
        If it cannot be read, is too large or too deep, or has YAML references, since a kilobyte of
        nested references can expand to gigabytes.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InputError.in_file(path, "larger than any settings of a run; use another run")
        text = path.read_text(encoding="utf-8")
        depth = 0
        for event in yaml.parse(text, yaml.SafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > MOST_DEPTH:
                raise InputError.in_file(path, "nested deeper than any settings of a run")
            if isinstance(event, yaml.AliasEvent):
                raise InputError.in_file(
                    path, "repeats parts by reference (*name), which no run writes"
                )
        return OmegaConf.to_container(OmegaConf.create(text), resolve=False)
    except (
        OSError,
        UnicodeDecodeError,
        yaml.YAMLError,
        OmegaConfBaseException,
        RecursionError,
    ) as error:
        line = (str(error) or type(error).__name__).splitlines()[0]
        raise InputError.in_file(path, f"not the settings of a run ({line})") from error


def saved_data(path: Path) -> dict[str, Any] | None:
    """Return the settings of the data set in a run's ``config.yaml``; None if there are none.

    Raises
    ------
    InputError
        If they name anything but a data set of neurop or of a trusted package.
    """
    content = read_yaml(path)
    node = content.get("data") if isinstance(content, dict) else None
    if node is None:
        return None
    _check_data(node, "data", path)
    return dict(node)


def _check_data(node: Any, where: str, path: Path) -> None:
    if not isinstance(node, dict) or "_target_" not in node:
        raise InputError(
            f"{path}: {where} names no data set; add data=<name> (neurop list data)", where, node
        )
    target = node["_target_"]
    module, _, name = str(target).rpartition(".")
    ours = module == datasets.__name__ and name in datasets.__all__
    if not ours and not trusted(str(target)):
        raise InputError(
            f"{path}: {where}._target_={target} is no data set of neurop; add "
            f"trust=[{module.split('.')[0] or target}] if you trust that package, or data=<name>",
            f"{where}._target_",
            target,
        )
    for key, value in node.items():
        if isinstance(value, dict) and "_target_" in value:
            _check_data(value, f"{where}.{key}", path)
        elif (key != "_target_" and str(key).startswith("_")) or not _plain(value):
            raise InputError(
                f"{path}: {where}.{key} is no plain value; add data=<name> (neurop list data)",
                f"{where}.{key}",
                value,
            )


def _plain(value: Any) -> bool:
    """Return whether a value contains no target and no reference."""
    if isinstance(value, dict):
        return all(not str(k).startswith("_") and _plain(v) for k, v in value.items())
    if isinstance(value, list):
        return all(map(_plain, value))
    return not (isinstance(value, str) and "${" in value)


def source_for(cfg: DictConfig, checkpoint: Checkpoint) -> Source:
    """Return the data set of an evaluation; see :func:`settings_for`."""
    return data_set(settings_for(cfg, checkpoint)[0])


def settings_for(cfg: DictConfig, checkpoint: Checkpoint) -> tuple[DictConfig, bool]:
    """Return the settings of the data of an evaluation, and whether they are those of the run.

    They are ``cfg.data`` if given, else those of the run with the settings in ``cfg.change``, which
    the command line writes ``data.<key>=<value>``.

    Raises
    ------
    InputError
        If there is neither, as for a ``model/`` folder without its run; if the run names something
        else than a data set; or if the test set contains generated samples of the training.
    """
    given, changes = cfg.get("data"), cfg.get("change")
    saved = checkpoint.run / "config.yaml" if checkpoint.run else None
    if saved is not None and not saved.is_file():
        saved = None
    if given is None:
        if saved is None:
            raise InputError(
                f"{checkpoint.name} does not say what it was trained on; add data=<name> (neurop "
                "list data)",
                "data",
                None,
            )
        if (plain := saved_data(saved)) is None:
            raise InputError(
                f"{saved} names no data; add data=<name> (neurop list data)", "data", None
            )
        trained = current(OmegaConf.create(plain))
        if wrong := list(mistakes(OmegaConf.create({"data": trained}))):
            raise InputError("\n".join(f"{saved}: {line}" for line in wrong), "path", str(saved))
        _check_places(trained, saved, changes)
        if changes is None:
            return trained, True
        given = cast(DictConfig, OmegaConf.merge(trained, changes))
        if wrong := list(mistakes(OmegaConf.create({"data": given}))):
            raise InputError("\n".join(wrong))
        data_set(given)  # first, since it checks the values
        _check_unseen(given, trained)
        return given, given == trained
    content = read_yaml(saved) if saved else None
    known = content.get("data") if isinstance(content, dict) else None
    if not isinstance(known, dict) or "${" in str(known):  # nothing is looked up
        return given, False
    trained = current(OmegaConf.create(known))
    data_set(given)
    _check_unseen(given, trained)
    return given, given == trained


def _check_places(data: DictConfig, saved: Path, changes: DictConfig | None) -> None:
    """Raise InputError for a relative path of an earlier version's run that leads nowhere here."""
    for key, where in places(OmegaConf.to_container(data)).items():  # type: ignore[arg-type]
        was = OmegaConf.select(data, key)
        if changes is not None and OmegaConf.select(changes, key) is not None:
            continue
        if isinstance(was, str) and was != where and "folder" not in key and not glob(where):
            raise InputError(
                f"data.{key}={was}: not found from here; {saved} has it relative to the folder of "
                f"the training; add data.{key}=<file>",
                f"data.{key}",
                was,
            )


def _check_unseen(given: DictConfig, trained: DictConfig, where: str = "data") -> None:
    """Raise InputError if the test set of `given` contains training samples of `trained`.

    With equal seeds, sample i of both starts from the same random numbers, and the first
    ``held_out`` samples are the test set. Of a file the last ones are.
    """
    if (inner := given.get("source")) is not None and trained.get("source") is not None:
        _check_unseen(inner, trained.source, f"{where}.source")  # of a set made of another
        return
    here, there = (places(OmegaConf.to_container(node)).get("path") for node in (given, trained))  # type: ignore[arg-type]
    same = here == there is not None
    for key in ("shuffle", "periods"):
        one, two = (OmegaConf.select(node, f"storage.{key}") for node in (given, trained))
        if same and one != two:
            remedy = (
                f"the surrogate was trained with some of these samples; {key} was {two} then; eval "
                "has split=all for all samples"
            )
            raise InputError.of(f"{where}.storage.{key}", one, remedy)
    kind, seed, held_out = (
        tuple(OmegaConf.select(node, key) for node in (given, trained))
        for key in ("_target_", "storage.seed", "storage.held_out")
    )
    counts = all(isinstance(count, int | float) for count in held_out)
    if kind[0] != kind[1] or seed[0] != seed[1] or not counts or held_out[0] <= held_out[1]:
        return
    if seed[0] is None:
        if here == there:
            raise InputError.of(
                f"{where}.storage.held_out",
                held_out[0],
                f"the surrogate was trained with some of these samples; {held_out[1]} was held out "
                "then; eval has split=all for all samples",
            )
        return
    raise InputError(
        f"{where}.storage.held_out={held_out[0]}: the surrogate was trained with samples "
        f"{held_out[1]} to {held_out[0] - 1} of {where}.storage.seed={seed[0]}; add "
        f"{where}.storage.seed={seed[0] + 1} for samples that it has not seen, or "
        f"{where}.storage.held_out={held_out[1]}",
        f"{where}.storage.held_out",
        held_out[0],
    )
