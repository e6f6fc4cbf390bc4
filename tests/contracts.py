"""What every model must hold: a test inherits :class:`ModelContract`, names the model and gives
its cases.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from safetensors.torch import load, save
from torch import Tensor, nn

from neurop.geometry.grid import Grid
from neurop.models import create, name_of


@dataclass(frozen=True)
class Case:
    """A small model: constructor arguments, its grid, a size that suits it, and what is known of
    it.
    """

    domain: Grid
    shape: tuple[int, ...]
    parameters: int
    """Count by the formula of the architecture."""
    resolved: dict[tuple[int, ...], tuple[int, ...]]
    """Modes that grids of these sizes resolve."""
    refinement: float
    """Bound of the change at shared points, relative to the output's deviation, where a smooth
    input comes on twice the points.
    """
    arguments: dict[str, Any] = field(default_factory=dict)
    in_channels: int = 2
    out_channels: int = 3

    def model(self, name: str, seed: int = 0) -> nn.Module:
        torch.manual_seed(seed)
        return create(name, self.in_channels, self.out_channels, self.domain, **self.arguments)

    def noise(self, batch: int = 2, shape: Sequence[int] | None = None, seed: int = 0) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        return torch.randn(batch, self.in_channels, *(shape or self.shape), generator=generator)

    def smooth(self, shape: Sequence[int]) -> Tensor:
        """Return the same smooth function of the domain at any size: one wave per axis and
        channel, float64.
        """
        x = np.meshgrid(
            *[axis.points(n) for axis, n in zip(self.domain.axes, shape)], indexing="ij"
        )
        waves = [
            5 + 5 * sum(np.cos(2 * np.pi * (xi - 0.1 * (i + c))) for i, xi in enumerate(x)) / len(x)
            for c in range(self.in_channels)
        ]
        return torch.from_numpy(np.stack(waves))[None]

    def doubled(self) -> tuple[int, ...]:
        """Return the size with one point between any two."""
        return tuple(
            2 * n - (axis.layout == "ends") for axis, n in zip(self.domain.axes, self.shape)
        )


class ModelContract:
    """Tests of any registered model; `name` and `cases` come from the subclass."""

    name: ClassVar[str]
    cases: ClassVar[dict[str, Case]]

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if "case" in metafunc.fixturenames:
            metafunc.parametrize("case", self.cases.values(), ids=self.cases)

    def test_it_is_registered(self, case: Case) -> None:
        assert name_of(type(case.model(self.name))) == self.name

    def test_output_lies_on_the_grid_and_depends_on_every_input_and_parameter(
        self, case: Case
    ) -> None:
        model, x = case.model(self.name), case.noise().requires_grad_()
        y = model(x)
        assert y.shape == (2, case.out_channels, *case.shape)
        y.square().sum().backward()
        for tensor in (x, *model.parameters()):
            assert tensor.grad is not None
            assert tensor.grad.isfinite().all()
            assert tensor.grad.abs().max() > 0
        assert (x.grad.abs().amax(dim=tuple(range(2, x.dim()))) > 0).all()
        assert (y.std(dim=tuple(range(2, x.dim()))) > 0).all()

    def test_any_resolution(self, case: Case) -> None:
        model = case.model(self.name).double()
        sizes = [
            case.shape,
            case.doubled(),
            tuple(3 + i for i, _ in enumerate(case.shape)),
            tuple(n + 1 for n in case.shape),
        ]
        for shape in sizes:
            y = model(case.smooth(shape))
            assert y.shape[2:] == shape
            assert y.isfinite().all()
        coarse, fine = (model(case.smooth(shape)) for shape in sizes[:2])
        shared = fine[(..., *(slice(None, None, 2) for _ in case.shape))]
        assert ((shared - coarse).std() / coarse.std()).item() < case.refinement

    def test_resolved_modes(self, case: Case) -> None:
        model = case.model(self.name)
        assert {shape: model.resolved(shape) for shape in case.resolved} == case.resolved

    def test_parameter_count(self, case: Case) -> None:
        assert sum(p.numel() for p in case.model(self.name).parameters()) == case.parameters

    def test_every_tensor_is_real_and_single_precision(self, case: Case) -> None:
        model = case.model(self.name)
        assert {t.dtype for t in (*model.parameters(), *model.buffers(), model(case.noise()))} == {
            torch.float32
        }

    def test_a_seed_decides_all(self, case: Case) -> None:
        x = case.noise()
        before = x.clone()
        y = case.model(self.name, seed=3)(x)
        assert torch.equal(case.model(self.name, seed=3)(x), y)
        assert not torch.equal(case.model(self.name, seed=4)(x), y)
        assert torch.equal(x, before)

    def test_double_precision(self, case: Case) -> None:
        model, x = case.model(self.name), case.noise()
        single, double = model(x), model.double()(x.double())
        assert double.dtype == torch.float64
        torch.testing.assert_close(single.double(), double, atol=1e-4, rtol=1e-4)
        assert (single.double() - double).abs().max() > 0

    def test_autocast_costs_no_more_than_the_rounding_of_bfloat16(self, case: Case) -> None:
        model, x = case.model(self.name), case.noise().requires_grad_()
        with torch.autocast("cpu", torch.bfloat16):
            rounded = model(x)
        exact = model(x)
        error = float((rounded.float() - exact).detach().norm() / exact.detach().norm())
        assert 1e-5 < error < 2e-2
        rounded.float().square().sum().backward()
        assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())

    def test_a_sample_does_not_see_its_batch(self, case: Case) -> None:
        model, x = case.model(self.name), case.noise(batch=4)
        whole = model(x)
        for i in range(4):
            torch.testing.assert_close(model(x[i : i + 1]), whole[i : i + 1], atol=1e-6, rtol=1e-6)
        torch.testing.assert_close(model(x.flip(0)), whole.flip(0), atol=1e-6, rtol=1e-6)

    def test_state_returns_through_a_file(self, case: Case) -> None:
        model, other, x = case.model(self.name), case.model(self.name, seed=1), case.noise()
        assert not torch.equal(other(x), model(x))
        other.load_state_dict(load(save(model.state_dict())))
        assert torch.equal(other(x), model(x))

    def test_a_deep_copy_is_independent(self, case: Case) -> None:
        model, x = case.model(self.name), case.noise()
        y, twin = model(x), copy.deepcopy(model)
        assert torch.equal(twin(x), y)
        for parameter in twin.parameters():
            parameter.data.mul_(0.5)
        assert torch.equal(model(x), y)
        assert not torch.equal(twin(x), y)

    def test_one_graph_at_any_resolution(self, case: Case) -> None:
        torch._dynamo.reset()
        model = case.model(self.name)
        compiled = torch.compile(model, fullgraph=True, backend="eager")
        for shape in (case.shape, tuple(n + 2 for n in case.shape)):
            x = case.noise(shape=shape)
            torch.testing.assert_close(compiled(x), model(x), atol=1e-5, rtol=1e-5)

    def test_the_exported_graph_is_real_and_computes_the_same(self, case: Case) -> None:
        model, x = case.model(self.name).eval(), case.noise()
        program = torch.export.export(model, (x,))
        made = [
            node.meta["val"]
            for node in program.graph.nodes
            if isinstance(node.meta.get("val"), Tensor)
        ]
        assert len(made) > 10
        assert not any(value.is_complex() for value in made)
        torch.testing.assert_close(program.module()(x), model(x), atol=1e-5, rtol=1e-5)

    @pytest.mark.filterwarnings("ignore:.torch.jit.script_method:DeprecationWarning")
    def test_compiled_code_agrees(self) -> None:
        torch._dynamo.reset()
        case = next(iter(self.cases.values()))
        model, x, results = case.model(self.name), case.noise(), []
        for net in (torch.compile(model, fullgraph=True), model):
            model.zero_grad()
            y = net(x)
            y.square().mean().backward()
            results.append([y.detach(), *(p.grad.clone() for p in model.parameters())])
        torch.testing.assert_close(*results, atol=1e-5, rtol=1e-4)
