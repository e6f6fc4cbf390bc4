from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from neurop.errors import InputError
from neurop.refinement.multistage import MultistageNetwork, load
from neurop.refinement.multistage.rows import Rows
from neurop.refinement.multistage.stage import Stage


def network() -> MultistageNetwork:
    """Return two stages with random biases on a box."""
    made = MultistageNetwork([(-1, 2), (0, 1)])
    for seed, scale in enumerate((1.5, 1e-7 / 3)):
        record = {"width": 4, "depth": 2, "kappa": [1.0, 1 / 3], "activation": "sin"}
        stage = Stage(made.domain, **record, seed=seed)
        for layer in stage.layers:
            torch.nn.init.normal_(layer.bias)
        made.append(stage, record | {"scale": scale})
    return made


def points() -> torch.Tensor:
    return torch.rand(7, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def test_a_stage_by_hand() -> None:
    stage = Stage([(-1, 3)], width=1, depth=2, kappa=[5.0], activation="sin")
    for layer, (weight, bias) in zip(stage.layers, [(0.7, 0.1), (1.1, -0.2), (2.0, 0.3)]):
        torch.nn.init.constant_(layer.weight, weight)
        torch.nn.init.constant_(layer.bias, bias)
    x = torch.tensor(2.5, dtype=torch.float64)
    h = torch.tanh(1.1 * torch.sin(0.7 * 5 * (x - 1) / 2 + 0.1) - 0.2)
    assert stage(x[None]).item() == pytest.approx((2 * h + 0.3).item(), rel=1e-15)


def test_the_network_is_the_scaled_sum() -> None:
    both, x = network(), points()
    one, two = both.stages
    assert torch.equal(both(x), 1.5 * one(x) + 1e-7 / 3 * two(x))
    assert torch.equal(both.first(1)(x), 1.5 * one(x))
    assert not any(p.requires_grad for p in both.parameters())


def test_with_one_axis_points_need_none() -> None:
    made = MultistageNetwork([(0, 1)])
    made.append(Stage([(0, 1)], 3, 1), {"scale": 2.0})
    x = torch.tensor([0.2, 0.9])
    assert torch.equal(made(x), made(x[:, None]))
    assert made(x[0]).item() == made(x)[0].item()


def test_a_saved_network_is_the_same_to_the_last_bit(tmp_path: Path) -> None:
    before = network()
    before.save(tmp_path)
    after = load(tmp_path)
    assert torch.equal(before(points()), after(points()))
    assert after.records == before.records
    assert {file.name for file in tmp_path.iterdir()} == {"model.json", "model.safetensors"}


def test_folders_of_other_kinds_are_refused(tmp_path: Path) -> None:
    network().save(tmp_path)
    card = json.loads((tmp_path / "model.json").read_text())
    (tmp_path / "model.json").write_text(json.dumps(card | {"kind": "surrogate"}))
    with pytest.raises(InputError) as error:
        load(tmp_path)
    assert error.value.value == str(tmp_path / "model.json")
    card["stages"][1]["width"] = 5
    (tmp_path / "model.json").write_text(json.dumps(card))
    with pytest.raises(InputError, match="shape"):
        load(tmp_path)
    del card["stages"][1]["width"]
    (tmp_path / "model.json").write_text(json.dumps(card))
    with pytest.raises(InputError, match="width"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("key", "arguments"),
    [
        ("domain", {"domain": [(1, 1)]}),
        ("domain", {"domain": []}),
        ("width, depth", {"domain": [(0, 1)], "depth": 0}),
        ("kappa", {"domain": [(0, 1)], "kappa": [1.0, 2.0]}),
    ],
)
def test_bad_stages_are_refused(key: str, arguments: dict) -> None:
    with pytest.raises(InputError) as error:
        Stage(**arguments)
    assert error.value.key == key


def test_the_jacobian_is_that_of_reverse_differentiation() -> None:
    stage = network().stages[0]
    x, t = points(), points()[:, 0]
    rows = Rows(stage, [(lambda u, x, t: u(x) ** 2 - t, (x, t)), (lambda u, x: u(x), (x[:3],))])
    theta = rows.start()
    direct = torch.autograd.functional.jacobian(rows, theta)
    torch.testing.assert_close(rows.jacobian(theta), direct, rtol=1e-13, atol=1e-15)
    # The squares add up to the mean squares of the blocks.
    u = stage(x)
    expected = (u**2 - t).square().mean() + u[:3].square().mean()
    assert rows(theta).square().sum().item() == pytest.approx(expected.item(), rel=1e-14)


def test_parameters_are_given_back_to_the_stage() -> None:
    stage = network().stages[0]
    rows = Rows(stage, [(lambda u, x: u(x), (points(),))])
    theta = 2 * rows.start()
    rows.finish(theta)
    assert torch.equal(rows.start(), theta)
