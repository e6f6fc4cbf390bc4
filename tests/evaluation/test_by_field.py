"""Evaluations in files: one variable per field, with its unit, and dates of the steps."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from neurop.evaluation.by_field import by_field
from neurop.fields.clock import Clock

NUMBERS = np.arange(12.0).reshape(3, 2, 2)


def scores() -> xr.Dataset:
    along = ("step", "field", "x")
    return xr.Dataset(
        {
            "prediction": (along, NUMBERS, {"long_name": "prediction"}),
            "truth": (along, -NUMBERS, {"long_name": "truth"}),
            "truth_32": (("field", "x_32"), np.ones((2, 4))),
            "relative_l2": ("step", [0.1, 0.2, 0.3]),
            "relative_l2_field": (("step", "field"), NUMBERS[..., 0], {"units": "1"}),
            "rmse_one_step": ("field", [1.0, 2.0], {"long_name": "RMSE"}),
            "spectrum_truth": (("field", "wavenumber"), np.ones((2, 5))),
            "input": (("input_field", "x"), [[7.0, 8.0]]),
            "input_name": ("input_field", ["a"]),
        },
        {
            "field": ["u", "p"],
            "unit": ("field", ["m s-1", "Pa"]),
            "step": [1, 2, 3],
            "time": ("step", [6.0, 12.0, 18.0], {"units": "h"}),
        },
        {"model": "fno"},
    )


def test_each_field_has_its_own_variables() -> None:
    made = by_field(scores())
    fields = {f"{n}{m}" for n in "up" for m in ("", "_truth", "_truth_32")}
    ends = {f"{m}_{n}" for n in "up" for m in ("relative_l2", "rmse_one_step", "spectrum_truth")}
    assert {*map(str, made.data_vars)} == {*fields, *ends, "relative_l2", "a_input"}
    np.testing.assert_array_equal(made.p, NUMBERS[:, 1])
    np.testing.assert_array_equal(made.u_truth, -NUMBERS[:, 0])
    np.testing.assert_array_equal(made.relative_l2_p, NUMBERS[:, 1, 0])
    assert (made.p.units, made.u_truth_32.units, made.rmse_one_step_u.units) == (
        "Pa",
        "m s-1",
        "m s-1",
    )
    assert made.relative_l2_p.units == "1"
    assert "units" not in made.spectrum_truth_u.attrs  # a power, which has another unit
    assert not {"field", "unit", "input_field"} & {*made.dims, *made.coords}
    assert made.attrs == {"model": "fno"}
    np.testing.assert_array_equal(made.time, scores().time)


@pytest.mark.parametrize("dated", [True, False])
def test_steps_have_times_and_lead_times(dated: bool) -> None:
    last = np.datetime64("2026-02-01", "ns") if dated else 10.0
    apart = np.timedelta64(6, "h") if dated else 6.0
    made = by_field(scores(), Clock(last, apart, "h", 6.0, "h"))
    np.testing.assert_array_equal(made.time, last + np.arange(1, 4) * apart)
    assert made.time.attrs.get("units") == (None if dated else "h")
    assert made.lead.values.tolist() == [6.0, 12.0, 18.0]
    assert made.lead.attrs == {"units": "h", "standard_name": "forecast_period"}
    assert made.u.dims == ("step", "x")
