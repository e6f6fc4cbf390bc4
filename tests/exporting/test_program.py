"""The graph of a whole surrogate at batches and grids that it was not made with."""

from __future__ import annotations

import pytest
import torch
from exporting.cases import CASES, SMALL, Small, made, of_a_map, with_everything
from small import evolution

from neurop.constraints.band_limit import BandLimit
from neurop.exporting.examples import examples
from neurop.exporting.open_grid import fixed_because, least_shape
from neurop.exporting.program import trace
from neurop.fields.standardize import Standardize
from neurop.geometry.grid import Grid
from neurop.models import REGISTRY
from neurop.registry import Spec
from neurop.surrogate import Surrogate


def check(surrogate: Surrogate) -> bool:
    """Compare the graph with the surrogate; return whether its grid is open."""
    shape = surrogate.card.shape
    least = None if fixed_because(surrogate) else least_shape(surrogate)
    program = trace(surrogate, shape, least)
    assert not any("neurop" in str(node.target) for node in program.graph.nodes)
    other = tuple(2 * n + 1 + i for i, n in enumerate(shape)) if least else shape
    for batch, points in ((1, shape), (3, other), (5, least or shape)):
        x, *given = examples(surrogate, batch, points, seed=7)
        expected = surrogate(x, given=given[0] if given else None)
        assert expected.std() > 0
        for y, truth, scale in zip(
            program.module()(x, *given).unbind(1), expected.unbind(1), surrogate.scale, strict=True
        ):
            # One unit in the last place of the largest values is 6e-5 in pascals.
            rounding = 8 * torch.finfo(y.dtype).eps * truth.abs().max()
            assert (y - truth).abs().max() < 2e-5 * torch.maximum(scale, truth.std()) + rounding
    return least is not None


@pytest.mark.slow
def test_all_that_a_card_holds_is_in_the_graph() -> None:
    assert check(with_everything())


@pytest.mark.slow
def test_a_map() -> None:
    assert check(of_a_map())


@pytest.mark.slow  # the networks alone are exported at every change, by the contract of models
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_model(case: Small) -> None:
    assert check(case.surrogate()) == case.open_grid


def test_every_model_is_among_them() -> None:
    # Those that are made of a trained network are exported in the tests of their own.
    made = {"boosted", "converted", "denoised", "thermalized"}
    assert {case.model for case in CASES.values()} == set(REGISTRY.table) - made


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_why_a_grid_is_fixed(case: Small) -> None:
    assert bool(fixed_because(case.surrogate())) != case.open_grid


def test_a_grid_that_does_not_resolve_the_modes_is_the_only_one() -> None:
    fits = made(evolution((16,)), Spec("fno", SMALL | {"modes": 8}))
    assert (fixed_because(fits), least_shape(fits)) == ("", (15,))
    coarse = made(evolution((16,)), Spec("fno", SMALL | {"modes": 9}))
    assert "9 modes of x need 17 points, the training grid has 16" in fixed_because(coarse)


def test_a_band_limit_needs_its_band() -> None:
    limited = made(evolution((16,)), Spec("fno", SMALL), constraints=[BandLimit((12,))])
    assert least_shape(limited) == (12,)
    on_sphere = evolution((9, 16), grid=Grid.latlon())
    assert "band limit" in fixed_because(
        made(on_sphere, Spec("fno", SMALL), constraints=[BandLimit((8, 8))])
    )


def test_a_mean_at_each_point_has_the_grid_of_the_training() -> None:
    pointwise = made(evolution((9,)), Spec("fno", SMALL), normalizer=Standardize(pointwise=True))
    assert "mean for each point" in fixed_because(pointwise)


def test_examples_have_the_statistics_of_the_card() -> None:
    surrogate = with_everything()
    x, given = examples(surrogate, 400, (9, 12))
    assert x.shape == (400, 4, 9, 12)
    u, p = x[:, 0::2], x[:, 1::2]
    for field, norm in ((u, 0), (p, 1)):
        mean, std = (float(v[norm].squeeze()) for v in (surrogate.input_norm.mean, surrogate.scale))
        assert float(field.mean()) == pytest.approx(mean, abs=0.05 * std)
        assert float(field.std()) == pytest.approx(std, rel=0.05)
    nu, now, later, sea = given.unbind(1)
    assert (nu == nu[:, :1, :1]).all()
    assert nu.min() >= 1e-3
    assert nu.max() <= 1e-2
    assert not torch.equal(now, later)
    assert set(sea.unique().tolist()) == {0.0, 1.0}
