"""Networks of equal cost, which a method of refinement has to beat.

A refined network has had more training, and costs more to evaluate, than the network that it
refines. Next to that one stand: a network trained for as many epochs as both stages, one of about
as many parameters as both, and the mean of two networks, all chosen by the same validation set.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import lightning
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

import neurop
from neurop import FieldSet, Surrogate
from neurop.evaluation.score import score
from neurop.inference.evaluating import evaluating
from neurop.metrics.octaves import octaves
from neurop.metrics.spectra import power_spectrum
from neurop.models import GridOperator
from neurop.registry import Spec
from neurop.training.fit import ADAMW

Row = dict[str, Any]


@dataclass(frozen=True)
class Setting:
    """Data, network and training that all rows share.

    Parameters
    ----------
    splits
        Sets ``train``, ``val`` and ``test``.
    spec
        Network of one stage.
    epochs, batch_size, lr
        Training of one stage: epochs, examples per step, peak learning rate.
    """

    splits: Mapping[str, FieldSet]
    spec: Spec
    epochs: int = 100
    batch_size: int = 20
    lr: float = 2e-3

    def fit(self, seed: int, spec: Spec | None = None, longer: int = 1) -> Surrogate:
        """Return a new network after `longer` times the epochs, its schedule stretched."""
        lightning.seed_everything(seed, verbose=False)
        model = Surrogate.of(self.splits["train"], spec or self.spec)
        return self.more(model, seed, longer)

    def more(self, surrogate: Surrogate, seed: int, longer: int = 1, **also: Any) -> Surrogate:
        """Train the weights of a surrogate that are not frozen; `also` as for `neurop.fit`."""
        return neurop.fit(
            surrogate,
            {name: self.splits[name] for name in ("train", "val")},
            epochs=longer * self.epochs,
            batch_size=self.batch_size,
            optimizer=partial(ADAMW, lr=self.lr),
            seed=seed,
            **also,
        )

    def row(self, surrogate: Surrogate, passes: float) -> Row:
        """Return errors and costs; `passes` of the training set through a network of one stage."""
        test = self.splits["test"]
        found = score(surrogate, test).isel(field=0)
        return {
            "relative_l2": float(found.relative_l2),
            "octave_relative_l2": rounded(found.octave_relative_l2.values),
            "octave_error_share": rounded(found.octave_error_share.values),
            "parameters": sum(weight.numel() for weight in surrogate.net.parameters()),
            "training_passes": passes,
            "inference_ms": inference_ms(surrogate, test),
        }


class Average(GridOperator):
    """Mean of the outputs of networks."""

    def __init__(self, nets: Sequence[nn.Module]) -> None:
        super().__init__()
        self.nets = nn.ModuleList(nets)

    def forward(self, x: Tensor) -> Tensor:
        """Return the mean."""
        return torch.stack([net(x) for net in self.nets]).mean(0)


def averaged(surrogates: Sequence[Surrogate]) -> Surrogate:
    """Return a surrogate whose network is the mean of those of others, of equal normalisers."""
    made = copy.copy(surrogates[0])
    made._modules = {**made._modules, "net": Average([one.net for one in surrogates])}
    return made


def doubled(setting: Setting) -> Spec:
    """Return the network whose width gives about twice the parameters."""
    train, spec = setting.splits["train"], setting.spec

    def count(width: int) -> int:
        wide = Spec(spec.name, spec.arguments | {"width": width})
        return Surrogate.of(train, wide).parameters_count()

    width = spec.arguments["width"]
    goal = 2 * count(width)
    best = min(range(width, 2 * width), key=lambda w: abs(count(w) - goal))
    return Spec(spec.name, spec.arguments | {"width": best})


def baselines(
    setting: Setting, first: Mapping[int, Surrogate], seed: int
) -> Iterator[tuple[str, Row]]:
    """Yield name and row of one stage and of each network of the cost of two.

    Parameters
    ----------
    setting
        What all share.
    first
        Networks of one stage by seed, which are trained already; two or more.
    seed
        Seed of the row. The mean is that of its network and of the next one.
    """
    seeds = sorted(first)
    following = seeds[(seeds.index(seed) + 1) % len(seeds)]
    yield "one stage", setting.row(first[seed], setting.epochs)
    pair = averaged([first[seed], first[following]])
    yield "mean of two seeds", setting.row(pair, 2 * setting.epochs)
    yield "twice the epochs", setting.row(setting.fit(seed, longer=2), 2 * setting.epochs)
    wide = setting.fit(seed, doubled(setting))
    yield "twice the parameters", setting.row(wide, setting.epochs)


def beyond_modes(test: FieldSet, modes: int) -> list[float | None]:
    """Return the part of each octave of the truth in waves that a network of `modes` drops.

    A convolution drops them; the pointwise maps after it make waves of any length.
    """
    truth = test.targets if test.has_targets else test.values
    assert truth is not None
    power = power_spectrum(truth, test.grid)[1].reshape(-1, test.shape[0] // 2 + 1).mean(0)
    starts = octaves(power.size)
    dropped = np.where(np.arange(power.size) >= modes, power, 0.0)
    parts = [np.add.reduceat(p, starts) for p in (dropped, power)]
    return rounded(np.sqrt(parts[0] / parts[1]))


def rounded(values: NDArray[np.float64]) -> list[float | None]:
    """Return numbers for a file, null for those that are not known."""
    return [round(float(value), 6) if np.isfinite(value) else None for value in values]


def inference_ms(surrogate: Surrogate, test: FieldSet, repeats: int = 5) -> float:
    """Return the least time per sample of several evaluations, in milliseconds."""
    x = torch.as_tensor(np.array(test.values[:100, 0])).float()
    times = []
    with evaluating(surrogate):
        for _ in range(repeats):
            start = time.perf_counter()
            surrogate(x)
            times.append(time.perf_counter() - start)
    return round(1e3 * min(times) / len(x), 4)


def table(rows: Mapping[str, Sequence[Row]]) -> str:
    """Return the means over seeds as text, with the smallest and the largest error."""
    lines = [f"{'':22}{'error':>9}{'min':>9}{'max':>9}{'parameters':>12}{'passes':>8}{'ms':>8}"]
    for name, found in rows.items():
        errors = [row["relative_l2"] for row in found]
        one = found[0]
        lines.append(
            f"{name:22}{np.mean(errors):9.5f}{min(errors):9.5f}{max(errors):9.5f}"
            f"{one['parameters']:12}{one['training_passes']:8g}{one['inference_ms']:8.3f}"
        )
    return "\n".join(lines)
