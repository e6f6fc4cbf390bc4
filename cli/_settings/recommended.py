"""Settings that a data set recommends, and values that it computes from its parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from omegaconf import DictConfig, OmegaConf, open_dict

from neurop.errors import InputError
from neurop.fields.fieldset import FieldSet
from neurop.source import Source

from .keys import leaves

# Settings with the value `auto`, and the functions that compute them from a data set and its
# training split.
AUTO: dict[str, Callable[[Source, FieldSet], Sequence[Any] | None]] = {
    "constraint.band_limit.band": lambda source, _: source.resolved_band(),
    "constraint.means.fields": lambda source, _: source.conserved(),
    "augment.coarse_to_fine.shape": lambda source, train: _coarse(source, train),
}
WITHOUT = {
    "constraint.band_limit": "does not bound its scales here",
    "constraint.means": "conserves no means here",
    "augment.coarse_to_fine": "does not bound its scales here",
}
# A setting for networks that are the same operator on every grid.
ANY_GRID = "augment.coarse_to_fine.shape"


def fill_in(
    cfg: DictConfig,
    source: Source,
    train: FieldSet,
    model: str,
    anywhere: bool,
    given: Sequence[str] = (),
) -> list[str]:
    """Replace each ``auto`` by the value from the data set; return a line for each without one.

    A transform or constraint without a value is removed, and for a `model` that is not
    resolution-invariant (`anywhere`) a coarse grid that no override in `given` names.
    """
    lines = []
    for key, compute in AUTO.items():
        node, _, name = key.rpartition(".")
        group, _, choice = node.partition(".")
        value, named = OmegaConf.select(cfg, key), any(choice in word for word in given)
        unfit = key == ANY_GRID and not anywhere
        if value != "auto" and (value is None or named or not unfit):
            continue
        found = None if unfit else compute(source, train)
        with open_dict(cfg):
            if found:
                cfg[group][choice][name] = list(found)
            else:
                del cfg[group][choice]
                why = (
                    f"{model} is not resolution-invariant"
                    if unfit
                    else f"{source.name} {WITHOUT[node]}"
                )
                lines.append(f"{node} is left out: {why}")
    return lines


def _coarse(source: Source, train: FieldSet) -> list[int] | None:
    """Return a grid coarser than the data that resolves inputs and targets; None if none does."""
    # The inputs of a map are rougher than its outputs.
    factor = 2 if train.has_targets else 1
    coarse = [n * factor for n in source.resolved_band() or ()]
    smaller = coarse and all(n < m for n, m in zip(coarse, train.shape, strict=True))
    return coarse if smaller else None


def recommended(cfg: DictConfig, chosen: DictConfig | None, given: list[str]) -> str | None:
    """Return one line with the settings that the data set recommends; None if there are none.

    Parameters
    ----------
    cfg
        Composed configuration, with ``auto`` replaced.
    chosen
        File of recommended settings.
    given
        Overrides of the command line.
    """
    if chosen is None:
        return None
    named = [word.split("=", 1)[0].lstrip("+~") for word in given]
    shown = []
    for key, value in leaves(OmegaConf.to_container(chosen)):
        now = OmegaConf.select(cfg, key)
        plain = OmegaConf.to_container(now) if OmegaConf.is_config(now) else now
        # An override without a dot chooses an option of a group, not its settings.
        by_user = any(key == n or ("." in n and key.startswith(f"{n}.")) for n in named)
        if not by_user and plain is not None and (plain == value or value == "auto"):
            shown.append(f"{key}={str(plain).replace(' ', '')}")
    return f"recommended: {' '.join(shown)} (~recommended refuses them)" if shown else None


def present(group: DictConfig | None) -> Iterator[tuple[str, DictConfig]]:
    """Yield name and node of each chosen option of a list group, without those set to null.

    Raises
    ------
    InputError
        If an option has settings but was not chosen.
    """
    for name, node in ((str(key), node) for key, node in (group or {}).items()):
        if node is not None:
            if not OmegaConf.is_dict(node) or "_target_" not in node:
                raise InputError(
                    f"{name} is set but not chosen; choose it by its group, for example "
                    f"augment=[{name}]"
                )
            yield name, node
