"""The red-black operator against its dense matrix, and the V-cycle as a linear map: symmetric,
positive, a good inverse.
"""

import pytest
import torch
from raising import raises_input
from torch import Tensor
from torch.nn.functional import pad

from neurop.physics.solvers.multigrid import Multigrid, factors
from neurop.physics.solvers.red_black import BLACK, RED, RedBlack

SIZES = [2, 3, 7, 12, 15, 24]


def faces(n: int, batch: int = 2, contrast: float = 100.0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(n)
    draw = [
        torch.rand(batch, *shape, generator=generator, dtype=torch.float64)
        for shape in ((n, n + 1), (n + 1, n))
    ]
    return contrast ** draw[0], contrast ** draw[1]


def five_point(x_faces: Tensor, y_faces: Tensor, u: Tensor) -> Tensor:
    """Return what leaves each interior node, by differences of fluxes."""
    u = pad(u, (1, 1, 1, 1))
    x, y = x_faces * u.diff(dim=1), y_faces * u.diff(dim=2)
    return -x.diff(dim=1)[:, :, 1:-1] - y.diff(dim=2)[:, 1:-1]


def noise(n: int, batch: int = 2, seed: int = 0) -> Tensor:
    return torch.randn(
        batch, n - 1, n - 1, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)
    )


@pytest.mark.parametrize("n", SIZES)
def test_the_dense_matrix_is_the_operator(n: int) -> None:
    x_faces, y_faces = faces(n)
    matrix, u = RedBlack(x_faces, y_faces).dense(), noise(n)
    expected = five_point(x_faces, y_faces, u).flatten(1)
    torch.testing.assert_close(
        (matrix @ u.flatten(1)[..., None])[..., 0], expected, rtol=1e-12, atol=1e-11
    )
    assert torch.equal(matrix, matrix.mT)
    assert torch.linalg.eigvalsh(matrix).min() > 0


@pytest.mark.parametrize("n", SIZES)
def test_colours_are_the_parity_and_come_back(n: int) -> None:
    operator = RedBlack(*faces(n))
    u = torch.randn(2, n + 1, n + 1, dtype=torch.float64)
    red, black = operator.split(u)
    torch.testing.assert_close(operator.join(red, black), u, rtol=0, atol=0)
    i = torch.arange(n + 1)
    even = (i[:, None] + i) % 2 == 0
    torch.testing.assert_close(
        operator.join(red, torch.zeros_like(black)), u * even, rtol=0, atol=0
    )


@pytest.mark.parametrize("n", SIZES)
def test_half_a_sweep_solves_the_equations_of_its_colour(n: int) -> None:
    x_faces, y_faces = faces(n)
    operator = RedBlack(x_faces, y_faces)
    u, b = (pad(noise(n, seed=seed), (1, 1, 1, 1)) for seed in (1, 2))
    i = torch.arange(n + 1)
    for colour in (RED, BLACK):
        mine = ((i[:, None] + i) % 2 == colour)[1:-1, 1:-1]
        parts = list(operator.split(u))
        parts[colour] = operator.relax(
            colour, parts[1 - colour], torch.zeros_like(parts[0]), operator.split(b)[colour]
        )
        swept = operator.join(*parts)
        residual = b[:, 1:-1, 1:-1] - five_point(x_faces, y_faces, swept[:, 1:-1, 1:-1])
        assert residual[:, mine].abs().sum() < 1e-10 * b.abs().sum()
        torch.testing.assert_close(
            swept[:, 1:-1, 1:-1][:, ~mine], u[:, 1:-1, 1:-1][:, ~mine], rtol=0, atol=0
        )
        assert swept[:, [0, -1]].abs().max() == 0
        assert swept[:, :, [0, -1]].abs().max() == 0


def cycle_matrix(n: int, contrast: float) -> tuple[Tensor, Tensor]:
    """Return the V-cycle on the interior red nodes as a matrix, and the inverse that it
    approximates.
    """
    x_faces, y_faces = faces(n, 1, contrast)
    cycle, operator = Multigrid(x_faces, y_faces), RedBlack(x_faces, y_faces)
    inside = operator.inverse[RED][0].nonzero()[:, 0]
    columns = []
    for index in inside:
        unit = torch.zeros_like(operator.inverse[RED])
        unit[0, index] = 1
        columns.append(cycle(unit)[0, inside].clone())
    i = torch.arange(1, n)
    red = ((i[:, None] + i) % 2 == 0).flatten()
    return torch.stack(columns, 1), torch.linalg.inv(operator.dense()[0])[red][:, red]


@pytest.mark.parametrize(
    ("n", "condition"), [(7, 1.0), (14, 1.5), (16, 1.5), (15, 1.5), (20, 1.5), (21, 1.5), (25, 2.0)]
)
def test_the_cycle_is_symmetric_and_near_the_inverse(n: int, condition: float) -> None:
    matrix, inverse = cycle_matrix(n, 1.0)
    torch.testing.assert_close(matrix, matrix.mT, rtol=1e-10, atol=1e-13)
    values = torch.linalg.eigvals(torch.linalg.solve(inverse, matrix)).real
    assert values.min() > 0
    assert values.max() < 1 + 1e-10
    assert values.max() / values.min() < condition + 1e-8


def test_the_cycle_withstands_random_contrast() -> None:
    matrix, inverse = cycle_matrix(28, 100.0)
    torch.testing.assert_close(matrix, matrix.mT, rtol=1e-9, atol=1e-13)
    values = torch.linalg.eigvals(torch.linalg.solve(inverse, matrix)).real
    assert values.min() > 0
    assert values.max() / values.min() < 4


@pytest.mark.parametrize("factor", [2, 3, 5])
def test_coarse_couplings_of_a_constant_medium_are_those_of_the_coarse_grid(factor: int) -> None:
    """In two dimensions the couplings of a constant coefficient do not depend on the mesh;
    layers add up in series and in parallel.
    """
    n = 11 * factor
    layers = 1 + torch.arange(n, dtype=torch.float64)
    x_faces, y_faces = (
        layers[:, None].expand(1, n, n + 1),
        torch.full((1, n + 1, n), 3.0, dtype=torch.float64),
    )
    coarse = Multigrid(x_faces, y_faces).levels[1].dense()[0].view(10, 10, 10, 10)
    series = factor / layers.reciprocal().view(-1, factor).sum(1)
    for i in range(9):
        assert -coarse[4, i, 4, i + 1] == pytest.approx(3.0)
        assert -coarse[i, 4, i + 1, 4] == pytest.approx(float(series[i + 1]))


def test_a_large_prime_factor_is_one_line() -> None:
    assert factors(2) == []
    with raises_input("n", 74):
        factors(74)
