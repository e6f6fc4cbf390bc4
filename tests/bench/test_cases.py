"""A case is its name."""

import pytest

from neurop.bench import STANDARD, SWEEPS, Case, parse
from neurop.errors import InputError


@pytest.mark.parametrize("name", [*STANDARD, *SWEEPS])
def test_a_name_says_it_all(name: str) -> None:
    assert parse(name).name == name


def test_sizes() -> None:
    case = parse("3d-2x32x64-m12")
    assert case == Case(3, 2, 32, 64, 12)
    assert (case.shape, case.bands) == ((64, 64, 64), (12, 12, 12))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("2d-16x32x64-m15x", r"no case '2d-16x32x64-m15x' .*; did you mean '2d-16x32x64-m16'\?"),
        ("2d-1x1x16-m9", "16 points resolve at most 8 modes"),
        ("4d-1x1x16-m2", "use 1 to 3 dimensions"),
        ("2d-0x1x16-m2", "sizes of at least 1"),
    ],
)
def test_a_wrong_case_is_refused(name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse(name)
