"""White noise on the input, of the size asked for in units of each field."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from contracts.transform import TransformContract, setting
from small import SIZES

from neurop.errors import InputError
from neurop.transforms.noise import Noise


class TestNoise(TransformContract):
    transform = Noise(0.3)


def test_the_deviation_is_that_asked_for_in_each_field_and_frame() -> None:
    where, zero = setting(shape=(16, 16)), torch.zeros(3, 2, 2, 16, 16)
    added = Noise(0.3)({"input": zero}, where, np.random.default_rng(1), 0.0)["input"]
    # 3 samples, 2 frames and 256 points for each of the two fields.
    deviation = added.double().std(dim=(0, 1, 3, 4)) / where.norm.std
    np.testing.assert_allclose(deviation, 0.3, rtol=0.08)
    assert added.mean(dim=(0, 1, 3, 4)).abs().max() < 0.05 * SIZES.max()
    frames = added.transpose(1, 2).flatten(3)
    apart = [frames[:, 0, 0], frames[:, 0, 1], frames[:, 1, 0]]
    cross = torch.corrcoef(torch.stack([one.flatten() for one in apart]))
    assert (cross - torch.eye(3)).abs().max() < 0.15


@pytest.mark.parametrize("std", [0.0, -0.1, float("nan")])
def test_a_factor_that_is_no_size_is_refused(std: float) -> None:
    with pytest.raises(InputError) as error:
        Noise(std)
    assert error.value.key == "std"
    assert error.value.value is std
