"""What goes in and is not predicted, in sets, windows and files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from raising import raises_input
from small import evolution

from neurop.fields.condition import Condition, channels_at
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.fields.standardize import fit_conditions
from neurop.fields.windows import Windows
from neurop.formats import store

# Of a set with 4 samples of 6 frames on 9 x 8 points.
NU = Condition(Field("nu", "m2 s-1"), "parameter", np.arange(1.0, 5.0).reshape(4, 1, 1, 1, 1))
HEAT = Condition(Field("heat", "K"), "forcing", 10.0 * np.arange(6.0).reshape(1, 6, 1, 1, 1))
HILL = Condition(Field("hill", "m"), "static", np.arange(72.0).reshape(1, 1, 1, 9, 8))


def own() -> FieldSet:
    return evolution(samples=4, frames=6, conditions=(NU, HEAT, HILL))


def test_channels_of_a_step_are_now_and_at_the_predicted_time() -> None:
    given = own().given(2, 1, steps=3)
    assert given is not None
    assert given.shape == (3, 4, 9, 8)
    np.testing.assert_array_equal(given[:, :3, 4, 5], [[3, 10, 20], [3, 20, 30], [3, 30, 40]])
    np.testing.assert_array_equal(given[1, 3], HILL.values[0, 0, 0])


def test_parts_of_a_set_have_their_conditions() -> None:
    part = own().samples(slice(1, 3)).frames(slice(2, 5))
    nu, heat, hill = (one.values for one in part.conditions)
    assert (nu.ravel().tolist(), heat.ravel().tolist()) == ([2.0, 3.0], [20.0, 30.0, 40.0])
    assert hill is HILL.values
    # A forcing of one frame is still one: its channels stay.
    assert [len(one.channels) for one in part.frames(slice(1)).conditions] == [1, 2, 1]


@pytest.mark.parametrize(("index", "nu", "heat"), [(0, 1, [0, 10]), (9, 2, [40, 50])])
def test_a_window_has_those_of_its_sample_and_frames(
    index: int, nu: float, heat: list[float]
) -> None:
    given = Windows(own())[index]["given"]
    assert given[0, :3, 0, 0].tolist() == [nu, *heat]


def test_windows_without_conditions_are_as_they_were() -> None:
    assert set(Windows(evolution())[0]) == {"input", "target"}


def test_more_steps_than_a_forcing_has_are_refused() -> None:
    with raises_input("steps", 4):
        own().given(0, 2, steps=4)


@pytest.mark.parametrize(
    ("role", "shape", "value"),
    [
        ("parameter", (4, 6, 1, 1, 1), 6),
        ("parameter", (4, 1, 1, 9, 8), (9, 8)),
        ("static", (1, 6, 1, 9, 8), 6),
        ("static", (4, 9, 8), (4, 9, 8)),
    ],
)
def test_values_that_a_role_does_not_have(role: Any, shape: tuple[int, ...], value: Any) -> None:
    with raises_input("a", value):
        Condition(Field("a"), role, np.zeros(shape))


@pytest.mark.parametrize(
    ("condition", "key"),
    [
        (replace(NU, values=NU.values[:3]), "nu"),
        (replace(HILL, values=HILL.values[..., :7]), "hill"),
        (replace(HEAT, values=HEAT.values[:, :5]), "heat"),
        (replace(NU, field=Field("u")), "fields"),
    ],
)
def test_a_condition_fits_its_set(condition: Condition, key: str) -> None:
    with pytest.raises(ValueError, match=condition.field.name) as error:
        evolution(samples=4, frames=6, conditions=(condition,))
    assert getattr(error.value, "key", None) == key


def test_not_a_number_in_a_condition_is_found() -> None:
    broken = replace(HILL, values=np.where(HILL.values == 7, np.nan, HILL.values))
    with raises_input("field", "hill"):
        evolution(samples=4, frames=6, conditions=(broken,)).check_finite()


def test_the_digest_depends_on_the_conditions() -> None:
    other = replace(NU, values=NU.values[::-1].copy())
    digests = {
        evolution(samples=4, frames=6, conditions=conditions).digest()
        for conditions in ((), (NU,), (other,), (NU, HILL))
    }
    assert len(digests) == 4


def test_the_normaliser_has_the_moments_of_each_channel() -> None:
    norm = fit_conditions(own())
    assert norm is not None
    expected = [a.values for a in (NU, HEAT, HEAT, HILL)]
    np.testing.assert_allclose(norm.mean.ravel(), [a.mean() for a in expected])
    np.testing.assert_allclose(norm.std, [a.std() for a in expected], rtol=1e-6)


def test_a_constant_parameter_is_named() -> None:
    fixed = replace(NU, values=np.ones_like(NU.values))
    with pytest.raises(ValueError, match="nu is constant over the training split"):
        fit_conditions(evolution(samples=4, frames=6, conditions=(fixed,)))


def test_labels_have_the_axes_along_which_it_varies() -> None:
    labelled = own().to_xarray()
    assert (labelled.nu.dims, labelled.heat.dims) == (("sample",), ("time",))
    assert labelled.hill.dims == ("x", "y")
    assert labelled.nu.attrs["units"] == "m2 s-1"
    xr.testing.assert_equal(labelled.u, evolution(samples=4, frames=6).to_xarray().u)


@pytest.mark.parametrize("lazy", [False, True])
def test_a_file_keeps_them(lazy: bool, tmp_path: Path) -> None:
    store.write(tmp_path / "own.h5", own(), {"depth": 2.0})
    again = store.read(tmp_path / "own.h5", lazy=lazy)
    for one, other in zip(again.conditions, own().conditions, strict=True):
        assert (one.field, one.role) == (other.field, other.role)
        np.testing.assert_array_equal(np.asarray(one.values), other.values)
    np.testing.assert_array_equal(again.given(3, 1, 2), own().given(3, 1, 2))
    assert again.digest() == store.read(tmp_path / "own.h5").digest()


def test_steps_of_static_conditions_are_the_same() -> None:
    found = channels_at([HILL], 0, 0, 3, (9, 8))
    np.testing.assert_array_equal(found, np.broadcast_to(HILL.values[0], (3, 1, 9, 8)))


def test_two_fields_of_one_name_are_refused() -> None:
    with raises_input("fields", "u"):
        replace(evolution(), fields=(Field("u"), Field("u")))
