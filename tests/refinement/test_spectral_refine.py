"""Frames corrected by an equation: residuals in closed form, and what a correction keeps."""

from __future__ import annotations

import math
import warnings
from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor

from neurop.errors import InputError
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.metrics.sobolev import sobolev_square
from neurop.objectives.predicted_fields import PredictedFields
from neurop.physics.derivatives.on_grid import GridDerivatives
from neurop.physics.equations.burgers import Burgers
from neurop.physics.equations.equation import Equation
from neurop.physics.equations.vorticity import Vorticity
from neurop.physics.random_fields.periodic import random_field
from neurop.physics.solvers.vorticity import solve_vorticity
from neurop.refinement.spectral import refine
from neurop.refinement.spectral.least_squares import least_squares
from neurop.refinement.spectral.window import Window

NU = 0.01
FLOW = Vorticity(NU)


def window(values: Tensor, length: float, known: int = 1, layout: str = "ends") -> PredictedFields:
    space = tuple(Axis(name) for name in "xy"[: values.dim() - 3])
    time = Axis("t", "open", length=length, layout=layout)  # type: ignore[arg-type]
    return PredictedFields(values, Grid((*space, time)), known)


def taylor_green(times: np.ndarray, n: int = 16) -> Tensor:
    """Return w = 2 cos(2 pi x) cos(2 pi y) exp(-8 pi^2 nu t), a solution without forcing."""
    wave = torch.cos(2 * torch.pi * torch.arange(n, dtype=torch.float64) / n)
    decay = torch.exp(-8 * math.pi**2 * NU * torch.as_tensor(times))
    return (2 * wave[:, None, None] * wave[:, None] * decay)[None, None]


def flows() -> Tensor:
    """Return two decaying flows, ``(sample, channel, x, y, time)``, 0.1 apart."""
    start = random_field(range(2), (32, 32), seed=0, alpha=2.5, tau=7.0)
    start = 2.0 * start / start.std()
    frames = solve_vorticity(start, torch.zeros(32, 32).double(), NU, 0.01, 10, 8, (16, 16))
    return frames.movedim(1, -1)[:, None]


def distance(a: Tensor, b: Tensor) -> Tensor:
    return ((a - b).square().flatten(1).sum(1) / b.square().flatten(1).sum(1)).sqrt()


def test_taylor_green_has_no_residual_with_the_exact_derivative() -> None:
    axis = Axis("t", "open", layout="chebyshev")
    w = taylor_green(axis.coordinates(20))
    found = refine(window(w, 1.0, layout="chebyshev"), FLOW, sweeps=0, order=-1.0)
    assert found.before.item() < 1e-12
    # That of a flow which does not decay is its diffusion: 16 pi^2 nu / (sqrt 2 k), k^2 = 8 pi^2.
    still = refine(
        window(w[..., :1].expand_as(w), 1.0, layout="chebyshev"), FLOW, sweeps=0, order=-1.0
    )
    assert still.before.item() == pytest.approx(8 * math.pi**2 * NU / math.sqrt(8) / math.pi)


@pytest.mark.parametrize("accuracy", [2, 4, 6])
def test_with_differences_it_falls_with_their_order(accuracy: int) -> None:
    rule = partial(GridDerivatives, accuracy=accuracy)
    counts = 16, 32
    sizes = [
        refine(
            window(taylor_green(np.linspace(0, 1, n + 1)), 1.0),
            FLOW,
            sweeps=0,
            order=-1.0,
            derivatives=rule,
        ).before.item()
        for n in counts
    ]
    # The one-sided differences at the ends count for less on more frames.
    assert accuracy - 0.1 < math.log2(sizes[0] / sizes[1]) < accuracy + 0.7


def test_a_trajectory_of_another_sample_has_a_larger_residual() -> None:
    w = flows()
    right = refine(window(w, 0.8, 3), FLOW, sweeps=0).before
    swapped = torch.cat([w[..., :3], w.flip(0)[..., 3:]], dim=-1)
    wrong = refine(window(swapped, 0.8, 3), FLOW, sweeps=0).before
    assert (wrong > 10 * right).all()


