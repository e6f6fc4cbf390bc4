from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from contracts import Case, LocalOperatorContract
from raising import raises_input
from small import evolution, values
from torch import Tensor, nn

import neurop
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.models import Patched, create
from neurop.registry import Spec
from neurop.surrogate import Surrogate
from neurop.tensor_memory import peak_bytes, saved_bytes

LINE, PLANE, BOX = (Grid.periodic(d) for d in (1, 2, 3))
WALLS = Grid((Axis("x", "dirichlet", layout="ends"), Axis("y", "neumann", layout="ends")))
FNO = Spec("fno", {"modes": 3, "width": 6, "depth": 1})
UNET = Spec("unet", {"width": 4, "levels": 1})


def case(
    domain: Grid,
    shape: tuple[int, ...],
    inputs: int,
    network: Spec = FNO,
    numbers: tuple[int, ...] = (),
    refinement: float = 0.2,
    **arguments: Any,
) -> Case:
    """Return a case whose parameters are those of a network of so many inputs on an open domain."""
    inner = Grid(tuple(Axis(name, "open") for name in domain.names))
    net = create(network, inputs, 3, inner, numbers)
    count = sum(weight.numel() for weight in net.parameters())
    arguments = {"network": network, **arguments}
    return Case(domain, shape, count, {}, refinement, arguments, numbers=numbers)


class TestPatched(LocalOperatorContract):
    name = "patched"
    depth = 2
    misspelt = ("level", "levels")
    cases = {
        # Two fields in the window and in each view, and the positions between walls.
        "line": case(LINE, (16,), 6, levels=2, halo=0.125),
        "plane": case(PLANE, (12, 16), 4, halo=0.125),
        "walls": case(WALLS, (17, 13), 6, halo=0.125, outside="constant"),
        "numbers": case(LINE, (16,), 3, numbers=(1,)),
        "local": case(PLANE, (16, 16), 4, UNET),
    }


def of_networks(network: nn.Module, domain: Grid = PLANE, **arguments: Any) -> Patched:
    """Return a model whose network, with one input and output per view, is another."""
    model = create("patched", 1, 1, domain, network=FNO, **arguments)
    assert isinstance(model, Patched)
    model.network = network  # type: ignore[assignment]
    return model.double()


@torch.no_grad()
@pytest.mark.parametrize(("halo", "seamless"), [(0.0, False), (1 / 16, True), (1 / 8, True)])
def test_a_convolution_of_three_points_needs_a_halo_of_one(halo: float, seamless: bool) -> None:
    conv = nn.Conv2d(1, 1, 3, padding=1)
    model, x = of_networks(conv, halo=halo, context=0), torch.rand(1, 1, 16, 16).double()
    whole = nn.functional.conv2d(
        nn.functional.pad(x, (1, 1, 1, 1), mode="circular"), conv.weight, conv.bias
    )
    differs = ((model(x) - whole).abs() > 1e-12)[0, 0]
    # Without a halo the points next to a seam miss their neighbours, and no others do.
    seam = torch.zeros(16, dtype=torch.bool)
    seam[[0, 7, 8, 15]] = True
    expected = torch.zeros(16, 16, dtype=torch.bool) if seamless else seam[:, None] | seam
    assert torch.equal(differs, expected)


@torch.no_grad()
@pytest.mark.parametrize("outside", ["mirror", "constant"])
def test_walls_continue_as_asked(outside: str) -> None:
    """The mean over three points, next to the walls of cells: the mirror repeats the end."""
    cells = Grid((Axis("x", "open", layout="cells"),))
    conv = nn.Conv1d(1, 1, 3, padding=1, bias=False)
    conv.weight.fill_(1 / 3)
    model = of_networks(conv, cells, halo=0.125, context=0, outside=outside)
    model.position.channels = 0  # the network sees the field alone
    x = torch.rand(1, 1, 16).double()
    padded = torch.cat([x[..., :1], x, x[..., -1:]], -1)
    torch.testing.assert_close(model(x), padded.unfold(-1, 3, 1).mean(-1))


@torch.no_grad()
def test_without_a_cut_it_is_its_network() -> None:
    torch.manual_seed(0)
    model = create("patched", 2, 1, PLANE, network=FNO, levels=0)
    torch.manual_seed(0)
    whole, x = create(FNO, 2, 1, PLANE), torch.rand(1, 2, 12, 16)
    assert torch.equal(model(x), whole(x))


@pytest.mark.parametrize(
    ("domain", "shape", "levels"),
    [(LINE, (17,), 2), (WALLS, (17, 14), (1, 2)), (BOX, (6, 8, 5), (1, 0, 1))],
)
def test_one_after_another_is_all_at_once(
    domain: Grid, shape: tuple[int, ...], levels: Any
) -> None:
    torch.manual_seed(0)
    model = create("patched", 2, 1, domain, network=FNO, levels=levels, context=2).double()
    x = torch.rand(3, 2, *shape).double()
    with torch.no_grad():
        torch.testing.assert_close(model(x), model.train()(x))
    torch.testing.assert_close(model(x).detach(), model.eval()(x))


