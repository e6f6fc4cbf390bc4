"""Members of a probabilistic surrogate: seeds, batches, resolutions and files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from small import evolution, mapping, surrogate

import neurop
from neurop import models
from neurop.errors import InputError
from neurop.evaluation import probabilistic, rollout
from neurop.fields.fieldset import FieldSet
from neurop.fields.noise_input import NoiseInput
from neurop.geometry.grid import Grid
from neurop.problems import Evolution
from neurop.registry import Spec
from neurop.surrogate import Surrogate

NOISE = NoiseInput(2, modes=3)


def noisy(data: FieldSet | None = None, model: Spec | str = "fno") -> Surrogate:
    torch.manual_seed(0)
    spec = Spec("fno", {"modes": 3, "width": 6, "depth": 1}) if model == "fno" else Spec.of(model)
    return Surrogate.of(data or evolution(), spec, noise=NOISE).eval()


def frames(data: FieldSet) -> torch.Tensor:
    return torch.as_tensor(np.asarray(data.values[:, :1]), dtype=torch.float32)


def test_without_noise_a_call_is_deterministic() -> None:
    s, x = noisy(), frames(evolution())[:, 0]
    assert torch.equal(s(x), s(x))
    zero = s.net(torch.cat([s.input_norm(x), torch.zeros(len(x), 2, 9, 8)], 1))
    torch.testing.assert_close(s(x), x + s.output_norm.inverse(zero))


def test_a_seed_gives_one_ensemble_and_more_members_keep_the_first() -> None:
    s, x = noisy(), frames(evolution())
    one, more, other = s.sample(x, 3, 4), s.sample(x, 5, 4), s.sample(x, 3, 4, seed=1)
    assert one.shape == (3, 3, 4, 2, 9, 8)
    assert torch.equal(one, more[:3])
    assert not torch.equal(one, other)


def test_members_samples_and_steps_have_noise_of_their_own() -> None:
    s, x = noisy(), frames(evolution())
    same = x[:1].expand(2, *x.shape[1:])  # two equal samples
    made = s.sample(same, 2)
    assert (made[0] - made[1]).abs().amin(dim=(1, 2, 3, 4)).gt(0).all()
    assert not torch.equal(made[0, 0], made[0, 1])
    one = s.member(0)
    assert not torch.equal(one(same[:, 0]), one(same[:, 0]))


def test_a_finer_grid_has_the_same_member() -> None:
    # A net that returns its first noise channel, in units of the normaliser.
    data = [evolution(shape) for shape in ((8, 8), (16, 16))]
    s = noisy(data[0])

    class Noise(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x[:, -2:]

    s.net = Noise()  # type: ignore[assignment]
    coarse, fine = (s.member(3)(x) - x for x in (frames(d)[:, 0] for d in data))
    torch.testing.assert_close(fine[..., ::2, ::2], coarse, rtol=1e-4, atol=1e-3)


def test_a_saved_surrogate_has_the_same_ensemble(tmp_path: Path) -> None:
    s, x = noisy(), frames(evolution())
    s.save(tmp_path)
    again = neurop.load(tmp_path)
    assert again.noise == NOISE
    assert torch.equal(again.sample(x, 2, 3), s.sample(x, 2, 3))
    assert "noise" not in surrogate(evolution()).card.to_dict()


def test_labelled_ensembles() -> None:
    data = evolution()
    s = noisy(data)
    made = s.sample(data.initial(), members=3, steps=2, seed=4)
    assert made.u.dims[0] == "member"
    assert made.sizes["member"] == 3
    one = s.member((4, 2)).rollout(data.initial(), 2)
    np.testing.assert_array_equal(made.u.isel(member=2), one.u)
    pairs = mapping()
    maps = noisy(pairs).sample(pairs.initial(), members=2)
    assert (maps.u.isel(member=0) != maps.u.isel(member=1)).any()


def test_a_member_is_evaluated_like_any_surrogate() -> None:
    data = evolution()
    s = noisy(data)
    both = [rollout(s.member(0), data, 3).prediction for _ in range(2)]
    np.testing.assert_array_equal(*both)
    assert not s.training
    assert s.draw is None


@pytest.mark.parametrize("name", sorted(models.REGISTRY.table))
def test_every_model_takes_noise(name: str) -> None:
    data = evolution((16, 16), grid=Grid.latlon() if name == "sfno" else None)
    small = {"width": 4, "depth": 1} | ({} if "unet" in name else {"modes": 3})
    takes = models.REGISTRY.get(name).__init__.__annotations__
    small = {key: value for key, value in small.items() if key in takes}
    s = noisy(data, Spec(name, small))
    x = frames(data)[:, 0]
    made = s.member(0)(x)
    assert made.shape == x.shape
    assert not torch.equal(made, s(x))


def test_scores_of_a_known_ensemble() -> None:
    # Members are normal with deviation 1, truths with deviation 2.
    data = evolution((8, 8), channels=1, samples=40, frames=9)
    truth = 2 * np.random.default_rng(0).standard_normal(data.values.shape)
    data = FieldSet(truth, data.fields, data.grid, times=data.times)
    torch.manual_seed(0)
    s = Surrogate.of(data, "fno", Evolution(increments=False), noise=NOISE)
    s.double().output_norm.mean.zero_(), s.output_norm.std.fill_(1)

    class Noise(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.zero = torch.nn.Parameter(torch.zeros((), dtype=torch.float64))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x[:, -2:-1] + self.zero

    s.net = Noise()  # type: ignore[assignment]
    found = probabilistic(s, data, members=10, batch_size=64).isel(field=0)
    assert float(found.spread) == pytest.approx((11 / 10) ** 0.5, rel=0.02)
    assert float(found.skill) == pytest.approx((4 + 1 / 10) ** 0.5, rel=0.02)
    assert float(found.spread_skill) == pytest.approx((11 / 41) ** 0.5, rel=0.02)
    crps = (2 / np.pi) ** 0.5 * (5**0.5 - 2**0.5 / 2)
    assert float(found.fair_crps) == pytest.approx(crps, rel=0.02)


@pytest.mark.parametrize(
    ("call", "key", "value"),
    [
        (lambda s, x: s.sample(x, 0), "members", 0),
        (lambda s, x: s.sample(x, 2, steps=0), "steps", 0),
        (lambda s, x: s.member(-1), "seed", -1),
        (lambda s, x: surrogate(evolution()).member(0), "noise", None),
        (lambda s, x: probabilistic(s, evolution(), members=1), "members", 1),
    ],
)
def test_wrong_calls(call, key: str, value: object) -> None:
    with pytest.raises(InputError) as wrong:
        call(noisy(), frames(evolution()))
    assert (wrong.value.key, wrong.value.value) == (key, value)
