"""Mixture of neural operators: the partition, and what each expert sees."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from contracts import Case, LocalOperatorContract
from raising import raises_input
from safetensors import safe_open
from torch import Tensor, nn

import neurop
from neurop import Field, FieldSet, Grid
from neurop.geometry.axis import Axis
from neurop.layers.routing.kmeans import kmeans, squares
from neurop.layers.routing.nearest_centre import NearestCentre
from neurop.models import FNO, MoNO, create
from neurop.models.operator import Operator
from neurop.registry import Spec
from neurop.sharing import one_expert
from neurop.sharing.one_expert import keep_one_expert

LINE, PLANE = Grid.periodic(1), Grid.periodic(2)
WALLS = Grid((Axis("x", "open", layout="ends"), Axis("y")))
FNO_, T1 = (Spec(name, {"modes": 4, "width": 6, "depth": 1}) for name in ("fno", "t1"))


def case(domain: Grid, shape: tuple[int, ...], expert: Spec, experts: int, **more: Any) -> Case:
    sizes = {"numbers": more.get("numbers", ())}
    one = sum(weight.numel() for weight in create(expert, 2, 3, domain, **sizes).parameters())
    arguments = {"expert": expert, "experts": experts, "features": 3}
    return Case(domain, shape, experts * one, arguments=arguments, **more)


class TestMoNO(LocalOperatorContract):
    """Its graphs contain every expert, so that they take long."""

    name = "mono"
    misspelt = ("expart", "expert")
    cases = {
        "numbers": case(
            LINE,
            (16,),
            FNO_,
            2,
            resolved={(5,): (3,), (64,): (4,)},
            refinement=1e-3,
            numbers=(1,),
        ),
        "plane": case(PLANE, (12, 16), FNO_, 3, resolved={(4, 9): (2, 4)}, refinement=1e-3),
        "band": case(LINE, (16,), T1, 2, resolved={(5,): (3,)}, refinement=1e-3),
        "walls": case(WALLS, (17, 16), FNO_, 2, resolved={(5, 5): (3, 3)}, refinement=1e-2),
    }

    def trained(self, model: Operator) -> list[nn.Parameter]:
        """Return the weights of the first expert, to which all goes before the centres are set."""
        super().trained(model)
        return [p for name, p in model.named_parameters() if name.startswith("experts.0.")]


def waves(count: int, seed: int = 0, shape: tuple[int, ...] = (16,)) -> Tensor:
    """Return sums of a large wave of one of four numbers, and small ones of |k| < 7, float64."""
    rng = np.random.default_rng(seed)
    x = np.arange(shape[0]) / shape[0]
    k, small = np.arange(count) % 4, rng.standard_normal((2, count, 7)) / 7
    angle = 2 * np.pi * np.arange(7)[:, None] * x
    made = np.cos(2 * np.pi * k[:, None] * x) + small[0] @ np.cos(angle) + small[1] @ np.sin(angle)
    return torch.from_numpy(made)[:, None]


def fitted(experts: int = 4, **more: Any) -> MoNO:
    torch.manual_seed(0)
    model = MoNO(1, 1, LINE, expert=FNO_, experts=experts, **more).double()
    model.fit_inputs([waves(100), waves(100, seed=1)])
    return model


def test_one_expert_is_the_model_itself() -> None:
    model, x = fitted(1), waves(5)
    alone = FNO(1, 1, LINE, **FNO_.arguments).double()
    alone.load_state_dict(model.experts[0].state_dict())
    assert torch.equal(model(x), alone(x))
    assert model.active_parameters == sum(p.numel() for p in alone.parameters())


def test_each_wave_has_an_expert_of_its_own_and_all_inputs_have_one() -> None:
    model = fitted()
    cells = model.router(waves(40, seed=2)).view(10, 4)
    assert (cells == cells[0]).all()
    assert sorted(cells[0].tolist()) == [0, 1, 2, 3]
    assert model.router.counts.tolist() == [50.0] * 4


def test_the_cell_is_that_of_the_smallest_integral() -> None:
    """Brute force: integrals of the squared difference of the lowest waves, on 400 points."""
    router = NearestCentre(2, cells=5, modes=3, domain=LINE).double()
    torch.manual_seed(0)
    torch.nn.init.normal_(router.centres)
    x = torch.randn(50, 2, 16, dtype=torch.float64)

    def fine(values: Tensor) -> Tensor:
        c = torch.fft.rfft(values, norm="forward")[..., :3]
        return torch.fft.irfft(c, n=400, norm="forward")

    gaps = fine(x)[:, None] - fine(router.centres)
    brute = gaps.square().mean(-1).sum(-1).sqrt()
    torch.testing.assert_close(router.distances(x), brute)
    assert torch.equal(router(x), brute.argmin(1))
    assert len(router(x).unique()) > 2


@pytest.mark.parametrize("domain", [LINE, Grid((Axis("x", "open", layout="ends"),))])
def test_the_distance_of_waves_is_exact_on_any_grid(domain: Grid) -> None:
    router = NearestCentre(1, cells=1, modes=4, domain=domain)
    step = 1 if domain is LINE else 2  # a half wave between walls
    for n in (9, 16, 40):
        x = torch.from_numpy(domain.axes[0].points(n))
        u = 1 + torch.cos(2 * torch.pi * 2 * x / step)
        assert float(router.distances(u[None, None])) == pytest.approx(1.5**0.5, abs=1e-12)


def test_routing_ignores_grid_order_and_precision() -> None:
    router = fitted().router
    x = waves(40, seed=3)
    cells = router(x)
    for n in (15, 32, 100):
        assert torch.equal(router(waves(40, 3, (n,))), cells)
    assert torch.equal(router(x.flip(0)), cells.flip(0))
    assert torch.equal(router.float()(x.float()), cells)


def test_gradients_touch_the_expert_of_the_sample_alone() -> None:
    model, x = fitted(), waves(8, seed=4)
    cells = model.router(x)
    for e in range(4):
        model.zero_grad()
        model(x)[cells == e].square().sum().backward()
        for other, expert in enumerate(model.experts):
            sizes = [
                0.0 if p.grad is None else float(p.grad.abs().max()) for p in expert.parameters()
            ]
            assert (min(sizes) > 0) if other == e else (max(sizes) == 0)


def test_a_batch_is_that_of_its_experts() -> None:
    model, x = fitted(), waves(9, seed=5)
    y, cells = model(x), model.router(x)
    for i, e in enumerate(cells.tolist()):
        torch.testing.assert_close(y[i : i + 1], model.experts[e](x[i : i + 1]))


@pytest.mark.slow
def test_a_graph_selects_the_same() -> None:
    model, x = fitted().float().eval(), waves(7, seed=5).float()
    program = torch.export.export(model, (x,))
    torch.testing.assert_close(program.module()(x), model(x), atol=1e-6, rtol=1e-5)


def test_kmeans_reaches_a_minimum() -> None:
    points = np.random.default_rng(0).standard_normal((200, 3))
    centres = kmeans(points, 6)
    cells = squares(points, centres).argmin(1)
    means = np.stack([points[cells == e].mean(0) for e in range(6)])
    np.testing.assert_allclose(centres, means, atol=1e-12)
    assert squares(points, centres).min(1).sum() < 0.5 * squares(points, means[:1]).sum()
    np.testing.assert_array_equal(kmeans(points, 6), centres)
    assert len(kmeans(points[:2], 4)) == 4  # fewer points than centres


def test_a_new_surrogate_is_fitted_to_the_normalised_inputs(tmp_path: Path) -> None:
    values = 5 + 3 * waves(40).numpy()[:, None]
    data = FieldSet(values, (Field("a"),), LINE, values[..., ::-1].copy(), (Field("u"),))
    made = neurop.Surrogate.of(data, Spec("mono", {"expert": FNO_, "experts": 4}))
    assert isinstance(made.net, MoNO)
    assert made.net.router.counts.tolist() == [10.0] * 4
    x = torch.from_numpy(values[:, 0]).float()
    assert made.net.router(made.input_norm(x)).bincount().tolist() == [10] * 4
    made.save(tmp_path)
    again = neurop.load(tmp_path)
    assert torch.equal(again.net.router.centres, made.net.router.centres)  # type: ignore[union-attr]
    assert torch.equal(again(x), made.eval()(x))


@pytest.mark.parametrize(("key", "value"), [("experts", 0), ("features", 0)])
def test_wrong_numbers(key: str, value: int) -> None:
    with raises_input(key, value):
        MoNO(1, 1, LINE, expert=FNO_, **{key: value})


def test_one_expert_at_a_time_is_read_from_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = waves(40).numpy()[:, None]
    data = FieldSet(values, (Field("a"),), LINE, values[..., ::-1].copy(), (Field("u"),))
    neurop.Surrogate.of(data, Spec("mono", {"expert": FNO_})).save(tmp_path)
    whole, lazy = neurop.load(tmp_path), neurop.load(tmp_path)
    keep_one_expert(lazy, tmp_path)
    x = torch.from_numpy(values[:, 0]).float()
    asked: list[str] = []

    @contextmanager
    def recorded(*args: Any) -> Iterator[Any]:
        with safe_open(*args) as file:
            yield SimpleNamespace(
                get_tensor=lambda name: (asked.append(name), file.get_tensor(name))[1]
            )

    monkeypatch.setattr(one_expert, "safe_open", recorded)
    cells = whole.net.router(whole.input_norm(x))  # type: ignore[union-attr, operator]
    for e in range(4):
        asked.clear()
        own = x[cells == e]
        assert torch.equal(lazy(own), whole(own))
        assert {name.split(".")[2] for name in asked} == {str(e)}
    assert torch.equal(lazy(x), whole(x))
    assert {p.device.type for p in lazy.net.experts.parameters()} == {"meta"}  # type: ignore[union-attr]
    with pytest.raises(NotImplementedError):
        lazy.save(tmp_path / "again")
    with raises_input("surrogate", "fno"):
        keep_one_expert(neurop.Surrogate.of(data, FNO_), tmp_path)


@torch.no_grad()
def test_an_expert_without_inputs_is_never_asked() -> None:
    """All of four zero inputs are in one cell, and so is any other function."""
    model = create("mono", 1, 1, Grid.periodic(1), expert=FNO_, experts=3)
    assert isinstance(model, MoNO)
    x = torch.zeros(1, 1, 16)
    model.fit_inputs([x.expand(4, 1, 16)])
    (used,) = model.router.counts.nonzero()[:, 0].tolist()
    assert model.router(10 * torch.randn(50, 1, 16)).unique().tolist() == [used]
    with raises_input("experts", 3, "there are 2 inputs; use that many or fewer"):
        model.fit_inputs([x.expand(2, 1, 16)])
