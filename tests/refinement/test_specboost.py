"""SpecBoost: a second network on top of a frozen one."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from raising import raises_input
from small import ARGUMENTS, evolution, mapping, surrogate
from torch import Tensor

import neurop
from neurop import FieldSet, Grid, Surrogate
from neurop.constraints.means import Means
from neurop.fields.condition import Condition
from neurop.fields.field import Field
from neurop.fields.noise_input import NoiseInput
from neurop.models.boosted import Boosted
from neurop.models.operator import GridOperator
from neurop.problems import Evolution
from neurop.refinement import REGISTRY, specboost
from neurop.registry import Spec
from neurop.training.callbacks.ema import ExponentialAverage
from neurop.training.fit import ADAMW

UNET = Spec("unet", {"width": 4, "levels": 1})


def inputs(data: FieldSet) -> Tensor:
    return torch.as_tensor(data.values[:, 0], dtype=torch.float32)


def given(data: FieldSet) -> Tensor | None:
    rows = [data.given(sample, 0, 1) for sample in range(len(data))]
    return None if rows[0] is None else torch.from_numpy(np.stack(rows))[:, 0]  # type: ignore[arg-type]


def parametric() -> FieldSet:
    """Return an evolution with a parameter and a static field."""
    rng = np.random.default_rng(1)
    number = Condition(Field("nu"), "parameter", rng.uniform(1, 2, (3, 1, 1, 1, 1)))
    hill = Condition(Field("hill"), "static", rng.standard_normal((1, 1, 1, 9, 8)))
    return evolution(conditions=(number, hill))


def sphere() -> FieldSet:
    return evolution((9, 16), grid=Grid.latlon())


CASES = {
    "evolution": (evolution, "fno", ARGUMENTS),
    "map": (mapping, "fno", ARGUMENTS),
    "conditions": (parametric, "fno", ARGUMENTS),
    "sphere": (sphere, "sfno", ARGUMENTS),
}


def made(case: str) -> tuple[Surrogate, FieldSet]:
    data, name, arguments = CASES[case]
    torch.manual_seed(0)
    return Surrogate.of(data(), Spec(name, arguments)).eval(), data()


def stirred(s: Surrogate) -> Surrogate:
    """Return a surrogate whose last layers are no longer zero."""
    torch.manual_seed(3)
    with torch.no_grad():
        for weight in s.net.parameters():
            weight += 0.1 * torch.randn_like(weight)
    return s.eval()


@torch.no_grad()
@pytest.mark.parametrize("case", CASES)
def test_it_starts_at_the_base_exactly_and_returns_through_a_folder(
    case: str, tmp_path: Path
) -> None:
    base, data = made(case)
    one = specboost(base, data).eval()
    x, known = inputs(data), given(data)
    assert torch.equal(one(x, given=known), base(x, given=known))
    # A third stage, of another architecture, on top of a second one that does something.
    two = specboost(stirred(one), {"train": data}, UNET if case == "evolution" else None).eval()
    assert torch.equal(two(x, given=known), one(x, given=known))
    assert not torch.equal(stirred(two)(x, given=known), one(x, given=known))
    for number, s in enumerate((one, two)):
        s.save(tmp_path / str(number))
        again = neurop.load(tmp_path / str(number))
        assert torch.equal(again(x, given=known), s(x, given=known))
        assert again.card == s.card
        loose = {n.split(".")[0] for n, p in again.net.named_parameters() if p.requires_grad}
        assert loose == {"stage"}
    assert two.card.model.arguments["base"] == one.card.model
    latest = UNET if case == "evolution" else base.card.model
    assert two.card.model.arguments["stage"] == latest


def test_conditions_reach_both_networks() -> None:
    base, data = made("conditions")
    s = specboost(base, data)
    net = s.net
    assert isinstance(net, Boosted)
    numbers = s.card.number_channels
    assert numbers == (2,)
    for part in (net.base, net.stage):
        assert part.conditioning.channels == numbers  # type: ignore[union-attr]
        assert len(part.films) == 1  # type: ignore[arg-type]
    known = given(data)
    assert known is not None
    known.requires_grad_()
    slope = torch.autograd.grad(stirred(s)(inputs(data), given=known).sum(), known)[0]
    assert (slope.abs().amax((0, 2, 3)) > 0).all()


def test_what_stays() -> None:
    data = evolution()
    base = surrogate(data, problem=Evolution(unroll=2), constraints=[Means(("u",))])
    s = specboost(base, data)
    for name in ("problem", "constraints", "conditions", "grid", "sampling", "origin"):
        assert getattr(s.card, name) == getattr(base.card, name)
    for name in ("input_norm", "output_norm"):
        for a, b in zip(getattr(s, name).buffers(), getattr(base, name).buffers(), strict=True):
            assert torch.equal(a, b)
    assert specboost(base.double(), data).net.scale.dtype == torch.float64


def rotated(data: FieldSet, seed: int = 0, **more: object) -> Surrogate:
    """Return a trained surrogate of two stages, whose second has not been trained."""
    torch.manual_seed(seed)
    spec = Spec("fno", {"modes": 4, "width": 8, "depth": 1})
    base = neurop.fit(Surrogate.of(data, spec), data, epochs=2, batch_size=4)
    return specboost(base, data)


@pytest.mark.parametrize("averaged", [False, True])
def test_the_base_is_bit_identical_after_training(averaged: bool, tmp_path: Path) -> None:
    data = evolution(samples=6)
    s = rotated(data)
    assert isinstance(s.net, Boosted)
    before = {name: value.clone() for name, value in s.net.state_dict().items()}
    callbacks = [ExponentialAverage(0.5)] if averaged else []
    fitted = neurop.fit(s, data, epochs=3, batch_size=4, callbacks=callbacks, folder=tmp_path)
    for name, value in neurop.load(tmp_path / "model").net.state_dict().items():
        changed = name.startswith("stage.")
        assert torch.equal(value, before[name]) != changed or not value.any(), name
    assert fitted.net.state_dict().keys() == before.keys()


@pytest.mark.parametrize("averaged", [False, True])
def test_a_stage_that_only_harms_leaves_the_base(averaged: bool) -> None:
    data = evolution(samples=6)
    s = rotated(data)
    x = inputs(data)
    with torch.no_grad():
        before = s.eval()(x)
    callbacks = [ExponentialAverage(0.5)] if averaged else []
    wild = partial(ADAMW, lr=30.0)
    fitted = neurop.fit(
        s, data, epochs=2, batch_size=4, optimizer=wild, scheduler=None, callbacks=callbacks
    )
    with torch.no_grad():
        assert torch.equal(fitted(x), before)


def test_gradients_of_an_unrolled_training() -> None:
    """Those of the stage, through two steps of the whole, compared with differences."""
    data = evolution(samples=2)
    base = surrogate(data, problem=Evolution(unroll=2))
    s = stirred(specboost(base, data)).double()
    frames = torch.as_tensor(data.values[:, :1])
    weight = s.net.stage.project.contract.weight  # type: ignore[union-attr]

    def loss() -> Tensor:
        return (s.trajectory(frames, 2) / s.scale.view(-1, 1, 1)).square().mean()

    slope = torch.autograd.grad(loss(), weight)[0]
    with torch.no_grad():
        direction = torch.randn(weight.shape, generator=torch.Generator().manual_seed(0)).double()
        weight += 1e-5 * direction
        above = loss()
        weight -= 2e-5 * direction
        below = loss()
    torch.testing.assert_close((slope * direction).sum(), (above - below) / 2e-5, rtol=1e-6, atol=0)


def scaled(data: FieldSet, factor: float) -> FieldSet:
    assert data.targets is not None
    return FieldSet(
        data.values, data.fields, data.grid, factor * data.targets, data.outputs, source="pairs"
    )


@torch.no_grad()
def test_it_scales_with_the_targets() -> None:
    """Targets c y in place of y, with normalisers fitted again: c times the prediction."""
    found = []
    for factor in (1.0, 64.0):
        data = scaled(mapping(), factor)
        s = stirred(specboost(surrogate(data), data))
        found.append(s(inputs(data)) / factor)
    torch.testing.assert_close(*found, rtol=1e-5, atol=1e-5)


@torch.no_grad()
def test_a_finer_grid_is_that_of_both_networks() -> None:
    coarse, fine = (evolution(shape) for shape in ((16, 16), (32, 32)))
    s = stirred(specboost(surrogate(coarse), coarse)).double()
    x, wide = (torch.as_tensor(data.values[:, 0]) for data in (coarse, fine))
    net = s.net
    assert isinstance(net, Boosted)
    z = s.input_norm(wide)
    y = net.base(z)
    sum_of_both = y + net.scale.view(-1, 1, 1) * net.stage(torch.cat([z, y], 1))
    torch.testing.assert_close(s(wide), wide + s.output_norm.inverse(sum_of_both))
    change = (s(wide)[..., ::2, ::2] - s(x)).std() / s(x).std()
    assert change < 0.02


class Band(GridOperator):
    """Multiplies the waves of each channel from one wavenumber to the next by learnt factors."""

    def __init__(self, in_channels, out_channels, domain, first: int = 0, end: int = 8) -> None:
        super().__init__()
        self.first, self.end = first, end
        self.weight = torch.nn.Parameter(torch.zeros(out_channels, in_channels * (end - first)))

    def forward(self, x: Tensor) -> Tensor:
        k = torch.zeros(x.shape[-1] // 2 + 1, dtype=torch.complex128)
        waves = torch.fft.rfft(x)
        rows = []
        for factors in self.weight.view(len(self.weight), x.shape[1], -1):
            row = 0
            for channel, each in enumerate(factors):
                scale = k.clone()
                scale[self.first : self.end] = each.to(k)
                row = row + scale * waves[:, channel]
            rows.append(torch.fft.irfft(row, n=x.shape[-1]))
        return torch.stack(rows, 1)


def test_two_linear_stages_recover_a_low_and_a_weak_high_band(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The map y = K1 x + K2 x, K1 of the waves below 8, K2 of those above and 1e-3 as large."""
    monkeypatch.setitem(neurop.models.REGISTRY._registered, "band", Band)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((20, 1, 1, 32))
    kernel = np.where(np.arange(17) < 8, rng.uniform(1, 2, 17), 1e-3 * rng.uniform(1, 2, 17))
    kernel[[0, 16]] = 0  # the mean, which the normaliser takes, and the Nyquist wave
    y = np.fft.irfft(kernel * np.fft.rfft(x), n=32)
    data = FieldSet(x, (Field("a"),), Grid.periodic(1), y, (Field("u"),), source="pairs")
    s = Surrogate.of(data, Spec("band", {"first": 0, "end": 8})).double()
    inside, target = torch.as_tensor(x[:, 0]), torch.as_tensor(y[:, 0])

    def solved(s: Surrogate) -> float:
        """Solve the least squares of the weights that are not frozen; return the relative error."""
        (weight,) = [p for p in s.parameters() if p.requires_grad]
        with torch.no_grad():
            start = s(inside)
            columns = []
            for index in range(weight.numel()):
                weight.view(-1)[index] = 1.0
                columns.append((s(inside) - start).flatten())
                weight.zero_()
            best = torch.linalg.lstsq(
                torch.stack(columns, 1), (target - start).flatten(), driver="gelsd"
            ).solution
            weight.copy_(best.view(weight.shape))
            return float((s(inside) - target).norm() / target.norm())

    first = solved(s)
    assert 1e-4 < first < 2e-3
    refined = specboost(s, data, Spec("band", {"first": 8, "end": 16}))
    assert isinstance(refined.net, Boosted)
    # In normalised units the stage is of size 1, whatever is left for it.
    left = first * target.norm() / target.numel() ** 0.5 / float(refined.output_norm.std)
    torch.testing.assert_close(refined.net.scale, left.reshape(1), rtol=1e-5, atol=0)
    assert solved(refined) < 1e-7  # of the data in float32
    assert 0.3 < float(refined.net.stage.weight.detach().abs().max()) < 3  # type: ignore[union-attr, operator]


def test_wrong_input() -> None:
    data = evolution()
    noisy = Surrogate.of(data, Spec("fno", ARGUMENTS), noise=NoiseInput(1, 3))
    with raises_input("surrogate", "fno", "takes noise"):
        specboost(noisy, data)
    with raises_input("model", "fmo", "did you mean 'fno'"):
        specboost(surrogate(data), data, "fmo")
    with raises_input("data", "str"):
        specboost(surrogate(data), "burgers")  # type: ignore[arg-type]


def test_the_registry() -> None:
    assert REGISTRY.names() == ["denoising", "specboost", "thermalizer"]
    assert REGISTRY.get("specboost") is specboost
    assert neurop.refinement.specboost is specboost
