r"""Neural spectral methods at equal time: Fisher's equation without data, Fourier x Chebyshev.

python benchmarks/nsm.py [--seconds 480] [--fields 20000] [--rows ...] [--optimizer adamw] [--out F]

Five trainings of one network, initial concentration to all times up to 1 (viscosity 0.05, rate 5),
each with the steps that the same time on one thread allows and the same initial fields. The time of
a step is the median processor time of short trainings, interleaved, so that other work on the
machine changes no row's share:

- nsm: by the residual of a polynomial in time at Chebyshev points, no solver, no target;
- pino: by the residual of frames, differences of sixth order in time, spectral in space, 64 x 64;
- pino_second_order: the same with differences of second order, as in the paper's comparison;
- fourier: as nsm, with a Fourier series in time, in which the evolution is not periodic;
- supervised: targets of a solver at Chebyshev points, whose time counts.

The error is the relative L2 over 64 points and the times 1/64 .. 63/64 (t = 1 is t = 0 of the
Fourier series), mean of 100 initial fields that no row has seen, against ETDRK4. Then the time of
one prediction, before and after synthesis on finer grids, next to the FNO on these grids.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback
from numpy.typing import NDArray
from optimizers import OPTIMIZERS
from torch import Tensor

import neurop
from neurop import Field, FieldSet, Grid
from neurop.constraints.initial_value import InitialValue
from neurop.datasets import ReactionDiffusion
from neurop.datasets.chebyshev_times import interpolation
from neurop.datasets.space_time import repeated
from neurop.geometry.axis import Axis
from neurop.objectives.objective import Objective
from neurop.objectives.regression import Regression
from neurop.objectives.residual import Residual
from neurop.physics.derivatives.on_grid import GridDerivatives
from neurop.spectral.axis_bases import natural_basis, spacing
from neurop.spectral.matrices import analysis_matrix

HELD_OUT, VALIDATION, FRAMES, BATCH = 100, 32, 64, 4
SHORT = (20, 100)
"""Steps of the trainings that are timed."""
SOURCE = ReactionDiffusion(samples=10**6, resolution=FRAMES, viscosity=0.05, steps=FRAMES)
TIMES = {
    "chebyshev": Axis("t", "open", layout="chebyshev"),
    "fourier": Axis("t", "periodic"),
    "frames": Axis("t", "open", start=1 / FRAMES),
}
ROWS: dict[str, tuple[str, tuple[int, int], list[int], Callable[[], Objective]]] = {
    "nsm": ("chebyshev", (33, 25), [12, 16], Residual),
    "pino": (
        "frames",
        (FRAMES, FRAMES),
        [12, 12],
        lambda: Residual(derivatives=partial(GridDerivatives, accuracy=6)),
    ),
    "pino_second_order": (
        "frames",
        (FRAMES, FRAMES),
        [12, 12],
        lambda: Residual(derivatives=partial(GridDerivatives, accuracy=2)),
    ),
    "fourier": ("fourier", (33, 25), [12, 12], Residual),
    "supervised": ("chebyshev", (33, 25), [12, 16], Regression),
}
"""Time axis, points, modes and loss."""
U0, U = Field("concentration_0"), Field("concentration")


def hundreds(numbers: range) -> list[range]:
    """Return the parts of a range, as many samples as are made at once."""
    return [numbers[i : i + 100] for i in range(0, len(numbers), 100)]


def pairs(row: str, numbers: range, targets: NDArray[Any] | None = None) -> FieldSet:
    """Return initial fields with targets, by default themselves at all times, which none reads."""
    axis, (points, times), *_ = ROWS[row]
    start = np.concatenate([SOURCE.start(part, points) for part in hundreds(numbers)])
    start = start.astype(np.float32)[:, None, None]
    given = repeated(start, every=1, times=times)[:, None]
    made = given if targets is None else targets
    return FieldSet(given, (U0,), Grid((Axis("x"), TIMES[axis])), made, (U,), source=row)


def solved(row: str, numbers: range) -> NDArray[Any]:
    """Return solutions at the times of a row, ``(sample, 1, 1, points, times)``."""
    _, (points, times), *_ = ROWS[row]
    steps = 4 * FRAMES
    solver = ReactionDiffusion(samples=10**6, viscosity=0.05, steps=steps)
    frames = [solver.solve(part, (points,))["values"][:, :, 0] for part in hundreds(numbers)]
    at = interpolation(TIMES["chebyshev"].points(times) * steps, steps + 1)
    made = np.tensordot(np.concatenate(frames), at, axes=(1, 1))
    return made.astype(np.float32)[:, None, None]


def splits(row: str, given: argparse.Namespace) -> dict[str, FieldSet]:
    """Return the training and the validation set of a row."""
    count = given.runs if row == "supervised" else given.fields
    first = HELD_OUT + VALIDATION
    parts = {"train": range(first, first + count), "val": range(HELD_OUT, first)}
    return {
        name: pairs(row, part, solved(row, part) if row == "supervised" else None)
        for name, part in parts.items()
    }


class Count(Callback):
    """Number of steps of a training."""

    steps = 0

    def on_train_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Store the number."""
        self.steps = trainer.global_step


