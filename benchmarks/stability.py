"""How long a network for Kolmogorov flow can be rolled out before it leaves the flow's climate.

python benchmarks/stability.py [--rows NAMES] [--epochs N] [--steps N] [--data FOLDER] [--out FILE]

The vorticity of 14 flows, 120 steps each, of whose solution on 64 x 64 points a grid of 32 x 32
points, or of another resolution, has the modes: eight for training, three for validation, of which
one is used, three for the test. Every network has four blocks, and as many
epochs. It is rolled out from states of the test set, eight by default; a trajectory has diverged
where its energy or its enstrophy is below 0.2 or above 5 times the mean of the test set. The growth
of a small perturbation is the mean factor per application of the network's Jacobian at those
states, by power iteration. Rows that are in the file already are kept, so they can be computed in
several calls; trained weights are in the folder of the data.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from dataclasses import dataclass, replace
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
from neurop.datasets import KolmogorovFlow
from neurop.layers import SpectralConv
from neurop.layers.filters.named import named
from neurop.metrics.spectra import spectrum_error
from neurop.objectives.thermalizing import Thermalizing
from neurop.problems import Evolution
from neurop.refinement import thermalizer
from neurop.registry import Spec
from neurop.spectral import resample
from neurop.training.callbacks.spectral_bound import SpectralNormBound
from neurop.transforms.noise import Noise

SIZE = {"modes": 12, "width": 24, "depth": 4}
FNO = models.FNO.spec(**SIZE)
HIGH = SIZE["modes"]
"""Wavenumber from which on the high band is counted, that of the first wave without a mode."""
RANGE = 0.2, 5.0


@dataclass(frozen=True)
class Row:
    """A network and its training."""

    spec: Spec
    bound: bool = False
    filter: str | None = None
    """Filter in place of the weights of an FNO's convolutions."""
    noise: float = 0.0
    band: int = 0
    increments: bool = False
    stage: Spec | None = None
    """Network that denoises the states of the row `fno`."""

    def surrogate(self, train: neurop.FieldSet) -> Surrogate:
        """Return the untrained surrogate."""
        limits = [BandLimit((self.band, self.band))] if self.band else []
        problem = Evolution(increments=self.increments)
        made = Surrogate.of(train, self.spec, problem, limits)
        for block in made.net.blocks if self.filter else ():  # type: ignore[union-attr]
            width = block.spectral.in_channels
            weight = named(self.filter)(block.spectral.modes, width)
            block.spectral = SpectralConv(
                width, width, block.spectral.modes, block.spectral.domain, weight=weight
            )
        return made


def stable(filter: str) -> Spec:
    """Return the network with all of the fixes."""
    return models.StableFNO.spec(**SIZE, filter=filter, expansion=2.0)


ROWS = {
    "fno": Row(FNO),
    "stable_fno": Row(stable("polar"), bound=True),
    "fno, increments": Row(FNO, increments=True),
    "stable_fno, no bound": Row(stable("polar")),
    "stable_fno, dense": Row(stable("dense"), bound=True),
    "fno, bound": Row(FNO, bound=True),
    "fno, disc": Row(FNO, filter="dense"),
    "fno, polar": Row(FNO, filter="polar"),
    "fno, noise": Row(FNO, noise=0.05),
    "fno, band limit": Row(FNO, band=23),
    "stable_fno, dynamic": Row(stable("dynamic"), bound=True),
    "fno, thermalizer": Row(FNO, stage=Spec("unet", {"width": 24, "levels": 2})),
    "stable_fno, increments": Row(stable("polar"), bound=True, increments=True),
}


def flow(given: argparse.Namespace) -> dict[str, neurop.FieldSet]:
    """Return the splits, on the points of the networks."""
    source = KolmogorovFlow(
        samples=14,
        flow={"reynolds": given.reynolds, "spin_up": 25.0},
        steps=120,
        interval=given.interval,
        storage={"held_out": 3, "folder": str(given.data)},
    )
    shape, made = (given.resolution, given.resolution), {}
    for name, split in source.splits().items():
        frames = torch.as_tensor(split.values)
        coarse = resample(frames.flatten(0, 1), split.grid, shape).unflatten(0, frames.shape[:2])
        made[name] = replace(split, values=coarse.numpy())
    return made


