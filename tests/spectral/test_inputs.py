from __future__ import annotations

import pytest
import torch
from raising import raises_input

from neurop.errors import InputError
from neurop.spectral import at_least_one, check_input


@pytest.mark.parametrize("axes", [2, ("x", "y")])
def test_an_input_has_a_batch_its_channels_and_its_axes(axes: int | tuple[str, ...]) -> None:
    check_input(torch.zeros(0, 3, 8, 1), 3, axes)
    wanted = "x, y" if axes == ("x", "y") else "and 2 grid axes"
    for shape in ((1, 2, 8, 8), (3, 8, 8), (1, 3, 8), (1, 3, 8, 8, 8)):
        with pytest.raises(InputError) as caught:
            check_input(torch.zeros(shape), 3, axes)
        assert str(caught.value) == f"input has shape {shape}; need (batch, 3, {wanted})"


def test_the_first_size_below_one_is_named() -> None:
    at_least_one(width=1, depth=1.5)
    with raises_input("depth", 0, "at least 1"):
        at_least_one(width=1, depth=0, levels=-1)