def test_the_weighted_residual_has_the_norm() -> None:
    w = flows()[:1] + 0.01 * torch.randn(
        1, 1, 16, 16, 9, generator=torch.Generator().manual_seed(0)
    )
    for order in (-2.0, -1.0, 1.0):
        one = Window(window(w, 0.8, 3), FLOW, ("vorticity",), {}, order, GridDerivatives)
        assert one.weighted(one.values).square().mean().sqrt().item() == pytest.approx(
            one.norm(one.values).item(), rel=1e-12
        )
        r = one.residual(one.values)[:, 0].movedim(-1, 1)
        square = sobolev_square(r, Grid.periodic(2), order).mean()
        assert one.norm(one.values).item() == pytest.approx(square.sqrt().item(), rel=1e-12)


def test_a_perturbed_trajectory_returns_to_the_solution() -> None:
    w = flows()
    other = w.flip(0)
    wrong = w.clone()
    wrong[..., 3:] += 0.1 * (other[..., 3:] - other[..., 2:3])
    start = window(wrong, 0.8, 3)
    found = refine(start, FLOW, order=-1.0)
    before, after = distance(wrong, w), distance(found.fields.values, w)
    assert (after < 0.02 * before).all()
    floor = refine(window(w, 0.8, 3), FLOW, sweeps=0, order=-1.0).before
    assert (found.after < 0.05 * found.before).all()
    assert (found.after < floor).all()  # the solution of the differences, which the truth is not
    # The size of the correction is that of the error.
    error = (wrong - w)[..., 3:].square().flatten(1).mean(1).sqrt()
    assert torch.allclose(found.change, error, rtol=0.02)
    # Given frames, means, and the frequency of which the grid has no phase stay.
    z = found.fields.values - wrong
    assert torch.equal(found.fields.values[..., :3], wrong[..., :3])
    assert z.mean(dim=(2, 3)).abs().max() < 1e-15
    hat = torch.fft.fft2(z, dim=(2, 3)) / 256
    assert hat[:, :, 8].abs().max() < 1e-15
    assert hat[:, :, :, 8].abs().max() < 1e-15
    # Samples do not know of each other.
    alone = refine(window(wrong[1:], 0.8, 3), FLOW, order=-1.0)
    assert torch.equal(alone.fields.values, found.fields.values[1:])


def test_the_mean_is_corrected_at_order_0_alone() -> None:
    times = np.linspace(0, 0.5, 9)
    w = taylor_green(times)
    wrong = w.clone()
    wrong[..., 1:] *= 1.1
    wrong[..., 1:] += 0.2
    means = [
        refine(window(wrong, 0.5), FLOW, order=s).fields.values.mean(dim=(0, 1, 2, 3))[1:]
        for s in (-1.0, 0.0)
    ]
    assert torch.allclose(means[0], torch.full((8,), 0.2).double(), atol=1e-14)
    assert torch.allclose(means[1], torch.zeros(8).double(), atol=1e-10)


def test_frames_that_do_not_resolve_time_give_a_warning() -> None:
    truth = flows()
    near = truth * (1 + 1e-3 * torch.linspace(0, 1, truth.shape[-1]))
    with pytest.warns(UserWarning, match=r"do not resolve time: the differences .* wrong by"):
        refine(window(near[..., ::2], 0.8), FLOW)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        refine(window(truth * torch.linspace(1, 2, truth.shape[-1]), 0.8), FLOW)


def test_no_sweeps_change_nothing() -> None:
    w = flows().float()
    found = refine(window(w, 0.8, 3), FLOW, sweeps=0)
    assert torch.equal(found.fields.values, w.double())
    assert torch.equal(found.before, found.after)
    assert found.change.tolist() == [0, 0]


@pytest.mark.filterwarnings("ignore:the frames do not resolve time")
def test_a_solution_of_the_differences_stays() -> None:
    found = refine(window(flows(), 0.8, 3), FLOW, sweeps=3, iterations=20)
    again = refine(found.fields, FLOW)
    assert torch.allclose(again.fields.values, found.fields.values, atol=1e-8)
    assert (again.after <= again.before).all()


