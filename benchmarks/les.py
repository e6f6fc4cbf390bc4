r"""Smagorinsky's constant on coarse grids, compared with filtered direct simulations.

python benchmarks/les.py [--points 128] [--models 32 64] [--viscosity 1e-4] [--samples 2] [--out F]

Decaying and forced flow (Kolmogorov forcing with 4 waves) on the periodic unit square, from random
fields, resolved by the direct simulation, whose modes below a third of the model's points are the
truth. From a state of it after a spin-up the model integrates the window without and with the
closure. A priori: the closure's stress and term from filtered fields, compared with the exact ones.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import neurop
from neurop.geometry.grid import Grid
from neurop.metrics.spectra import power_spectrum, spectrum_error
from neurop.physics.invariants import energy, enstrophy
from neurop.physics.les.smagorinsky import Smagorinsky
from neurop.physics.les.strain import curl_of_divergence, dissipation, strain_rate
from neurop.physics.les.subfilter import filter_width, sharp_filter, subfilter_stress
from neurop.physics.random_fields.periodic import field_std, random_field
from neurop.physics.solvers.vorticity import solve_vorticity

CONSTANTS = (0.0, 0.05, 0.1, 0.15, 0.2)
AMPLITUDE, STRENGTH, WAVES = 2.0, {"decaying": 0.0, "forced": 1.0}, 4
SPIN_UP, INTERVAL, FRAMES = 5.0, 0.5, 16
RATE = 100
"""Steps per unit of time of a model; the direct simulation takes as many for each 64 points."""


def start(samples: int, points: int, first: int = 0) -> Tensor:
    """Return the initial vorticity of trajectories, by their numbers from the first on."""
    shape, covariance = (points, points), {"alpha": 2.5, "tau": 7.0}
    sigma = AMPLITUDE / field_std((256, 256), **covariance)
    numbers = range(first, first + samples)
    return sharp_filter(random_field(numbers, shape, sigma=sigma, **covariance), shape)


def force(kind: str, points: int) -> Tensor:
    """Return the forcing on a grid."""
    y = torch.arange(points, dtype=torch.float64) / points
    return STRENGTH[kind] * torch.sin(2 * math.pi * WAVES * y).expand(points, points)


def direct(kind: str, given: argparse.Namespace) -> Tensor:
    """Return the frames of the window on the grid of the direct simulation."""
    n, f, nu = given.points, force(kind, given.points), given.viscosity
    rate = RATE * math.ceil(n / 64)
    first = solve_vorticity(start(given.samples, n), f, nu, 1 / rate, round(SPIN_UP * rate), 1)
    return solve_vorticity(first[:, 1], f, nu, 1 / rate, round(INTERVAL * rate), FRAMES)


def correlation(a: Tensor, b: Tensor) -> float:
    """Return the correlation of fields of zero mean."""
    return float((a * b).sum() / (a.norm() * b.norm()))


def a_priori(frames: Tensor, n: int) -> dict[str, Any]:
    """Return correlations and the rates of energy and enstrophy, exact and modelled."""
    exact, filtered = subfilter_stress(frames, (n, n)), sharp_filter(frames, (n, n))
    strain, model = strain_rate(filtered), Smagorinsky(1.0, filter_width((n, n)))
    stress, term = model.stress(strain), model(filtered)
    exact_term = -curl_of_divergence(exact)
    local = -2 * (exact * strain).sum(-3)
    rates = {
        "energy": [float(dissipation(one, strain).mean()) for one in (exact, stress)],
        "enstrophy": [-float((one * filtered).mean()) for one in (exact_term, term)],
    }
    lost = {name: found / unit for name, (found, unit) in rates.items()}
    return {
        "stress_correlation": correlation(exact, stress),
        "term_correlation": correlation(exact_term, term),
        "exact_energy_loss": rates["energy"][0],
        "exact_enstrophy_loss": rates["enstrophy"][0],
        "points_with_backscatter": float((local < 0).double().mean()),
        # The modelled rates are those of Cs = 1 times its square.
        "modelled_to_exact_enstrophy": {f"{c:g}": c**2 / lost["enstrophy"] for c in CONSTANTS},
        "modelled_to_exact_energy": {f"{c:g}": c**2 / lost["energy"] for c in CONSTANTS},
        "constant_of_the_exact_enstrophy_loss": math.sqrt(max(lost["enstrophy"], 0.0)),
    }


def scores(found: Tensor, truth: Tensor) -> dict[str, Any]:
    """Return the errors of a model's frames against the filtered truth."""
    if not bool(torch.isfinite(found).all()):
        return {"stable": False}
    error = ((found - truth).flatten(2).norm(dim=2) / truth.flatten(2).norm(dim=2)).mean(0)
    powers = [power_spectrum(w[:, -1].numpy(), Grid.periodic(2))[1].mean(0) for w in (found, truth)]
    last = found.shape[-1] // 3
    return {
        "stable": True,
        "spectrum_error": float(spectrum_error(*(p[1 : last + 1] for p in powers))),
        "smallest_scales": float(powers[0][last // 2 :].sum() / powers[1][last // 2 :].sum()),
        "energy": float(energy(found[:, -1]).mean() / energy(truth[:, -1]).mean()),
        "enstrophy": float(enstrophy(found[:, -1]).mean() / enstrophy(truth[:, -1]).mean()),
        "trajectory_error": float(error[1:].mean()),
        "error": {f"{INTERVAL * i:g}": float(error[i]) for i in (2, 4, 8, FRAMES)},
    }


def scan(kind: str, frames: Tensor, n: int, viscosity: float) -> dict[str, Any]:
    """Return the scores of persistence and of each constant on a grid of n points per side."""
    truth = sharp_filter(frames, (n, n))
    found: dict[str, Any] = {"persistence": scores(truth[:, :1].expand_as(truth), truth)}
    steps = round(INTERVAL * RATE)
    for constant in CONSTANTS:
        term = Smagorinsky(constant, filter_width((n, n))).on((n, n)) if constant else None
        clock = time.perf_counter()
        made = solve_vorticity(
            truth[:, 0], force(kind, n), viscosity, 1 / RATE, steps, FRAMES, closure=term
        )
        seconds = time.perf_counter() - clock
        found[f"{constant:g}"] = scores(made, truth) | {"seconds": round(seconds, 2)}
    return found


def main() -> None:
    """Measure, print and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=128)
    parser.add_argument("--models", type=int, nargs="+", default=[32, 64])
    parser.add_argument("--viscosity", type=float, default=1e-4)
    parser.add_argument("--samples", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("les.json"))
    given = parser.parse_args()
    torch.set_num_threads(1)
    made: dict[str, Any] = {k: v for k, v in vars(given).items() if k != "out"}
    made |= {"window": INTERVAL * FRAMES, "spin_up": SPIN_UP, "runs": []}
    for kind in STRENGTH:
        frames = direct(kind, given)
        for n in given.models:
            about = {"flow": kind, "model": n, "width": filter_width((n, n))}
            beyond = 1 - enstrophy(sharp_filter(frames, (n, n))).sum() / enstrophy(frames).sum()
            run = about | {"enstrophy_beyond": float(beyond), "a_priori": a_priori(frames, n)}
            made["runs"].append(run | {"scan": scan(kind, frames, n, given.viscosity)})
    about = {"neurop": neurop.__version__, "torch": torch.__version__, "on": platform.processor()}
    text = json.dumps(made | {"versions": about}, indent=1)
    print(text)
    given.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
