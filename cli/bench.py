"""``neurop bench``: time the engine compared with other implementations."""

from __future__ import annotations

import math
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf

from neurop.bench import (
    DEPTH,
    NOTES,
    SCOPES,
    STANDARD,
    SWEEPS,
    Pair,
    as_dataset,
    check_paths,
    describe_machine,
    of_scope,
    parse,
)
from neurop.errors import InputError, nearest
from neurop.plots import cost, save

from . import _bench_data
from ._bench import start
from ._console import table, wrote
from ._evaluation import as_int
from ._output import write_json

TRAINING = "training"


def run(cfg: DictConfig) -> dict[str, Any]:
    """Measure ``cfg.cases``, or solvers of ``cfg.data``, or trainings on it; write bench.json.

    Returns
    -------
    dict
        Time of each path divided by that of neurop (in a family, by that of its FNO), geometric
        mean over the model cases (else the layers, else the families), with the default allocator.

    Raises
    ------
    InputError
        If a setting cannot be used.
    """
    as_int("repeats", cfg.repeats, 1)
    folder = Path(cfg.out)
    if folder.exists() and not folder.is_dir():
        raise InputError(f"out={folder} is a file; give a folder", "out", str(folder))
    scopes = _words("scopes", cfg.scopes)
    if TRAINING in scopes:
        from . import _bench_training  # its parts import Lightning

        return _bench_training.run(
            cfg, folder, scopes, None if cfg.paths is None else _words("paths", cfg.paths)
        )
    if cfg.get("data") is not None:
        return _bench_data.run(
            cfg, folder, None if cfg.paths is None else _words("paths", cfg.paths)
        )
    for scope in scopes:
        if scope not in SCOPES:
            raise InputError(
                f"no scope '{scope}'; {nearest(scope, (*SCOPES, TRAINING))}", "scope", scope
            )
    names = [*STANDARD] if cfg.cases is None else _words("cases", cfg.cases)
    asked = None if cfg.paths is None else check_paths(_words("paths", cfg.paths))
    paths = {scope: of_scope(scope, asked) for scope in scopes}
    if none := [scope for scope, those in paths.items() if not those]:
        raise InputError(
            f"paths={list(asked or ())}: none of them is of the scope {none[0]}; leave out paths= "
            "or the scope",
            "paths",
            list(asked or ()),
        )
    work = [(parse(name), scope, paths[scope]) for scope in scopes for name in names]
    if cfg.cases is None and "layer" in scopes:
        work += [(parse(name), "layer", paths["layer"]) for name in SWEEPS]
    as_int("seed", cfg.seed, 0)
    if (
        isinstance(cfg.seconds, bool)
        or not isinstance(cfg.seconds, int | float)
        or not cfg.seconds >= 0
    ):
        raise InputError(
            f"seconds={cfg.seconds}; give a number of at least 0", "seconds", cfg.seconds
        )
    settings = OmegaConf.to_container(cfg, resolve=True)
    assert isinstance(settings, dict)
    settings |= {
        "cases": names,
        "paths": sorted({path for those in paths.values() for path in those}),
        "depth": DEPTH,
    }
    machine = describe_machine() | {
        "date": datetime.now().astimezone().isoformat(timespec="seconds")
    }
    rows: list[dict[str, Any]] = []
    with Pair(start) as pair:
        machine |= pair.retaining.ask("rates")
        for i, (case, scope, those) in enumerate(work):
            _progress(f"{i + 1}/{len(work)} {case.name} {scope}")
            rows += pair.rows(
                case, scope, those, int(cfg.repeats), float(cfg.seconds), int(cfg.seed)
            )
            # Written after each case, so that an interruption loses only one.
            write_json(
                folder / "bench.json",
                {"machine": machine, "settings": settings, "notes": NOTES, "rows": rows},
            )
    _progress("")
    save(cost(as_dataset(rows)), folder / "bench.png")
    _show(rows)
    wrote(folder)
    return _ratios(rows)


def _show(rows: list[dict[str, Any]]) -> None:
    columns = ["case", "scope", "path", "allocator", "forward ms", "step ms", "peak MB", "error"]
    keys = ["case", "scope", "path", "allocator", "forward_ms", "step_ms", "peak_mb", "error"]
    table("medians", columns, [[row[key] for key in keys] for row in rows])


def _ratios(rows: list[dict[str, Any]]) -> dict[str, Any]:
    shipped = [row for row in rows if row["allocator"] == "shipped"]
    scope = next(
        scope
        for scope in ("model", "layer", "family")
        if any(row["scope"] == scope for row in shipped)
    )
    own = "neurop-fno" if scope == "family" else "neurop"
    times = {(row["case"], row["path"]): row for row in shipped if row["scope"] == scope}
    means = {}
    for path in dict.fromkeys(path for _, path in times):
        pairs = [
            (row, times[case, own])
            for (case, p), row in times.items()
            if p == path and (case, own) in times
        ]
        if path != own and pairs:
            for kind in ("forward", "step"):
                ratios = [math.log(row[f"{kind}_ms"] / base[f"{kind}_ms"]) for row, base in pairs]
                means[f"{path}/{own} {kind}"] = math.exp(sum(ratios) / len(ratios))
    return means


def _words(name: str, given: Any) -> list[str]:
    """Return a setting as a list of distinct words."""
    if isinstance(given, str):
        given = [given]
    if not isinstance(given, ListConfig | list) or not given:
        raise InputError(
            f"{name}={given}: give a list, such as "
            f"{name}=[{STANDARD[1] if name == 'cases' else SCOPES[0]}]",
            name,
            given,
        )
    return list(dict.fromkeys(str(word) for word in given))


def _progress(text: str) -> None:
    """Show on a terminal what is being measured; each text replaces the previous one."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