@torch.no_grad()
def test_a_shift_by_a_patch_commutes_on_periodic_axes() -> None:
    torch.manual_seed(0)
    model = create("patched", 1, 1, PLANE, network=FNO, levels=2).double()
    x = torch.rand(1, 1, 16, 16).double()
    moved = model(x.roll((4, -8), (2, 3)))
    torch.testing.assert_close(moved, model(x).roll((4, -8), (2, 3)))
    assert (model(x.roll(1, 2)) - model(x).roll(1, 2)).abs().max() > 1e-4


def slopes(model: nn.Module, x: Tensor) -> list[Tensor]:
    """Return the gradient of a loss that is not a sum over points, input and weights."""
    y = model(x)
    return list(torch.autograd.grad(y.square().mean().sqrt(), [x, *model.parameters()]))


def test_the_mean_gradient_of_a_share_is_the_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    model = create("patched", 1, 1, PLANE, network=FNO).double().train()
    assert isinstance(model, Patched)
    x = torch.rand(2, 1, 8, 8).double().requires_grad_()
    y, whole = model(x), slopes(model, x)
    model.share = 1.0
    torch.testing.assert_close(slopes(model, x), whole)
    model.share, found = 0.25, []
    for patch in range(4):
        monkeypatch.setattr(torch, "randperm", lambda n, i=patch: (torch.arange(n) + i) % n)
        torch.testing.assert_close(model(x), y)
        found.append(slopes(model, x))
    # A single one is not the gradient.
    assert (found[0][1] - whole[1]).norm() > 0.1 * whole[1].norm()
    mean = [torch.stack(each).mean(0) for each in zip(*found, strict=True)]
    torch.testing.assert_close(mean, whole)


def test_memory_of_a_step_and_of_a_prediction() -> None:
    """A quarter of the points, and a halo: the tensors of the network are those of one window."""
    torch.manual_seed(0)
    model = create("patched", 1, 1, PLANE, network=FNO, halo=1 / 32, context=0)
    assert isinstance(model, Patched)
    x = torch.rand(1, 1, 64, 64)

    def step() -> None:
        torch.autograd.grad(model(x).square().mean(), list(model.parameters()))

    step()  # constants are computed once
    weights = list(model.parameters())
    together = peak_bytes(step), saved_bytes(lambda: model(x), weights)
    model.share = 1.0
    single = peak_bytes(step), saved_bytes(lambda: model(x), weights)
    assert single[0] is not None
    assert together[0] is not None
    assert single[0] < 0.45 * together[0]
    assert single[1] < 0.2 * together[1]


def test_a_saved_surrogate_has_the_same_halo_on_other_grids(tmp_path: Path) -> None:
    data = evolution((16, 16))
    torch.manual_seed(0)
    spec = Spec("patched", {"network": FNO, "levels": [1, 0], "halo": 0.125})
    made = Surrogate.of(data, spec).eval()
    made.save(tmp_path)
    again = neurop.load(tmp_path)
    assert again.card.model == spec
    assert isinstance(again.net, Patched)
    axis = again.net.windows.axes[0]
    assert [axis.margin(n) for n in (16, 32, 64)] == [2, 4, 8]
    x = torch.from_numpy(values((16, 16), samples=1, frames=1)).float()[:, 0]
    fine = torch.from_numpy(values((64, 64), samples=1, frames=1)).float()[:, 0]
    with torch.no_grad():
        assert torch.equal(again(x), made(x))
        near = again(fine)[..., ::4, ::4]
        assert (near - again(x)).norm() < 0.05 * again(x).norm()


@pytest.mark.parametrize(
    ("arguments", "key", "value"),
    [
        ({"levels": [1, 1, 1]}, "levels", (1, 1, 1)),
        ({"levels": -1}, "levels", (-1, -1)),
        ({"context": -1}, "context", -1),
        ({"halo": 2.0}, "halo", 2.0),
        ({"network": Spec("fmo")}, "model", "fmo"),
        ({"domain": Grid.latlon()}, "domain", "sphere"),
    ],
)
def test_arguments_that_make_no_model(arguments: dict, key: str, value: Any) -> None:
    with raises_input(key, value):
        Patched(1, 1, **arguments)


def test_an_input_that_does_not_fit() -> None:
    with raises_input("x", (1, 2, 8), r"need \(batch, 1, x, y\)"):
        Patched(1, 1, network=FNO)(torch.zeros(1, 2, 8))
