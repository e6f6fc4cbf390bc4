"""A network that commutes with the square compared with others of as many parameters.

python benchmarks/gfno.py [--epochs N] [--seeds N] [--models NAMES] [--data FOLDER] [--out FILE]

The decaying flow at a viscosity of 1e-3, 32 points per side, one step of half a time unit: 200
pairs for training, 100 for validation, 100 for the test. Without a forcing the equation commutes
with the rotations and reflections of the square, the vorticity as a pseudoscalar, and with
translations. Next to G-FNO are an FNO, one without coordinates, which commutes with translations
too, one trained on all four rotations of the samples in as many steps, and the mean of the first
one over the four rotations of its input. The file is written after every network.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import lightning
import numpy as np
import torch
from equal_cost import Row, Setting, averaged
from numpy.typing import NDArray
from torch import Tensor, nn

import neurop
from neurop import FieldSet, Surrogate, models
from neurop.datasets import NavierStokes
from neurop.evaluation.protocols.equivariance import Equivariance
from neurop.models import GridOperator

SIZE = {"modes": 8, "depth": 4}
SIGNS = {"input_signs": -1, "output_signs": -1}
SPECS = {
    "fno": models.FNO.spec(width=20, **SIZE),
    "gfno p4": models.GFNO.spec(width=10, **SIZE),
    "gfno p4m": models.GFNO.spec(width=7, group="p4m", **SIGNS, **SIZE),
}


NAMES = (*SPECS, "fno without coordinates", "fno on rotations")


def flow(folder: Path) -> NavierStokes:
    """Return the data set."""
    return NavierStokes(
        samples=400,
        resolution=32,
        amplitude=4.0,
        steps=1,
        interval=0.5,
        forcing={"kind": "none"},
        storage={"held_out": 100, "folder": str(folder)},
    )


def turned(x: Any, times: int, turn: Callable[..., Any], roll: Callable[..., Any]) -> Any:
    """Return fields ``(..., x, y)`` after quarter turns about their first point."""
    for _ in range(times):
        x = roll(turn(x, 1, (-2, -1)), 1, -2)
    return x


def rotations(data: FieldSet) -> FieldSet:
    """Return all four rotations of the samples."""
    values = np.asarray(data.values)
    parts: list[NDArray[Any]] = [turned(values, i, np.rot90, np.roll) for i in range(4)]
    return replace(data, values=np.concatenate(parts))


class Symmetrised(GridOperator):
    """Mean of a network over the four rotations of its input."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> Tensor:
        """Return the mean, which commutes with rotations."""

        def once(i: int) -> Tensor:
            made: Tensor = self.net(turned(x, i, torch.rot90, torch.roll))
            back: Tensor = turned(made, (4 - i) % 4, torch.rot90, torch.roll)
            return back

        return torch.stack([once(i) for i in range(4)]).mean(0)


def symmetrised(surrogate: Surrogate) -> Surrogate:
    """Return a surrogate whose network is the mean over rotations."""
    made = averaged([surrogate])
    made._modules["net"] = Symmetrised(surrogate.net)
    return made


def without_coordinates(setting: Setting, seed: int) -> Surrogate:
    """Return a trained FNO whose lifting leaves out the coordinates."""
    lightning.seed_everything(seed, verbose=False)
    surrogate = Surrogate.of(setting.splits["train"], setting.spec)
    weight = cast(nn.Linear, surrogate.net.lift).weight
    kept = torch.zeros_like(weight)
    kept[:, 0] = 1
    weight.data *= kept
    weight.register_hook(lambda slope: slope * kept)
    return setting.more(surrogate, seed)


def row(setting: Setting, surrogate: Surrogate, finer: FieldSet, passes: float) -> Row:
    """Return errors and costs, those under the symmetries on two grids among them."""
    made = setting.row(surrogate, passes)
    check = Equivariance(["vorticity"])
    for data in (setting.splits["test"], finer):
        found = check(surrogate, data)
        made[f"equivariance at {data.shape[0]}"] = {
            kind: float(found[kind]) for kind in ("rotations", "reflections")
        } | {"mean error on moved data": found.moved.values.tolist()}
    return made


def main() -> None:
    """Train the networks, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--models", default=",".join(NAMES))
    parser.add_argument("--data", type=Path, default=Path("runs/gfno"))
    parser.add_argument("--out", type=Path, default=Path("gfno.json"))
    given = parser.parse_args()
    source = flow(given.data)
    splits, finer = source.splits(), source.at((64, 64))
    setting = Setting(splits, SPECS["fno"], given.epochs, batch_size=10)
    wide = Setting(splits | {"train": rotations(splits["train"])}, SPECS["fno"], given.epochs // 4)
    wide = replace(wide, batch_size=10)
    rows: dict[str, list[Row]] = defaultdict(list)
    made = {
        "command": " ".join(["python benchmarks/gfno.py", *sys.argv[1:]]),
        "epochs": given.epochs,
        "samples": {name: len(data) for name, data in splits.items()},
        "rows": rows,
        "versions": {"neurop": neurop.__version__, "torch": torch.__version__},
        "machine": platform.processor() or platform.machine(),
        "threads": torch.get_num_threads(),
    }
    for seed in range(given.seeds):
        for name in given.models.split(","):
            start = time.process_time()
            if name in SPECS:
                surrogate = setting.fit(seed, SPECS[name])
            elif name == "fno on rotations":
                surrogate = wide.fit(seed)
            else:
                surrogate = without_coordinates(setting, seed)
            seconds = time.process_time() - start
            found = row(setting, surrogate, finer, given.epochs)
            rows[name].append(found | {"training_cpu_s": round(seconds, 1)})
            if name == "fno":
                rows["fno, mean of rotations"].append(
                    row(setting, symmetrised(surrogate), finer, given.epochs)
                )
            given.out.write_text(json.dumps(made, indent=1) + "\n")
            print(f"seed {seed} {name}: {found['relative_l2']:.4f}, {seconds:.0f} s", flush=True)
    print(f"{'':24}{'error':>9}{'parameters':>12}{'ms':>8}{'turned':>10}{'mirrored':>10}")
    for name, all_seeds in rows.items():
        error = np.mean([one["relative_l2"] for one in all_seeds])
        one = all_seeds[0]
        known = one["equivariance at 32"]
        print(
            f"{name:24}{error:9.4f}{one['parameters']:12}{one['inference_ms']:8.3f}"
            f"{known['rotations']:10.1e}{known['reflections']:10.1e}"
        )


if __name__ == "__main__":
    main()
