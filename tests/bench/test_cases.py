"""A case is its name."""

import pytest
from raising import raises_input

from neurop.bench import STANDARD, SWEEPS, Case, parse


@pytest.mark.parametrize("name", [*STANDARD, *SWEEPS])
def test_a_name_says_it_all(name: str) -> None:
    assert parse(name).name == name


def test_sizes() -> None:
    case = parse("3d-2x32x64-m12")
    assert case == Case(3, 2, 32, 64, 12)
    assert (case.shape, case.bands) == ((64, 64, 64), (12, 12, 12))


@pytest.mark.parametrize(
    "name", ["2d-16x32x64-m15x", "2d-1x1x16-m9", "4d-1x1x16-m2", "2d-0x1x16-m2"]
)
def test_a_wrong_case_is_refused(name: str) -> None:
    with raises_input("case", name):
        parse(name)
