from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from contracts import Case, GridOperatorContract
from raising import raises_input
from scipy import fft
from torch import Tensor

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.metrics.norms import relative_l2_field
from neurop.models import TransformOnce, TransformOncePlus

SMALL = {"width": 6, "depth": 2}
TIMES = Grid((Axis("t", "open", layout="chebyshev"), Axis("x")))
WALLS = Grid((Axis("x", "open", layout="ends"), Axis("y")))
DIRICHLET = Grid((Axis("x", "dirichlet", layout="ends"), Axis("y", "dirichlet", layout="ends")))
SPHERE = Grid.latlon()


def count(
    sizes: tuple[int, ...], width: int = 6, depth: int = 2, mixing: bool = True, real: bool = False
) -> int:
    """Return the number of parameters of a model of 2 input and 3 output channels.

    Per layer two matrices of 3/2 s x s per axis and W^2 numbers per mode, of which the frequency 0
    of the last periodic axis has two.
    """
    modes = math.prod(sizes) if real else math.prod(sizes[:-1]) * (sizes[-1] + 1)
    layer = width**2 * modes + 2 * mixing * sum(s * math.ceil(1.5 * s) for s in sizes)
    return 2 * width + math.prod(sizes) * width + depth * layer + 3 * width


def unet(images: int, d: int, channels: int = 4, levels: int = 2) -> int:
    """Return the number of parameters of a U-Net: convolutions of 3^d points with bias, c -> 2c
    down and 2c + c -> c up.
    """
    pairs = [(images, channels)]
    for c in (channels * 2**level for level in range(levels)):
        pairs += [(c, 2 * c), (3 * c, c)]
    return sum(a * b * 3**d + b for a, b in pairs) + channels * images + images


class TestTransformOnce(GridOperatorContract):
    name = "t1"
    cases = {
        # A band-limited input has the same coefficients on every grid that resolves it: the change
        # is rounding.
        "line": Case(
            Grid.periodic(1),
            (16,),
            count((7,)),
            {(5,): (3,), (6,): (3,), (64,): (4,)},
            1e-10,
            {"modes": 4, **SMALL},
        ),
        "plane": Case(
            Grid.periodic(2),
            (12, 16),
            count((5, 7)),
            {(4, 9): (2, 4), (64, 2): (3, 1)},
            1e-10,
            {"modes": [3, 4], **SMALL},
        ),
        "box": Case(
            Grid.periodic(3),
            (8, 10, 12),
            count((3, 3, 3), mixing=False),
            {(2, 3, 64): (1, 2, 2)},
            1e-10,
            {"modes": 2, "mixing": False, **SMALL},
        ),
        # The trapezoidal rule of an axis with walls converges with the square of the spacing.
        "walls": Case(
            WALLS,
            (17, 16),
            count((5, 5)),
            {(5, 5): (4, 3), (6, 9): (5, 3)},
            3e-3,
            {"modes": (5, 3), **SMALL},
        ),
        "chebyshev": Case(
            TIMES,
            (13, 16),
            count((5, 5)),
            {(3, 16): (3, 3), (13, 4): (5, 2)},
            1e-12,
            {"modes": (5, 3), **SMALL},
        ),
        "dirichlet": Case(
            DIRICHLET,
            (17, 15),
            3 + count((4, 3), real=True),
            {(4, 4): (2, 2), (33, 3): (4, 1)},
            5e-2,
            {"modes": (4, 3), **SMALL},
        ),
        "sphere": Case(
            SPHERE,
            (17, 32),
            count((4, 7)),
            {(3, 8): (2, 4), (5, 2): (4, 1)},
            6e-3,
            {"modes": 4, **SMALL},
        ),
    }


class TestTransformOncePlus(GridOperatorContract):
    name = "t1_plus"
    small = {"width": 3, "channels": 4}
    cases = {
        "plane": Case(
            Grid.periodic(2),
            (12, 16),
            count((7, 9), 3, 1) + unet(12, 2),
            {(4, 9): (2, 5)},
            1e-10,
            {"modes": (4, 5), **small},
        ),
        "line": Case(
            Grid.periodic(1),
            (16,),
            count((9,), 3, 1) + unet(6, 1),
            {(6,): (3,)},
            1e-10,
            {"modes": 5, **small},
        ),
        "box": Case(
            Grid.periodic(3),
            (8, 9, 10),
            count((5, 5, 7), 3, 1) + unet(24, 3, 2, 1),
            {(2, 3, 64): (1, 2, 4)},
            1e-10,
            {"modes": (3, 3, 4), "width": 3, "levels": 1, "channels": 2},
        ),
        "walls": Case(
            WALLS,
            (17, 16),
            count((5, 7), 3, 1) + unet(6, 2),
            {(5, 5): (4, 3)},
            1e-2,
            {"modes": (5, 4), **small},
        ),
    }


