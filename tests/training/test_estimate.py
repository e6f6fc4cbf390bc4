from __future__ import annotations

import time
from typing import Any

import pytest
import torch
from small import evolution, surrogate
from torch import Tensor, nn

from neurop.objectives.regression import Regression
from neurop.training.callbacks.timer import peak_mb
from neurop.training.estimate import Preflight, estimate, reading_ms
from neurop.training.module import TrainingModule
from neurop.training.optimizers.muon import Muon

from .conftest import ADAM, loader, trainer


def batch(size: int, points: tuple[int, int] = (16, 12)) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(size)
    return {
        name: torch.randn(size, 1, 2, *points, generator=generator) for name in ("input", "target")
    }


def test_parameters_and_state_are_counted() -> None:
    s = surrogate(evolution())
    found = estimate(TrainingModule(s, Regression(), ADAM), batch(2))
    assert found.parameters == s.parameters_count()
    assert found.state_mb == pytest.approx(16e-6 * found.parameters)
    assert found.step_ms > 0


def test_the_state_of_an_optimizer_that_knows_it_is_counted() -> None:
    module = TrainingModule(surrogate(evolution()), Regression(), Muon)
    optimizer = Muon(module.parameters())
    optimizer.arrange(module)
    found = estimate(module, batch(2), optimizer)
    assert found.state_mb == pytest.approx(8e-6 * found.parameters + 1e-6 * optimizer.state_bytes())


def test_the_memory_of_the_process_has_the_moments_to_come() -> None:
    found = estimate(TrainingModule(surrogate(evolution()), Regression(), ADAM), batch(2))
    largest = peak_mb(torch.device("cpu"))
    assert found.process_mb is not None
    assert largest is not None
    assert found.process_mb == pytest.approx(largest + found.state_mb / 2, rel=0.01)


class Chain(nn.Module):
    """Stands for a network: keeps what sin needs, `times` over."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times, self.factor = times, nn.Parameter(torch.tensor(0.5))

    def forward(self, x: Tensor) -> Tensor:
        for _ in range(self.times):
            x = torch.sin(x)
        return x * self.factor


def test_what_the_backward_pass_needs_is_counted() -> None:
    def needed(times: int, size: int) -> Any:
        s = surrogate(evolution())
        s.net = Chain(times)
        module = TrainingModule(s, Regression(), ADAM)
        return estimate(
            module, {name: x.requires_grad_() for name, x in batch(size).items()}
        ).step_mb

    one = 4 * 2 * 16 * 12 * 1e-6
    for size in (1, 5):
        assert needed(7, size) - needed(2, size) == pytest.approx(5 * size * one, rel=1e-6)


def test_nothing_is_changed_by_it(capsys: pytest.CaptureFixture[str]) -> None:
    weights, random = [], []
    for callbacks in ([], [Preflight()]):
        torch.manual_seed(3)
        module = TrainingModule(surrogate(evolution()).train(), Regression(), ADAM)
        trainer(2, callbacks=callbacks).fit(
            module, loader(evolution(), evolution(seed=4), batch_size=4)
        )
        weights.append(torch.cat([p.detach().flatten() for p in module.parameters()]))
        random.append(torch.rand(1).item())
        said = capsys.readouterr().out
    assert torch.equal(weights[0], weights[1])
    assert random[0] == random[1]
    count = f"{weights[0].numel():,}"
    assert said.splitlines()[0] == f"  {count} real parameters; batches of 4 on 9 x 8 points"
    assert said.splitlines()[1] == "  modes 3 x 3 of the 5 x 4 below the grid's Nyquist frequency"
    assert said.splitlines()[2].startswith("  memory about ")
    assert said.splitlines()[2].endswith(" MB for the process")
    assert said.splitlines()[3].endswith(", 3 steps per epoch")


class Examples:
    """Examples that take 2 ms each, but for every fourth, which takes 10 ms."""

    def __init__(self, number: int) -> None:
        self.number, self.read = number, list[int]()

    def __len__(self) -> int:
        return self.number

    def __getitem__(self, index: int) -> Tensor:
        self.read.append(index)
        time.sleep(0.010 if index % 4 == 0 else 0.002)
        return torch.zeros(1)


def test_the_time_to_read_a_batch_is_a_mean_over_chunks() -> None:
    examples = Examples(1000)
    # Eight batches: 16 examples, of which four start a chunk.
    assert reading_ms(examples, 2) >= (4 * 10 + 12 * 2) / 8
    assert examples.read == list(range(16))
    few = Examples(5)
    assert reading_ms(few, 2) > 0
    assert few.read == [0, 1, 2, 3]
    assert reading_ms(Examples(1), 2) == 0
