"""Gain of online training: the same network, steps and seeds with stored and with new samples.

python benchmarks/online.py [--out FILE] [--seeds 0 1 2]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import mean

# 100 pairs are few for the 0.15 million parameters of the network: fresh ones have something to
# add.
WORDS = (
    "data=burgers",
    "data.samples=140",
    "data.resolution=256",
    "~recommended",
    "model.modes=16",
    "model.width=32",
    "model.depth=4",
    "optimizer.lr=2e-3",
    "trainer.max_epochs=200",
)
ONLINE = ("loader=online", "loader.buffer=400")
RECORDED = (
    "steps",
    "parameters",
    "seconds",
    "waiting_share",
    "unique_samples",
    "test/relative_l2",
    "test/relative_l2_worst",
    "data_hash",
)


def run(mode: str, seed: int, folder: Path) -> dict[str, object]:
    """Train once and return its record."""
    where = folder / f"{mode}-{seed}"
    words = [
        "train",
        *WORDS,
        f"data.storage.mode={mode}",
        *(ONLINE if mode == "online" else ()),
        f"seed={seed}",
        f"hydra.run.dir={where}",
        f"data.storage.folder={folder / 'data'}",
    ]
    subprocess.run([sys.executable, "-m", "neurop", *words], check=True, stdout=sys.stderr)
    record = json.loads((where / "train.json").read_text())
    return {"mode": mode, "seed": seed} | {key: record[key] for key in RECORDED if key in record}


def main() -> None:
    """Run all and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("online.json"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = [
            run(mode, seed, Path(folder)) for seed in given.seeds for mode in ("stored", "online")
        ]
    errors = {
        mode: mean(float(str(row["test/relative_l2"])) for row in rows if row["mode"] == mode)
        for mode in ("stored", "online")
    }
    made = {
        "command": f"neurop train {' '.join(WORDS)} data.storage.mode=stored|online seed=...",
        "rows": rows,
        "mean": errors,
    }
    given.out.write_text(
        json.dumps(made | {"ratio": errors["online"] / errors["stored"]}, indent=1) + "\n"
    )


if __name__ == "__main__":
    main()
