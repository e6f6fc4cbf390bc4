"""Bounds of the channel matrices: what the filter is, that norms stay below it, that nothing
else changes.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from raising import raises_input
from small import ARGUMENTS, evolution
from torch import nn

from neurop.errors import InputError
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.layers import SpectralConv
from neurop.layers.coefficients.block import CoefficientBlock
from neurop.layers.spectral.axis_conv import AxisConv
from neurop.layers.spectral.spherical_conv import SphericalConv
from neurop.models import AFNO, FNO, LocalFNO, create
from neurop.objectives.regression import Regression
from neurop.registry import Spec
from neurop.spectral import Cosine, Fourier
from neurop.surrogate import Surrogate
from neurop.training.callbacks.ema import ExponentialAverage
from neurop.training.callbacks.spectral_bound import (
    SpectralNormBound,
    channel_matrices,
    matrices,
    transfer,
)
from neurop.training.fit import fit
from neurop.training.module import TrainingModule

from ..conftest import loader, trainer

TIMES = Grid((Axis("t", "open", layout="chebyshev"),))


def norms(weight: torch.Tensor) -> torch.Tensor:
    return torch.linalg.matrix_norm(matrices(weight.detach().double()), 2)


def test_the_transfer_function() -> None:
    # 1 at the constant, exp(-24 log 2 (k/m)^p) along an axis, the product of the axes, the same for
    # both signs.
    found = transfer((3, 4), 2.0)
    assert found.shape == (5, 4)
    one = [[math.exp(-24 * math.log(2) * (k / m) ** 2) for k in range(m)] for m in (3, 4)]
    for row, k in enumerate((0, 1, 2, 1, 2)):
        np.testing.assert_allclose(found[row], one[0][k] * np.array(one[1]), rtol=1e-12)
    assert transfer((8,), 16.0)[-1].item() == pytest.approx(2 ** (-24 * (7 / 8) ** 16))


@pytest.mark.parametrize(
    ("layer", "modes"),
    [
        (lambda: SpectralConv(5, 4, (3, 4)), [(3, 4)]),
        (lambda: SpectralConv(5, 4, (3, 2, 4)), [(3, 2, 4)]),
        (lambda: AxisConv(5, 4, (3, 6)), [(3,), (6,)]),
        (lambda: SphericalConv(5, 4, (6, 3)), [(6,)]),
        (lambda: SphericalConv(5, 4, (6, 3), symmetry="axis"), [(6,)]),
        (lambda: CoefficientBlock(4, (Fourier(3), Fourier(5))), [(3, 5)]),
    ],
    ids=["plane", "box", "axes", "sphere", "turned", "coefficients"],
)
def test_every_kind_of_weight_is_bounded_mode_by_mode(
    layer: Any, modes: list[tuple[int, ...]]
) -> None:
    torch.manual_seed(0)
    made = layer()
    before = [w.detach().clone() for w, _ in channel_matrices(made)]
    SpectralNormBound(bound=0.8, order=4.0).hold(made)
    held = list(channel_matrices(made))
    assert [m for _, m in held] == modes
    for (weight, m), old in zip(held, before):
        limit = 0.8 * transfer(m, 4.0)
        expected = torch.minimum(norms(old), limit)
        torch.testing.assert_close(norms(weight), expected, rtol=1.1e-5, atol=1e-9)
        # The direction of each matrix stays.
        ratio = matrices(weight.detach()) / matrices(old)
        torch.testing.assert_close(ratio, ratio[..., :1, :1].expand_as(ratio), rtol=1e-4, atol=1e-9)


def test_the_answer_to_a_wave_lies_below_the_filter() -> None:
    torch.manual_seed(0)
    conv, n = SpectralConv(3, 3, (6,)), 16
    SpectralNormBound(bound=None, order=3.0).hold(conv)
    found = []
    for k in range(6):
        x = torch.randn(1, 3, 1) * torch.cos(2 * math.pi * k * torch.arange(n) / n)
        found.append(float(conv(x).detach().norm() / x.norm()))
    limits = transfer((6,), 3.0)
    assert (np.array(found) <= limits.numpy() * (1 + 1e-5)).all()
    assert found[0] > 0.1


def test_what_is_below_its_bound_already_is_left_bit_for_bit() -> None:
    model = FNO(1, 1, modes=4, width=4, depth=1)
    before = [w.detach().clone() for w in model.parameters()]
    SpectralNormBound(bound=100.0).hold(model)
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters()))
    # A filter alone leaves pointwise weights to themselves.
    SpectralNormBound(bound=None, order=2.0).hold(model)
    changed = [
        name for (name, p), old in zip(model.named_parameters(), before) if not torch.equal(p, old)
    ]
    assert changed == ["blocks.0.spectral.weight"]


def test_one_power_iteration_follows_small_steps() -> None:
    torch.manual_seed(0)
    model = nn.Linear(20, 12)
    gain = SpectralNormBound(bound=1.0)
    gain.hold(model)
    for _ in range(200):
        with torch.no_grad():
            model.weight += 0.05 * torch.randn(12, 20) / math.sqrt(12)
        gain.follow()
        assert norms(model.weight) < 1.1
    gain.exact()
    assert norms(model.weight) <= 1 + 1.1e-5
    before = model.weight.detach().clone()
    gain.exact()
    assert torch.equal(model.weight, before)


class Watch(SpectralNormBound):
    """Write down the largest norm over its bound after each step, before each validation, and
    how much the weights grew.
    """

    def __init__(self, *args: Any, **how: Any) -> None:
        self.after, self.validated = [], []
        super().__init__(*args, **how)

    def _excess(self) -> float:
        return max(float((norms(weight) / limit).max()) for weight, limit in self._bounded)

    def on_train_batch_end(self, *args: Any) -> None:
        before = self._excess()
        super().on_train_batch_end(*args)
        self.after.append((before, self._excess()))

    def on_validation_start(self, *args: Any) -> None:
        super().on_validation_start(*args)
        self.validated.append(self._excess())


@pytest.mark.parametrize("name", ["fno", "ffno"])
def test_norms_stay_bounded_over_a_training(name: str) -> None:
    data = evolution()
    torch.manual_seed(0)
    s = Surrogate.of(data, Spec(name, ARGUMENTS))
    module = TrainingModule(s.train(), Regression(), partial(torch.optim.AdamW, lr=2e-3))
    gain = Watch(bound=0.7, order=6.0)
    gain.prepare(s)
    run = trainer(4, callbacks=[gain])
    run.fit(module, loader(data, batch_size=4))
    before, after = np.array(gain.after).T
    assert len(after) == run.global_step == 12
    # The optimiser does push beyond, and each step is taken back.
    assert before.max() > 1.03
    assert after.max() < 1.06
    assert (after - 1).mean() < 0.2 * (before - 1).mean()
    assert max(gain.validated) <= 1 + 1.1e-5
    assert set(s.state_dict()) == set(Surrogate.of(data, Spec(name, ARGUMENTS)).state_dict())


@pytest.mark.parametrize("first", [SpectralNormBound, ExponentialAverage])
def test_averaged_weights_are_bounded_in_any_order_of_the_callbacks(first: type) -> None:
    callbacks = [SpectralNormBound(bound=0.7), ExponentialAverage(decay=0.05)]
    s = fit(
        FNO.spec(**ARGUMENTS),
        {"train": evolution(), "val": evolution(seed=1)},
        epochs=4,
        batch_size=4,
        optimizer=partial(torch.optim.AdamW, lr=0.1),
        callbacks=sorted(callbacks, key=lambda one: not isinstance(one, first)),
    )
    largest = [float(norms(weight).max()) for weight, _ in channel_matrices(s.net)]
    assert len(largest) == 7
    assert 0.69 < max(largest) <= 0.7 * (1 + 1e-4)


@pytest.mark.parametrize(
    ("how", "key", "value"),
    [
        ({"bound": 0.0}, "bound", 0.0),
        ({"order": -1.0}, "order", -1.0),
        ({"bound": None}, "bound", None),
    ],
)
def test_numbers_without_meaning(how: dict[str, Any], key: str, value: Any) -> None:
    with pytest.raises(InputError) as error:
        SpectralNormBound(**how)
    assert (error.value.key, error.value.value) == (key, value)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (SpectralConv(2, 2, (3,), weight=nn.Identity()), "factorised"),
        (CoefficientBlock(2, (Cosine(3),)), "of waves"),
        (SpectralConv(2, 2, (3,), TIMES), "of waves"),
        (AxisConv(2, 2, (3,), TIMES), "of waves"),
        (LocalFNO(1, 1, modes=(2,), width=3, depth=1), "local kernel"),
        (AFNO(1, 1, modes=(2,), width=4, depth=1), "perceptron"),
    ],
)
def test_layers_that_cannot_be_bounded(layer: nn.Module, message: str) -> None:
    with raises_input("callback", "spectral_bound", message):
        SpectralNormBound(bound=1.0).hold(layer)


@pytest.mark.parametrize("name", ["unet", "cnextunet"])
def test_local_convolutions_are_refused(name: str) -> None:
    with raises_input("callback", "spectral_bound", "local convolution"):
        SpectralNormBound().hold(create(name, 1, 1, Grid.periodic(2), width=4, levels=1))
