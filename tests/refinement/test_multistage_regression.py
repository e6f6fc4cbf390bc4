from __future__ import annotations

import math
import warnings

import pytest
import torch
from torch import Tensor

from neurop.errors import InputError
from neurop.refinement.multistage import (
    LBFGS,
    LevenbergMarquardt,
    MultistageNetwork,
    Stages,
    regress,
)
from neurop.refinement.multistage.regression import Regression
from neurop.refinement.multistage.rows import Rows
from neurop.refinement.multistage.stage import Stage

QUICK = LevenbergMarquardt(steps=600, iterations=15)
HASTY = LevenbergMarquardt(steps=60, iterations=4)
SMALL = Stages(widths=(6, 16), depth=2)
ONE = Stages(widths=(6,), depth=2)


def line(points: int, lower: float = -1.0, upper: float = 1.0) -> Tensor:
    return torch.linspace(lower, upper, points, dtype=torch.float64)


def wave(x: Tensor) -> Tensor:
    """Return the function of the paper."""
    x = x.reshape(-1)
    return torch.log(x + 2) * torch.cos(2 * x + x**3)


def relative(error: Tensor, truth: Tensor) -> float:
    return float(error.norm() / truth.norm())


@pytest.fixture(scope="module")
def network():
    return regress(wave, line(150), SMALL, QUICK)


def test_each_stage_lowers_the_error_and_its_residual_is_that_printed(network) -> None:
    x = line(150)
    errors = [relative(wave(x) - network.first(count)(x), wave(x)) for count in (1, 2)]
    assert errors[0] < 2e-2
    assert errors[1] < errors[0] / 10
    # The amplitude of a stage is the root mean square of what the stages before it leave.
    left = (wave(x) - network.first(1)(x)).square().mean().sqrt().item()
    assert network.records[1]["scale"] == network.records[1]["residual"] == left


def test_earlier_stages_stay_as_they_are() -> None:
    found = []

    def minimizer(rows: Rows, theta: Tensor) -> Tensor:
        found.append(HASTY(rows, theta))
        return found[-1]

    network = regress(wave, line(150), SMALL, minimizer)
    assert len(found) == 2
    for stage, theta in zip(network.stages, found):
        assert torch.equal(torch.cat([p.flatten() for p in stage.parameters()]), theta)


def test_scale_of_the_function() -> None:
    x = line(150)
    large, small = (regress(lambda x, c=c: c * wave(x), x, SMALL, HASTY) for c in (1.0, 1e-9))
    errors = [relative(c * wave(x) - u(x), c * wave(x)) for c, u in ((1.0, large), (1e-9, small))]
    assert errors[0] == pytest.approx(errors[1], rel=1e-3)
    assert small.records[1]["scale"] == pytest.approx(1e-9 * large.records[1]["scale"], rel=1e-3)


def test_a_constant_is_exact_after_the_first_stage() -> None:
    x = line(50)
    network = regress(torch.full_like(x, -3e5), x, Stages(widths=(4,)), HASTY)
    assert (network(line(77)) / -3e5 - 1).abs().max() < 1e-14


def test_samples_in_any_order_at_any_distance() -> None:
    random = torch.Generator().manual_seed(0)
    x = 2 * torch.rand(150, dtype=torch.float64, generator=random) - 1
    network = regress(wave(x), x, ONE, HASTY)
    assert relative(wave(x) - network(x), wave(x)) < 0.1
    assert network.domain == [[x.min().item(), x.max().item()]]
    target = Regression(torch.sin(6 * torch.pi * x), [x[:, None]]).target(network.first(0))
    assert target.frequencies == pytest.approx([6], abs=0.5)


def test_two_axes() -> None:
    x = torch.cartesian_prod(line(16), line(16, 0, 2))
    f = lambda x: torch.exp(x[..., 0]) * torch.cos(x[..., 1])  # noqa: E731
    network = regress(f, x, Stages(widths=(8,), depth=2), LevenbergMarquardt(200, 10))
    inside = torch.tensor([[0.3, 0.4], [-0.9, 1.7]], dtype=torch.float64)
    assert (network(inside) - f(inside)).abs().max() < 2e-2


def test_the_target_has_the_frequency_of_each_axis_and_size_one() -> None:
    x = torch.cartesian_prod(line(30), line(30, 0, 2))
    f = lambda x: 1e-5 * torch.sin(6 * torch.pi * x[..., 0]) * torch.cos(4 * torch.pi * x[..., 1])  # noqa: E731
    problem = Regression(f, [x])
    target = problem.target(regress(f, x, Stages(widths=(2,)), LevenbergMarquardt(0, 0)).first(0))
    assert target.frequencies == [6, 4]
    ((_, (_, values)),) = target.blocks
    assert values.square().mean().item() == pytest.approx(1, rel=1e-12)


def test_a_target_that_the_points_do_not_resolve_is_left_out() -> None:
    network = MultistageNetwork([(-1, 1)])
    network.append(Stage([(-1, 1)]), {"scale": 0.0})
    x = line(41)[:, None]
    assert not Regression(torch.sin(6 * torch.pi * x[:, 0]), [x]).target(network).finished
    with pytest.warns(UserWarning, match=r"stage 2 is left out: .* 9 cycles, 41 points resolve 7"):
        target = Regression(torch.sin(9 * torch.pi * x[:, 0]), [x]).target(network)
    assert target.finished


def test_noise_is_not_learned() -> None:
    x = line(301)
    noise = 1e-3 * torch.randn(301, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        network = regress(1 + x + noise, x, Stages(widths=(3, 20)), LevenbergMarquardt(100, 20))
    assert len(network.stages) == 1


def test_lbfgs_reaches_the_least_squares_of_a_linear_model() -> None:
    x = line(40)[:, None]
    rows = Rows(
        torch.nn.Linear(1, 1, dtype=torch.float64),
        [(lambda u, x, t: u(x)[0] - t, (x, x[:, 0].exp()))],
    )
    for minimizer in (LBFGS(10, 60), LevenbergMarquardt(10, 60, gain=0.0)):
        slope, bias = minimizer(rows, rows.start())
        design = torch.cat([x, torch.ones_like(x)], 1)
        expected = torch.linalg.lstsq(design, x.exp()).solution[:, 0]
        assert [slope.item(), bias.item()] == pytest.approx(expected.tolist(), rel=1e-7)


@pytest.mark.parametrize(
    ("key", "values", "points"),
    [
        ("values", wave(line(9)), line(10)),
        ("values", wave(line(9)).float(), line(9)),
        ("values", wave(line(9)), [line(9), line(20)]),
        ("values", torch.ones(9, dtype=torch.float64), torch.ones(9, 2, dtype=torch.float64)),
        ("values", lambda x: x[:, 0] * math.nan, line(9)),
        ("points", wave, line(9).float()),
        ("points", wave, []),
    ],
)
def test_bad_input_is_refused(key: str, values, points) -> None:
    with pytest.raises(InputError) as error:
        regress(values, points, SMALL, QUICK)
    assert error.value.key == key


@pytest.mark.slow
def test_the_second_stage_is_a_hundred_times_as_accurate() -> None:
    network = regress(wave, line(1501, -1.02, 1.02), Stages(widths=(20, 20)))
    x = line(8000)
    first, second = (relative(wave(x) - network.first(n)(x), wave(x)) for n in (1, 2))
    assert 1e-6 < first < 1e-4
    assert second < first / 100
