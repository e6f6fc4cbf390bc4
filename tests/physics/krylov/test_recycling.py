"""GMRES and GCRO-DR against scipy, dense solutions and the spectrum that a space leaves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
import scipy.sparse.linalg as linalg
from raising import raises_input

from neurop.physics.krylov.gmres import gmres
from neurop.physics.krylov.recycling import gcro_dr

N = 14


def flow(seed: int = 0) -> Any:
    """Return convection and diffusion on N x N points: real, with complex eigenvalues."""
    wind = 20 * np.random.default_rng(seed).uniform(0.9, 1.1, (2, N * N)) / N
    second = sp.diags_array([-1.0, 2.0, -1.0], offsets=[-1, 0, 1], shape=(N, N))
    first = sp.diags_array([-0.5, 0.5], offsets=[-1, 1], shape=(N, N))
    same = sp.eye_array(N)
    a = sp.kron(second, same) + sp.kron(same, second)
    a = a + sp.diags_array(wind[0]) @ sp.kron(first, same)
    return (a + sp.diags_array(wind[1]) @ sp.kron(same, first)).tocsr()


def waves(seed: int = 0) -> Any:
    """Return a damped Helmholtz equation: complex, with eigenvalues on both sides of zero."""
    return (flow(seed) - (0.3 + 0.05j) * sp.eye_array(N * N)).tocsr()


def noise(complex_too: bool = False, seed: int = 5) -> np.ndarray:
    draw = np.random.default_rng(seed).standard_normal((2, N * N))
    return draw[0] + 1j * draw[1] if complex_too else draw[0]


CASES = pytest.mark.parametrize("a", [flow(), waves()], ids=["real", "complex"])


@CASES
@pytest.mark.parametrize("restart", [5, 12])
def test_without_a_space_it_is_restarted_gmres(a: Any, restart: int) -> None:
    b, reference = noise(np.iscomplexobj(a)), list[float]()
    linalg.gmres(
        a,
        b,
        rtol=1e-9,
        restart=restart,
        maxiter=200,
        callback=reference.append,
        callback_type="pr_norm",
    )
    made = gmres(a, b, restart=restart, tolerance=1e-9)
    assert made.converged
    assert made.iterations == len(reference) > 2 * restart
    np.testing.assert_allclose(made.residuals[1:], reference, rtol=1e-5)


@CASES
@pytest.mark.parametrize("inverse", [False, True])
def test_a_sequence_is_solved(a: Any, inverse: bool) -> None:
    """Dense solutions, images of the space orthonormal, residuals that never rise."""
    b, space = noise(np.iscomplexobj(a)), None
    m = sp.diags_array(1 / a.diagonal()) if inverse else sp.eye_array(N * N)
    for seed in range(3):
        system = flow(seed) if not np.iscomplexobj(a) else waves(seed)
        made = gcro_dr(
            system,
            b,
            space=space,
            preconditioner=m if inverse else None,
            restart=14,
            recycled=6,
            tolerance=1e-11,
        )
        exact = np.linalg.solve(system.toarray(), b)
        np.testing.assert_allclose(made.values, exact, rtol=0, atol=1e-9 * np.abs(exact).max())
        left = np.linalg.norm(b - system @ made.values) / np.linalg.norm(b)
        assert made.residuals[-1] == pytest.approx(left, rel=1e-6)
        assert left <= 1e-11
        assert np.diff(made.residuals).max() < 1e-12
        space = made.space
        assert space.dtype == a.dtype
        images = (system @ (m @ space.T)).T
        np.testing.assert_allclose(images.conj() @ images.T, np.eye(6), rtol=0, atol=1e-10)


@CASES
def test_the_recurrence_is_the_true_residual(a: Any) -> None:
    b = noise(np.iscomplexobj(a))
    settings: dict[str, Any] = {"restart": 14, "recycled": 6, "tolerance": 1e-10}
    known = gcro_dr(a, b[::-1], **settings).space
    full = gcro_dr(a, b, space=known, **settings)
    for steps in (3, 8, 21, 30):
        # The sixth product completes the images, and the true residual costs one more.
        part = gcro_dr(a, b, space=known, most_products=6 + steps, **settings)
        assert part.products == 7 + steps
        assert part.residuals[-1] == pytest.approx(full.residuals[1 + steps], abs=1e-9)
        assert not part.converged


def test_a_given_space_leaves_the_rest_of_the_spectrum() -> None:
    """With the eigenvectors of 20 small eigenvalues the history is that of the others alone."""
    eigenvalues = np.concatenate([np.geomspace(1e-5, 1e-3, 20), np.linspace(1, 50, 180)])
    b = noise()[:1].repeat(200) * np.cos(np.arange(200))
    exact = gcro_dr(lambda v: eigenvalues * v, b, space=np.eye(20, 200))
    rest = gmres(lambda v: eigenvalues[20:] * v, b[20:], restart=20)
    scale = np.linalg.norm(b[20:]) / np.linalg.norm(b)
    np.testing.assert_allclose(exact.residuals[1:22], rest.residuals[:21] * scale, rtol=1e-6)
    plain = gmres(lambda v: eigenvalues * v, b, most_products=4000)
    found = gcro_dr(lambda v: eigenvalues * v, b)
    again = gcro_dr(lambda v: eigenvalues * v, b[::-1].copy(), space=found.space)
    assert again.converged
    assert again.iterations <= 1.1 * exact.iterations
    assert plain.iterations > 5 * again.iterations


@CASES
def test_the_same_system_again_takes_fewer_steps(a: Any) -> None:
    b = noise(np.iscomplexobj(a))
    first = gcro_dr(a, b)
    again = gcro_dr(a, b, space=first.space)
    assert again.converged
    assert again.iterations < 0.65 * first.iterations
    assert again.products == 20 + again.iterations + 1  # the space, and the true residual


@pytest.mark.parametrize("shape", [(7,), (4, 5), (3, 4, 2)])
def test_functions_of_fields_of_any_dimension(shape: tuple[int, ...]) -> None:
    def operator(u: np.ndarray) -> np.ndarray:
        """Return 4 u less its neighbours along each axis, periodic, and a shear."""
        return 4 * u - sum((1 + 0.2 * i) * np.roll(u, 1, i) for i in range(u.ndim)) / u.ndim

    b = np.random.default_rng(1).standard_normal(shape)
    dense = np.stack([operator(e.reshape(shape)).ravel() for e in np.eye(b.size)], axis=1)
    made = gcro_dr(operator, b, restart=6, recycled=2, tolerance=1e-12)
    np.testing.assert_allclose(operator(made.values), b, atol=1e-11)
    flat = gcro_dr(dense, b.ravel(), restart=6, recycled=2, tolerance=1e-12)
    np.testing.assert_allclose(made.values.ravel(), flat.values, atol=1e-11)
    assert made.space.shape == (2, *shape)
    as_scipy = gcro_dr(linalg.aslinearoperator(dense), b, restart=6, recycled=2, tolerance=1e-12)
    np.testing.assert_allclose(as_scipy.values, made.values, atol=1e-11)


def test_what_needs_no_or_one_step() -> None:
    a, b = flow(), noise()
    exact = np.linalg.solve(a.toarray(), b)
    assert gmres(a, b, start=exact).iterations == 0
    assert gmres(a, 0 * b).values.max() == 0
    perfect = gmres(a, b, preconditioner=np.linalg.inv(a.toarray()), tolerance=1e-10)
    assert (perfect.iterations, perfect.converged) == (1, True)
    few = gmres(lambda v: np.where(np.arange(N * N) % 3, 2.0, -1.0) * v, b, tolerance=1e-12)
    assert (few.iterations, few.converged) == (2, True)


def test_dependent_vectors_of_a_space_are_dropped() -> None:
    a, b = flow(), noise()
    made = gcro_dr(a, b, space=np.stack([b, 2 * b, b]), restart=10, recycled=4)
    assert made.converged
    assert made.products == 3 + made.iterations + 1


def test_a_singular_system_ends_unsolved() -> None:
    made = gcro_dr(np.diag([1.0, 0.0, 2.0]), np.ones(3), most_products=30)
    assert not made.converged
    assert made.residuals[-1] == pytest.approx(3**-0.5)  # the part outside the range
    assert made.products <= 31


def test_errors() -> None:
    with raises_input("recycled", 40):
        gcro_dr(flow(), noise(), recycled=40)
    with raises_input("tolerance", 0.0):
        gmres(flow(), noise(), tolerance=0.0)
    with raises_input("operator.shape", (3, 3)):
        gmres(np.eye(3), np.ones(4))
    with raises_input("start.shape", (3,)):
        gmres(np.eye(4), np.ones(4), start=np.ones(3))
    with raises_input("space.shape", (2, 5)):
        gcro_dr(np.eye(4), np.ones(4), space=np.ones((2, 5)))
    with raises_input("operator", "complex"):
        gmres(lambda v: 1j * v, np.ones(4))