def step_seconds(rows: list[str], given: argparse.Namespace) -> dict[str, float]:
    """Return the processor time of a training step of each row."""
    short = argparse.Namespace(**vars(given) | {"fields": 512, "runs": 100})
    data = {row: splits(row, short) for row in rows}
    taken: dict[str, list[float]] = {row: [] for row in rows}
    for _ in range(3):
        for row in rows:
            each = []
            for steps in SHORT:
                start = time.process_time()
                fitted(row, data[row], steps, given)
                each.append(time.process_time() - start)
            taken[row].append((each[1] - each[0]) / (SHORT[1] - SHORT[0]))
    return {row: statistics.median(times) for row, times in taken.items()}


def trained(
    row: str, per_step: float, given: argparse.Namespace
) -> tuple[neurop.Surrogate, dict[str, Any]]:
    """Train a row for its time and return it, with what it cost."""
    start = time.process_time()
    data = splits(row, given)
    made = time.process_time() - start
    surrogate, steps = fitted(row, data, round((given.seconds - made) / per_step), given)
    cost = {"data_seconds": round(made, 1), "step_ms": round(1e3 * per_step, 2), "steps": steps}
    cost["seconds"] = round(time.process_time() - start, 1)
    return surrogate, cost | {"parameters": surrogate.parameters_count()}


def fitted(
    row: str, data: dict[str, FieldSet], steps: int, given: argparse.Namespace
) -> tuple[neurop.Surrogate, int]:
    """Train a row for a number of steps; return it, with the steps that it took."""
    objective, (axis, _, modes, _) = ROWS[row][3](), ROWS[row]
    objective.bind(SOURCE.equation)
    torch.manual_seed(given.seed)
    spec = neurop.models.FNO.spec(modes=modes, width=given.width, depth=4)
    held = () if axis == "frames" else (InitialValue(),)
    count, surrogate = Count(), neurop.Surrogate.of(data["train"], spec, constraints=held)
    neurop.fit(
        surrogate,
        data,
        objective,
        budget=f"{steps}steps",
        optimizer=partial(OPTIMIZERS[given.optimizer], lr=given.rate),
        batch_size=BATCH,
        callbacks=[count],
        seed=given.seed,
    )
    return surrogate, count.steps


def synthesis(axis: Axis, n: int, at: NDArray[np.float64]) -> Tensor:
    """Return the matrix from n values along an axis to those of their function at fractions."""
    basis = natural_basis(axis, 1, n)
    basis = natural_basis(axis, basis.resolved(spacing(axis, n)), n)
    analysis = analysis_matrix(basis, basis.modes, axis, n, torch.float64, torch.device("cpu"))
    return torch.as_tensor(basis.functions(at) * basis.norms()) @ analysis


