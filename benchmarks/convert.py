"""A trained U-Net on other grids, converted and as it is, next to interpolation and an FNO.

python benchmarks/convert.py [--cases NAMES] [--epochs N] [--seeds N] [--data FOLDER] [--out FILE]

On a periodic interval, from 500 pairs on 64 points, tested on 32 to 256. `burgers`: the velocity at
t = 1, viscosity 0.01. Rows: a U-Net (naive), converted by either rule, between spectral
interpolations of its input to 64 points and of its output back, and an FNO. `detail`: one
convolution of 9 taps, fitted by least squares to the field less its mean over a Gaussian as wide as
1.5 points of the training, from waves up to 24; tested on the same, and on 256 points with waves
from 40 to 100, which 64 points do not resolve, of 0.3 times the size. The file is written after
every network.
"""

from __future__ import annotations

import argparse
import copy
import json
import platform
import time
from functools import partial
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from torch import Tensor, nn

import neurop
from neurop import FieldSet, Grid, Surrogate, models
from neurop.convert import convert
from neurop.datasets import Burgers
from neurop.evaluation.protocols.convergence import Convergence
from neurop.inference.check_input import ResolutionWarning
from neurop.models import GridOperator
from neurop.spectral import resample

TRAINED, SIZES = 64, (32, 64, 128, 256)
LARGEST, WIDTH, TAPS = 24, 1.5, 9
LINE = Grid.periodic(1)
CASES = ["burgers", "detail"]
SPECS = {
    "unet": models.UNet.spec(width=12, levels=2),
    "fno": models.FNO.spec(modes=16, width=24, depth=4),
}


def burgers(folder: Path) -> dict[str, Any]:
    """Return the splits of the training and a test set per resolution."""
    source = Burgers(
        samples=700,
        resolution=TRAINED,
        storage={"held_out": 100, "folder": str(folder)},
    )
    return source.splits() | {"tests": {n: source.at((n,)) for n in SIZES}}


