from __future__ import annotations

import numpy as np
import pytest
import torch
from contracts import Case, OperatorContract
from raising import raises_input
from torch import Tensor

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.models import Denoised, create
from neurop.registry import Spec

LINE, SPHERE = Grid.periodic(1), Grid.latlon()
WALLS = Grid((Axis("x", "dirichlet", layout="ends"), Axis("y", "open")))
SMALL = {"width": 6, "depth": 1}
FNO = Spec("fno", {"modes": 4, **SMALL})
SFNO = Spec("sfno", {"modes": 4, **SMALL})


def case(
    domain: Grid, shape: tuple[int, ...], part: Spec, frequencies: int, **more: object
) -> Case:
    """Return a case; the stage has 2 + 3 inputs and the number of the step."""
    numbers = more.get("numbers", ())
    parts = (
        create(part, 2, 3, domain, numbers),  # type: ignore[arg-type]
        create(part, 6, 3, domain, (*numbers, 5)),  # type: ignore[misc]
    )
    count = sum(weight.numel() for net in parts for weight in net.parameters())
    arguments = {"base": part, "stage": part, "frequencies": frequencies}
    return Case(domain, shape, count, arguments=arguments, **more)  # type: ignore[arg-type]


class TestDenoised(OperatorContract):
    name = "denoised"
    depth = 2
    frozen = "base."
    misspelt = ("stag", "stage")
    cases = {
        "line": case(LINE, (16,), FNO, 4, resolved={(5,): (3,), (64,): (4,)}, refinement=1e-3),
        "plane": case(Grid.periodic(2), (12, 16), FNO, 3, resolved={(5, 30): (3, 4)}),
        "numbers": case(LINE, (16,), FNO, 4, numbers=(1,)),
        "sphere": case(SPHERE, (16, 32), SFNO, 4),
    }


class Known(torch.nn.Module):
    """Stands for a stage that finds a share of the noise, which it knows."""

    def __init__(self, net: Denoised, share: float) -> None:
        super().__init__()
        self.net, self.share = [net], share

    def forward(self, x: Tensor) -> Tensor:
        noises = list(self.net[0].noises(x[:, 1:2]))
        number = round(float(x[0, 2].flatten()[0]) * len(noises))
        return self.share * noises[number - 1].expand(len(x), -1, *x.shape[2:])


@torch.no_grad()
@pytest.mark.parametrize("share", [1.0, 0.25])
def test_the_formula(share: float) -> None:
    """What a stage leaves of each noise stays: u = B a + sum of (1 - share) sigma_k eps_k."""
    torch.manual_seed(0)
    net = create("denoised", 1, 1, LINE, base=FNO, stage=FNO, sigmas=(0.1, 0.01)).double()
    assert isinstance(net, Denoised)
    x = torch.randn(3, 1, 16, dtype=torch.float64)
    one, two = net.noises(x)
    net.stage = Known(net, share)  # type: ignore[assignment]
    expected = net.base(x) + (1 - share) * (0.1 * one + 0.01 * two)
    torch.testing.assert_close(net(x), expected)


@torch.no_grad()
@pytest.mark.parametrize(("domain", "shape", "modes"), [(LINE, (64,), 32), (WALLS, (12, 10), 5)])
def test_the_noise_is_white(domain: Grid, shape: tuple[int, ...], modes: int) -> None:
    """Variance 1 at every point, a flat spectrum, nothing in common between steps and channels."""
    spec = FNO if domain == LINE else Spec("fno", {"modes": (4, 4), **SMALL})
    net = create("denoised", 1, 2, domain, base=spec, stage=spec, frequencies=modes)
    assert isinstance(net, Denoised)
    like = torch.zeros(4000, 2, *shape, dtype=torch.float64)
    noise = net.white(like, np.random.default_rng(0))
    np.testing.assert_allclose(noise.square().mean(0), 1, atol=0.15)
    assert abs(float((noise[:, 0] * noise[:, 1]).mean())) < 0.01
    if domain == LINE:
        power = torch.fft.rfft(noise, dim=-1).abs().square().mean((0, 1))[:modes]
        np.testing.assert_allclose(power / power.mean(), 1, atol=0.08)
    assert torch.equal(noise, net.white(like, np.random.default_rng(0)))
    first, second, _ = net.noises(like)
    assert not torch.equal(first, second)


@torch.no_grad()
def test_the_noise_is_a_function_of_space() -> None:
    """At the points of a coarse grid, that of a finer one has the same values."""
    net = create("denoised", 1, 1, LINE, base=FNO, stage=FNO, frequencies=8)
    assert isinstance(net, Denoised)
    coarse, fine = (next(net.noises(torch.zeros(1, 1, n).double())) for n in (16, 48))
    torch.testing.assert_close(fine[..., ::3], coarse)


def test_bounds() -> None:
    for sigmas in ([], [0.1, 0.1], [1.0, 0.1], [0.1, 0.0]):
        with raises_input("sigmas", sigmas, "falling numbers between 0 and 1"):
            create("denoised", 1, 1, LINE, base=FNO, stage=FNO, sigmas=sigmas)
    with raises_input("frequencies", 0, "give at least 1"):
        create("denoised", 1, 1, LINE, base=FNO, stage=FNO, frequencies=0)
