"""What holds for every model, whatever its inputs are."""

from __future__ import annotations

import copy
import re
from typing import ClassVar

import pytest
import torch
from raising import raises_input
from safetensors.torch import load, save
from torch import Tensor, nn

from contracts.case import Case
from neurop.models import REGISTRY, create
from neurop.models.operator import Operator

GRAPHS = (
    "test_one_graph_at_any_resolution",
    "test_the_exported_graph_is_real_and_computes_the_same",
)
"""Tests that trace a graph, which takes seconds: at every change the first for the first case of
FNO, whose blocks the others share, and the second for that of each model and these of FNO."""
FURTHER = ("chebyshev", "sphere")


class OperatorContract:
    """Tests of any registered model; `name` and `cases` come from the subclass."""

    name: ClassVar[str]
    cases: ClassVar[dict[str, Case]]
    depth: ClassVar[int] = 1
    """Rounding of the network compared with that of a few blocks: more for many layers in a row."""
    frozen: ClassVar[str] = ""
    """First letters of the names of the weights that are not trained; empty if all are."""
    misspelt: ClassVar[tuple[str, str]] = ("widht", "width")
    """A misspelt argument, and the one that is meant."""

    def trained(self, model: Operator) -> list[nn.Parameter]:
        """Return the weights that are trained, which are all but the frozen ones."""
        for name, weight in model.named_parameters():
            assert weight.requires_grad != bool(self.frozen and name.startswith(self.frozen)), name
        return [weight for weight in model.parameters() if weight.requires_grad]

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if "case" in metafunc.fixturenames:
            test, fno = metafunc.function.__name__, self.name == "fno"
            first = next(iter(self.cases))
            often = {
                GRAPHS[0]: {first} if fno else set(),
                GRAPHS[1]: {first, *(FURTHER if fno else ())},
            }
            rarely = set(self.cases) - often.get(test, set(self.cases))
            cases = [
                pytest.param(case, id=name, marks=pytest.mark.slow if name in rarely else [])
                for name, case in self.cases.items()
            ]
            metafunc.parametrize("case", cases)

    def test_it_is_registered_and_cited(self, case: Case) -> None:
        kind = type(case.model(self.name))
        assert issubclass(kind, Operator)
        assert REGISTRY.name_of(kind) == self.name
        # Author, title, year, and where it can be found.
        assert re.search(r"^[A-Z].* et al\., .{10,}, .*(19|20)\d\d.*(arXiv:|doi:)", kind.citation)

    def test_a_spec_makes_the_same_model(self, case: Case) -> None:
        model = case.model(self.name)
        spec = type(model).spec(**case.arguments)
        assert (spec.name, spec.arguments) == (self.name, case.arguments)
        torch.manual_seed(0)
        twin = create(spec, case.in_channels, case.out_channels, case.domain, case.numbers)
        assert torch.equal(twin(case.noise()), model(case.noise()))
        wrong, meant = self.misspelt
        with raises_input(wrong, 4, f"did you mean '{meant}'"):
            type(model).spec(**case.arguments, **{wrong: 4})
        for given in ("in_channels", "domain"):
            with raises_input(given, 1):
                type(model).spec(**{given: 1})

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
        assert 1e-5 < error < self.depth * 2e-2
        rounded.float().square().sum().backward()
        assert all(p.grad is not None and p.grad.isfinite().all() for p in self.trained(model))

    def test_a_sample_does_not_see_its_batch(self, case: Case) -> None:
        model, x = case.model(self.name), case.noise(batch=4)
        whole = model(x)
        for i in range(4):
            torch.testing.assert_close(
                model(x[i : i + 1]), whole[i : i + 1], atol=self.depth * 1e-6, rtol=1e-6
            )
        torch.testing.assert_close(
            model(x.flip(0)), whole.flip(0), atol=self.depth * 1e-6, rtol=1e-6
        )

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

    def test_the_exported_graph_is_real_and_computes_the_same(self, case: Case) -> None:
        model, least = case.model(self.name).eval(), None
        sizes = {0: torch.export.Dim("batch", min=1)}
        if model.resolution_invariant and not model.one_grid:
            least = case.least(model)
        if least:
            sizes |= {2 + i: torch.export.Dim(f"n{i}", min=n) for i, n in enumerate(least)}
        program = torch.export.export(model, (case.noise(),), dynamic_shapes=(sizes,))
        made = [
            node.meta["val"]
            for node in program.graph.nodes
            if isinstance(node.meta.get("val"), Tensor)
        ]
        assert len(made) > 10
        assert not any(value.is_complex() for value in made)
        # PyTorch's own operations: a file of the graph is read without neurop.
        assert not any("neurop" in str(node.target) for node in program.graph.nodes)
        other = tuple(n + 3 + i for i, n in enumerate(case.shape))
        shapes = [case.shape, other, least] if least else [case.shape] * 3
        for batch, shape in zip((1, 2, 5), shapes, strict=True):
            x = case.noise(batch, shape)
            torch.testing.assert_close(program.module()(x), model(x), atol=1e-5, rtol=1e-5)

    @pytest.mark.slow  # FNO, whose blocks the others share, is compiled at every change
    @pytest.mark.filterwarnings("ignore:.torch.jit.script_method:DeprecationWarning")
    def test_compiled_code_agrees(self) -> None:
        torch._dynamo.reset()
        case = next(iter(self.cases.values()))
        model, x, results = case.model(self.name), case.noise(), []
        for net in (torch.compile(model, fullgraph=True), model):
            model.zero_grad()
            y = net(x)
            y.square().mean().backward()
            results.append([y.detach(), *(p.grad.clone() for p in self.trained(model))])
        torch.testing.assert_close(*results, atol=1e-5, rtol=1e-4)
