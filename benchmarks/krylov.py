r"""Sequences of linear systems: recycled Krylov spaces and sorting, compared with plain solvers.

python benchmarks/krylov.py [--systems 200] [--points 64] [--problems helmholtz ...] [--out FILE]

Systems of the unit square with zero boundary values, 63 x 63 unknowns, each with random
coefficients of its own: Helmholtz, :math:`-\Delta u - k^2(1 + s g)u = f`, indefinite; convection
and diffusion, :math:`-\Delta u + w\cdot\nabla u = f` with a divergence-free w and a Peclet number
of 10 to 50, not symmetric; and Darcy flow in log-normal media as the control, symmetric and
positive (a tenth as many systems). The first two also with a fast Poisson solver as preconditioner.
A row solves the systems one after the other to a residual of 1e-5 and of 1e-8. Iterations are
Arnoldi steps (products with a given space are products alone), seconds those of the processor,
sorting included. A row ends at its tenth system that 10,000 products do not solve.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
import scipy
import scipy.sparse as sp
import scipy.sparse.linalg as linalg
import torch
from numpy.typing import NDArray
from scipy.fft import dstn

from neurop.bench.data.darcy import matrix
from neurop.physics.krylov.gmres import gmres
from neurop.physics.krylov.order import greedy_order
from neurop.physics.krylov.product import Product
from neurop.physics.krylov.recycling import gcro_dr
from neurop.physics.random_fields.cosine import cosine_field, cosine_std
from neurop.physics.solvers import darcy

MOST, RESTART, RECYCLED = 10_000, 40, 20
WAVENUMBER, CONTRAST, PECLET = 12.0, 0.2, (10.0, 50.0)
MEDIUM = {"alpha": 2.0, "tau": 3.0, "modes": 32}
Array = NDArray[Any]


class Systems(NamedTuple):
    """A sequence: what is sorted, the matrices, and their common right-hand side."""

    fields: Array
    matrices: list[Any]
    right: Array


def normal(count: int, n: int, seed: int) -> Array:
    """Return random fields of unit deviation at the nodes, ``(count, n + 1, n + 1)``."""
    sigma = 1 / cosine_std(2, **MEDIUM)
    return cosine_field(range(count), (n + 1, n + 1), sigma=sigma, seed=seed, **MEDIUM).numpy()


def difference(n: int, kind: str) -> Any:
    """Return differences along one axis over the interior nodes, in units of the node distance."""
    m = n - 1
    if kind == "second":
        return sp.diags_array([-1.0, 2.0, -1.0], offsets=[-1, 0, 1], shape=(m, m))
    return sp.diags_array([-0.5, 0.5], offsets=[-1, 1], shape=(m, m))


def laplacian(n: int) -> Any:
    r"""Return :math:`-h^2\Delta`."""
    one, same = difference(n, "second"), sp.eye_array(n - 1)
    return (sp.kron(one, same) + sp.kron(same, one)).tocsr()


def helmholtz(count: int, n: int) -> Systems:
    """Return indefinite systems with a random medium and a source in the middle."""
    fields = WAVENUMBER**2 * (1 + CONTRAST * normal(count, n, 1)[:, 1:-1, 1:-1])
    base, x = laplacian(n), np.arange(1, n) / n - 0.5
    source = np.exp(-50 * (x[:, None] ** 2 + x**2)) / n**2
    made = [(base - sp.diags_array(a.ravel() / n**2)).tocsr() for a in fields]
    return Systems(fields, made, source.ravel())


def convection(count: int, n: int) -> Systems:
    """Return systems with the velocity of a random stream function, by central differences."""
    stream = normal(count, n, 2)
    slopes = [np.gradient(stream, 1 / n, axis=axis) for axis in (2, 1)]
    velocity = np.stack([slopes[0], -slopes[1]], axis=1)[..., 1:-1, 1:-1]
    peclet = np.random.default_rng(0).uniform(*PECLET, count)
    velocity *= (peclet / np.sqrt(np.square(velocity).sum(1).mean((1, 2))))[:, None, None, None]
    one, same = difference(n, "first"), sp.eye_array(n - 1)
    along = [sp.kron(one, same).tocsr(), sp.kron(same, one).tocsr()]
    base = laplacian(n)
    made = [
        (
            base + sum(sp.diags_array(v.ravel() / n) @ d for v, d in zip(w, along, strict=True))
        ).tocsr()
        for w in velocity
    ]
    return Systems(velocity, made, np.full((n - 1) ** 2, n**-2.0))


def diffusion(count: int, n: int) -> Systems:
    """Return Darcy flow in log-normal media."""
    fields = np.exp(normal(count, n, 3))
    made = [matrix(a, "harmonic").tocsr() for a in fields]
    return Systems(fields, made, np.full((n - 1) ** 2, n**-2.0))


PROBLEMS = {"helmholtz": helmholtz, "convection": convection, "darcy": diffusion}


class Solved(NamedTuple):
    """A solution, its cost, and what the next system may use."""

    values: Array
    iterations: int
    products: int
    space: Array | None = None


Solver = Callable[[Any, Array, "Solved | None"], Solved]


def poisson(n: int) -> linalg.LinearOperator:
    r"""Return the inverse of :math:`-h^2\Delta` by sine transforms."""
    eigenvalues = 2 - 2 * np.cos(np.pi * np.arange(1, n) / n)
    inverse = 1 / (eigenvalues[:, None] + eigenvalues)

    def apply(r: Array) -> Array:
        hat = inverse * dstn(r.reshape(n - 1, n - 1), type=1, norm="ortho")
        return np.asarray(dstn(hat, type=1, norm="ortho")).ravel()

    return linalg.LinearOperator(((n - 1) ** 2, (n - 1) ** 2), apply, dtype=np.float64)


def restarted(tolerance: float, inverse: Any, warm: bool) -> Solver:
    """Return GMRES(40), at will from the solution before."""

    def solve(a: Any, b: Array, before: Solved | None) -> Solved:
        start = before.values if warm and before else None
        made = gmres(
            a,
            b,
            start=start,
            preconditioner=inverse,
            restart=RESTART,
            tolerance=tolerance,
            most_products=MOST,
        )
        return Solved(made.values, made.iterations, made.products)

    return solve


def recycling(tolerance: float, inverse: Any, warm: bool) -> Solver:
    """Return GCRO-DR(40, 20) with the space of the system before."""

    def solve(a: Any, b: Array, before: Solved | None) -> Solved:
        made = gcro_dr(
            a,
            b,
            start=before.values if warm and before else None,
            space=before.space if before else None,
            preconditioner=inverse,
            restart=RESTART,
            recycled=RECYCLED,
            tolerance=tolerance,
            most_products=MOST,
        )
        return Solved(made.values, made.iterations, made.products, made.space)

    return solve


def of_scipy(method: Callable[..., Any], per_step: int, tolerance: float, inverse: Any) -> Solver:
    """Return a method of scipy with short recurrences."""

    def solve(a: Any, b: Array, before: Solved | None) -> Solved:
        product, steps = Product(a, b.shape), []
        operator = linalg.LinearOperator(a.shape, product.plain, dtype=b.dtype)
        values, _ = method(
            operator,
            b,
            rtol=tolerance,
            maxiter=MOST // per_step,
            M=inverse,
            callback=lambda x: steps.append(1),
        )
        return Solved(values, len(steps), product.count)

    return solve


def direct(a: Any, b: Array, before: Solved | None) -> Solved:
    """Factorise."""
    return Solved(linalg.splu(a.tocsc(), permc_spec="MMD_AT_PLUS_A").solve(b), 0, 0)


def run(systems: Systems, solve: Solver, tolerance: float, order: Any) -> dict[str, Any]:
    """Return the means of a row over the systems in an order."""
    before, solved, worst, failed = None, [], [], 0
    start = time.process_time()
    for i in order:
        before = solve(systems.matrices[i], systems.right, before)
        left = np.linalg.norm(systems.right - systems.matrices[i] @ before.values)
        solved.append((before.iterations, before.products))
        worst.append(float(left / np.linalg.norm(systems.right)))
        failed += worst[-1] > 1.001 * tolerance
        if failed == 10:
            break
    seconds = time.process_time() - start
    iterations, products = np.mean(solved, axis=0)
    return {
        "systems": len(solved),
        "unsolved": failed,
        "iterations": float(iterations),
        "products": float(products),
        "seconds": seconds / len(solved),
        "largest_residual": max(worst),
    }


def own_multigrid(systems: Systems, tolerance: float) -> dict[str, Any]:
    """Return the row of the package's solver of Darcy's equation, one system at a time."""
    count = 0

    class Counted(darcy.Multigrid):
        def __call__(self, red: torch.Tensor) -> torch.Tensor:
            nonlocal count
            count += 1
            return super().__call__(red)

    tensors = torch.from_numpy(systems.fields)
    start = time.process_time()
    found = [darcy.solve_darcy(a[None], tolerance=tolerance)[0] for a in tensors]
    seconds = time.process_time() - start
    # Once more, so that the count is no part of the time.
    with mock.patch.object(darcy, "Multigrid", Counted):
        for a in tensors:
            darcy.solve_darcy(a[None], tolerance=tolerance)
    left = [
        np.linalg.norm(systems.right - a @ u[1:-1, 1:-1].numpy().ravel())
        for a, u in zip(systems.matrices, found, strict=True)
    ]
    return {
        "systems": len(found),
        "unsolved": 0,
        "iterations": count / len(found),
        "products": count / len(found),
        "seconds": seconds / len(found),
        "largest_residual": float(max(left) / np.linalg.norm(systems.right)),
    }


def rows(
    name: str, systems: Systems, tolerance: float, inverse: Any
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every row of a problem and a tolerance."""
    clock = time.process_time()
    walk = greedy_order(systems.fields)
    sorting = (time.process_time() - clock) / len(walk)
    given = np.arange(len(walk))
    made: list[tuple[str, Solver, Any]] = [
        ("GMRES(40)", restarted(tolerance, inverse, False), given),
        ("GMRES(40), warm start, sorted", restarted(tolerance, inverse, True), walk),
        ("BiCGStab", of_scipy(linalg.bicgstab, 2, tolerance, inverse), given),
        ("GCRO-DR(40, 20)", recycling(tolerance, inverse, False), given),
        ("GCRO-DR(40, 20), sorted", recycling(tolerance, inverse, False), walk),
        ("GCRO-DR(40, 20), warm start, sorted", recycling(tolerance, inverse, True), walk),
    ]
    if name == "darcy":
        made.append(("CG", of_scipy(linalg.cg, 1, tolerance, inverse), given))
    if inverse is None:
        made.append(("sparse LU", direct, given))
    for row, solve, order in made:
        found = run(systems, solve, tolerance, order)
        yield row, found | {"seconds": found["seconds"] + sorting * (order is walk)}
    if name == "darcy":
        yield "multigrid CG", own_multigrid(systems, tolerance)


