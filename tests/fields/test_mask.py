from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from raising import raises_input

from neurop.fields.condition import Condition
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.fields.lazy import Lazy
from neurop.fields.mask import blank, fill_outside, mask_missing
from neurop.fields.standardize import Standardize, fit_conditions
from neurop.geometry.grid import Grid

SEA = np.array([True, True, False, True, False, True])


def temperatures(sea: NDArray[np.bool_] = SEA, samples: int = 3, **changes: Any) -> FieldSet:
    """Return random states around 300 with no values outside `sea`, ``(6,)`` or per sample."""
    values = 300 + np.random.default_rng(1).normal(size=(samples, 4, 1, 6))
    domain = np.broadcast_to(sea, (samples, 6))[:, None, None]
    made = FieldSet(np.where(domain, values, np.nan), (Field("sst", "K"),), Grid.periodic(1))
    return replace(made, **changes)


def test_cells_without_values_are_outside_and_filled() -> None:
    data = mask_missing(temperatures())
    assert data.inside is not None
    np.testing.assert_array_equal(data.inside, SEA[None])
    raw = temperatures().values
    constant = np.float32(raw[0, 0, 0, SEA].mean())
    np.testing.assert_array_equal(data.values[..., ~SEA], np.full((3, 4, 1, 2), constant))
    np.testing.assert_array_equal(data.values[..., SEA], raw[..., SEA])
    np.testing.assert_array_equal(blank(data.values, data.inside), raw)
    np.testing.assert_array_equal(data.to_xarray().sst.values, raw[:, :, 0])


def test_each_sample_may_have_its_own_mask() -> None:
    domains = np.stack([SEA, ~SEA, np.roll(SEA, 1)])
    data = mask_missing(temperatures(domains))
    np.testing.assert_array_equal(data.inside, domains)
    np.testing.assert_array_equal(data.samples(slice(1, 2)).inside, domains[1:2])


def test_a_lazy_set_is_filled_as_it_is_read() -> None:
    raw = temperatures()
    read = raw.values.__getitem__
    lazy = Lazy(lambda samples, frames: read((samples, frames)), raw.values.shape, (2, 3), "test")
    data = mask_missing(replace(raw, values=lazy))
    assert data.is_lazy
    filled = mask_missing(raw).values.astype(np.float32)
    np.testing.assert_array_equal(np.asarray(data.values), filled)
    part = data.samples(slice(1, None)).frames(slice(2, 4))
    np.testing.assert_array_equal(np.asarray(part.values), filled[1:, 2:4])


@settings(max_examples=25, deadline=None)
@given(st.lists(st.booleans(), min_size=6, max_size=6).filter(any), st.floats(-1e6, 1e6))
def test_statistics_are_those_of_the_domain_whatever_is_outside(
    cells: list[bool], outside: float
) -> None:
    sea = np.array(cells)
    raw = temperatures(sea)
    mask = Condition(Field("sea"), "mask", sea.astype(float).reshape(1, 1, 1, 6))
    data = replace(raw, values=np.where(sea, raw.values, outside), conditions=(mask,))
    inputs, change = Standardize().fit(data, increments=True)
    assert inputs.std.item() == pytest.approx(raw.values[..., sea].std(), rel=1e-5)
    assert inputs.mean.item() == pytest.approx(raw.values[..., sea].mean(), rel=1e-6)
    steps = np.diff(raw.values[..., sea], axis=1)
    assert change.std.item() == pytest.approx(steps.std(), rel=1e-5)
    pointwise, _ = Standardize(pointwise=True).fit(data, increments=False)
    residual = raw.values[..., sea] - raw.values[..., sea].mean((0, 1))
    assert pointwise.std.item() == pytest.approx(residual.std(), rel=1e-4)


def test_conditions_are_filled_and_standardised_over_the_domain() -> None:
    depth = np.where(SEA, np.arange(6.0), np.nan).reshape(1, 1, 1, 6)
    conditions = (Condition(Field("depth", "m"), "static", depth),)
    data = mask_missing(temperatures(conditions=conditions))
    norm = fit_conditions(data.check_finite())
    assert norm is not None
    expected = np.arange(6.0)[SEA]
    assert norm.mean[0].item() == pytest.approx(expected.mean())
    assert norm.std[0].item() == pytest.approx(expected.std())
    assert (norm.mean[1].item(), norm.std[1].item()) == (0.0, 1.0)  # the mask goes in as it is


def test_values_that_are_missing_at_times_are_refused_by_name() -> None:
    raw = temperatures()
    raw.values[1, 2, 0, 3] = np.nan
    with raises_input("mask", "sst", "sample 1 at point .3,. is missing in some frames"):
        mask_missing(raw)


def test_wrong_masks_are_one_line() -> None:
    whole = temperatures(np.ones(6, bool))
    with raises_input("mask", "missing"):
        mask_missing(whole)
    none = Condition(Field("sea"), "mask", np.zeros((1, 1, 1, 6)))
    with raises_input("mask", 0):
        fill_outside(replace(whole, conditions=(none,)))
    with raises_input("sea", 0.5):
        Condition(Field("sea"), "mask", np.full((1, 1, 1, 6), 0.5))
    with raises_input("sea", (1, 1, 1, 5)):
        replace(whole, conditions=(Condition(Field("sea"), "mask", np.ones((1, 1, 1, 5))),))
    two = [Condition(Field(name), "mask", np.ones((1, 1, 1, 6))) for name in ("sea", "ocean")]
    with raises_input("mask", ["sea", "ocean"]):
        replace(whole, conditions=tuple(two))


def test_means_at_each_point_need_one_mask() -> None:
    data = mask_missing(temperatures(np.stack([SEA, ~SEA, SEA])))
    with raises_input("pointwise", True):
        Standardize(pointwise=True).fit(data, increments=False)
