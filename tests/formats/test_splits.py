"""What is held out: a test file, a random order, periods, all samples; members stay together."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from raising import raises_input

from neurop.datasets.file import File
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.fields.times import Times
from neurop.formats.splits import by_period, by_share
from neurop.geometry.grid import Grid

AXES: dict[str, Any] = {"axes": ["sample", "time", "x"], "boundary": "periodic"}
LATITUDE, LONGITUDE = np.linspace(90, -90, 5), np.arange(8) * 45.0


def numbered(path: Path, numbers: np.ndarray) -> str:
    """Write samples whose values are their numbers."""
    u = np.broadcast_to(np.asarray(numbers, float)[:, None, None], (len(numbers), 3, 4))
    np.savez(path, u=u, p=np.asarray(numbers, float))
    return str(path)


def held(fields: FieldSet) -> list[float]:
    return np.asarray(fields.values)[:, 0, 0, 0].tolist()


def test_a_test_file_is_the_test(tmp_path: Path) -> None:
    train, test = (
        numbered(tmp_path / f"{i}.npz", np.arange(n) + 100 * i) for i, n in enumerate((20, 5))
    )
    parts = File(train, "u", **AXES, storage={"test": test}).splits()
    assert {name: len(part) for name, part in parts.items()} == {"train": 18, "val": 2, "test": 5}
    assert held(parts["test"]) == [100, 101, 102, 103, 104]
    assert parts["train"].attributes["held_out"] == f"val: samples 18-19; test: {test}"
    np.savez(tmp_path / "v.npz", v=np.zeros((5, 3, 4)))
    with raises_input("input", "u"):
        File(train, "u", **AXES, storage={"test": str(tmp_path / "v.npz")}).splits()


@pytest.mark.parametrize("lazy", [False, True])
def test_a_random_order_is_that_of_its_seed(lazy: bool, tmp_path: Path) -> None:
    path = numbered(tmp_path / "a.npz", np.arange(30))
    more = {**AXES, "conditions": {"parameters": "p"}}
    first, again, other = (
        File(path, "u", **more, storage={"shuffle": seed, "lazy": lazy}).splits()
        for seed in (0, 0, 1)
    )
    everything = sorted(n for part in first.values() for n in held(part))
    assert everything == list(range(30))
    assert held(first["test"]) == held(again["test"]) != held(other["test"])
    assert sorted(held(first["train"])) != list(range(24))  # not the order of the file
    for part in first.values():
        np.testing.assert_array_equal(np.ravel(part.conditions[0].values), held(part))
    assert (
        ", ".join(str(int(n)) for n in sorted(held(first["test"])))[:2]
        in (first["train"].attributes["held_out"].split("test: samples ")[1])
    )


def test_all_samples_are_the_test_of_another_surrogate(tmp_path: Path) -> None:
    source = File(numbered(tmp_path / "a.npz", np.arange(2)), "u", **AXES, storage={"held_out": 1})
    assert held(source.test()) == held(source.whole()) == held(source.at((4,))) == [0, 1]
    with raises_input("held_out", 1, "eval"):
        source.splits()


def daily(path: Path) -> str:
    times = np.arange("2014-01-01", "2018-01-01", dtype="M8[D]").astype("M8[ns]")
    dims = ("time", "latitude", "longitude")
    values = np.broadcast_to(np.arange(len(times), dtype="f4")[:, None, None], (len(times), 5, 8))
    coords = dict(zip(dims, (times, LATITUDE, LONGITUDE), strict=True))
    xr.Dataset({"t2m": (dims, values)}, coords).to_netcdf(path, engine="h5netcdf")
    return str(path)


def test_years_are_held_out(tmp_path: Path) -> None:
    periods = {"val": ["2016-01-01", "2016-06-30"], "test": [2017, 2017]}
    parts = File(daily(tmp_path / "a.nc"), storage={"periods": periods}).splits()
    ends = {name: [str(t)[:10] for t in p.times.values[[0, -1]]] for name, p in parts.items()}
    assert ends == {
        "train": ["2014-01-01", "2015-12-31"],
        "val": ["2016-01-01", "2016-06-30"],
        "test": ["2017-01-01", "2017-12-31"],
    }
    assert parts["train"].attributes["held_out"] == (
        "val: 2016-01-01T00:00 to 2016-06-30T00:00; test: 2017-01-01T00:00 to 2017-12-31T00:00"
    )


def test_ends_of_periods_are_decimals() -> None:
    values, times = np.arange(10.0).reshape(1, 10, 1, 1) + np.zeros(4), Times(0.1 * np.arange(10))
    data = FieldSet(values, (Field("u"),), Grid.periodic(1), times=times)
    parts = by_period(data, {"train": [0, 0.3], "val": [0.4, 0.6], "test": [0.7, 0.9]})
    frames = {name: part.values[0, :, 0, 0].tolist() for name, part in parts.items()}
    assert frames == {"train": [0, 1, 2, 3], "val": [4, 5, 6], "test": [7, 8, 9]}


@pytest.mark.parametrize(
    ("storage", "key", "text"),
    [
        ({"periods": {"val": [2016, 2017], "test": [2017, 2017]}}, "periods", "overlap"),
        ({"periods": {"val": [2016, 2016], "test": [2019, 2020]}}, "periods", "0 frames in test"),
        ({"periods": {"val": [2016, 2016]}}, "periods", "test once"),
        ({"periods": {"exam": [2016, 2016]}}, "periods", "no part 'exam'"),
        ({"periods": {"test": ["May", "June"]}}, "periods", "pair of dates"),
        ({"shuffle": 0}, "shuffle", "needs samples"),
        ({"shuffle": 0, "periods": {"test": [2017, 2017]}}, "shuffle", "excludes"),
    ],
)
def test_a_wrong_period_is_one_line(storage: dict, key: str, text: str, tmp_path: Path) -> None:
    path = daily(tmp_path / "a.nc")
    with pytest.raises(ValueError, match=text) as error:
        File(path, storage=storage).splits()
    assert error.value.key == key  # type: ignore[attr-defined]
    assert "\n" not in str(error.value)


def ensemble(path: Path, starts: int = 6, members: int = 3) -> np.ndarray:
    values = np.random.default_rng(0).normal(size=(members, starts, 2, 5, 8)).astype("f4")
    dims = ("number", "time", "step", "latitude", "longitude")
    coords = {
        "time": np.datetime64("2020-01-01", "ns") + np.arange(starts) * np.timedelta64(1, "D"),
        "step": ("step", [0, 6], {"units": "hours"}),
        "latitude": LATITUDE,
        "longitude": LONGITUDE,
        "number": np.arange(members),
    }
    hill = (dims[3:], np.arange(40.0).reshape(5, 8))
    data = xr.Dataset({"t": (dims, values), "hill": hill}, coords)
    data.to_netcdf(path, engine="h5netcdf")
    return values


@pytest.mark.parametrize("lazy", [False, True])
def test_members_are_samples_next_to_each_other(lazy: bool, tmp_path: Path) -> None:
    values = ensemble(tmp_path / "a.nc")
    made = File(str(tmp_path / "a.nc"), storage={"lazy": lazy})._all
    assert made.attributes["members"] == 3
    expected = values.swapaxes(0, 1).reshape(18, 2, 5, 8)
    np.testing.assert_array_equal(made.values[:][:, :, 0], expected)
    np.testing.assert_array_equal(made.values[4:11, 1:, 0], expected[4:11, 1:])


def test_axes_of_the_user_have_members_too(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    u, p, q = rng.normal(size=(6, 4, 3, 8)), rng.normal(size=6), rng.normal(size=(6, 4))
    np.savez(tmp_path / "a.npz", u=u, p=p, q=q)
    settings = {"boundary": "periodic", "conditions": {"parameters": ["p", "q"]}}
    axes = ["case", "member", "time", "x"]
    made = File(str(tmp_path / "a.npz"), "u", axes=axes, **settings)._all
    np.testing.assert_array_equal(made.values[:, :, 0], u.reshape(24, 3, 8).astype("f4"))
    assert [c.field.name for c in made.conditions] == ["p", "q"]
    for one, expected in zip(made.conditions, (np.repeat(p, 4), np.ravel(q)), strict=True):
        np.testing.assert_array_equal(np.ravel(one.values), expected.astype("f4"))


@settings(max_examples=60, deadline=None)
@given(
    groups=st.integers(4, 40),
    members=st.integers(2, 5),
    share=st.floats(0.02, 0.3),
    seed=st.one_of(st.none(), st.integers(0, 99)),
)
def test_a_split_never_divides_the_members_of_a_sample(
    groups: int, members: int, share: float, seed: int | None
) -> None:
    of = np.repeat(np.arange(groups), members).astype(float)
    values = np.broadcast_to(of[:, None, None, None], (len(of), 1, 1, 4))
    grid, about = Grid.periodic(1), {"members": members}
    data = FieldSet(values, (Field("u"),), grid, attributes=about)
    parts = [set(held(part)) for part in by_share(data, share, seed).values()]
    assert set.union(*parts) == set(range(groups))
    assert sum(map(len, parts)) == groups
