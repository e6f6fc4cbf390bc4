from __future__ import annotations

import math

import pytest
import torch

from neurop.refinement.multistage.estimators import (
    dominant_frequency,
    finished,
    kappa,
    rms,
    sign_changes,
    white,
)
from neurop.refinement.multistage.lines import along_axes
from neurop.refinement.multistage.stage import Stage

X = torch.linspace(-1, 1, 1501, dtype=torch.float64)


def noise(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def test_amplitude_of_a_sine() -> None:
    assert rms(3 * torch.sin(torch.pi * 8 * X[:-1])) == pytest.approx(3 / math.sqrt(2), rel=1e-12)


@pytest.mark.parametrize("k", [1, 3, 10, 40])
def test_a_sine_of_k_cycles_has_2k_zeros_and_its_frequency(k: int) -> None:
    e = 1e-9 * torch.sin(2 * torch.pi * k * (X + 1) / 2 + 0.3)
    assert abs(sign_changes(e) - 2 * k) <= 1
    assert dominant_frequency(e) == pytest.approx(k, abs=0.5)
    assert dominant_frequency(e, uniform=False) == pytest.approx(k, abs=0.5)


def test_the_strongest_of_two_waves_counts_and_a_mean_does_not() -> None:
    e = 5 + torch.sin(torch.pi * 7 * X) + 0.2 * torch.sin(torch.pi * 60 * X)
    assert dominant_frequency(e) == 7


def test_the_frequency_over_several_lines_is_that_of_their_mean_power() -> None:
    e = torch.stack([torch.sin(torch.pi * 9 * X), 0.5 * torch.sin(torch.pi * 30 * X)])
    assert dominant_frequency(e) == 9


def test_kappa_is_six_cycles_as_in_the_published_code() -> None:
    # Three times the number of sign changes, which is twice the cycles.
    assert kappa(20, axes=1, width=20) == pytest.approx(120, rel=5e-3)
    assert kappa(0, axes=1, width=20) == 1


def test_the_first_layer_starts_around_the_frequency() -> None:
    cycles, width = 12, 2000
    stage = Stage([(-3, 5)], width, 2, [kappa(cycles, 1, width)], "sin")
    angular = stage.factors * stage.layers[0].weight.detach()
    # A normal distribution that is cut at two deviations has 0.88 of its deviation.
    assert math.pi * cycles / angular.std().item() == pytest.approx(1.7 / 0.88, rel=0.05)


def test_white_noise_is_recognised_and_a_signal_in_it_is_not_lost() -> None:
    assert sum(white(noise(seed, 1501)) for seed in range(100)) >= 97
    assert not any(white(noise(s, 1501) + torch.sin(torch.pi * 50 * X)) for s in range(20))
    assert sum(white(noise(seed, 16, 513)) for seed in range(50)) >= 47
    assert not white(torch.sin(torch.pi * 5 * X))


def test_a_residual_of_rounding_is_finished() -> None:
    signal = torch.sin(torch.pi * 5 * X)
    assert finished([noise(0, 1501)], 1e-3, 1.0)
    assert finished([signal], 1e-14, 1.0)
    assert not finished([signal], 1.2e-14, 1.0)
    assert not finished([], 1e-3, 1.0)


def test_lines_are_along_their_axis_and_inside_of_the_box() -> None:
    first, second = along_axes([(0, 2), (-1, 5)], lines=4, points=9)
    assert first.shape == second.shape == (4, 9, 2)
    assert (first[..., 1].std(1) == 0).all()
    assert (second[..., 0].std(1) == 0).all()
    assert second[0, [0, -1], 1].tolist() == [-1, 5]
    assert ((first[..., 1] > -1) & (first[..., 1] < 5)).all()
