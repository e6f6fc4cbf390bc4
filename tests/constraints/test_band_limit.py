"""Predictions that hold the modes of a coarser grid and no others."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from contracts.constraint import ConstraintContract, refused
from small import evolution, surrogate
from torch import Tensor

from neurop.constraints.band_limit import BandLimit
from neurop.constraints.constraint import Context
from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.fields.times import Times
from neurop.geometry.grid import Grid


class TestBandLimit(ConstraintContract):
    constraint = BandLimit((5, 7))

    def violation(self, y: Tensor, last: Tensor, context: Context) -> float:
        """Return the largest coefficient of a frequency beyond 2 and 3."""
        found = torch.fft.fft2(self.scaled(y), norm="forward").abs()
        beyond = [torch.fft.fftfreq(n, 1 / n).abs() > most for n, most in zip(y.shape[2:], (2, 3))]
        return float(found[..., beyond[0][:, None] | beyond[1]].max())

    def test_modes_within_the_band_are_left(self) -> None:
        grid, wild = self.grids[0], self.wild()
        made = self.constraint(wild, self.last(), self.context(grid))
        before, after = (torch.fft.fft2(y, norm="forward") for y in (wild, made))
        inside = (slice(None), slice(None), [[0], [1], [2], [8], [9]], [0, 1, 2, 3, 9, 10, 11])
        torch.testing.assert_close(after[inside], before[inside], atol=1e-9, rtol=1e-12)


def test_of_a_surrogate_it_cuts_what_increments_carry_on() -> None:
    x, times = np.arange(16) / 16, np.arange(4.0)
    moving = np.sin(2 * np.pi * (x - times[:, None] / 16))
    state = moving + 0.5 * np.cos(2 * np.pi * 6 * x) * (1 + times[:, None])
    train = FieldSet(state[None, :, None], (Field("u"),), Grid.periodic(1), times=Times(times))
    arguments = {"modes": 4, "width": 4, "depth": 1}
    free, held = (surrogate(train, 0, arguments, None, c) for c in ((), [BandLimit((8,))]))
    frame = torch.from_numpy(state[:1, None]).float()
    spectrum, cut = (torch.fft.rfft(s(frame).detach()) for s in (free, held))
    torch.testing.assert_close(cut[..., :4], spectrum[..., :4])
    assert float(spectrum[..., 4:].abs().max()) > 1
    assert float(cut[..., 4:].abs().max()) < 1e-5


@pytest.mark.parametrize("band", [(8,), (8, 8, 8), (8, 1)])
def test_a_band_of_other_axes_is_refused(band: tuple[int, ...]) -> None:
    refused(BandLimit(band), evolution(), "band", band)