def trained(name: str, splits: dict[str, neurop.FieldSet], given: argparse.Namespace) -> Surrogate:
    """Return the trained surrogate of a row, from the folder of the data if it is there."""
    row = ROWS[name]
    lightning.seed_everything(given.seed, verbose=False)
    surrogate = row.surrogate(splits["train"])
    if row.stage:
        torch.manual_seed(given.seed)
        surrogate = thermalizer(trained("fno", splits, given), splits["train"], row.stage)
    file = given.data / f"{slug(name, given)}.pt"
    if file.is_file():
        surrogate.load_state_dict(torch.load(file, weights_only=True))
        return surrogate.eval()
    surrogate = neurop.fit(
        surrogate,
        splits,
        Thermalizing() if row.stage else None,
        epochs=given.epochs * (3 if row.stage else 1),
        batch_size=16,
        augment=[Noise(row.noise)] if row.noise else [],
        callbacks=[SpectralNormBound(1.0)] if row.bound else [],
        seed=given.seed,
    )
    torch.save(surrogate.state_dict(), file)
    return surrogate


def error(found: Tensor, truth: Tensor) -> Tensor:
    """Return the mean relative L2 error of frames ``(..., x, y)``."""
    return ((found - truth).flatten(-2).norm(dim=-1) / truth.flatten(-2).norm(dim=-1)).mean()


