"""The frames of an integration: those of a loop by hand, to the last bit."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from neurop.physics.operators import truncate
from neurop.physics.solvers import convection, crank_nicolson, vorticity
from neurop.physics.solvers.steppers import record


def random(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(*shape, dtype=torch.float64, generator=generator)
    return values - values.mean(tuple(range(1, len(shape))), keepdim=True)


def test_a_frame_is_the_state_after_so_many_steps_on_the_grid_of_the_frames() -> None:
    half = torch.fft.rfft2(random(3, 8, 12), norm="forward")
    frames = record(lambda state: 0.5j * state, half, 3, (8, 12), (6, 16))
    assert frames.shape == (3, 4, 6, 16)
    for frame, factor in enumerate((1, 0.5j, -0.25, -0.125j)):
        cut = truncate(factor * half, (8, 12), (6, 16))
        assert torch.equal(frames[:, frame], torch.fft.irfft2(cut, s=(6, 16), norm="forward"))


def test_frames_have_the_precision_of_the_state() -> None:
    half = torch.fft.rfft(random(1, 8).float(), norm="forward")
    assert record(torch.clone, half, 1, (8,)).dtype == torch.float32


START, FORCING, WAVE = random(2, 12, 10), random(12, 10, seed=1), random(2, 18)
BURGERS = convection.burgers_symbol(18, 0.1)
SOLVERS: dict[str, Callable[[int, int], Tensor]] = {
    "vorticity": lambda n, steps: vorticity.solve_vorticity(START, FORCING, 0.01, 1e-3, n, steps),
    "reference": lambda n, steps: crank_nicolson.crank_nicolson_euler(
        START, FORCING, 0.01, 1e-3, n, steps
    ),
    "convection": lambda n, steps: convection.solve_convection(WAVE, BURGERS, 1.0, 1e-3, n, steps),
}


@pytest.mark.parametrize("name", SOLVERS)
def test_a_solver_takes_so_many_steps_between_frames(name: str) -> None:
    solve = SOLVERS[name]
    each = solve(1, 6)
    assert torch.equal(solve(3, 2), each[:, ::3])
    assert not torch.equal(solve(2, 2), each[:, ::3])
