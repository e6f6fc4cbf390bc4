"""What a resumed run has in common with the run that it continues."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from neurop.errors import InputError
from neurop.model_folder import read_parts
from neurop.surrogate import Surrogate

from ._output import CONFIG
from ._runs import INTERIM
from ._settings.saved import read_yaml

SAID = ("trainer", "loader")
"""Groups of settings that may change and can have an effect on the result."""


def before(cfg: DictConfig) -> dict[str, Any]:
    """Return the settings that a resumed run began with; empty for a new run."""
    path = Path(str(cfg.resume)) / CONFIG
    found = read_yaml(path) if cfg.resume and path.is_file() else {}
    return found if isinstance(found, dict) else {}


def check_data(surrogate: Surrogate, run: Path) -> None:
    """Raise InputError if the training data are not those of the run.

    Parameters
    ----------
    surrogate
        Surrogate of the resumed run, whose card has the digest of its data.
    run
        Folder of the run.
    """
    for folder in (run / "model", run / INTERIM):
        if not (folder / "model.json").is_file():
            continue
        before = read_parts(folder)[0].origin.get("data_hash")
        now = surrogate.card.origin.get("data_hash")
        if before is not None and now != before:
            raise InputError(
                f"resume={run}: the training data are others than those of the run (digest "
                f"{str(now)[:12]}, not {str(before)[:12]}); restore them, or start a new run with "
                f"init={run} from its weights",
                "resume",
                str(run),
            )
        return


def differences(before: Mapping[str, Any], cfg: DictConfig) -> list[str]:
    """Return a line for each setting of the trainer and the batches that the run had otherwise.

    Examples
    --------
    >>> cfg = OmegaConf.create({"trainer": {"max_epochs": 4}})
    >>> differences({"trainer": {"max_epochs": 2}}, cfg)
    ['trainer.max_epochs=4: the run has had 2 so far']
    """
    now: Any = OmegaConf.to_container(cfg, resolve=True)
    old = dict(_leaves({group: before.get(group) for group in SAID}))
    new = dict(_leaves({group: now.get(group) for group in SAID}))
    return [
        f"{key}={value}: the run has had {old[key]} so far"
        for key, value in new.items()
        if key in old and old[key] != value
    ]


def inexact(cfg: DictConfig, online: bool) -> list[str]:
    """Return a line for each setting with which a resumed run differs from an uninterrupted one.

    Examples
    --------
    >>> inexact(OmegaConf.create({"trainer": {"max_time": None}, "resume": None}), online=False)
    []
    """
    lines = []
    if cfg.trainer.max_time is not None:
        lines.append(
            f"trainer.max_time={cfg.trainer.max_time} ends within an epoch: resume= goes on with "
            "the next one, which is not exactly an uninterrupted run"
        )
    if online and cfg.resume:
        lines.append(
            "data.storage.mode=online: the run goes on with other samples than an uninterrupted one"
        )
    return lines


def _leaves(node: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield from _leaves(value, f"{prefix}{key}.")
    else:
        yield prefix[:-1], node
