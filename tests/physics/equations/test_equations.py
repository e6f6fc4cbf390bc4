"""Residuals of exact solutions, of solver trajectories, and of what is no solution."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from neurop.datasets import Burgers, Darcy, KuramotoSivashinsky, NavierStokes
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.physics.derivatives.autograd import Autograd
from neurop.physics.derivatives.on_grid import GridDerivatives
from neurop.physics.derivatives.weak import WeakForm
from neurop.physics.equations import burgers, darcy, vorticity
from neurop.physics.equations.equation import Equation
from neurop.physics.les.smagorinsky import Smagorinsky
from neurop.physics.les.subfilter import filter_width, sharp_filter
from neurop.physics.random_fields.periodic import random_field
from neurop.physics.solvers.vorticity import solve_vorticity


def time(steps: int, interval: float) -> Axis:
    return Axis("t", "open", 0.0, steps * interval, layout="ends")


def rms(x: Tensor) -> float:
    return float(x.square().mean().sqrt())


def viscous_wave(x: Tensor, t: Tensor, nu: float = 0.05) -> Tensor:
    """Return the periodic solution of Cole and Hopf of one decaying wave."""
    decay = torch.exp(-4 * math.pi**2 * nu * t)
    k = 2 * math.pi * x
    return 4 * math.pi * nu * decay * torch.sin(k) / (2 + decay * torch.cos(k))


def test_burgers_by_automatic_differentiation_is_exact() -> None:
    x = torch.linspace(0, 1, 7, dtype=torch.float64).repeat(3).requires_grad_()
    t = torch.linspace(0, 1, 21, dtype=torch.float64).requires_grad_()
    found = burgers.Burgers(0.05).residual(
        {"velocity": viscous_wave(x, t)}, Autograd({"x": x, "t": t}), {}
    )
    assert rms(found["momentum"].detach()) < 1e-14


@pytest.mark.parametrize("accuracy", [2, 4])
def test_burgers_on_a_grid_has_the_order_of_the_differences_in_time(accuracy: int) -> None:
    found = []
    for steps in (20, 40):
        grid = Grid((Axis("x"), time(steps, 1 / steps)))
        at = [torch.as_tensor(c) for c in grid.coordinates((64, steps + 1)).values()]
        u = viscous_wave(at[0][:, None], at[1])[None]
        d = GridDerivatives(grid, accuracy)
        found.append(rms(burgers.Burgers(0.05).residual({"velocity": u}, d, {})["momentum"]))
    assert math.log2(found[0] / found[1]) == pytest.approx(accuracy, abs=0.5)


def test_burgers_in_weak_form_vanishes_for_the_solution_alone() -> None:
    grid = Grid((Axis("x"), time(60, 1 / 60)))
    at = [torch.as_tensor(c) for c in grid.coordinates((64, 61)).values()]
    u = viscous_wave(at[0][:, None], at[1])[None]
    d = WeakForm(grid)
    right = burgers.Burgers(0.05).residual({"velocity": u}, d, {})["momentum"]
    wrong = burgers.Burgers(0.06).residual({"velocity": u}, d, {})["momentum"]
    assert rms(right) < 1e-4 * rms(wrong)


def test_a_parameter_of_the_samples_replaces_that_of_the_equation() -> None:
    grid = Grid((Axis("x"), time(40, 1 / 40)))
    at = [torch.as_tensor(c) for c in grid.coordinates((64, 41)).values()]
    pairs = [viscous_wave(at[0][:, None], at[1], nu) for nu in (0.05, 0.08)]
    given = {"viscosity": torch.tensor([0.05, 0.08])[:, None, None]}
    d = GridDerivatives(grid)
    found = burgers.Burgers(1.0).residual({"velocity": torch.stack(pairs)}, d, given)["momentum"]
    assert rms(found) < 2e-4


def test_taylor_green_solves_the_vorticity_equation() -> None:
    grid = Grid((*Grid.periodic(2).axes, time(8, 0.05)))
    x, y, t = torch.meshgrid(
        *[torch.as_tensor(c) for c in grid.coordinates((16, 16, 9)).values()], indexing="ij"
    )
    k = 2 * math.pi
    w = 2 * k * torch.cos(k * x) * torch.cos(k * y) * torch.exp(-2 * k**2 * 0.01 * t)
    d = GridDerivatives(grid, accuracy=6)
    found = vorticity.Vorticity(0.01).residual({"vorticity": w[None]}, d, {})["vorticity"]
    assert rms(found) < 1e-6 * rms(d(w, "t"))


def test_the_laminar_flow_of_a_force_is_steady() -> None:
    grid = Grid((*Grid.periodic(2).axes, time(4, 1.0)))
    y = torch.arange(16, dtype=torch.float64)[:, None] / 16
    k = 2 * math.pi * 2
    w = (0.3 / (k**2 * 0.01) * torch.sin(k * y)).expand(1, 16, 16, 5)

    def wave(points: int) -> Tensor:
        return torch.sin(k * y[:, 0]).expand(points, points)

    found = vorticity.Vorticity(0.01, wave, 0.3).residual(
        {"vorticity": w}, GridDerivatives(grid), {}
    )
    assert rms(found["vorticity"]) < 1e-13


def test_a_large_eddy_simulation_solves_the_equation_with_its_closure() -> None:
    closure = Smagorinsky(0.2, filter_width((24, 24)))
    start = sharp_filter(random_field(range(2), (24, 24), alpha=2.5, tau=7.0, sigma=80.0), (24, 24))
    still = torch.zeros(24, 24, dtype=torch.float64)
    made = solve_vorticity(start, still, 1e-3, 0.001, 2, 40, closure=closure.on((24, 24)))
    grid = Grid((*Grid.periodic(2).axes, time(40, 0.002)))
    d, w = GridDerivatives(grid, accuracy=6), made.movedim(1, -1)

    def left(term: Smagorinsky) -> float:
        equation = vorticity.Vorticity(1e-3, closure=term)
        return rms(equation.residual({"vorticity": w}, d, {})["vorticity"]) / rms(d(w, "t"))

    # Another constant is another equation.
    assert left(closure) < 1e-5 < 1e-2 < left(Smagorinsky(0.1, filter_width((24, 24))))


def solved(source: Burgers | KuramotoSivashinsky | NavierStokes) -> tuple[Tensor, Grid, Equation]:
    """Return trajectories ``(sample, *grid, time)``, their grid, and the equation of the set."""
    data = source.test()
    assert source.equation is not None
    values = torch.as_tensor(np.asarray(data.values)[:4, :, 0]).double().movedim(1, -1)
    step = float(data.step)
    return values, Grid((*data.grid.axes, time(values.shape[-1] - 1, step))), source.equation


@pytest.mark.parametrize(
    "source",
    [
        Burgers(samples=9, resolution=128, viscosity=0.02, steps=200, storage={"held_out": 4}),
        KuramotoSivashinsky(samples=9, resolution=64, length=32.0, steps=40, interval=0.05,
                            warmup=30.0, storage={"held_out": 4}),
        NavierStokes(samples=9, resolution=32, steps=20, interval=0.02, storage={"held_out": 4}),
        NavierStokes(samples=9, resolution=32, steps=20, interval=0.02, storage={"held_out": 4},
                     forcing={"kind": "kolmogorov", "strength": 2.0, "wavenumber": 2}),
    ],
    ids=["burgers", "kuramoto_sivashinsky", "navier_stokes", "kolmogorov"],
)  # fmt: skip
def test_trajectories_of_a_data_set_solve_its_equation(
    source: Burgers | KuramotoSivashinsky | NavierStokes,
    tmp_path: object,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(source, "folder", str(tmp_path))
    u, grid, equation = solved(source)
    name = equation.unknowns[0]

    def size(values: Tensor) -> float:
        d = GridDerivatives(grid)
        (found,) = equation.residual({name: values}, d, {}).values()
        return rms(found[..., 2:-2]) / rms(d(values, "t"))

    fine = size(u)
    assert fine < 6e-3  # the error of the differences in time, and rounding to float32
    swapped = torch.cat([u[:1, ..., :5], u[1:2, ..., 5:]], dim=-1)
    assert size(swapped) > 20 * fine


def test_pressures_of_a_data_set_solve_darcy(tmp_path: object) -> None:
    """Exactly if the grid is that of the solver; a checkerboard is no solution."""
    source = Darcy(
        samples=9, resolution=43, solver=43, storage={"held_out": 4, "folder": str(tmp_path)}
    )
    data = source.test()
    assert data.targets is not None
    a, u = (torch.as_tensor(np.asarray(v)[:, 0, 0]).double() for v in (data.values, data.targets))
    d = GridDerivatives(data.grid)
    inner = (slice(None), slice(1, -1), slice(1, -1))

    def size(values: Tensor) -> float:
        found = darcy.Darcy().residual({"pressure": values}, d, {"permeability": a})["mass"]
        return rms(found[inner])

    # The residual of float32 pressures: rounding times 4 a / h^2.
    assert size(u) < 1e-2
    i, j = torch.meshgrid(torch.arange(43), torch.arange(43), indexing="ij")
    board = 1e-3 * (-1.0) ** (i + j)
    assert size(u + board) > 10
    assert size(torch.zeros_like(u)) == pytest.approx(1.0)
