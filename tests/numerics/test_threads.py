"""The number of threads changes results by rounding alone, and one number of threads by nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import torch
from numerics.catalogue import CASES, Case, relative
from numerics.test_precision import table
from torch import Tensor, nn


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def run(case: Case, count: int) -> list[Tensor]:
    """Return the values and all gradients with a number of threads."""
    torch.set_num_threads(count)
    call, inputs = case.build(seed=0)
    given = [x.requires_grad_() for x in inputs]
    parameters = list(call.parameters()) if isinstance(call, nn.Module) else []
    y = call(*given)
    up = torch.randn(y.shape, generator=torch.Generator().manual_seed(1))
    return [
        y.detach(),
        *torch.autograd.grad(y, [*given, *parameters], up, materialize_grads=True),
    ]


@pytest.mark.trust("1, 2 and 4 threads agree to rounding", "every layer and transform")
@pytest.mark.parametrize("name", CASES)
def test_threads(name: str, record_property: Callable[[str, object], None]) -> None:
    values, gradients, *_ = table()[name]
    one, *others = [run(CASES[name], count) for count in (1, 2, 4, 4)]
    record_property("trials", len(others))
    for many in others:
        for index, (a, b) in enumerate(zip(one, many, strict=True)):
            assert relative(b, a) <= (gradients if index else values)
    assert all(torch.equal(a, b) for a, b in zip(*others[1:], strict=True))
