import h5py
import numpy as np
import pytest
from formats.the_well import CASES
from raising import raises_input

from neurop.formats import store
from neurop.geometry.axis import Axis

N, T, X, Y = 2, 4, 6, 8
RNG = np.random.default_rng(0)
SCALAR = RNG.standard_normal((N, T, X, Y)).astype(np.float32)
SHARED = RNG.standard_normal((T, X)).astype(np.float32)
VECTOR = RNG.standard_normal((N, T, X, Y, 2)).astype(np.float32)
MASK = (np.arange(X)[:, None] < np.arange(Y)).astype(np.float32)
SPEED = np.arange(N, dtype=np.float32)
HEAT = np.arange(T, dtype=np.float32) ** 2


@pytest.fixture
def path(tmp_path):
    """Return a file as others write it: float32 coordinates, a plain string among the
    dimensions, absent axes left out.
    """
    path = tmp_path / "well.hdf5"
    with h5py.File(path, "w") as file:
        file.attrs.update(
            {
                "dataset_name": "flow",
                "grid_type": "cartesian",
                "n_spatial_dims": 2,
                "n_trajectories": N,
                "nu": 0.25,
            }
        )
        file.attrs["simulation_parameters"] = ["nu"]
        dims = file.create_group("dimensions")
        dims.attrs["spatial_dims"] = ["x", "y"]
        dims["time"] = np.linspace(0, 0.3, T, dtype=np.float32)
        dims["x"] = (np.arange(X) / X).astype(np.float32)
        dims["y"] = np.linspace(0, 7, Y, dtype=np.float32)
        boundaries = file.create_group("boundary_conditions")
        for dim, kind in (("x", "periodic"), ("y", "WALL")):
            side = boundaries.create_group(f"{dim}_side")
            side.attrs.update({"bc_type": kind, "associated_dims": dim})
        everywhere = (True, True)
        scalars = {
            "rho": (SCALAR, True, True, everywhere),
            "f": (SHARED, False, True, (True, False)),
        }
        for order, fields in enumerate((scalars, {"v": (VECTOR, True, True, everywhere)}, {})):
            group = file.create_group(f"t{order}_fields")
            group.attrs["field_names"] = list(fields)
            for name, (array, sample, time, dim) in fields.items():
                group[name] = array
                group[name].attrs.update(
                    {"sample_varying": sample, "time_varying": time, "dim_varying": dim}
                )
        file["t0_fields"].attrs["field_names"] = ["rho", "f", "mask"]
        file["t0_fields/mask"] = MASK
        file["t0_fields/mask"].attrs.update(
            {"sample_varying": False, "time_varying": False, "dim_varying": [True, True]}
        )
        given = file.create_group("scalars")
        given.attrs["field_names"] = ["nu", "speed", "heat"]
        for name, array, sample, time in (
            ("nu", np.float32(0.25), False, False),
            ("speed", SPEED, True, False),
            ("heat", HEAT, False, True),
        ):
            given[name] = array
            given[name].attrs.update({"sample_varying": sample, "time_varying": time})
    return path


def test_values_axes_and_parameters(path):
    fields = store.read(path)
    assert [f.name for f in fields.fields] == ["rho", "f", "v_x", "v_y"]
    np.testing.assert_array_equal(fields.values[:, :, 0], SCALAR)
    np.testing.assert_array_equal(
        fields.values[:, :, 1], np.broadcast_to(SHARED[None, :, :, None], (N, T, X, Y))
    )
    np.testing.assert_array_equal(fields.values[:, :, 2:], np.moveaxis(VECTOR, -1, 2))
    assert fields.grid.axes[0].boundary == "periodic"
    assert fields.grid.axes[0].length == pytest.approx(1.0, rel=1e-6)
    assert fields.grid.axes[1] == Axis("y", "open", 0.0, 7.0, layout="ends")
    np.testing.assert_allclose(fields.times.values, [0, 0.1, 0.2, 0.3], rtol=1e-6)
    assert fields.attributes == {"nu": 0.25}


def test_what_varies_is_a_condition_by_its_axes(path):
    found = {one.field.name: one for one in store.read(path).conditions}
    roles = {name: one.role for name, one in found.items()}
    assert roles == {"speed": "parameter", "heat": "forcing", "mask": "static"}
    np.testing.assert_array_equal(found["speed"].values, SPEED.reshape(N, 1, 1, 1, 1))
    np.testing.assert_array_equal(found["heat"].values, HEAT.reshape(1, T, 1, 1, 1))
    np.testing.assert_array_equal(found["mask"].values, MASK[None, None, None])


def test_a_constant_field_of_the_format_is_no_condition(path):
    with h5py.File(path, "r+") as file:
        file["t0_fields/mask"][:] = 1.0
    assert "mask" not in [one.field.name for one in store.read(path).conditions]


@pytest.mark.parametrize(
    "name", ["dimensions", "boundary_conditions", "t0_fields", "t1_fields", "t2_fields"]
)
def test_missing_group_is_named(path, name):
    with h5py.File(path, "r+") as file:
        del file[name]
    with raises_input("path", str(path), f"no group '{name}'"):
        store.read(path)


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("x", np.arange(X) ** 2.0, "'x' is not uniform"),
        ("time", np.array([0, 1, 2, 4.0]), "time step 1 becomes 2 at 4; need one constant step"),
        ("time", np.array([[0, 1, 2, 3.0], [0, 2, 4, 6]]), "the same for all samples"),
    ],
)
def test_uneven_axis_is_an_input_error(path, name, values, message):
    with h5py.File(path, "r+") as file:
        del file["dimensions"][name]
        file["dimensions"][name] = values
    with raises_input("path", str(path), message):
        store.read(path)


def test_nothing_that_varies_in_time_is_an_input_error(path):
    with h5py.File(path, "r+") as file:
        file["t0_fields"].attrs["field_names"] = ["mask"]
        file["t1_fields"].attrs["field_names"] = np.array([], dtype=h5py.string_dtype())
    with raises_input("path", str(path), "with mask.*give input"):
        store.read(path)


def test_shape_that_contradicts_the_attributes_is_an_input_error(path):
    with h5py.File(path, "r+") as file:
        file.attrs["n_trajectories"] = 3
    with raises_input("path", str(path), r"\(2, 4, 6, 8\).*\(3, 4, 6, 8\)"):
        store.read(path)


@pytest.mark.parametrize("unit", ["radian", "rad"])
def test_angles_in_radians_with_their_unit_are_degrees(tmp_path, unit):
    truth = CASES["sphere"](tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        for name in ("theta", "phi"):
            file["dimensions"][name].attrs["units"] = unit
    fields = store.read(tmp_path / "a.h5")
    assert fields.grid == truth.grid
    np.testing.assert_allclose(fields.grid.axes[0].coordinates(4), [67.5, 22.5, -22.5, -67.5])
    np.testing.assert_array_equal(fields.values, truth.values)
