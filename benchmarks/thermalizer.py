"""How long rollouts of the Kuramoto-Sivashinsky equation last if noisy states are denoised.

python benchmarks/thermalizer.py [--rows NAMES] [--epochs N] [--steps N] [--out FILE]

The default data set; a short training of an FNO, whose rollouts diverge, and what may help: a
thermalizer on top of it, with several noises from which and to which a state is denoised;
predictions limited to the modes of 63 points, which are those of its convolutions, or of 96; a new
network trained with noise, or for longer. A trajectory has diverged where its mean square is below
a half or above twice that of the test set. Rows that are in the file already are kept; trained
weights are in the data folder.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

import neurop
from neurop import Surrogate, models
from neurop.constraints.band_limit import BandLimit
from neurop.datasets import KuramotoSivashinsky
from neurop.evaluation.rollout import rollout
from neurop.evaluation.score import score
from neurop.metrics.spectra import power_spectrum
from neurop.models.thermalized import Thermalized
from neurop.objectives.thermalizing import Thermalizing
from neurop.refinement import thermalizer
from neurop.training.fit import ADAMW
from neurop.transforms.noise import Noise

EMULATOR = models.FNO.spec(modes=32, width=16, depth=4)
STAGE = models.FNO.spec(modes=63, width=32, depth=4)
LEVELS = {"0.1 to 0.04": (0.1, 0.04), "0.05 to 0.02": (0.05, 0.02), "0.02 to 0.01": (0.02, 0.01)}
RANGE = 0.5, 2.0
SHELLS = 32
"""Number of wavenumbers whose power is compared, those of the network's modes."""
Splits = dict[str, neurop.FieldSet]


class Trainings:
    """Trained surrogates by name, from the folder of the data if they are there."""

    def __init__(self, splits: Splits, given: argparse.Namespace) -> None:
        self.splits, self.given, self.seconds = splits, given, {"none": 0.0}

    def __call__(self, name: str) -> Surrogate:
        """Return the surrogate of a row."""
        made = Surrogate.of(self.splits["train"], EMULATOR)
        if name == "FNO, three times the epochs":
            return self.fitted("long", made, 3 * self.given.epochs)
        if name.startswith("FNO, noise"):
            std = float(name.rpartition(" ")[2])
            return self.fitted(f"noise-{std}", made, self.given.epochs, augment=[Noise(std)])
        made = self.fitted("fno", made, self.given.epochs)
        if name.startswith("FNO, band limit"):
            band = int(name.rpartition(" ")[2])
            limited = replace(made.card, constraints=(BandLimit((band,)),))
            twin = Surrogate(limited, made.input_norm, made.output_norm)
            twin.load_state_dict(made.state_dict())
            return twin.eval()
        return made if name == "FNO" else self.thermalized(made, name)

    def thermalized(self, base: Surrogate, name: str) -> Surrogate:
        """Return a surrogate with a stage, the same for all levels."""
        made = thermalizer(base, self.splits["train"], STAGE)
        made = self.fitted("stage", made, self.given.epochs, objective=Thermalizing())
        assert isinstance(made.net, Thermalized)
        made.net.levels = (made.net.levels[0], *LEVELS[name.removeprefix("thermalizer, ")])
        return made

    def fitted(self, kind: str, made: Surrogate, epochs: int, **more: Any) -> Surrogate:
        """Return a surrogate after its training, whose time is kept."""
        file = self.given.data / f"thermalizer-{kind}-{epochs}-{self.given.seed}.pt"
        lightning.seed_everything(self.given.seed, verbose=False)
        if file.is_file():
            saved = torch.load(file, weights_only=True)
            made.load_state_dict(saved["state"])
            self.seconds[kind] = saved["seconds"]
            return made.eval()
        start = time.process_time()
        made = neurop.fit(
            made,
            {part: self.splits[part] for part in ("train", "val")},
            epochs=epochs,
            batch_size=64,
            optimizer=partial(ADAMW, lr=2e-3 if kind == "stage" else 4e-3),
            seed=self.given.seed,
            **more,
        )
        self.seconds[kind] = round(time.process_time() - start, 1)
        torch.save({"state": made.state_dict(), "seconds": self.seconds[kind]}, file)
        return made


ROWS = (
    *("FNO", "FNO, three times the epochs", "FNO, noise 0.01", "FNO, noise 0.003"),
    *("FNO, band limit 63", "FNO, band limit 96"),
    *(f"thermalizer, {levels}" for levels in LEVELS),
)


@torch.no_grad()
def rolled(step: Callable[[Tensor], Tensor], first: Tensor, usual: float, steps: int) -> Any:
    """Return when each trajectory diverged, its sizes, and the states of the last hundred steps."""
    ended = torch.full((len(first),), steps)
    curves, recent, x = [], [], first
    for number in range(1, steps + 1):
        x = step(x)
        relative = x.square().mean((1, 2)) / usual
        curves.append(relative)
        inside = (relative > RANGE[0]) & (relative < RANGE[1])
        ended = torch.where(~inside & (ended == steps), number, ended)
        alive = (ended >= number)[:, None, None]
        recent = [*recent[-99:], torch.where(alive, x, torch.nan)]
        if not alive.any():
            break
    return ended, torch.stack(curves), torch.cat(recent)


