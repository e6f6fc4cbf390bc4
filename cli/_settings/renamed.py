"""Renamed settings of earlier versions, for messages and for reading saved runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from omegaconf import DictConfig, OmegaConf

_STORAGE = {key: f"storage.{key}" for key in ("seed", "folder", "mode", "held_out")}
RENAMED: dict[str, dict[str, str]] = {
    "neurop.datasets.Burgers": _STORAGE,
    "neurop.datasets.KuramotoSivashinsky": _STORAGE,
    "neurop.datasets.NavierStokes": {
        **_STORAGE,
        "forcing": "forcing.kind",
        "strength": "forcing.strength",
        "wavenumber": "forcing.wavenumber",
        "solver": "solver.points",
        "precision": "solver.precision",
    },
    "neurop.datasets.Darcy": {
        **_STORAGE,
        "coefficient": "coefficient.kind",
        **{key: f"coefficient.{key}" for key in ("low", "high", "sigma")},
    },
    "neurop.datasets.ShallowWater": {
        **_STORAGE,
        **{key: f"flow.{key}" for key in ("initial", "mach", "topography", "forcing")},
    },
    "neurop.datasets.File": {
        **{key: f"domain.{key}" for key in ("length", "layout")},
        **{key: f"storage.{key}" for key in ("held_out", "lazy", "test", "shuffle", "periods")},
        "given": "conditions",
    },
}
"""Target, to its keys in earlier versions and the current keys."""

TRAINING = {
    "batch_size": "loader.batch_size=...",
    "workers": "loader.workers=...",
    "reservoir": "loader=online loader.buffer=...",
    "solvers": "loader=online loader.solvers=...",
    "unroll": "problem.unroll=...",
    "increments": "problem.increments=...",
    "pushforward": "objective.pushforward=...",
    "anomalies": "normalizer.pointwise=...",
    "noise": "'augment=[noise]' augment.noise.std=...",
    "symmetries": "'augment=[mirror,swap,shift]', those that hold",
    "coarse": "'augment=[coarse_to_fine]' 'augment.coarse_to_fine.shape=[...]'",
    "coarse_share": "'augment=[coarse_to_fine]' augment.coarse_to_fine.share=...",
    "band": "'constraint=[band_limit]' 'constraint.band_limit.band=[...]'",
    "conserve": "'constraint=[means]' 'constraint.means.fields=[...]'",
    "limit": "'constraint=[max_deviation]' constraint.max_deviation.most=...",
    "ema": "'callback=[ema]' callback.ema.decay=...",
    "spectral_norm": "'callback=[spectral_bound]' callback.spectral_bound.bound=...",
    "filter": "'callback=[spectral_bound]' callback.spectral_bound.order=...",
    "compile": "'callback=[compile]'",
}
"""Key of the former node ``training``, to the current setting."""
MOVED = {
    **{f"training.{key}": words for key, words in TRAINING.items()},
    "loss.gradient": "objective.gradient=...",
    "loss.geometric": "objective.geometric=...",
    "data.history": "problem.history=...",
    "recipe": "recommended, as in ~recommended",
}
"""Full key of earlier versions, to the current setting."""

SHORT = {"data.units=": "data.domain.units="}
"""Settings that may be given without their group, as they are asked for most."""


def spelt_out(args: Iterable[str]) -> list[str]:
    """Return arguments with the full keys of settings that have a short one.

    Examples
    --------
    >>> spelt_out(["data.units={T: K}", "seed=1"])
    ['data.domain.units={T: K}', 'seed=1']
    """
    return [
        next((full + arg.removeprefix(s) for s, full in SHORT.items() if arg.startswith(s)), arg)
        for arg in args
    ]


def renamed(key: str, known: Iterable[str]) -> str | None:
    """Return the current setting for a full key of earlier versions; None if there is none.

    Examples
    --------
    >>> renamed("data.forcing", ["data.steps", "data.flow.forcing"])
    'data.flow.forcing'
    """
    if key in MOVED:
        return MOVED[key]
    there = set(known)
    parent, _, last = key.rpartition(".")
    found = (f"{parent}.{table[last]}" for table in RENAMED.values() if last in table)
    return next((name for name in found if name in there), None)


def current(node: Any) -> Any:
    """Return a node of a saved configuration with current names of settings, at any depth.

    Examples
    --------
    >>> settings = {"seed": 3, "coefficient": "lognormal"}
    >>> old = OmegaConf.create({"_target_": "neurop.datasets.Darcy", **settings})
    >>> new = current(old)
    >>> new["storage"], new["coefficient"]
    ({'seed': 3}, {'kind': 'lognormal'})
    >>> current(OmegaConf.create({"resolutions": {128: 4}}))
    {'resolutions': {128: 4}}
    """
    if not isinstance(node, DictConfig):
        return node
    table = RENAMED.get(str(node.get("_target_")), {})
    made = OmegaConf.create({})
    for own in node:  # also numbers, such as those of points
        value, key = current(node[own]), str(own)
        if key == "history" and str(node.get("_target_")).startswith("neurop.datasets."):
            continue  # part of the problem, which the card of the surrogate has
        # A mapping under the name of a group is that group, and null its defaults.
        mapping = value is None or isinstance(value, DictConfig)
        grouped = mapping and table.get(key, "").startswith(f"{key}.")
        if key in table and not grouped:
            OmegaConf.update(made, table[key], value, force_add=True)
        else:
            made[own] = value
    if made.get("_target_") == "neurop.datasets.SpaceTime" and "history" in node.get("source", ()):
        made["given"] = node["source"]["history"]
    return made