def pairs(samples: int, seed: int, points: int, detail: bool) -> tuple[Tensor, Tensor]:
    """Return fields and the map with a closed form, ``(samples, 1, points)``."""
    draw, largest = np.random.default_rng(seed), SIZES[-1]
    k = np.arange(largest // 2 + 1)

    def waves(first: int, last: int) -> Any:
        c = draw.normal(size=(samples, len(k), 2)) @ np.array([1, 1j])
        u = np.fft.irfft(c * (k >= first) * (k <= last) / np.maximum(k, 1), n=largest)
        return u / np.sqrt((u**2).mean(-1, keepdims=True))

    u, rough = waves(1, LARGEST), waves(40, 100)
    u = u + 0.3 * rough if detail else u
    gauss = np.exp(-0.5 * (2 * np.pi * k * WIDTH / TRAINED) ** 2)
    y = u - np.fft.irfft(np.fft.rfft(u) * gauss, n=largest)
    step = largest // points
    x, y = (torch.as_tensor(v[:, None, ::step].copy()) for v in (u, y))
    return x, y


def fitted() -> nn.Conv1d:
    """Return a convolution with the weights of least squares."""
    x, y = pairs(500, 0, TRAINED, False)
    reach = TAPS // 2
    columns = torch.stack([x.roll(-j, -1).flatten() for j in range(-reach, reach + 1)], 1)
    conv = nn.Conv1d(1, 1, TAPS, padding=reach, padding_mode="circular", bias=False).double()
    conv.weight.data[0, 0] = torch.linalg.lstsq(columns, y.reshape(-1, 1)).solution[:, 0]
    return conv


def layer_rows() -> dict[str, Any]:
    """Return the mean relative L2 errors of a layer with and without detail."""
    conv, example = fitted(), torch.zeros(1, 1, TRAINED).double()
    kinds: dict[str, nn.Module] = {
        "convolution": conv,
        "converted, points": convert(conv, example),
        "converted, means": convert(conv, example, rule="means"),
        "interpolated": Interpolated(conv),
    }

    @torch.no_grad()
    def error(net: nn.Module, points: int, detail: bool) -> float:
        x, y = pairs(100, 2, points, detail)
        return float(((net(x) - y).norm(dim=-1) / y.norm(dim=-1)).mean())

    return {
        name: {
            "error": {str(n): error(net, n, False) for n in SIZES if n > 2 * LARGEST},
            "detailed": {str(SIZES[-1]): error(net, SIZES[-1], True)},
        }
        for name, net in kinds.items()
    }


class Interpolated(GridOperator):
    """A network on the training grid between spectral interpolations."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> Tensor:
        """Return the output on the input's grid."""
        shape = tuple(x.shape[2:])
        if shape == (TRAINED,):
            return self.net(x)
        return resample(self.net(resample(x, LINE, (TRAINED,))), LINE, shape)


def with_net(surrogate: Surrogate, net: nn.Module) -> Surrogate:
    """Return the surrogate with another network."""
    other = copy.copy(surrogate)
    other._modules = surrogate._modules | {"net": net}
    return other


def errors(surrogate: Surrogate, tests: dict[int, FieldSet]) -> dict[str, Any]:
    """Return the mean relative L2 error per resolution, and seconds per sample."""
    found = neurop.evaluate(surrogate, tests, "superres")
    points = [str(n) for n in found.resolution.values]
    return {
        "error": dict(zip(points, map(float, found.relative_l2), strict=True)),
        "ms": dict(zip(points, [1e3 * float(s) for s in found.seconds], strict=True)),
    }


def rows(surrogate: Surrogate, data: dict[str, Any]) -> dict[str, Any]:
    """Return the rows of a trained network."""
    net, example = surrogate.net, torch.zeros(1, 1, TRAINED)
    kinds: dict[str, nn.Module] = {surrogate.name: net}
    if surrogate.name == "unet":
        kinds |= {
            "unet, converted, points": convert(net, example),
            "unet, converted, means": convert(net, example, rule="means"),
            "unet, interpolated": Interpolated(net),
        }
    found = {}
    for name, kind in kinds.items():
        one = with_net(surrogate, kind)
        found[name] = errors(one, data["tests"])
        limits = Convergence()(one, data["test"])
        found[name] |= {
            key: limits[key].values.tolist() for key in ("difference", "from_first", "order")
        }
    return found


def main() -> None:
    """Train the networks, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--cases", nargs="+", default=CASES, choices=CASES)
    parser.add_argument("--data", type=Path, default=Path("runs/convert"))
    parser.add_argument("--out", type=Path, default=Path("convert.json"))
    given = parser.parse_args()
    torch.set_num_threads(1)
    out: dict[str, Any] = {
        "about": {"torch": torch.__version__, "processor": platform.machine(), "threads": 1},
        "settings": {"epochs": given.epochs, "seeds": given.seeds},
    }
    if "detail" in given.cases:
        out["detail"] = layer_rows()
        print(json.dumps(out["detail"], indent=1))
        given.out.write_text(json.dumps(out, indent=1) + "\n")
    if "burgers" in given.cases:
        case, data = "burgers", burgers(given.data)
        splits = {key: data[key] for key in ("train", "val")}
        for spec in SPECS.values():
            for seed in range(given.seeds):
                lightning.seed_everything(seed, verbose=False)
                start = time.process_time()
                surrogate = neurop.fit(
                    Surrogate.of(splits["train"], spec),
                    splits,
                    epochs=given.epochs,
                    batch_size=20,
                    optimizer=partial(torch.optim.AdamW, lr=2e-3, weight_decay=1e-5),
                    seed=seed,
                ).eval()
                cost = {
                    "parameters": surrogate.parameters_count(),
                    "training_cpu_s": round(time.process_time() - start, 1),
                }
                for kind, row in rows(surrogate, data).items():
                    out.setdefault(case, {}).setdefault(kind, []).append(cost | row)
                    print(case, kind, seed, json.dumps(cost | row), flush=True)
                given.out.write_text(json.dumps(out, indent=1) + "\n")


if __name__ == "__main__":
    import warnings

    warnings.simplefilter("ignore", ResolutionWarning)
    main()