def spectrum(fields: Tensor, grid: neurop.Grid) -> np.ndarray:
    """Return the mean power of wavenumbers from 1 on."""
    kept = fields[fields.isfinite().all(-1).all(-1)].double().numpy()[:, None]
    return power_spectrum(kept, grid)[1].mean((0, 1, 2))[1:SHELLS]


def measured(surrogate: Surrogate, test: neurop.FieldSet, steps: int) -> dict[str, Any]:
    """Return the record of a network."""
    calls = 0

    def count(*_: Any) -> None:
        nonlocal calls
        calls += 1

    net, truth = surrogate.net, torch.as_tensor(test.values).float()
    found = rollout(surrogate, test, 100)
    one_step = float(score(surrogate, test).relative_l2)
    if isinstance(net, Thermalized):
        net.stage.register_forward_hook(count)
    start = time.process_time()
    ended, curves, last = rolled(surrogate, truth[:, 0], float(truth.square().mean()), steps)
    seconds = time.process_time() - start
    climate, predicted = (spectrum(x, test.grid) for x in (truth.flatten(0, 1), last))
    each = [s for s in np.unique(np.geomspace(1, steps, 60).astype(int)) if s <= len(curves)]
    return {
        "one_step": one_step,
        "correlation_time": {k: float(found[f"correlation_time_{k}"]) for k in ("0.9", "0.8")},
        "diverged_at": sorted(ended.tolist()),
        "median": float(ended.double().median()),
        "diverged": int((ended < steps).sum()),
        "censored_at": steps,
        "spectrum_error_at_the_end": float(np.abs(np.log10(predicted / climate)).mean()),
        "spectrum": [float(f"{p:.4g}") for p in predicted],
        "climate": [float(f"{p:.4g}") for p in climate],
        "stage_calls_per_step": round(calls / len(curves), 2),
        "curve": {
            "steps": [int(s) for s in each],
            "mean_square": [float(f"{curves[s - 1].median():.4g}") for s in each],
        },
        "rollout_cpu_ms_per_step": round(1e3 * seconds / len(curves), 2),
    }


def draw(rows: dict[str, Any]) -> Figure:
    """Return the mean squares along the rollouts, medians, and the spectra at their end."""
    figure = Figure(figsize=(10, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    climate = next(iter(rows.values()))["climate"]
    k = np.arange(1, SHELLS)
    right.semilogy(k, climate, color="black", label="truth")
    for number, (name, row) in enumerate(rows.items()):
        left.loglog(row["curve"]["steps"], row["curve"]["mean_square"], f"C{number}", label=name)
        right.semilogy(k, row["spectrum"], f"C{number}")
    left.axhspan(*RANGE, color="0.9", zorder=0)
    left.set(xlabel="step", ylabel="mean square, of the truth", ylim=(0.3, 10))
    left.legend(fontsize=7)
    right.set(xlabel="wavenumber", title="power in the last 100 steps before divergence")
    right.legend(fontsize=8)
    return figure


def main() -> None:
    """Train and roll out the networks; print and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", nargs="+", default=list(ROWS), choices=list(ROWS))
    parser.add_argument("--epochs", type=int, default=2, help="of network and stage")
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("--out", type=Path, default=Path("thermalizer.json"))
    given = parser.parse_args()
    torch.set_num_threads(1)
    splits = KuramotoSivashinsky(storage={"folder": str(given.data)}).splits()
    made = json.loads(given.out.read_text()) if given.out.is_file() else {"rows": {}}
    made |= {name: getattr(given, name) for name in ("epochs", "seed")} | {
        "command": " ".join(["python benchmarks/thermalizer.py", *sys.argv[1:]]),
        "versions": {"neurop": neurop.__version__, "torch": torch.__version__},
        "machine": platform.processor() or platform.machine(),
        "threads": 1,
    }
    trained = Trainings(splits, given)
    for name in given.rows:
        surrogate = trained(name)
        record = measured(surrogate, splits["test"], given.steps)
        made["rows"][name] = record
        made["training_cpu_s"] = trained.seconds
        given.out.write_text(json.dumps(made, indent=1) + "\n")
        times = record["correlation_time"]
        print(
            f"{name:28} {record['one_step']:.4f}"
            f"  to 0.9, 0.8: {times['0.9']:.0f} {times['0.8']:.0f}"
            f"  diverged {record['diverged']}, median {record['median']:.0f}"
            f"  spectrum {record['spectrum_error_at_the_end']:.3f}"
            f"  calls {record['stage_calls_per_step']}"
            f"  {record['rollout_cpu_ms_per_step']} ms",
            flush=True,
        )
    draw(made["rows"]).savefig(given.out.with_suffix(".png"), dpi=100)


if __name__ == "__main__":
    main()