def field(shape: tuple[int, ...], seed: int = 0, batch: int = 2, channels: int = 1) -> Tensor:
    """Return a random periodic field of the frequencies |k| < 4 (its own modes at every size),
    float64.
    """
    noise = np.random.default_rng(seed).standard_normal((batch, channels, 9, 9))
    spectrum = np.fft.fftshift(np.fft.fft2(noise), axes=(-2, -1))[..., 1:8, 1:8]
    low = np.zeros((batch, channels, *shape), complex)
    k = np.arange(-3, 4)
    low[..., k[:, None] % shape[0], k[None, :] % shape[1]] = spectrum
    return torch.from_numpy(np.fft.ifft2(low, norm="forward").real.copy())


def test_model_is_its_formula() -> None:
    """Transform, lift, two layers, head, written out on a line with a full FFT and sums over
    modes.
    """
    torch.manual_seed(0)
    model = TransformOnce(1, 2, modes=3, width=4, depth=2).double()
    p, n = dict(model.named_parameters()), 9
    p["bias"].data.normal_()
    x = torch.randn(2, 1, n, dtype=torch.float64)
    z = torch.fft.rfft(x[:, 0]) / n
    root = math.sqrt(2)
    c = torch.stack(
        [
            z[:, 0].real,
            root * z[:, 1].real,
            root * z[:, 2].real,
            -root * z[:, 1].imag,
            -root * z[:, 2].imag,
        ]
    )
    v = math.sqrt(5) * c[:, :, None] * p["lift.weight"][:, 0] + p["bias"][:, None]
    for b in ("blocks.0", "blocks.1"):
        weight = torch.complex(*p[f"{b}.weight"].unbind(2))
        signed = torch.cat([v[:1] + 0j, torch.complex(v[1:3], -v[3:])])
        mixed = torch.einsum("kbi,kio->kbo", signed, weight)
        a = torch.cat([mixed.real, -mixed.imag[1:]])
        a = torch.einsum("jk,kbc->jbc", p[f"{b}.spread.0"], a)
        a = 0.5 * a * (1 + torch.erf(a / root)) - 0.5 / math.sqrt(math.pi)
        v = v + torch.einsum("kj,jbc->kbc", p[f"{b}.gather.0"], a)
    y = torch.einsum("kbc,oc->kbo", v, p["head.weight"]) / math.sqrt(5)
    angle = 2 * math.pi * torch.arange(n, dtype=torch.float64) / n
    waves = torch.stack(
        [
            angle * 0 + 1,
            root * angle.cos(),
            root * (2 * angle).cos(),
            root * angle.sin(),
            root * (2 * angle).sin(),
        ]
    )
    torch.testing.assert_close(model(x), torch.einsum("kbo,kn->bon", y, waves), atol=1e-12, rtol=0)
    torch.testing.assert_close(model.coefficients(x), y.permute(1, 2, 0), atol=1e-12, rtol=0)


