"""Noise of the right size, pushforward without gradient but for the loss's own steps, weights of
an earlier run.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from small import SIZES, Scale, evolution, mapping, surrogate

from neurop.errors import InputError
from neurop.losses import RelativeL2
from neurop.training import Batches, Operator, Stability, load_weights

from .conftest import ADAM, trainer


def batch(history: int = 1, steps: int = 1) -> dict[str, torch.Tensor]:
    x = torch.from_numpy(evolution((16, 16)).values).float()
    return {"input": x[:, :history], "target": x[:, history : history + steps]}


def test_noise_has_the_deviation_asked_for_in_units_of_each_field() -> None:
    s, given = surrogate(evolution((16, 16)), history=2), batch(2)
    made = Stability(noise=0.3, seed=1)(s, given, (0, 1))
    added = made["input"] - given["input"]
    assert torch.equal(made["target"], given["target"])
    # 3 samples, 2 frames and 256 points for each of the two fields.
    deviation = added.double().std(dim=(0, 1, 3, 4)) / s.input_norm.std
    np.testing.assert_allclose(deviation, 0.3, rtol=0.08)
    assert added.mean(dim=(0, 1, 3, 4)).abs().max() < 0.05 * SIZES.max()
    frames = added.transpose(1, 2).flatten(3)
    cross = torch.corrcoef(
        torch.stack(
            [frames[:, 0, 0].flatten(), frames[:, 0, 1].flatten(), frames[:, 1, 0].flatten()]
        )
    )
    assert (cross - torch.eye(3)).abs().max() < 0.15


def test_noise_depends_on_seed_and_step_alone() -> None:
    s, given = surrogate(evolution((16, 16))), batch()
    one, same, later, other = (
        Stability(0.1, seed=a)(s, given, (0, n))["input"]
        for a, n in ((1, 5), (1, 5), (1, 6), (2, 5))
    )
    assert torch.equal(one, same)
    assert not torch.equal(one, later)
    assert not torch.equal(one, other)


def test_without_options_a_batch_passes() -> None:
    given = batch(2, 3)
    made = Stability()(surrogate(evolution((16, 16)), history=2), given, (0, 1))
    assert all(torch.equal(made[name], given[name]) for name in given)


def test_pushforward_starts_the_loss_from_the_surrogates_own_frames() -> None:
    s, given = surrogate(evolution((16, 16)), history=2), batch(2, 4)
    option, seen = Stability(pushforward=3), []
    for number in range(24):
        made = option(s, given, (0, number))
        assert made["input"].shape == given["input"].shape
        assert made["target"].shape[1] == 1
        (ahead,) = (
            k for k in range(4) if torch.equal(made["target"], given["target"][:, k : k + 1])
        )
        seen.append(ahead)
        whole = torch.cat([given["input"], s.trajectory(given["input"], 3).detach()], 1)
        torch.testing.assert_close(made["input"], whole[:, ahead : ahead + 2])
        assert not made["input"].requires_grad
    assert set(seen) == {0, 1, 2, 3}
    assert all(seen.count(k) < 14 for k in range(4))


def test_gradients_flow_through_the_steps_of_the_loss_alone() -> None:
    """Of x -> f x: the slope of the last step alone holds its input f^k x constant."""
    s = surrogate(evolution((16, 16)), increments=False).double()
    s.net = Scale(2, 0.9).double()
    s.input_norm.mean.zero_(), s.output_norm.mean.zero_()
    s.input_norm.std.fill_(1), s.output_norm.std.fill_(1)
    x = torch.from_numpy(evolution((16, 16)).values)
    module = Operator(s, SquareSum(), ADAM, stability=Stability(pushforward=2))
    slopes = set()
    for number in range(12):
        s.net.factor.grad = None
        made = module.stability(s, {"input": x[:, :1], "target": x[:, 1:4]}, (0, number))
        module.fit(made).backward()
        ahead = next(k for k in range(3) if torch.equal(made["target"], x[:, 1 + k : 2 + k]))
        # The loss sum (f u - y)^2 with u = f^k x held constant.
        factor = s.net.factor.item()
        u, y = factor**ahead * x[:, :1], x[:, 1 + ahead : 2 + ahead]
        expected = (2 * (factor * u - y) * u).sum()
        torch.testing.assert_close(s.net.factor.grad, expected, rtol=1e-10, atol=0)
        slopes.add(ahead)
    assert slopes == {0, 1, 2}


class SquareSum(torch.nn.Module):
    def forward(
        self, prediction: torch.Tensor, truth: torch.Tensor, weights: torch.Tensor
    ) -> torch.Tensor:
        return (prediction - truth).square().sum()


def test_the_options_are_used_in_training_and_not_in_validation() -> None:
    data, found = evolution(), []
    for stability in (None, Stability(noise=0.2), Stability(pushforward=1)):
        s = surrogate(data).train()
        module = Operator(s, RelativeL2(), ADAM, stability=stability)
        run = trainer(1)
        batches = Batches({"train": data, "val": data}, steps=2, batch_size=4)
        before = run.validate(module, batches, verbose=False)[0]["val/relative_l2"]
        run.fit(module, batches)
        found.append((before, s.net.lift.weight.detach().clone()))
    assert found[0][0] == found[1][0] == found[2][0]
    assert not torch.equal(found[0][1], found[1][1])
    assert not torch.equal(found[0][1], found[2][1])


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"noise": -0.1}, r"training.noise=-0.1; give 0"),
        ({"pushforward": -1}, "pushforward=-1; give"),
    ],
)
def test_bounds(how: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Stability(**how)


def test_an_earlier_surrogate_gives_weights_and_normalisation(tmp_path: Path) -> None:
    earlier, other = surrogate(evolution(), 1), evolution((12, 10), seed=5)
    earlier.save(tmp_path)
    s = surrogate(other, 2)
    load_weights(s, tmp_path)
    x = torch.from_numpy(other.values[:, 0]).float()
    assert torch.equal(s(x), earlier(x))
    assert s.train_shape == (12, 10)


def test_an_earlier_surrogate_of_another_kind_is_refused(tmp_path: Path) -> None:
    surrogate(evolution()).save(tmp_path)
    for new, message in (
        (
            surrogate(evolution(), increments=False),
            "its training.increments is True, the new one is False",
        ),
        (surrogate(evolution(channels=1)), r"its input is \['u', 'p'\], the new one is \['u'\]"),
        (surrogate(mapping()), r"its input is \['u', 'p'\], the new one is \['a'\]"),
        (
            surrogate(evolution(), history=2),
            r"net.lift.weight has shape \(6, 6\) there and \(6, 8\) by the settings",
        ),
    ):
        with pytest.raises(InputError, match=message):
            load_weights(new, tmp_path)
