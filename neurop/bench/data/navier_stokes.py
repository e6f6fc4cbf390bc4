"""Solvers of the Navier-Stokes set: the library's own, the paper's scheme, exponax if installed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from torch import Tensor

from neurop.bench.data.candidate import Candidate
from neurop.physics.operators import truncate
from neurop.physics.solvers.crank_nicolson import crank_nicolson_euler
from neurop.physics.solvers.vorticity import solve_vorticity

SAMPLES = 4
PAPER = 1000
"""Steps of the paper's scheme per unit of time, a tenth of the paper's; it is of first order."""


def candidates(source: Any, log: Callable[[str], None]) -> Iterator[Candidate]:
    """Yield solvers of the first trajectories of a Navier-Stokes set, on the grid of its solver.

    The error is that of the frames after the first in the modes of the stored grid, compared with
    twice the points and a quarter of the step. ``neurop`` takes the set's own steps;
    ``neurop-equal`` the fewest whose error is at most that of the paper's scheme.

    Parameters
    ----------
    source
        Data set, :class:`neurop.datasets.NavierStokes`.
    log
        Function that reports progress.
    """
    points, own = source.discretisation(source.shape)
    case = f"navier_stokes-{points}-nu{source.viscosity:g}-t{source.steps * source.interval:g}"
    paper = max(1, round(PAPER * source.interval))
    log(f"{case}: solving for the truth")
    truth = _frames(source, solve_vorticity, 4 * own, 2 * points)[:, 1:]

    def error(frames: Any) -> float:
        apart = torch.as_tensor(np.asarray(frames)).double()[:, 1:] - truth
        found = float((apart.flatten(1).norm(dim=1) / truth.flatten(1).norm(dim=1)).max())
        return found if found == found else float("inf")

    wanted = error(_frames(source, crank_nicolson_euler, paper, points))
    equal = next(
        n
        for n in range(2, own + 1)
        if n == own or error(_frames(source, solve_vorticity, n, points)) <= wanted
    )
    words = "ETDRK4 for the vorticity, {} steps per frame"
    for path, how, scheme, substeps in (
        ("neurop", words, solve_vorticity, own),
        ("neurop-equal", words, solve_vorticity, equal),
        (
            "paper",
            "Crank-Nicolson and forward Euler, {} steps per frame",
            crank_nicolson_euler,
            paper,
        ),
    ):
        yield Candidate(
            path,
            how.format(substeps),
            case,
            SAMPLES,
            partial(_frames, source, scheme, substeps, points),
            error,
        )
    if find_spec("exponax"):
        how = f"exponax, ETDRK of order 4, {own} steps per frame"
        yield Candidate("exponax", how, case, SAMPLES, _exponax(source, own, points), error)


def _frames(source: Any, scheme: Callable[..., Tensor], substeps: int, points: int) -> Tensor:
    stored = source.shape[0]
    # All start from the modes of the stored grid, independent of the solver's grid.
    band = torch.fft.rfft2(source.start(range(SAMPLES), stored), norm="forward")
    start = torch.fft.irfft2(
        truncate(band, source.shape, (points, points)), s=(points, points), norm="forward"
    )
    step = source.interval / substeps
    return scheme(
        start, source.force(points), source.viscosity, step, substeps, source.steps, source.shape
    )


def _exponax(source: Any, substeps: int, points: int) -> Callable[[], Any]:
    """Return a compiled function that computes the trajectories by exponax, with equal forcing."""
    import equinox
    import exponax
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    # Its velocity has the other sign, hence the scale.
    stepper = exponax.stepper.KolmogorovFlowVorticity(
        2,
        1.0,
        points,
        source.interval / substeps,
        diffusivity=source.viscosity,
        convection_scale=-1.0,
        drag=0.0,
        order=4,
    )
    forcing = jnp.fft.rfft2(jnp.asarray(source.force(points).numpy()))[None]
    stepper = equinox.tree_at(lambda s: s._integrator._nonlinear_fun.injection, stepper, forcing)
    start = jnp.asarray(_frames(source, lambda w, *_: w, substeps, points).numpy())

    @jax.jit
    def run(u: Any) -> Any:
        def frame(hat: Any, _: Any) -> Any:
            hat = jax.lax.fori_loop(
                0, substeps, lambda _, h: jax.vmap(stepper.step_fourier)(h), hat
            )
            return hat, jnp.fft.irfft2(hat, s=(points, points))

        _, frames = jax.lax.scan(frame, jnp.fft.rfft2(u[:, None]), None, length=source.steps)
        return jnp.concatenate([u[:, None], jnp.moveaxis(frames, 0, 1)[:, :, 0]], 1)

    def call() -> Any:
        frames = torch.from_numpy(np.array(jax.block_until_ready(run(start))))
        hat = truncate(torch.fft.rfft2(frames, norm="forward"), (points, points), source.shape)
        return torch.fft.irfft2(hat, s=source.shape, norm="forward")

    return call
