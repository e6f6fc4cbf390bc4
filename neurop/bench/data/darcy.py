"""Solvers of Darcy's equation: the library's own, and those of SciPy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import scipy.fft
import scipy.sparse as sp
import scipy.sparse.linalg as linalg
import torch
from numpy.typing import NDArray

from neurop.bench.data.candidate import Candidate
from neurop.physics.solvers.darcy import solve_darcy, transmissibilities

SAMPLES = 4
TOLERANCE = 1e-6


def candidates(source: Any, log: Callable[[str], None]) -> Iterator[Candidate]:
    """Yield solvers of the first samples of a Darcy set, to a relative residual of 1e-6.

    Parameters
    ----------
    source
        Data set, :class:`neurop.datasets.Darcy`; its solver's grid is used.
    log
        Function that reports progress.
    """
    a = source.permeability(range(SAMPLES))
    n = a.shape[-1] - 1
    case = f"darcy-{source.coefficient}-{n + 1}"
    systems = [matrix(one, source.faces) for one in a.numpy()]
    b = np.full((n - 1) ** 2, n**-2.0)
    log(f"{case}: factorising for the truth")
    truths = [_direct(system, b) for system in systems]

    def error(found: Any) -> float:
        return max(
            float(np.linalg.norm(x - y) / np.linalg.norm(y))
            for x, y in zip(found, truths, strict=True)
        )

    def own() -> list[NDArray[Any]]:
        return [
            u[1:-1, 1:-1].numpy().ravel()
            for u in solve_darcy(a, faces=source.faces, tolerance=TOLERANCE)
        ]

    def each(one: Callable[..., NDArray[Any]]) -> list[NDArray[Any]]:
        # The matrix is a part of the work, as the coefficients differ.
        return [one(matrix(coefficient, source.faces), b) for coefficient in a.numpy()]

    scale = float(a.min() * a.max()) ** 0.5
    for path, how, call in (
        ("neurop", "conjugate gradients, red-black multigrid preconditioner, batched", own),
        (
            "spsolve",
            "scipy.sparse.linalg.spsolve, SuperLU with default settings",
            partial(each, linalg.spsolve),
        ),
        (
            "splu",
            "SuperLU with an ordering and pivots for symmetric matrices",
            partial(each, _direct),
        ),
        ("cg", "scipy.sparse.linalg.cg", partial(each, partial(_gradients, n=n, scale=None))),
        (
            "cg-poisson",
            "the same with a fast Poisson solver (sine transforms) as preconditioner",
            partial(each, partial(_gradients, n=n, scale=scale)),
        ),
    ):
        yield Candidate(path, how, case, SAMPLES, call, error)


def matrix(coefficient: NDArray[Any], faces: Any) -> sp.csc_matrix:
    """Return the symmetric positive finite-volume matrix of one sample, over the interior nodes."""
    across_x, across_y = (
        t[0].numpy() for t in transmissibilities(torch.from_numpy(coefficient)[None], faces)
    )
    across_x, across_y = across_x[:, 1:-1], across_y[1:-1]
    m = len(across_y)
    number = np.arange(m * m).reshape(m, m)
    pairs = (
        (number[:-1], number[1:], across_x[1:-1]),
        (number[:, :-1], number[:, 1:], across_y[:, 1:-1]),
    )
    diagonal = across_x[1:] + across_x[:-1] + across_y[:, 1:] + across_y[:, :-1]
    rows = [number, *(end for p, q, _ in pairs for end in (p, q))]
    columns = [number, *(end for p, q, _ in pairs for end in (q, p))]
    values = [diagonal, *(-t for _, _, t in pairs for _ in range(2))]
    flat = [np.concatenate([part.ravel() for part in parts]) for parts in (values, rows, columns)]
    return sp.csc_matrix((flat[0], (flat[1], flat[2])), shape=(m * m, m * m))


def _direct(system: sp.csc_matrix, b: NDArray[Any]) -> NDArray[Any]:
    factors = linalg.splu(
        system, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True}, diag_pivot_thresh=0.0
    )
    found: NDArray[Any] = factors.solve(b)
    return found


def _gradients(system: sp.csc_matrix, b: NDArray[Any], n: int, scale: float | None) -> NDArray[Any]:
    x, failed = linalg.cg(
        system,
        b,
        rtol=TOLERANCE,
        atol=0.0,
        maxiter=20000,
        M=None if scale is None else _poisson(n, scale),
    )
    if failed:
        raise RuntimeError(f"conjugate gradients gave up after {failed} iterations")
    found: NDArray[Any] = x
    return found


def _poisson(n: int, scale: float) -> linalg.LinearOperator:
    eigenvalues = 2 - 2 * np.cos(np.pi * np.arange(1, n) / n)
    inverse = 1 / (scale * (eigenvalues[:, None] + eigenvalues))

    def apply(r: NDArray[Any]) -> NDArray[Any]:
        hat = inverse * scipy.fft.dstn(r.reshape(n - 1, n - 1), type=1, norm="ortho")
        return np.asarray(scipy.fft.dstn(hat, type=1, norm="ortho")).ravel()

    return linalg.LinearOperator(((n - 1) ** 2, (n - 1) ** 2), apply, dtype=np.float64)
