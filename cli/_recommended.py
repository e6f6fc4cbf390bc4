"""What a data set recommends, and what it computes from its own parameters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from omegaconf import DictConfig, OmegaConf, open_dict

from neurop.errors import InputError

# Settings with the value `auto`, and the method of a data set that computes them.
AUTO = {
    "constraint.band_limit.band": "resolved_band",
    "augment.coarse_to_fine.shape": "resolved_band",
    "constraint.means.fields": "conserved",
}


def fill_in(cfg: DictConfig, source: Any) -> list[str]:
    """Replace each ``auto`` by what the data set computes; return a line for each that it does not know.

    Where it knows nothing, the transform or constraint is left out.
    """
    lines = []
    for key, method in AUTO.items():
        if OmegaConf.select(cfg, key) != "auto":
            continue
        found = getattr(source, method)()
        node, _, name = key.rpartition(".")
        group, _, choice = node.partition(".")
        with open_dict(cfg):
            if found:
                cfg[group][choice][name] = list(found)
            else:
                del cfg[group][choice]
                lines.append(f"{node} is left out: {source.name} may hold all scales of its grid")
    return lines


def recommended(cfg: DictConfig, chosen: DictConfig | None, given: list[str]) -> str | None:
    """Return one line with the settings that come from the recommendation of the data set; None if there are none.

    Parameters
    ----------
    cfg
        The composed configuration, ``auto`` filled in.
    chosen
        The file of recommended settings.
    given
        Overrides of the command line.
    """
    if chosen is None:
        return None
    named = [word.split("=", 1)[0].lstrip("+~") for word in given]
    shown = []
    for key, value in _leaves(OmegaConf.to_container(chosen), ""):
        now = OmegaConf.select(cfg, key)
        plain = OmegaConf.to_container(now) if OmegaConf.is_config(now) else now
        by_user = any(key == name or key.startswith(f"{name}.") for name in named)
        if not by_user and plain is not None and (plain == value or value == "auto"):
            shown.append(f"{key}={str(plain).replace(' ', '')}")
    return f"recommended: {' '.join(shown)} (~recommended refuses them)" if shown else None


def present(group: DictConfig | None) -> Iterator[tuple[str, DictConfig]]:
    """Yield name and node of the chosen files of a list group, without those set to null."""
    for name, node in ((str(key), node) for key, node in (group or {}).items()):
        if node is not None:
            if not OmegaConf.is_dict(node) or "_target_" not in node:
                raise InputError(
                    f"{name} is set but not chosen; choose it by its group, for example augment=[{name}]"
                )
            yield name, node


def _leaves(node: Any, path: str) -> Iterator[tuple[str, Any]]:
    for key, value in node.items():
        where = f"{path}.{key}" if path else str(key)
        if isinstance(value, dict):
            yield from _leaves(value, where)
        elif not str(key).startswith("_"):
            yield where, value
