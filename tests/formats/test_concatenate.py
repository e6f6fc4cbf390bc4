"""Several files are one set where they hold the same fields; where they do not, the message says
which file and what.
"""

from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
import xarray as xr
from raising import raises_input

from neurop.datasets import File
from neurop.formats.assemble import assemble
from neurop.formats.detect import file_content

TIMES = np.datetime64("2026-02-01T00", "ns") + np.arange(6) * np.timedelta64(6, "h")


def dated(path: Path, first: int, last: int, name: str = "msl", n: int = 8) -> str:
    latitude, longitude = np.linspace(90, -90, 5), np.arange(n) * 360 / n
    values = np.random.default_rng(0).random((6, 5, n)).astype("f4")[first:last]
    coords = {"time": TIMES[first:last], "latitude": latitude, "longitude": longitude}
    xr.Dataset({name: (("time", "latitude", "longitude"), values)}, coords).to_netcdf(
        path, engine="h5netcdf"
    )
    return str(path)


def pairs(path: Path, n: int = 4, samples: int = 3, seed: int = 0) -> str:
    x = torch.randn(samples, n, n, generator=torch.Generator().manual_seed(seed))
    torch.save({"x": x, "y": 2 * x}, path)
    return str(path)


@pytest.mark.parametrize("lazy", [False, True])
def test_dated_files_are_one_record_in_the_order_of_their_dates(tmp_path: Path, lazy: bool) -> None:
    whole = assemble(file_content(dated(tmp_path / "all.nc", 0, 6)))
    # The names are in the wrong order on purpose.
    dated(tmp_path / "part_b.nc", 0, 2), dated(tmp_path / "part_a.nc", 2, 6)
    made = File(str(tmp_path / "part_*.nc"), storage={"lazy": lazy})._all
    np.testing.assert_array_equal(made.values, whole.values)
    np.testing.assert_array_equal(made.times.values, TIMES)
    assert made.is_lazy == lazy
    for frames in (slice(1, 3), slice(0, 2), slice(3, 6), slice(1, 6)):
        np.testing.assert_array_equal(made.values[:, frames], whole.values[:, frames])


@pytest.mark.parametrize("lazy", [False, True])
def test_other_files_hold_more_samples(tmp_path: Path, lazy: bool) -> None:
    paths = [pairs(tmp_path / f"{i}.pt", seed=i, samples=2 + i) for i in range(3)]
    made = File(paths, storage={"lazy": lazy})._all
    each = [assemble(file_content(path)) for path in paths]
    np.testing.assert_array_equal(made.values, np.concatenate([e.values for e in each]))
    np.testing.assert_array_equal(made.targets, np.concatenate([e.targets for e in each]))
    np.testing.assert_array_equal(made.values[1:5], np.concatenate([e.values for e in each])[1:5])


def test_unlike_files_are_named_with_what_differs(tmp_path: Path) -> None:
    first = dated(tmp_path / "a.nc", 0, 3)
    for other, blamed, what in (
        (dated(tmp_path / "b.nc", 3, 6, "z"), "b.nc", r"fields \['z'\], .*a.nc has \['msl'\]"),
        (dated(tmp_path / "c.nc", 3, 6, n=16), "c.nc", r"\(5, 16\), .*a.nc has \(5, 8\)"),
        (dated(tmp_path / "d.nc", 4, 6), "a.nc", "02-01T12:00 is 2026-02-02T00:00"),
        (dated(tmp_path / "e.nc", 2, 6), "a.nc", "02-01T12:00 is 2026-02-01T12:00"),
    ):
        with raises_input("path", str(tmp_path / blamed), what):
            File([first, other])._all  # noqa: B018
    for name, length in (("x", 1.0), ("y", 2.0)):
        np.savez(tmp_path / f"{name}.npz", u=np.zeros((2, 3, 4)), x=length * np.arange(4) / 4)
    with raises_input("path", str(tmp_path / "y.npz"), r"axis x .* 1.5 .*x.npz has .* 0.75 "):
        File(
            [str(tmp_path / "x.npz"), str(tmp_path / "y.npz")],
            "u",
            axes=["sample", "time", "x"],
            boundary="open",
        ).splits()
    with raises_input("path", str(tmp_path / "32.pt"), r"\(8, 8\), .*16.pt has \(4, 4\)"):
        File([pairs(tmp_path / "16.pt"), pairs(tmp_path / "32.pt", 8)]).splits()


def test_groups_of_unlike_shapes_are_named(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for name, n in (("0000", 4), ("0001", 8)):
            file[f"{name}/data"] = np.zeros((3, n, n, 1), "f4")
            file[f"{name}/grid/x"] = file[f"{name}/grid/y"] = np.arange(n) / n
            file[f"{name}/grid/t"] = np.arange(3.0)
    with raises_input("path", str(tmp_path / "a.h5"), "group '0001' .* '0000'"):
        file_content(tmp_path / "a.h5")


def test_a_value_that_is_no_number_is_named_with_its_file(tmp_path: Path) -> None:
    x = torch.ones(4, 3, 3)
    x[2, 0, 1] = torch.nan
    torch.save({"x": torch.ones(4, 3, 3), "y": x}, tmp_path / "bad.pt")
    for lazy in (False, True):
        with raises_input("field", "y", r"bad.pt.* sample 2, frame 0 is nan at point \(0, 1\)"):
            File(str(tmp_path / "bad.pt"), storage={"lazy": lazy})._all.digest()


def test_no_file_fits_a_pattern(tmp_path: Path) -> None:
    with raises_input("path", str(tmp_path / "no*.h5")):
        File(str(tmp_path / "no*.h5")).splits()
    with raises_input("path", [], "give a file"):
        File([]).splits()
