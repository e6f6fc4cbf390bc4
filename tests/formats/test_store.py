import json
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from raising import raises_input

from neurop.errors import InputError
from neurop.fields.condition import Condition
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.fields.times import Times
from neurop.formats import store
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid

BOX = Grid((Axis("x", "dirichlet", -1.0, 2.0, "m", "ends"), Axis("y", "periodic", 0.5, 3.0, "m")))


def random(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def evolution(shape: tuple[int, ...] = (6, 8), grid: Grid = BOX) -> FieldSet:
    return FieldSet(
        random((3, 5, 2, *shape)),
        (Field("u", "m s-1", "velocity"), Field("p", "Pa", "pressure")),
        grid,
        times=Times(np.arange(5) * 0.1, "s"),
        source="flow.h5",
        attributes={"viscosity": 1e-3, "seed": 7, "note": "ü", "sizes": [1, 2]},
    )


def mapping(shape: tuple[int, ...] = (6, 8), grid: Grid = BOX) -> FieldSet:
    return FieldSet(
        random((3, 1, 1, *shape)),
        (Field("a", "1"),),
        grid,
        random((3, 1, 2, *shape), 1),
        (Field("u", "K"), Field("v", "m")),
    )


def assert_same(got: FieldSet, expected: FieldSet) -> None:
    for name in ("values", "targets", "times"):
        a, b = getattr(got, name), getattr(expected, name)
        assert (a is None) == (b is None)
        if name == "times" and b is not None:
            assert a.unit == b.unit
            a, b = a.values, b.values
        if b is not None:
            assert a.dtype == b.dtype
            np.testing.assert_array_equal(a, b)
    for name in ("fields", "target_fields", "grid", "source", "attributes"):
        assert getattr(got, name) == getattr(expected, name)


@pytest.mark.parametrize("make", [evolution, mapping])
@pytest.mark.parametrize(
    ("shape", "grid"),
    [
        ((7,), Grid.periodic(1)),
        ((6, 8), BOX),
        ((3, 4, 5), Grid.periodic(3, 2.0)),
        ((5, 8), Grid.latlon()),
    ],
)
def test_round_trip_is_exact(tmp_path, make, shape, grid):
    fields = make(shape, grid)
    store.write(tmp_path / "new" / "a.h5", fields, {})
    assert_same(store.read(tmp_path / "new" / "a.h5"), fields)


@pytest.mark.parametrize("unit", ["h", "s", "ns"])
def test_dates_keep_their_unit(tmp_path, unit):
    times = (np.datetime64("2026-02-01") + np.arange(5) * np.timedelta64(6, "h")).astype(
        f"datetime64[{unit}]"
    )
    fields = replace(evolution(), times=Times(times))
    store.write(tmp_path / "a.h5", fields, {})
    assert_same(store.read(tmp_path / "a.h5"), fields)


def test_float64_is_stored_as_float32_and_the_digest_describes_what_is_stored(tmp_path):
    fields = replace(evolution(), values=np.random.default_rng(0).standard_normal((3, 5, 2, 6, 8)))
    store.write(tmp_path / "a.h5", fields, {})
    got = store.read(tmp_path / "a.h5")
    np.testing.assert_array_equal(got.values, fields.values.astype(np.float32))
    with h5py.File(tmp_path / "a.h5") as file:
        assert json.loads(file["neurop"][0])["digest"] == got.digest() != fields.digest()


def test_input_and_target_of_one_name_stay_apart(tmp_path):
    fields = replace(mapping(), fields=(Field("u", "K"),))
    store.write(tmp_path / "a.h5", fields, {})
    assert_same(store.read(tmp_path / "a.h5"), fields)
    with h5py.File(tmp_path / "a.h5") as file:
        assert set(file["t0_fields"]) == {"u", "u_target", "v"}


def test_layout_of_the_well(tmp_path):
    parameters = {
        "viscosity": 1e-3,
        "seed": 7,
        "scheme": "etdrk4",
        "periodic": True,
        "sizes": (1, 2),
        "dataset_name": "flow",
    }
    fields = replace(evolution(), attributes={})
    store.write(tmp_path / "a.h5", fields, parameters)
    with h5py.File(tmp_path / "a.h5") as file:
        root = {
            name: value.item() if hasattr(value, "item") else value
            for name, value in file.attrs.items()
            if np.ndim(value) == 0
        }
        assert root == {
            "dataset_name": "flow",
            "grid_type": "cartesian",
            "n_spatial_dims": 2,
            "n_trajectories": 3,
            "viscosity": 1e-3,
            "seed": 7,
            "scheme": "etdrk4",
            "periodic": True,
            "sizes": "[1, 2]",
        }
        assert list(file.attrs["simulation_parameters"]) == [
            "viscosity",
            "seed",
            "scheme",
            "periodic",
            "sizes",
        ]
        assert list(file["scalars"].attrs["field_names"]) == ["viscosity", "seed"]
        assert file["scalars/viscosity"].shape == (1,)
        assert file["scalars/viscosity"][0] == np.float32(1e-3)
        assert list(file["dimensions"].attrs["spatial_dims"]) == ["x", "y"]
        np.testing.assert_array_equal(file["dimensions/time"], fields.times.values)
        np.testing.assert_allclose(file["dimensions/x"], np.linspace(-1, 1, 6))
        np.testing.assert_allclose(file["dimensions/y"], 0.5 + 3 * np.arange(8) / 8)
        for name in (
            "dimensions/time",
            "dimensions/x",
            "dimensions/y",
            "scalars/seed",
            "boundary_conditions/x_dirichlet",
        ):
            assert not file[name].attrs["sample_varying"]
            assert not file[name].attrs["time_varying"]
        sides = {
            name: (side.attrs["bc_type"], list(side.attrs["associated_dims"]))
            for name, side in file["boundary_conditions"].items()
        }
        assert sides == {"x_dirichlet": ("WALL", ["x"]), "y_periodic": ("PERIODIC", ["y"])}
        assert list(file["boundary_conditions/x_dirichlet/mask"]) == [
            True,
            False,
            False,
            False,
            False,
            True,
        ]
        assert list(file["t0_fields"].attrs["field_names"]) == ["u", "p"]
        for channel, name in enumerate(("u", "p")):
            data = file["t0_fields"][name]
            assert data.shape == (3, 5, 6, 8)
            assert data.dtype == np.float32
            assert data.attrs["sample_varying"]
            assert data.attrs["time_varying"]
            assert list(data.attrs["dim_varying"]) == [True, True]
            np.testing.assert_array_equal(data, fields.values[:, :, channel])
        for name in ("t1_fields", "t2_fields"):
            assert list(file[name].attrs["field_names"]) == []
    assert store.read(tmp_path / "a.h5").attributes == {
        "viscosity": 1e-3,
        "seed": 7,
        "scheme": "etdrk4",
        "periodic": True,
        "sizes": [1, 2],
    }


@pytest.fixture(scope="module")
def stored(tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("stored") / "a.h5"
    store.write(path, evolution(), {"viscosity": 1e-3})
    return path.read_bytes()


def assert_one_line(error: pytest.ExceptionInfo[InputError], path: Path) -> None:
    message = str(error.value)
    assert str(path) in message
    assert "\n" not in message
    assert len(message) < len(str(path)) + 400


@pytest.mark.trust(
    "A damaged file is one line, never a traceback or a wrong number",
    "data files of every format, cut off",
    trials=60,
)
@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(fraction=st.floats(0, 1, exclude_max=True))
def test_truncated_file_is_an_input_error(tmp_path, stored, fraction):
    path = tmp_path / "cut.h5"
    path.write_bytes(stored[: int(fraction * len(stored))])
    with raises_input("path", str(path)) as error:
        store.read(path)
    assert_one_line(error, path)


def test_overwritten_values_are_an_input_error_not_wrong_numbers(tmp_path, stored):
    path = tmp_path / "flipped.h5"
    at = stored.find(evolution().values[1, :, 0].tobytes())
    assert at > 0
    path.write_bytes(stored[:at] + bytes([stored[at] ^ 1]) + stored[at + 1 :])
    with raises_input("path", str(path), "damaged") as error:
        store.read(path)
    assert_one_line(error, path)


@pytest.mark.trust(
    "A damaged file is one line, never a traceback or a wrong number",
    "data files of every format, bits flipped",
    trials=150,
)
@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(at=st.floats(0, 1, exclude_max=True), value=st.integers(0, 255))
def test_a_damaged_byte_is_an_input_error_or_harmless(tmp_path, stored, at, value):
    path = tmp_path / "byte.h5"
    offset = int(at * len(stored))
    path.write_bytes(stored[:offset] + bytes([value]) + stored[offset + 1 :])
    message = str(path)
    try:
        assert_same(store.read(path), evolution())
    except InputError as error:
        message = str(error)
    assert str(path) in message
    assert "\n" not in message


@pytest.mark.parametrize(
    "content", [b"", b"not HDF5 at all", b"CDF\x01" + bytes(100), b"\x89HDF\r\n\x1a\n"]
)
def test_other_content_is_an_input_error(tmp_path, content):
    path = tmp_path / "a.h5"
    path.write_bytes(content)
    with pytest.raises(InputError) as error:
        store.read(path)
    assert_one_line(error, path)


def test_absent_file_and_folder_are_input_errors(tmp_path):
    for path in (tmp_path / "absent.h5", tmp_path):
        with raises_input("path", str(path), "no such file"):
            store.read(path)


@pytest.mark.parametrize("name", ["dimensions/time", "t0_fields", "t0_fields/p"])
def test_missing_part_is_named(tmp_path, stored, name):
    path = tmp_path / "a.h5"
    path.write_bytes(stored)
    with h5py.File(path, "r+") as file:
        del file[name]
    with raises_input("path", str(path), name.split("/")[-1]) as error:
        store.read(path)
    assert_one_line(error, path)


@pytest.mark.parametrize("record", ["{}", "[]", "{", '{"values": 3, "targets": []}'])
def test_bad_record_is_an_input_error(tmp_path, stored, record):
    path = tmp_path / "a.h5"
    path.write_bytes(stored)
    with h5py.File(path, "r+") as file:
        del file["neurop"]
        file["neurop"] = [record.encode()]
    with pytest.raises(InputError) as error:
        store.read(path)
    assert_one_line(error, path)


def test_failing_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "a.h5"
    store.write(path, evolution(), {})
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "write_fields", full)
    with raises_input("path", str(path), "No space") as error:
        store.write(path, mapping(), {})
    assert_one_line(error, path)
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("change", "parameters", "key", "value"),
    [
        ({"fields": (Field("a/b"), Field("p"))}, {}, "fields", "a/b"),
        ({"values": np.empty((0, 5, 2, 6, 8), np.float32)}, {}, "values", (0, 5, 2, 6, 8)),
        ({}, {"n_trajectories": 3}, "parameters", "n_trajectories"),
        ({"times": Times(np.arange(5) * 0.1, "s", (5, 3, 5))}, {}, "lengths", (5, 3, 5)),
        ({"fields": (Field("u"), Field("p", diagnostic=True))}, {}, "fields", "p"),
    ],
)
def test_what_cannot_be_stored_is_an_input_error_and_leaves_nothing(
    tmp_path, change, parameters, key, value
):
    with raises_input(key, value):
        store.write(tmp_path / "a.h5", replace(evolution(), **change), parameters)
    assert list(tmp_path.iterdir()) == []


def test_unwritable_place_is_an_input_error(tmp_path):
    (tmp_path / "file").write_text("")
    with raises_input("path", str(tmp_path / "file" / "a.h5")):
        store.write(tmp_path / "file" / "a.h5", evolution(), {})


def test_a_single_sample_keeps_its_parameter(tmp_path: Path) -> None:
    field, number = (Field("u"),), np.array([0.3]).reshape(1, 1, 1, 1)
    given = (Condition(Field("nu"), "parameter", number),)
    one = FieldSet(np.ones((1, 3, 1, 8)), field, Grid.periodic(1), conditions=given)
    store.write(tmp_path / "one.h5", one, {})
    (found,) = store.read(tmp_path / "one.h5").conditions
    assert (found.field.name, found.role) == ("nu", "parameter")
    assert found.values.ravel() == pytest.approx([0.3])