@pytest.mark.parametrize("kind", [TransformOnce, TransformOncePlus])
def test_there_is_one_transform_in_and_one_out(
    kind: type[TransformOnce], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted are fields that pass: the inputs once, the outputs once, whatever width and depth."""
    from neurop.layers.coefficients import transform as module

    passed: list[tuple[str, int]] = []
    analyze, synthesize = module.analyze, module.synthesize
    monkeypatch.setattr(
        module,
        "analyze",
        lambda x, *rest: passed.append(("in", len(x) * x.shape[-1])) or analyze(x, *rest),
    )
    monkeypatch.setattr(
        module,
        "synthesize",
        lambda c, *rest: passed.append(("out", len(c) * c.shape[-1])) or synthesize(c, *rest),
    )
    model = kind(3, 2, modes=(4, 4), width=7)
    model(torch.randn(5, 3, 16, 16))
    assert passed == [("in", 15), ("out", 10)]
    sizes = {t.numel() for t in _made(model, torch.randn(1, 3, 256, 256)) if t.dim() > 2}
    assert (
        max(sizes) <= 256 * 256 * 3
    )  # nothing of the size of the grid has more channels than the input


def _made(model: TransformOnce, x: Tensor) -> list[Tensor]:
    program = torch.export.export(model.eval(), (x,))
    return [
        node.meta["val"] for node in program.graph.nodes if isinstance(node.meta.get("val"), Tensor)
    ]


def test_a_coarse_grid_gives_the_projection_of_a_fine_one() -> None:
    """Modes that a grid lacks are zeros in the input, as they are on the fine grid, and are left
    out of the output.
    """
    torch.manual_seed(0)
    model = TransformOnce(1, 1, modes=(8, 8), width=5, depth=2).double()
    model.bias.data.normal_()
    fine = model.coefficients(field((32, 30)))
    coarse, shape = model(field((8, 9))), (8, 9)
    assert model.resolved(shape) == (4, 5)
    rows, columns = [0, 1, 2, 3, 8, 9, 10], [0, 1, 2, 3, 4, 8, 9, 10, 11]
    kept = torch.zeros_like(fine)
    kept[..., torch.tensor(rows)[:, None], torch.tensor(columns)] = fine[
        ..., torch.tensor(rows)[:, None], torch.tensor(columns)
    ]
    on_fine = model.transform.inverse(
        math.sqrt(model.transform.count) * kept.movedim(1, -1), (32, 36)
    )
    torch.testing.assert_close(coarse, on_fine[..., ::4, ::4], atol=1e-10, rtol=0)


@pytest.mark.parametrize(
    "domain", [Grid.periodic(2), DIRICHLET, Grid((Axis("x", "neumann", layout="cells"), Axis("y")))]
)
def test_parseval(domain: Grid) -> None:
    """The relative L2 error in space is that of the coefficients, and of the part of the truth
    beyond the modes.
    """
    torch.manual_seed(0)
    shape, modes = (21, 22), (4, 5)
    model = TransformOnce(1, 2, domain, modes, width=5, depth=1).double()
    x, y = (
        torch.randn(3, 1, *shape, dtype=torch.float64),
        torch.randn(3, 2, *shape, dtype=torch.float64),
    )
    if domain is DIRICHLET:
        for axis in (2, 3):
            y.index_fill_(axis, torch.tensor([0, shape[axis - 2] - 1]), 0.0)
    weights = torch.from_numpy(domain.weights(shape))
    size = (y.square() * weights).mean((2, 3))
    c = model.transform(y).movedim(-1, 1) / math.sqrt(model.transform.count)
    inside = (model.coefficients(x) - c).square().flatten(2).sum(2)
    beyond = size - c.square().flatten(2).sum(2)
    assert (beyond > 0.5 * size).all()
    torch.testing.assert_close(
        relative_l2_field(model(x), y, weights, torch.ones(2)),
        ((inside + beyond) / size).sqrt(),
        atol=1e-12,
        rtol=0,
    )
    floor = relative_l2_field(model.truncated(y), y, weights, torch.ones(2))
    torch.testing.assert_close(floor, (beyond / size).sqrt(), atol=1e-10, rtol=0)


@pytest.mark.parametrize(
    ("axis", "transform"),
    [
        (Axis("x", "neumann", layout="cells"), lambda x: fft.dct(x, 2, norm="ortho")),
        (Axis("x", "dirichlet", layout="cells"), lambda x: fft.dst(x, 2, norm="ortho")),
        (
            Axis("x", "dirichlet", layout="ends"),
            lambda x: fft.dst(x[..., 1:-1], 1, norm="ortho") * math.sqrt(18 / 17),
        ),
    ],
)
def test_the_basis_follows_the_boundary(axis: Axis, transform: object) -> None:
    """The orthonormal cosine and sine transforms, of sums; those of a Dirichlet axis with ends
    take its inner points.
    """
    x = np.random.default_rng(0).standard_normal((2, 1, 18))
    x[..., [0, -1]] *= axis.layout == "cells"
    model = TransformOnce(1, 1, Grid((axis,)), modes=5, width=2, depth=1).double()
    c = model.transform(torch.from_numpy(x)).movedim(-1, 1) / math.sqrt(5)
    np.testing.assert_allclose(c, transform(x)[..., :5] / math.sqrt(18), atol=1e-12)  # type: ignore[operator]


@pytest.mark.parametrize("depth", [1, 4, 16])
@pytest.mark.parametrize("decay", [0.0, 2.0])
def test_the_variance_is_kept_over_depth(depth: int, decay: float) -> None:
    """A field of mean square 1 in the band, white or falling as |k|^-decay, stays of order 1 in
    every layer.
    """
    torch.manual_seed(0)
    model = TransformOnce(1, 1, modes=(6, 6), width=32, depth=depth)
    k = torch.cat([torch.arange(6), torch.arange(1, 6)])
    c = torch.randn(8, 11, 11, 1) * (1 + k[:, None] ** 2 + k**2).pow(-decay / 2)[..., None]
    x = model.transform.inverse(c / c.square().mean((1, 2), keepdim=True).sqrt(), (24, 24))
    torch.testing.assert_close(x.square().mean((1, 2, 3)), torch.ones(8), atol=1e-4, rtol=0)
    z = model.lift(model.transform(x)).detach()
    sizes = [float(z.square().mean())]
    for block in model.blocks:
        z = block(z).detach()
        sizes.append(float(z.square().mean()))
    assert 0.5 < sizes[0] < 2
    assert 1 < sizes[-1] / sizes[0] < 4
    assert sizes == sorted(sizes)


def test_walls_of_any_value_can_be_met() -> None:
    """Sines and a constant: a parabola that is 3 on the walls is one of the best outputs to a
    truncation of 1/k^3.
    """
    model = TransformOnce(
        1, 1, Grid((Axis("x", "dirichlet", layout="ends"),)), modes=8, width=2, depth=1
    ).double()
    x = torch.linspace(0, 1, 65, dtype=torch.float64).view(1, 1, -1)
    y = 3 + x * (1 - x)
    assert (model.truncated(y) - y).abs().max() > 1
    model.offset.data.fill_(0.3)
    assert (model.truncated(y) - y).abs().max() < 1e-3
    assert model(x)[0, 0, 0].item() == pytest.approx(3, abs=1e-12)


def test_without_mixing_a_mode_hears_of_no_other() -> None:
    """A cosine touches the cosine and the sine of its frequency, and with mixing every mode."""
    torch.manual_seed(0)
    x = field((16, 16))
    one = x + torch.cos(2 * math.pi * torch.arange(16).double() / 16)
    for mixing, touched in ((False, 2), (True, 49)):
        model = TransformOnce(1, 1, modes=(4, 4), width=4, depth=1, mixing=mixing).double()
        changed = (model.coefficients(one) - model.coefficients(x)).abs().amax((0, 1)) > 1e-9
        assert int(changed.sum()) == touched


def test_gradients() -> None:
    torch.manual_seed(0)
    for kind, more in (
        (TransformOnce, {"depth": 1}),
        (TransformOncePlus, {"levels": 1, "channels": 2}),
    ):
        model = kind(1, 1, modes=(2, 2), width=2, **more).double()
        assert torch.autograd.gradcheck(
            model, torch.randn(1, 1, 5, 4, dtype=torch.float64, requires_grad=True)
        )


@pytest.mark.parametrize(
    ("kind", "arguments", "key", "value"),
    [
        (TransformOnce, {"width": 0}, "width", 0),
        (TransformOnce, {"depth": 0}, "depth", 0),
        (TransformOnce, {"modes": 0}, "modes", 0),
        (TransformOnce, {"modes": (4, 4, 4)}, "modes", (4, 4, 4)),
        (TransformOncePlus, {"levels": 0}, "levels", 0),
        (TransformOncePlus, {"channels": 0}, "channels", 0),
        (
            TransformOncePlus,
            {"domain": Grid(tuple(Axis(n) for n in "abcd")), "modes": 1},
            "bases",
            4,
        ),
    ],
)
def test_arguments_that_make_no_model(kind: type, arguments: dict, key: str, value: Any) -> None:
    with raises_input(key, value):
        kind(1, 1, **{"domain": Grid.periodic(2), **arguments})


def test_an_input_of_other_axes_or_channels_is_refused() -> None:
    model = TransformOnce(2, 1, modes=(3, 3), width=2, depth=1)
    for shape in ((1, 1, 8, 8), (1, 2, 8)):
        with raises_input("x", shape):
            model(torch.zeros(shape))
