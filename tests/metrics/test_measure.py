from __future__ import annotations

import pytest
import torch
from torch import Tensor

from neurop.metrics.measure import Measure
from neurop.metrics.norms import correlation, mean, relative_l2_field, rmse
from neurop.objectives.relative_l2 import RelativeL2


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


CELLS = random(5, 6, seed=3).abs()
INSIDE = random(2, 5, 6, seed=4) > 0


@pytest.fixture
def measure() -> Measure:
    return Measure(CELLS, INSIDE)


def alone(x: Tensor, sample: int) -> tuple[Tensor, Tensor]:
    """Return the values of a sample inside its domain, and their weights of mean 1."""
    weights = CELLS[INSIDE[sample]]
    return x[sample][..., INSIDE[sample]], weights / weights.mean()


def test_scores_are_those_of_the_cells_inside_alone(measure: Measure) -> None:
    p, y = random(2, 3, 4, 5, 6), random(2, 3, 4, 5, 6, seed=1)
    scale = torch.tensor([1.0, 2.0, 3.0, 4.0], dtype=torch.float64)
    for sample in range(2):
        (inside_p, w), (inside_y, _) = alone(p, sample), alone(y, sample)
        torch.testing.assert_close(mean(p, measure)[sample], mean(inside_p, w))
        torch.testing.assert_close(rmse(p, y, measure)[sample], rmse(inside_p, inside_y, w))
        torch.testing.assert_close(
            correlation(p, y, measure)[sample], correlation(inside_p, inside_y, w)
        )
        torch.testing.assert_close(
            relative_l2_field(p, y, measure, scale)[sample : sample + 1],
            relative_l2_field(inside_p[None], inside_y[None], w, scale),
        )


def test_what_is_outside_changes_no_loss_and_has_no_gradient(measure: Measure) -> None:
    p, y = random(2, 3, 1, 5, 6).requires_grad_(), random(2, 3, 1, 5, 6, seed=1)
    outside = ~INSIDE[:, None, None].expand_as(p)
    loss = RelativeL2(gradient=0.5)
    value = loss(p, y, measure)
    value.backward()
    assert p.grad is not None
    assert not p.grad[outside].any()
    assert p.grad[~outside].abs().min() > 0
    changed = torch.where(outside, 1e3 * random(2, 3, 1, 5, 6, seed=9), p)
    torch.testing.assert_close(loss(changed, y, measure), value)


def test_a_domain_of_all_cells_is_the_grid() -> None:
    p, y = random(2, 3, 1, 5, 6), random(2, 3, 1, 5, 6, seed=1)
    cells = torch.ones(5, 6, dtype=torch.float64)
    whole = Measure(cells, torch.ones(1, 5, 6, dtype=torch.bool))
    for loss in (RelativeL2(), RelativeL2(gradient=0.5)):
        torch.testing.assert_close(loss(p, y, whole), loss(p, y, cells))
