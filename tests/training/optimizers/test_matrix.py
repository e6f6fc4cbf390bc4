from __future__ import annotations

import pytest
import torch

from neurop.training.optimizers.matrix import Matrix

SHAPES = [
    (Matrix((-2,), (-1,)), (4, 5), (1, 1, 4, 5)),
    (Matrix((-3,), (-1,), -2), (7, 3, 4, 2, 5), (21, 2, 4, 5)),
    (Matrix((0,), (1, 2, 3)), (4, 5, 3, 2), (1, 1, 4, 30)),
    (Matrix((0,), (2,)), (4, 7, 5), (7, 1, 4, 5)),
    (Matrix((2,), (0, 1)), (2, 5, 4), (1, 1, 4, 10)),
]


@pytest.mark.parametrize(("matrix", "shape", "sizes"), SHAPES)
def test_there_and_back(
    matrix: Matrix, shape: tuple[int, ...], sizes: tuple[int, int, int, int]
) -> None:
    weight = torch.randn(shape)
    assert matrix.sizes(shape) == sizes
    assert matrix.stack(weight).shape == sizes
    assert torch.equal(matrix.unstack(matrix.stack(weight), shape), weight)


def test_the_matrix_of_a_mode() -> None:
    weight = torch.randn(3, 4, 6, 2, 5)
    found = Matrix((-3,), (-1,), -2).stack(weight)
    assert torch.equal(found[1 * 4 + 2, 1], weight[1, 2, :, 1])


def test_the_matrix_of_a_kernel_is_that_of_its_patches() -> None:
    weight, patch = torch.randn(3, 4, 2, 2), torch.randn(4, 2, 2)
    found = Matrix((0,), (1, 2, 3)).stack(weight)[0, 0] @ patch.flatten()
    torch.testing.assert_close(
        found, torch.nn.functional.conv2d(patch[None], weight)[0, :, 0, 0], rtol=1e-5, atol=1e-5
    )


def test_the_core_of_a_tensor_train_has_one_matrix_per_mode() -> None:
    core = torch.randn(4, 7, 2, 5)
    found = Matrix((0,), (3,), 2).stack(core)
    assert torch.equal(found[6, 1], core[:, 6, 1])
