"""Every evaluation means the same by relative L2 of several fields: of each by itself, then the
mean.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from neurop.evaluation import rollout, score, superres
from neurop.fields import Field, FieldSet
from neurop.fields.times import Times
from neurop.geometry.grid import Grid

Make = Callable[..., Any]
FIELDS = (Field("u"), Field("p", "Pa"))
FACTORS = torch.tensor([1.5, 1.01])[:, None]


def steady(sizes: tuple[float, float] = (1.0, 1000.0), n: int = 16) -> FieldSet:
    """Return waves of two sizes that stay as they are."""
    x = np.arange(n) / n
    wave = np.stack([np.cos(2 * np.pi * x), np.sin(4 * np.pi * x)]) * np.array(sizes)[:, None]
    values = np.broadcast_to(wave, (2, 5, 2, n))
    return FieldSet(
        values, FIELDS, Grid.periodic(1), times=Times(np.arange(5.0), "s"), source="steady"
    )


def off(x: Tensor) -> Tensor:
    return x * FACTORS


def test_half_of_a_small_field_and_a_hundredth_of_a_large_one(analytic: Make) -> None:
    """0.255 everywhere, where norms over both fields in their units would say 0.010."""
    data = steady()
    s = analytic(off, data, step=1.0)
    one, run, fine = score(s, data), rollout(s, data, 2), superres(s, {16: data})
    for found in (one.relative_l2, one.relative_l2_worst, run.relative_l2[0], fine.relative_l2[0]):
        assert float(found) == pytest.approx(0.255, rel=1e-5)
    for fields in (one.relative_l2_field, run.relative_l2_field[0], fine.relative_l2_field[0]):
        np.testing.assert_allclose(fields, [0.5, 0.01], rtol=1e-4)
    # Two steps: 0.5 and 1.25 of the first field, 0.01 and 0.0201 of the second.
    errors = np.sqrt([(0.5**2 + 1.25**2) / 2, (0.01**2 + 0.0201**2) / 2])
    assert float(run.trajectory_relative_l2) == pytest.approx(errors.mean(), rel=1e-4)


def test_scores_do_not_depend_on_the_unit_of_one_field(analytic: Make) -> None:
    found = []
    for sizes in ((1.0, 1.0), (1.0, 1e25), (1e-25, 1.0)):
        data = steady(sizes)
        run = rollout(analytic(off, data, step=1.0), data, 3)
        found.append([*run.relative_l2.values, float(run.trajectory_relative_l2)])
    np.testing.assert_allclose(found[1:], [found[0]] * 2, rtol=1e-5)


def test_a_small_field_that_leaves_the_physics_is_seen(analytic: Make) -> None:
    data = steady()
    grown = torch.tensor([20.0, 1.0])[:, None]
    run = rollout(analytic(lambda x: x * grown, data, step=1.0), data, 3)
    assert float(run.first_divergent_step) == 1


def test_a_field_at_rest_has_finite_scores_and_does_not_count_as_diverged(analytic: Make) -> None:
    """The second sample has no `u`: an error of a tenth of its deviation is ten floors."""
    data = steady()
    values = data.values.copy()
    values[1, :, 0] = 0.0
    data = FieldSet(values, FIELDS, Grid.periodic(1), times=data.times, source="at rest")
    deviation = values[:, :, 0].std()
    error = torch.tensor([0.1 * deviation, 0.0])[:, None]
    s = analytic(lambda x: x + error, data, step=1.0)
    run = rollout(s, data, 1)
    size = np.sqrt(0.5)
    expected = [0.1 * deviation / size / 2, 10.0 / 2]
    np.testing.assert_allclose(run.relative_l2_samples[:, 0], expected, rtol=1e-5)
    np.testing.assert_allclose(score(s, data).relative_l2, np.mean(expected), rtol=1e-5)
    assert np.isnan(run.first_divergent_step)
