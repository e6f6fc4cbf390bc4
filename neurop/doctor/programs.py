"""Programs and plug-ins next to neurop: compilers, launchers and sweepers of Hydra."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from neurop.doctor.check import Check
from neurop.extras import advice

PLUGINS = {
    "hydra-joblib-launcher": "sweeps in several processes",
    "hydra-submitit-launcher": "sweeps on SLURM",
    "hydra-ray-launcher": "sweeps on Ray",
    "hydra-optuna-sweeper": "search for settings",
}
PROGRAMS = {
    "nvcc": "compiles CUDA kernels; without it NVRTC does",
    "sbatch": "SLURM",
}


def check_programs() -> Iterator[Check]:
    """Yield a check for each program and plug-in; none of them is needed."""
    for name, what in PROGRAMS.items():
        path = shutil.which(name)
        yield Check(name, "ok" if path else "off", f"{path or 'not found'} ({what})")
    for name, what in PLUGINS.items():
        try:
            yield Check(name, "ok", f"{version(name)} ({what})")
        except PackageNotFoundError:
            yield Check(name, "off", f"not installed ({what})", advice(name))