def main() -> None:
    """Solve, print the table and write all numbers."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--systems", type=int, default=200)
    parser.add_argument("--points", type=int, default=64, help="intervals per side")
    parser.add_argument("--problems", nargs="+", default=list(PROBLEMS), choices=PROBLEMS)
    today = time.strftime("%Y%m%d")
    parser.add_argument("--out", type=Path, default=Path(f"benchmarks/krylov-cpu-{today}.json"))
    given = parser.parse_args()
    torch.set_num_threads(1)
    made: dict[str, Any] = {
        "about": {"scipy": scipy.__version__, "processor": platform.machine(), "threads": 1},
        "settings": {k: v for k, v in vars(given).items() if k != "out"},
        "rows": [],
    }
    print(f"{'':54}{'iterations':>12}{'products':>10}{'ms':>8}{'residual':>10}{'unsolved':>10}")
    for name in given.problems:
        count = max(given.systems // 10, 2) if name == "darcy" else given.systems
        systems = PROBLEMS[name](count, given.points)
        for inverse in (None,) if name == "darcy" else (None, poisson(given.points)):
            for tolerance in (1e-5, 1e-8):
                case = f"{name}{', Poisson' if inverse else ''}, {tolerance:g}"
                for row, found in rows(name, systems, tolerance, inverse):
                    made["rows"].append({"case": case, "row": row, **found})
                    given.out.write_text(json.dumps(made, indent=1) + "\n")
                    print(
                        f"{case + ': ' + row:54}{found['iterations']:12.1f}"
                        f"{found['products']:10.1f}{1e3 * found['seconds']:8.1f}"
                        f"{found['largest_residual']:10.1e}"
                        f"{found['unsolved']:6d} of {found['systems']}",
                        flush=True,
                    )


if __name__ == "__main__":
    main()
