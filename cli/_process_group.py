"""The processes of a training on several devices."""

from __future__ import annotations

import os
import sys

_VARIABLES = ("LOCAL_RANK", "NODE_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


def first_process() -> bool:
    """Return whether this is the first process of a run, the one that prints and writes."""
    return not any(
        os.environ.get(name, "0") != "0"
        for name in ("RANK", "LOCAL_RANK", "NODE_RANK", "SLURM_PROCID")
    )


def leave_process_group() -> None:
    """Leave the process group of a job, so that the next job of a sweep starts its own."""
    if "torch" not in sys.modules:
        return
    import torch.distributed as dist

    if dist.is_available() and dist.is_initialized():
        dist.destroy_process_group()
        for name in _VARIABLES:
            os.environ.pop(name, None)