@torch.no_grad()
def error(row: str, surrogate: neurop.Surrogate, truth: Tensor) -> float:
    """Return the mean relative L2 error, of ``(sample, 64, 63)`` values."""
    axis, (points, times), *_ = ROWS[row]
    data = pairs(row, range(HELD_OUT))
    made = surrogate(torch.from_numpy(np.ascontiguousarray(data.values[:, 0])))[:, 0].double()
    at = np.arange(1, FRAMES) / FRAMES
    if axis == "frames":
        made = made[..., :-1]
    else:
        made = synthesis(Axis("x"), points, np.arange(FRAMES) / FRAMES) @ made
        made = made @ synthesis(TIMES[axis], times, at).T
    norms = [x.square().mean((1, 2)).sqrt() for x in (made - truth, truth)]
    return float((norms[0] / norms[1]).mean())


def milliseconds(call: Callable[[], Any], repeats: int = 7) -> float:
    """Return the median time of a call after a first one."""
    call()
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return round(1e3 * statistics.median(taken), 3)


@torch.no_grad()
def inference(nsm: neurop.Surrogate, fno: neurop.Surrogate) -> list[dict[str, Any]]:
    """Return the times of one prediction, before and after synthesis on n x n points."""
    _, (points, times), *_ = ROWS["nsm"]
    x, found = torch.rand(1, 1, points, 1).expand(1, 1, points, times).contiguous(), []
    for n in (64, 128, 256, 512):
        first = synthesis(Axis("x"), points, np.arange(n) / n).float()
        last = synthesis(TIMES["chebyshev"], times, np.linspace(0, 1, n)).float().T.contiguous()
        fine = torch.rand(1, 1, n, 1).expand(1, 1, n, n).contiguous()
        made = nsm(x)
        found.append(
            {
                "points": n,
                "nsm": milliseconds(lambda: nsm(x)),
                "synthesis": milliseconds(lambda a=first, y=made, b=last: a @ y @ b),
                "fno": milliseconds(lambda given=fine: fno(given)),
            }
        )
    return found


def main() -> None:
    """Train all rows, print the table and write it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--seconds", type=float, default=480, help="of each row, data included")
    parser.add_argument("--fields", type=int, default=20000, help="initial fields without solver")
    parser.add_argument("--runs", type=int, default=1000, help="of the solver, supervised")
    parser.add_argument("--width", type=int, default=24)
    parser.add_argument("--optimizer", choices=[*OPTIMIZERS], default="adamw")
    parser.add_argument("--rate", type=float, default=6e-3, help="of learning")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rows", nargs="+", choices=[*ROWS], default=[*ROWS])
    today = time.strftime("%Y%m%d")
    parser.add_argument("--out", type=Path, default=Path(f"benchmarks/nsm-cpu-{today}.json"))
    given = parser.parse_args()
    torch.set_num_threads(1)
    start = time.perf_counter()
    solution = SOURCE.solve(range(HELD_OUT), (FRAMES,))["values"][:, :, 0]
    solver = round((time.perf_counter() - start) / HELD_OUT * 1e3, 2)
    truth = torch.from_numpy(solution).double().movedim(1, -1)[..., 1:-1]
    about = {"torch": torch.__version__, "processor": platform.machine(), "threads": 1}
    settings = {k: v for k, v in vars(given).items() if k not in ("out", "rows")}
    record: dict[str, Any] = {"about": about, "settings": settings, "solver_ms": solver}
    record["runs"], kept = [], {}
    per_step = step_seconds(given.rows, given)
    print(json.dumps(per_step), flush=True)
    for row in given.rows:
        kept[row], cost = trained(row, per_step[row], given)
        record["runs"].append({"row": row, "relative_l2": error(row, kept[row], truth)} | cost)
        print(json.dumps(record["runs"][-1]), flush=True)
        given.out.write_text(json.dumps(record, indent=1) + "\n")
    if {"nsm", "pino"} <= kept.keys():
        record["milliseconds"] = inference(kept["nsm"], kept["pino"])
        for times in record["milliseconds"]:
            print(json.dumps(times))
        given.out.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
