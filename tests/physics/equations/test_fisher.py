"""The residual of Fisher's equation: of an exact front, and of a solver's trajectory."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from neurop.datasets import ReactionDiffusion
from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.physics.derivatives.autograd import Autograd
from neurop.physics.derivatives.on_grid import GridDerivatives
from neurop.physics.equations.fisher import Fisher
from neurop.physics.solvers.reaction import fisher, solve_reaction


def test_the_front_of_ablowitz_and_zeppetella_is_a_solution() -> None:
    """Of u_t = u_xx + u (1 - u), with the speed 5 / sqrt(6)."""
    x, t = (torch.linspace(-3, 3, 21, dtype=torch.float64).requires_grad_() for _ in "xt")
    for scale, nu, rho in ((1.0, 1.0, 1.0), (math.sqrt(3.0 / 0.2), 0.2, 3.0)):
        z = (scale * x - 5 / math.sqrt(6) * rho * t) / math.sqrt(6)
        u = {"concentration": (1 + torch.exp(z)) ** -2}
        found = Fisher(nu, rho).residual(u, Autograd({"x": x, "t": t}), {})["balance"]
        assert found.abs().max() < 1e-13
        wrong = Fisher(nu, 1.1 * rho).residual(u, Autograd({"x": x, "t": t}), {})["balance"]
        assert wrong.abs().max() > 1e-2


def test_parameters_of_the_samples_replace_those_of_the_set() -> None:
    x = torch.linspace(0, 1, 9, dtype=torch.float64).requires_grad_()
    t = torch.linspace(0, 1, 9, dtype=torch.float64).requires_grad_()
    u = {"concentration": x**2 * t}
    known = {"viscosity": torch.tensor(0.3), "rate": torch.tensor(2.0)}
    found = Fisher(9.0, 9.0).residual(u, Autograd({"x": x, "t": t}), known)["balance"]
    exact = x**2 - 0.6 * t - 2 * (x**2 * t) * (1 - x**2 * t)
    assert torch.allclose(found, exact, rtol=1e-7)


@pytest.mark.parametrize("viscosity", [0.01, 0.05])
def test_a_trajectory_of_the_solver_has_the_residual_of_the_differences(viscosity: float) -> None:
    source = ReactionDiffusion(samples=50, viscosity=viscosity, steps=8)
    assert source.equation is not None
    start, found = torch.from_numpy(source.start(range(2), 128))[:, None], []
    for steps in (40, 80):
        u = solve_reaction(start, fisher(5.0), 2, [viscosity], 1.0, 1 / 640, 640 // steps, steps)
        grid = Grid((Axis("x"), Axis("t", "open", layout="ends")))
        fields = {"concentration": u[:, :, 0].movedim(1, -1)}
        residual = source.equation.residual(fields, GridDerivatives(grid), {})["balance"]
        found.append(float(residual[..., steps // 2 :].square().mean().sqrt()))
    assert np.log2(found[0] / found[1]) == pytest.approx(4, abs=0.6)
    assert found[1] < 1e-3


def test_a_map_to_the_last_time_has_no_equation() -> None:
    assert ReactionDiffusion(samples=50).equation is None
