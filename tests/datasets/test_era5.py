import numpy as np
import pytest
from raising import raises_input

from neurop.datasets import ERA5
from neurop.problems import Evolution


@pytest.fixture(scope="module")
def source() -> ERA5:
    return ERA5()


def rmse(prediction: np.ndarray, truth: np.ndarray, weights: np.ndarray) -> float:
    """Return the root of the squared error averaged over time and, by area, over the sphere."""
    return float(np.sqrt((((prediction - truth) ** 2) * weights).mean()))


def test_splits_follow_each_other_in_time(source):
    splits = source.splits()
    assert list(splits) == ["train", "val", "test"]
    assert {name: s.values.shape for name, s in splits.items()} == {
        "train": (1, 228, 1, 73, 144),
        "val": (1, 20, 1, 73, 144),
        "test": (1, 112, 1, 73, 144),
    }
    times = np.concatenate([s.times.values for s in splits.values()])
    assert (np.diff(times) == np.timedelta64(6, "h")).all()
    assert splits["val"].times.values[0] == np.datetime64("2026-01-27T00")
    assert splits["test"].times.values[0] == np.datetime64("2026-02-01T00")
    assert splits["test"].times.values[-1] == np.datetime64("2026-02-28T18")


def test_reference_errors_on_february():
    splits = ERA5(train=("2025-12-01", "2026-01-31"), val=None).splits()
    train, test = (
        splits["train"].values[0, :, 0].astype(np.float64),
        splits["test"].values[0, :, 0].astype(np.float64),
    )
    assert len(train) == 248
    weights = splits["test"].grid.weights((73, 144))
    assert rmse(train.mean(0), test, weights) == pytest.approx(769, abs=0.5)
    default = ERA5().splits()["train"].values[0, :, 0].mean(0, dtype=np.float64)
    assert rmse(default, test, weights) == pytest.approx(777, abs=0.5)
    for frames, expected in ((1, 263), (4, 607), (12, 914)):
        assert rmse(test[:-frames], test[frames:], weights) == pytest.approx(expected, abs=0.5)


def test_values_units_and_attribution(source):
    test = source.at((73, 144))
    assert 91_000 < test.values.min() < 95_000
    assert 105_000 < test.values.max() < 108_000
    assert (test.grid.weights((73, 144)) * test.values[0, 0, 0]).mean() == pytest.approx(
        101_100, abs=300
    )
    assert (test.fields[0].name, test.fields[0].unit) == ("msl", "Pa")
    assert test.grid.geometry == "sphere"
    assert test.attributes["license"] == "CC-BY-4.0"
    assert test.attributes["attribution"] == (
        "Contains modified Copernicus Climate Change Service information 2025-2026; "
        "neither the European Commission nor ECMWF is responsible for any use of it."
    )
    assert (source.name, source.problem, source.baselines, test.source) == (
        "era5",
        Evolution(history=2),
        ("persistence", "climatology"),
        "era5_msl_2025-2026_djf_2.5x2.5.nc",
    )


def test_validation_inside_training_only_when_asked_for(source):
    splits = ERA5(val=None).splits()
    np.testing.assert_array_equal(splits["val"].times.values, splits["train"].times.values[-22:])
    with raises_input("train", ("2025-12-01", "2026-01-31"), "overlaps val"):
        ERA5(train=("2025-12-01", "2026-01-31"))


@pytest.mark.parametrize(
    ("arguments", "key", "value"),
    [
        ({"test": ("2026-01-31", "2026-02-28")}, "test", ("2026-01-31", "2026-02-28")),
        (
            {"train": ("2025-12-01", "2026-02-01"), "val": None},
            "test",
            ("2026-02-01", "2026-02-28"),
        ),
        ({"test": ("2026-02-28", "2026-02-01")}, "test", ("2026-02-28", "2026-02-01")),
        ({"test": ("February", "March")}, "test", ("February", "March")),
        ({"test": ("2026-02-01",)}, "test", ("2026-02-01",)),
    ],
)
def test_wrong_periods_are_an_input_error(arguments, key, value):
    with raises_input(key, value):
        ERA5(**arguments)


def test_period_outside_the_file_names_what_it_holds():
    with raises_input("test", ("2027-01-01", "2027-01-31"), r"2025-12-01..2026-02-28"):
        ERA5(test=("2027-01-01", "2027-01-31")).splits()


def test_one_resolution(source):
    with raises_input("shape", (37, 72)):
        source.at((37, 72))
