"""Inputs that are known at some points alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from contracts.transform import TransformContract, noise, setting

from neurop.errors import InputError
from neurop.transforms.sensor_mask import SensorMask


class TestSensorMask(TransformContract):
    transform = SensorMask(0.4)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_hidden_points_have_the_mean_in_all_frames_and_fields(share: float) -> None:
    where, x = setting(shape=(16, 16)), noise(8, 2, (16, 16))
    made = SensorMask(share)({"input": x}, where, np.random.default_rng(0), 0.0)["input"]
    hidden = made != x
    assert torch.equal(hidden, hidden[:, :1, :1].expand_as(hidden))
    mean = where.norm.mean.view(-1, 1, 1).to(x).expand_as(x)
    torch.testing.assert_close(made[hidden], mean[hidden])
    # 2048 points: three standard errors of a share are at most 0.034.
    assert hidden[:, 0, 0].float().mean().item() == pytest.approx(share, abs=0.034)
    assert len({tuple(one.flatten().tolist()) for one in hidden[:, 0, 0]}) == 8


@pytest.mark.parametrize("share", [0.0, 1.0, -1.0])
def test_a_share_lies_between_0_and_1(share: float) -> None:
    with pytest.raises(InputError) as error:
        SensorMask(share)
    assert (error.value.key, error.value.value) == ("share", share)
