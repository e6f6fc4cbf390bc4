"""``neurop bench data=D``: time the solver of a data set compared with others."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from neurop.bench import describe_machine
from neurop.bench.data import NOTES, measure

from ._console import table, wrote
from ._output import write_json
from ._settings.data import data_set


def run(cfg: DictConfig, folder: Path, paths: list[str] | None) -> dict[str, Any]:
    """Measure the solvers of ``cfg.data`` and write bench.json.

    Returns
    -------
    dict
        Time of each path divided by that of neurop.
    """
    machine = describe_machine()
    rows = _alone(data_set(cfg.data), int(cfg.repeats), paths)
    settings = {
        "data": OmegaConf.to_container(cfg.data, resolve=True),
        "repeats": cfg.repeats,
        "paths": [row["path"] for row in rows],
    }
    own = next((row["ms_per_sample"] for row in rows if row["path"] == "neurop"), None)
    write_json(
        folder / "bench.json",
        {"machine": machine, "settings": settings, "notes": NOTES, "rows": rows},
    )
    columns = ["path", "how", "ms per sample", "times neurop", "error"]
    shown = [
        [r["path"], r["how"], r["ms_per_sample"], own and r["ms_per_sample"] / own, r["error"]]
        for r in rows
    ]
    table(rows[0]["case"], columns, shown)
    wrote(folder)
    return {
        f"{row['path']}/neurop": row["ms_per_sample"] / own
        for row in rows
        if own and row["path"] != "neurop"
    }


def _alone(source: Any, repeats: int, paths: list[str] | None) -> list[dict[str, Any]]:
    """Measure in a process with one thread.

    A new process, since NumPy's linear algebra reads the number of threads when it is loaded.
    """
    before = dict(os.environ)
    os.environ.update(
        dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    )
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    try:
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            return pool.submit(measure, source, repeats, paths).result()
    finally:
        os.environ.clear()
        os.environ.update(before)