def test_burgers_with_the_viscosity_of_each_sample() -> None:
    # Cole and Hopf: u = -2 nu phi_x / phi with phi = 1 + cos(2 pi x) exp(-4 pi^2 nu t) / 2.
    nu = torch.tensor([0.01, 0.03], dtype=torch.float64)[:, None, None]
    x, t = torch.arange(64, dtype=torch.float64)[:, None] / 64, torch.linspace(0, 1, 21).double()
    k = 2 * torch.pi
    decay = torch.exp(-(k**2) * nu * t) / 2
    u = 2 * nu * k * torch.sin(k * x) * decay / (1 + torch.cos(k * x) * decay)
    u = u[:, None]
    persistent = u[..., :1].expand_as(u)
    found = refine(window(persistent, 1.0), Burgers(1.0), {"viscosity": nu})
    assert (distance(found.fields.values, u) < 1e-3 * distance(persistent, u)).all()
    wrong = refine(window(persistent, 1.0), Burgers(0.02))
    assert (distance(wrong.fields.values, u) > 0.1 * distance(persistent, u)).all()


class Waves(Equation):
    """u_t = v_x, v_t = u_x."""

    unknowns = ("u", "v")

    def residual(self, u, d, a) -> dict[str, Tensor]:  # type: ignore[no-untyped-def]
        return {
            "first": d(u["u"], "t") - d(u["v"], "x"),
            "second": d(u["v"], "t") - d(u["u"], "x"),
        }


def test_one_iteration_solves_a_system_of_constant_coefficients() -> None:
    x, t = torch.arange(16, dtype=torch.float64)[:, None] / 16, torch.linspace(0, 0.5, 17).double()
    wave = torch.sin(2 * torch.pi * (x + t))
    exact = torch.stack([wave, wave])[None]
    persistent = exact[..., :1].expand_as(exact)
    found = refine(window(persistent, 0.5), Waves(), sweeps=1, iterations=1)
    assert distance(found.fields.values, exact).item() < 1e-3
    more = refine(window(persistent, 0.5), Waves(), sweeps=2, iterations=5)
    assert torch.allclose(more.fields.values, found.fields.values, atol=1e-9)


def test_conjugate_gradients_reach_the_least_squares_solution() -> None:
    random = torch.Generator().manual_seed(0)
    j = torch.randn(12, 5, dtype=torch.float64, generator=random)
    r = torch.randn(12, dtype=torch.float64, generator=random)
    exact = torch.linalg.lstsq(j, -r[:, None]).solution[:, 0]
    scale = torch.tensor([1.0, 2.0, 0.5, 3.0, 1.0]).double()
    z = least_squares(lambda z: j @ z, lambda r: r @ j, lambda z: scale * z, r, 5)
    assert torch.allclose(z, exact, atol=1e-12)
    sizes = [
        (r + j @ least_squares(lambda z: j @ z, lambda r: r @ j, lambda z: z, r, n)).norm().item()
        for n in range(6)
    ]
    assert sizes == sorted(sizes, reverse=True)
    assert (
        least_squares(lambda z: j @ z, lambda r: r @ j, lambda z: z, 0 * r, 3).tolist() == [0] * 5
    )


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("sweeps", {"sweeps": -1}),
        ("iterations", {"iterations": 0}),
        ("order", {"order": 2.0}),
        ("unknowns", {"names": ["velocity"]}),
    ],
)
def test_bad_settings_are_refused(key: str, change: dict[str, object]) -> None:
    with pytest.raises(InputError) as error:
        refine(window(flows(), 0.8, 3), FLOW, **change)  # type: ignore[arg-type]
    assert error.value.key == key


def test_windows_that_have_no_correction_are_refused() -> None:
    w = flows()
    wall = Grid((Axis("x", "dirichlet"), Axis("y"), Axis("t", "open", layout="ends")))
    for key, fields in (
        ("known", window(w, 0.8, 0)),
        ("known", window(w, 0.8, 8)),
        ("boundary", PredictedFields(w, wall, 3)),
        ("grid", PredictedFields(w[..., 0], Grid.periodic(2), 3)),
    ):
        with pytest.raises(InputError) as error:
            refine(fields, FLOW)
        assert error.value.key == key
