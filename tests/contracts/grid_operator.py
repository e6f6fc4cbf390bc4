"""What holds for every model on grids."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from contracts.case import Case
from contracts.operator import OperatorContract
from neurop.models.operator import Operator
from neurop.registry import Spec

ROUNDING = 1e-12
"""Relative error of a model in double precision."""
LOCAL = 0.02
"""Least change of the output of a model of local kernels on twice the points."""


class GridOperatorContract(OperatorContract):
    """Tests of any registered model that takes fields on a grid."""

    def test_output_lies_on_the_grid_and_depends_on_every_input_and_parameter(
        self, case: Case
    ) -> None:
        model, x = case.model(self.name), case.noise().requires_grad_()
        y = model(x)
        assert y.shape == (2, case.out_channels, *case.shape)
        y.square().sum().backward()
        for tensor in (x, *self.trained(model)):
            assert tensor.grad is not None
            assert tensor.grad.isfinite().all()
            assert tensor.grad.abs().max() > 0
        assert (x.grad.abs().amax(dim=tuple(range(2, x.dim()))) > 0).all()
        assert (y.std(dim=tuple(range(2, x.dim()))) > 0).all()

    def test_any_resolution(self, case: Case) -> None:
        model = case.model(self.name).double()
        sizes = [
            case.shape,
            tuple(3 + i for i, _ in enumerate(case.shape)),
            tuple(n + 1 for n in case.shape),
        ]
        for shape in sizes:
            y = model(case.smooth(shape))
            assert y.shape[2:] == shape
            assert y.isfinite().all()

    @torch.no_grad()
    def test_the_output_converges_where_the_grid_is_refined_unless_declared_otherwise(
        self, case: Case
    ) -> None:
        model, values = case.model(self.name).double(), []
        for level in range(3):
            shape, shared = case.refined(level)
            values.append(model(case.smooth(shape))[(..., *shared)])
        size = values[-1].std()
        assert size > ROUNDING
        first, second = (float((b - a).square().mean().sqrt() / size) for a, b in pairwise(values))
        if not model.resolution_invariant:
            # The model says so with reason: on twice the points it is another operator.
            assert first > LOCAL
            return
        assert first < case.refinement
        # At least of order log2(1.8) = 0.85 in the spacing, or at once to rounding.
        assert second < max(first / 1.8, ROUNDING)

    def test_resolved_modes(self, case: Case) -> None:
        model = case.model(self.name)
        if model.modes is None:
            assert not case.resolved
            assert model.resolved(case.shape) is model.nyquist(case.shape) is None
            return
        assert {shape: model.resolved(shape) for shape in case.resolved} == case.resolved
        modes, fine = model.modes, tuple(4 * n for n in case.shape)
        assert model.resolved(fine) == modes
        for shape in (*case.resolved, fine):
            resolved, below = model.resolved(shape), model.nyquist(shape)
            assert resolved is not None
            assert below is not None
            assert all(r <= min(m, n) for r, m, n in zip(resolved, modes, below, strict=True))

    @torch.no_grad()
    def test_the_output_is_all_that_truncation_leaves(self, case: Case) -> None:
        model = case.model(self.name).double()
        y = model(case.noise().double())
        held = model.truncated(y)
        if held is None:
            # A model that is made of others is band-limited if they are.
            of_others = any(isinstance(value, Spec) for value in case.arguments.values())
            assert of_others or type(model).truncated is Operator.truncated
            return
        # On the sphere and with walls the modes are not orthogonal under the trapezoidal rule.
        assert held.shape == y.shape
        bound = ROUNDING if all(a.layout == "left" for a in case.domain.axes) else 0.1
        assert float((held - y).norm() / y.norm()) < bound

    def test_one_graph_at_any_resolution(self, case: Case) -> None:
        torch._dynamo.reset()
        model = case.model(self.name)
        compiled = torch.compile(model, fullgraph=True, backend="eager")
        for shape in (case.shape, tuple(n + 2 for n in case.shape)):
            x = case.noise(shape=shape)
            torch.testing.assert_close(compiled(x), model(x), atol=1e-5, rtol=1e-5)


class LocalOperatorContract(GridOperatorContract):
    """Tests of models of local kernels, whose graphs take three times as long to make."""

    @pytest.mark.slow
    def test_one_graph_at_any_resolution(self, case: Case) -> None:
        super().test_one_graph_at_any_resolution(case)

    @pytest.mark.slow
    def test_the_exported_graph_is_real_and_computes_the_same(self, case: Case) -> None:
        super().test_the_exported_graph_is_real_and_computes_the_same(case)
