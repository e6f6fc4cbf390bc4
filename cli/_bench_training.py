"""``neurop bench scopes=[training] data=D``: the error over the time of training."""

from __future__ import annotations

import json
import shutil
import tempfile
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from neurop.bench import describe_machine
from neurop.errors import ExternalFailure, InputError, nearest
from neurop.plots import save

from ._console import table, wrote
from ._evaluation import as_ints
from ._hydra import option_names, overrides
from ._output import write_json
from ._processes import run_training
from ._say import say
from ._settings.check import check_types
from ._settings.data import data_set

if TYPE_CHECKING:
    from neurop.bench.training import Peer
    from neurop.fields.fieldset import FieldSet

OWN = "neurop"
NOTES = (
    "budget: asked for; train_seconds: wall time in steps and waiting for data, without validation",
    "error: relative L2 error of one step or of a map on the test split",
    "neurop: neurop train with the settings recommended for the data set; others: network, "
    "optimizer settings and batches of settings.peer, the rest of the training as neurop's",
)
FLOATS = ("padding", "lr", "weight_decay", "gradient")
SETTINGS = {
    "budgets": list[str],
    "seeds": list[int],
    **{f"peer.{key}": float | None for key in FLOATS},
    **{f"peer.{key}": int | None for key in ("modes", "width", "depth", "batch_size")},
}


def run(
    cfg: DictConfig, folder: Path, scopes: list[str], asked: list[str] | None
) -> dict[str, Any]:
    """Train each path with each budget and seed; write bench.json and bench.png.

    Returns
    -------
    dict
        How many times as long each other path takes to its smallest error, by the medians over
        seeds.

    Raises
    ------
    InputError
        If a setting cannot be used; before any training.
    ExternalFailure
        If ``neurop train`` failed.
    """
    from neurop.bench.training import (
        PEERS,
        median_curve,
        points,
        times_as_long,
        train_peer,
        untrained,
    )
    from neurop.geometry.sphere import Sphere
    from neurop.plots.time_to_accuracy import time_to_accuracy
    from neurop.training.budget import Budget

    check_types(cfg, SETTINGS)
    if len(scopes) > 1:
        raise InputError.of("scopes", scopes, "training is measured alone; give scopes=[training]")
    if cfg.get("data") is None:
        raise InputError.of("scopes", scopes, "needs a data set; give data=, as data=darcy")
    budgets = [str(budget) for budget in cfg.budgets]
    if not budgets:
        raise InputError.of("budgets", budgets, "give one or more, as budgets=[20s,40s]")
    for budget in budgets:
        Budget.of(budget)
    seeds = list(dict.fromkeys(as_ints("seeds", cfg.seeds, 0)))
    source = data_set(cfg.data)
    peer = _checked(cfg, source.name, asked)
    outline = (source.outline() or source.splits())["train"]
    sphere = isinstance(outline.grid, Sphere)
    paths = asked or [OWN, PEERS[1] if sphere else PEERS[0]]
    for path in paths:
        if path in PEERS:  # what it cannot be is said before the data are generated
            untrained(path, outline, source.problem, peer)
    splits = source.splits()
    usual = "sfno" if sphere else "fno"
    settings = {
        "data": OmegaConf.to_container(cfg.data, resolve=True),
        "paths": paths,
        "budgets": budgets,
        "seeds": seeds,
        "peer": vars(peer),
    }
    machine = describe_machine() | {
        "date": datetime.now().astimezone().isoformat(timespec="seconds")
    }
    about = {"machine": machine, "settings": settings, "notes": NOTES}
    rows: list[dict[str, Any]] = []
    folder.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        for budget in budgets:
            for path in paths:
                if path not in PEERS:
                    model = path.removeprefix(f"{OWN}-") if path != OWN else usual
                    found = _own(model, budget, seed, folder, splits["test"])
                else:
                    found = train_peer(path, splits, source.problem, peer, budget, seed)
                rows.append({"path": path, "seed": seed, "budget": budget, **found})
                say(f"{path}, seed {seed}: {_words(rows[-1])}", flush=True)
                # Written after each training, so that an interruption loses only one.
                write_json(folder / "bench.json", {**about, "rows": rows})
    lines = {path: median_curve(rows, path) for path in paths}
    drawn = time_to_accuracy(lines, {path: points(rows, path) for path in paths})
    save(drawn, folder / "bench.png")
    keys = ["path", "seed", "budget", "steps", "train_seconds", "error"]
    table(source.name, [*keys[:4], "s", "error"], [[row[key] for key in keys] for row in rows])
    ratios: dict[str, Any] = {}
    for path in paths:
        if path != OWN and OWN in lines:
            ratio = times_as_long(lines[OWN], lines[path])
            ratios[f"{path}/{OWN}"] = ratio
            said = "not reached" if ratio is None else f"{ratio:.3g} times as long"
            say(f"{path} to its smallest error, compared with {OWN}: {said}")
    write_json(folder / "bench.json", {**about, "rows": rows, "times_as_long": ratios})
    wrote(folder)
    return ratios


def _checked(cfg: DictConfig, name: str, asked: list[str] | None) -> Peer:
    """Check model and paths, and return the settings of the other network."""
    from neurop.bench.training import PEERS, Peer, recipe_of

    known = [OWN, *PEERS, *(f"{OWN}-{name}" for name in option_names("model"))]
    for path in asked or ():
        if path not in known:
            raise InputError.of("paths", path, nearest(path, known))
    given = {str(key): value for key, value in cfg.peer.items() if value is not None}
    return Peer(**(vars(recipe_of(name)) | given))


def _own(model: str, budget: str, seed: int, folder: Path, test: FieldSet) -> dict[str, Any]:
    """Return the result of ``neurop train``, with the data of this command line."""
    from neurop.evaluation.headline import headline
    from neurop.surrogate import Surrogate

    data = [word for word in overrides() if word.lstrip("+~").startswith(("data=", "data."))]
    place = Path(tempfile.mkdtemp(prefix=f"{model}-seed{seed}-{budget}-", dir=folder)) / "run"
    reason = run_training([*data, f"model={model}", f"budget={budget}", f"seed={seed}"], place)
    if reason:
        raise ExternalFailure(f"{place} failed: {reason}")
    record = json.loads((place / "train.json").read_text(encoding="utf-8"))
    error = next(value for _, value in headline(Surrogate.load(place / "model"), test))
    shutil.rmtree(place.parent)
    return {"steps": record["steps"], "train_seconds": record["train_seconds"], "error": error}


def _words(row: dict[str, Any]) -> str:
    return (
        f"{row['budget']}, {row['steps']} steps, {row['train_seconds']:.0f} s, {row['error']:.4g}"
    )
