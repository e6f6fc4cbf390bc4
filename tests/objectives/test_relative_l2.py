"""The training loss by hand: ratios, weights, slopes and the mean over fields."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from neurop.errors import InputError
from neurop.geometry.grid import Grid
from neurop.metrics.norms import FLOOR, relative_l2
from neurop.objectives.relative_l2 import RelativeL2


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def test_loss_is_the_mean_of_the_ratios() -> None:
    truth = torch.stack([torch.full((1, 4), 1.0), torch.full((1, 4), 100.0)])
    prediction = truth + torch.tensor([0.5, 10.0])[:, None, None]  # relative errors 0.5 and 0.1
    assert RelativeL2()(prediction, truth, torch.ones(4)).item() == pytest.approx(0.3)


def test_loss_is_the_mean_of_the_metric_over_samples_and_fields() -> None:
    truth, prediction = random(3, 4, 2, 5, 8), random(3, 4, 2, 5, 8, seed=1)
    w = torch.from_numpy(Grid.latlon().weights((5, 8)))
    loss = RelativeL2()(prediction, truth, w)
    assert loss.shape == ()
    fields = [
        relative_l2(prediction[:, :, [c]], truth[:, :, [c]], w, torch.ones(1)).mean()
        for c in range(2)
    ]
    torch.testing.assert_close(loss, (fields[0] + fields[1]) / 2)


def test_a_field_of_large_values_does_not_hide_another() -> None:
    truth, w = random(3, 2, 2, 8), torch.ones(8, dtype=torch.float64)
    prediction = truth + 0.1 * random(3, 2, 2, 8, seed=1)
    unit = torch.tensor([1.0, 1e5], dtype=torch.float64)[:, None]
    torch.testing.assert_close(
        RelativeL2()(unit * prediction, unit * truth, w), RelativeL2()(prediction, truth, w)
    )


def test_loss_does_not_depend_on_the_unit_or_the_resolution() -> None:
    def loss(n: int, unit: float) -> float:
        x = torch.arange(n, dtype=torch.float64) * (2 * math.pi / n)
        truth = unit * torch.stack([torch.cos(x), 2 + torch.sin(3 * x)])[:, None]
        return RelativeL2()(
            truth + 0.1 * unit * torch.cos(2 * x), truth, torch.ones(n).double()
        ).item()

    expected = 0.05 + 0.5 * math.sqrt(0.005 / 4.5)
    assert [loss(n, unit) for n in (9, 32) for unit in (1.0, 1e5)] == pytest.approx(
        [expected] * 4, abs=1e-13
    )


def test_gradient() -> None:
    truth, w = random(2, 1, 6), torch.from_numpy(Grid.latlon().weights((6, 1)))[:, 0]
    prediction = random(2, 1, 6, seed=1).requires_grad_()
    RelativeL2()(prediction, truth, w).backward()
    error = (prediction - truth).detach()
    size = ((error.square() * w).sum(-1) * (truth.square() * w).sum(-1)).sqrt()[..., None]
    torch.testing.assert_close(prediction.grad, 0.5 * w * error / size, atol=1e-13, rtol=0)
    assert prediction.grad[..., [0, -1]].abs().max() < 1e-15  # the poles weigh nothing


def test_a_sample_met_exactly_has_no_gradient_and_spoils_no_other() -> None:
    truth = torch.ones(2, 1, 8)
    prediction = truth.clone()
    prediction[1] += 0.5
    prediction.requires_grad_()
    RelativeL2()(prediction, truth, torch.ones(8)).backward()
    assert prediction.grad is not None
    torch.testing.assert_close(prediction.grad[0], torch.zeros(1, 8))
    torch.testing.assert_close(prediction.grad[1], torch.full((1, 8), 1 / 16))


def test_the_gradient_term_is_that_of_the_exact_slopes() -> None:
    x = torch.arange(8.0) / 8
    truth, weights = (3 * x[:, None] + x).expand(2, 1, 8, 8), torch.ones(8, 8)
    # The error is x/2 along the first axis: slopes 1/2 against 3 and 1.
    prediction = truth + 0.5 * x[:, None]
    added = RelativeL2(gradient=2.0)(prediction, truth, weights) - RelativeL2()(
        prediction, truth, weights
    )
    torch.testing.assert_close(added, torch.tensor(2 * 0.5 / 10**0.5))


def test_the_geometric_mean_over_fields() -> None:
    """Errors of 0.01 and 0.25 give 0.05; halving either gives the same loss, and a sample met in
    one field spoils no other.
    """
    weights, truth = torch.ones(8, dtype=torch.float64), torch.ones(2, 3, 2, 8, dtype=torch.float64)
    size = torch.tensor([0.01, 0.25], dtype=torch.float64)[:, None]

    def loss(*scale: float) -> float:
        return RelativeL2(geometric=True)(
            truth + size * torch.tensor(scale)[:, None], truth, weights
        ).item()

    assert loss(1, 1) == pytest.approx(0.05, rel=1e-12)
    assert loss(0.5, 1) == pytest.approx(loss(1, 0.5), rel=1e-12)
    prediction = (truth + size).requires_grad_()
    RelativeL2(geometric=True)(prediction, truth, weights).backward()
    assert prediction.grad is not None
    share = (prediction.grad * (prediction - truth).detach()).sum((0, 1, 3))
    torch.testing.assert_close(share, torch.full((2,), 0.025, dtype=torch.float64))
    met = truth.clone()
    met[1] += 0.5
    met.requires_grad_()
    RelativeL2(geometric=True)(met, truth, weights).backward()
    assert met.grad is not None
    assert met.grad.isfinite().all()
    assert (met.grad[0] == 0).all()
    assert (met.grad[1] > 0).all()


@pytest.mark.parametrize(
    "options", [{}, {"gradient": 0.5}, {"geometric": True}, {"gradient": 0.5, "geometric": True}]
)
def test_slopes_are_those_of_finite_differences_with_a_sample_at_rest(
    options: dict[str, Any],
) -> None:
    """A truth that is zero, in one field or in all, gives finite slopes that are no larger than
    1 / FLOOR.
    """
    truth, w = random(3, 2, 2, 6), torch.from_numpy(Grid.latlon().weights((6, 1)))[:, 0]
    truth[0], truth[1, :, 1] = 0.0, 0.0
    prediction = (truth + 0.1 * random(3, 2, 2, 6, seed=1)).requires_grad_()
    assert torch.autograd.gradcheck(lambda p: RelativeL2(**options)(p, truth, w), prediction)


def test_a_sample_at_rest_weighs_what_its_error_in_units_of_the_floor_is() -> None:
    truth, w = random(2, 1, 8), torch.ones(8, dtype=torch.float64)
    truth[0] = 0.0
    error = torch.full_like(truth, FLOOR)
    size = truth[1].square().mean().sqrt()
    torch.testing.assert_close(RelativeL2()(truth + error, truth, w), (1 + FLOOR / size) / 2)


def test_a_negative_factor_is_refused() -> None:
    with pytest.raises(InputError) as error:
        RelativeL2(gradient=-1)
    assert (error.value.key, error.value.value) == ("gradient", -1)
