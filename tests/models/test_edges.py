"""What is at the edge of the types: empty batches, float64 as default, a device without memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from raising import raises_input
from torch import nn

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.models import REGISTRY, create
from neurop.registry import Spec

BOX, WALLS = Grid.periodic(2), Grid((Axis("x", "dirichlet", layout="ends"), Axis("y", "open")))
PERIODIC = {"psi_fno", "gfno"}  # or for walls that are equal
CASES = [
    ("sfno", Grid.latlon(), {}),
    *(
        (name, domain, {})
        for name in sorted({*REGISTRY.names()} - {"sfno"})
        for domain in (BOX, WALLS)
        if domain == BOX or name not in PERIODIC
    ),
    *(("tfno", BOX, {"factorization": kind}) for kind in ("cp", "tt")),
    *(("tfno", BOX, {"factorization": kind, "joint": True}) for kind in ("tucker", "cp", "tt")),
    ("t1", BOX, {"mixing": False}),
]


LOCAL = {"width": 8, "levels": 2, "depth": 1}
SMALL = Spec("fno", {"modes": 4, "width": 8, "depth": 2})
SIZES = {
    "boosted": {"base": SMALL, "stage": SMALL},
    "denoised": {"base": SMALL, "stage": SMALL},
    "mono": {"expert": SMALL, "experts": 2},
    "patched": {"network": SMALL},
    "t1_plus": {"modes": 4, "width": 8},
    "thermalized": {"base": SMALL, "stage": SMALL},
    "unet": LOCAL,
    "cnextunet": LOCAL,
    "converted": {"network": Spec("unet", LOCAL)},
}


def make(name: str, domain: Grid, arguments: dict[str, object]) -> nn.Module:
    torch.manual_seed(0)
    sizes = SIZES.get(name, {"modes": 4, "width": 8, "depth": 2})
    return create(name, 2, 1, domain, **sizes, **arguments)


@pytest.fixture
def float64_by_default() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize(("name", "domain", "arguments"), CASES)
def test_no_sample_gives_no_field_and_no_slope(
    name: str, domain: Grid, arguments: dict[str, object]
) -> None:
    model = make(name, domain, arguments)
    for shape in ((12, 16), (5, 6)):  # the second does not resolve all modes
        x = torch.zeros(0, 2, *shape, requires_grad=True)
        y = model(x)
        assert y.shape == (0, 1, *shape)
        trained = [weight for weight in model.parameters() if weight.requires_grad]
        slopes = torch.autograd.grad(y.sum(), [x, *trained], allow_unused=True)
        assert slopes[0] is None or slopes[0].shape == x.shape
        assert all(slope is None or not slope.any() for slope in slopes[1:])


@pytest.mark.parametrize(("name", "domain", "arguments"), CASES)
@pytest.mark.usefixtures("float64_by_default")
def test_a_model_has_the_default_type(
    name: str, domain: Grid, arguments: dict[str, object]
) -> None:
    model = make(name, domain, arguments)
    assert {p.dtype for p in model.parameters()} == {torch.float64}
    x = torch.randn(2, 2, 12, 16)
    y = model(x)
    assert y.dtype == torch.float64
    # The same weights in float32 differ by rounding alone.
    torch.testing.assert_close(model.float()(x.float()).double(), y, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(("name", "domain", "arguments"), CASES)
def test_a_model_without_memory_has_the_shapes_and_takes_the_weights(
    name: str, domain: Grid, arguments: dict[str, object]
) -> None:
    given = make(name, domain, arguments)
    with torch.device("meta"):
        model = make(name, domain, arguments)
        assert model(torch.zeros(3, 2, 12, 16)).shape == (3, 1, 12, 16)
    assert {p.device.type for p in model.parameters()} == {"meta"}
    shapes = {key: (value.shape, value.dtype) for key, value in model.state_dict().items()}
    assert shapes == {key: (value.shape, value.dtype) for key, value in given.state_dict().items()}
    model = model.to_empty(device="cpu")
    model.load_state_dict(given.state_dict())
    x = torch.randn(2, 2, 12, 16)
    assert torch.equal(model(x), given(x))


@pytest.mark.parametrize("name", ["tfno", "local_fno", "unet", "cnextunet"])
def test_models_of_waves_or_stencils_refuse_chebyshev_points(name: str) -> None:
    times = Grid((Axis("t", "open", layout="chebyshev"), Axis("x")))
    with raises_input("layout", "chebyshev", "axis t: .* needs uniform points; use fno"):
        make(name, times, {})