def spectrum(fields: Tensor) -> Tensor:
    """Return the power of each shell of wavenumbers, twice its enstrophy, ``(batch, shells)``."""
    n = fields.shape[-1]
    power = (torch.fft.fft2(fields.double()).abs() / n**2).square().flatten(-2)
    k = torch.fft.fftfreq(n, 1 / n, dtype=torch.float64)
    shell = (k[:, None] ** 2 + k**2).sqrt().round().long().flatten()
    made = torch.zeros(*power.shape[:-1], int(shell.max()) + 1, dtype=torch.float64)
    return made.index_add(-1, shell, power)[..., 1 : n // 2]


def sizes(power: Tensor) -> Tensor:
    """Return enstrophy, energy and the power of the high band of spectra, ``(batch, 3)``."""
    k = torch.arange(1, power.shape[-1] + 1, dtype=torch.float64)
    return 0.5 * torch.stack(
        [power.sum(-1), (power / k**2).sum(-1), power[..., HIGH - 1 :].sum(-1)], -1
    )


@torch.no_grad()
def rolled(
    surrogate: Surrogate, first: Tensor, climate: Tensor, steps: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Return when each trajectory diverged, sizes relative to the climate, spectra.

    The spectra are means over the last hundred steps of the trajectories before they diverged.
    """
    usual = sizes(climate[None])[0]
    ended = torch.full((len(first),), steps)
    curves, recent, x = [], [], first
    for step in range(1, steps + 1):
        x = surrogate(x)
        power = spectrum(x[:, 0])
        relative = sizes(power) / usual
        curves.append(relative)
        inside = ((relative[:, :2] > RANGE[0]) & (relative[:, :2] < RANGE[1])).all(-1)
        ended = torch.where(~inside & (ended == steps), step, ended)
        alive = ended >= step
        recent = [*recent[-99:], torch.where(alive[:, None], power, torch.nan)]
        if not alive.any():
            break
    last = torch.stack(recent).nanmean((0, 1))
    return ended, torch.stack(curves), last


def growth(surrogate: Surrogate, first: Tensor, iterations: int = 20) -> float:
    """Return the mean factor by which the Jacobian stretches a perturbation, by iteration."""
    v, factors = torch.randn_like(first), []
    for _ in range(iterations):
        v = v / v.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
        with torch.no_grad():
            v = torch.func.jvp(surrogate, (first,), (v,))[1]
        factors.append(v.flatten(1).norm(dim=1))
    return float(torch.stack(factors[iterations // 2 :]).log().mean().exp())


def measured(
    name: str, splits: dict[str, neurop.FieldSet], given: argparse.Namespace
) -> dict[str, Any]:
    """Return the record of a row, and some of its states."""
    start = time.process_time()
    fitted = {part: splits[part] for part in ("train", "val")}
    fitted["val"] = fitted["val"].samples(slice(0, 1))
    surrogate = trained(name, fitted, given)
    seconds = time.process_time() - start
    test = torch.as_tensor(splits["test"].values)[:, :, 0].float()
    first = test[:, ::40].transpose(0, 1).flatten(0, 1)[: given.starts, None]
    with torch.no_grad():
        found = torch.stack([surrogate(one[:-1, None])[:, 0] for one in test])
    climate = spectrum(test.flatten(0, 1)).mean(0)
    start = time.process_time()
    ended, curves, last = rolled(surrogate, first, climate, given.steps)
    each = [s for s in np.unique(np.geomspace(1, given.steps, 60).astype(int)) if s <= len(curves)]
    high = curves[:, :, 2]
    record = {
        "parameters": surrogate.parameters_count(),
        "relative_l2": float(error(found, test[:, 1:])),
        "diverged_at": ended.tolist(),
        "median": float(np.median(ended)),
        "censored_at": given.steps,
        "jacobian": growth(surrogate, first),
        "spectrum_error_at_the_end": float(spectrum_error(last.numpy(), climate.numpy())),
        "high_band": {str(s): float(high[s - 1].median()) for s in (20, 100) if s <= len(high)},
        "spectrum": [float(f"{p:.4g}") for p in last.tolist()],
        "curves": {
            "steps": [int(s) for s in each],
            **{
                key: [float(f"{curves[s - 1, :, i].median():.4g}") for s in each]
                for i, key in enumerate(("enstrophy", "energy", "high_band"))
            },
        },
        "training_cpu_s": round(seconds, 1),
        "rollout_cpu_s": round(time.process_time() - start, 1),
    }
    return record


def slug(name: str, given: argparse.Namespace) -> str:
    """Return the first letters of the files of a row."""
    about = f"{given.resolution}-{given.reynolds:g}-{given.interval:g}-{given.epochs}-{given.seed}"
    return f"{name.replace(', ', '-').replace(' ', '_')}-{about}"


def draw(made: dict[str, Any]) -> Figure:
    """Return enstrophy and high band along the rollouts, medians, and spectra at their end."""
    figure = Figure(figsize=(11, 3.6), layout="constrained")
    axes = figure.subplots(1, 3)
    k = np.arange(1, len(made["climate"]) + 1)
    axes[2].loglog(k, made["climate"], color="black", label="truth")
    for number, (name, row) in enumerate(made["rows"].items()):
        color, curves = f"C{number}", row["curves"]
        for panel, key in zip(axes, ("enstrophy", "high_band")):
            panel.loglog(curves["steps"], curves[key], color=color, label=name)
        axes[2].loglog(k, row["spectrum"], color=color)
    for panel, title in zip(axes, ("enstrophy", f"power, k of {HIGH} and above")):
        panel.axhspan(*RANGE, color="0.9", zorder=0)
        panel.set(xlabel="step", ylim=(1e-4, 50), title=f"{title}, of climate")
    axes[0].legend(fontsize=8)
    axes[2].set(xlabel="wavenumber k", ylim=(1e-4, 20), title="spectra before divergence")
    axes[2].legend(fontsize=8)
    return figure


def main() -> None:
    """Train and roll out the networks; print and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", nargs="+", default=list(ROWS), choices=list(ROWS))
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--starts", type=int, default=8)
    parser.add_argument("--reynolds", type=float, default=250.0)
    parser.add_argument("--resolution", type=int, default=32)
    parser.add_argument("--interval", type=float, default=0.2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path, default=Path("runs/stability"))
    parser.add_argument("--out", type=Path, default=Path("stability.json"))
    given = parser.parse_args()
    start = time.process_time()
    splits = flow(given)
    test = torch.as_tensor(splits["test"].values)[:, :, 0]
    made = json.loads(given.out.read_text()) if given.out.is_file() else {"rows": {}}
    settings = ("resolution", "epochs", "reynolds", "interval", "seed")
    made |= {name: getattr(given, name) for name in settings} | {
        "command": " ".join(["python benchmarks/stability.py", *sys.argv[1:]]),
        "samples": {name: len(data) for name, data in splits.items()},
        "climate": [float(f"{p:.4g}") for p in spectrum(test.flatten(0, 1)).mean(0)],
        "versions": {"neurop": neurop.__version__, "torch": torch.__version__},
        "machine": platform.processor() or platform.machine(),
        "threads": torch.get_num_threads(),
    }
    made["persistence"] = float(error(test[:, :-1], test[:, 1:]))
    print(f"data {time.process_time() - start:.0f} s, persistence {made['persistence']:.3f}")
    for name in given.rows:
        record = measured(name, splits, given)
        made["rows"][name] = record
        given.out.write_text(json.dumps(made, indent=1) + "\n")
        print(
            f"{name:24} error {record['relative_l2']:.4f}  diverged {record['diverged_at']}  "
            f"jacobian {record['jacobian']:.2f}  spectrum {record['spectrum_error_at_the_end']:.2f}"
            f"  {record['training_cpu_s']:.0f} + {record['rollout_cpu_s']:.0f} s",
            flush=True,
        )
    draw(made).savefig(given.out.with_suffix(".png"), dpi=100)


if __name__ == "__main__":
    main()
