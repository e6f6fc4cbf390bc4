"""Projections on local polynomials, and what the tokens of a field are on other grids."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.polynomial import Legendre
from raising import raises_input
from torch.nn.functional import conv1d

from neurop.geometry.axis import Axis
from neurop.geometry.grid import Grid
from neurop.layers.tokens.head import PatchHead
from neurop.layers.tokens.patches import Patches

AXES = {
    "periodic": Axis("x"),
    "cells": Axis("x", layout="cells"),
    "left": Axis("x", "open"),
    "walls": Axis("x", "dirichlet", layout="ends"),
    "chebyshev": Axis("x", "open", layout="chebyshev"),
}


def line(axis: Axis, tokens: int, functions: int) -> Patches:
    return Patches(Grid((axis,)), (tokens,), functions)


def sampled(axis: Axis, n: int) -> tuple[np.ndarray, torch.Tensor]:
    x = axis.points(n)
    return x, torch.from_numpy(np.sin(2 * np.pi * x) + 0.5).view(1, n, 1)


def coefficients(tokens: int, functions: int) -> np.ndarray:
    """Return the integrals of the sampled function over each patch, by a fine Gauss rule."""
    s, mass = np.polynomial.legendre.leggauss(40)
    s, mass = (s + 1) / 2, mass / 2
    made = np.empty((tokens, functions))
    for t in range(tokens):
        f = np.sin(2 * np.pi * (t + s) / tokens) + 0.5
        for b in range(functions):
            made[t, b] = (mass * f * Legendre.basis(b)(2 * s - 1)).sum() * np.sqrt(2 * b + 1)
    return made


@pytest.mark.parametrize("axis", AXES.values(), ids=list(AXES))
def test_coefficients_converge_with_the_square_of_the_spacing_on_any_layout(axis: Axis) -> None:
    patches, exact = line(axis, 5, 3), coefficients(5, 3)
    errors = []
    for n in (23, 45, 89):
        found = patches(sampled(axis, n)[1])[0, :, :, 0].numpy()
        errors.append(np.abs(found - exact).max())
    assert errors[0] < 0.02
    assert errors[0] / errors[1] > 3.5
    assert errors[1] / errors[2] > 3.5


@pytest.mark.parametrize("axis", AXES.values(), ids=list(AXES))
@pytest.mark.parametrize("n", [2, 7, 40])
def test_lines_are_exact_on_every_grid_and_return(axis: Axis, n: int) -> None:
    """The only lines on a periodic axis are constants; grids coarser than the patches included."""
    slope = 0.0 if axis.boundary == "periodic" else 3.0
    patches = line(axis, 4, 2)
    v = torch.from_numpy(1 + slope * axis.points(n)).view(1, n, 1)
    c = patches(v)[0, :, :, 0]
    middles = (torch.arange(4) + 0.5).double() / 4
    torch.testing.assert_close(c[:, 0], 1 + slope * middles)
    torch.testing.assert_close(c[:, 1], torch.full((4,), slope / 4 / 12**0.5).double())
    for other in (n, 9, 33):
        expected = torch.from_numpy(1 + slope * axis.points(other))
        torch.testing.assert_close(patches.fields(c[None, :, :, None], (other,))[0, :, 0], expected)


def test_fields_are_one_function_on_all_grids_with_the_second_value_on_a_border() -> None:
    patches = line(Axis("x"), 4, 3)
    c = torch.randn(2, 4, 3, 5, generator=torch.Generator().manual_seed(0)).double()
    coarse, fine = patches.fields(c, (12,)), patches.fields(c, (60,))
    torch.testing.assert_close(fine[:, ::5], coarse)
    first = c[:, :, 0] - 3**0.5 * c[:, :, 1] + 5**0.5 * c[:, :, 2]
    torch.testing.assert_close(coarse[:, ::3], first)
    # As many points as functions: the coefficients of a field can be any.
    assert (
        np.linalg.matrix_rank(patches.fields(torch.eye(12).view(12, 4, 3, 1), (12,))[..., 0]) > 11
    )


def test_on_patches_of_equal_points_it_is_a_strided_convolution() -> None:
    patches = line(Axis("x"), 4, 3)
    x = torch.randn(2, 20, 1, generator=torch.Generator().manual_seed(0)).double()
    kernel = patches(torch.eye(20).double().unsqueeze(-1))[:, 1, :, 0].t()[:, None, 5:11]
    padded = torch.cat([x, x[:, :1]], 1).movedim(-1, 1)
    expected = conv1d(padded, kernel, stride=5).movedim(1, -1)
    torch.testing.assert_close(patches(x)[..., 0], expected)


def test_axes_are_independent() -> None:
    """Coefficients of a product are products, in the order of the axes; a plane and its field."""
    plane = Patches(Grid((AXES["walls"], Axis("y"))), (3, 4), 2)
    (_, f), (_, g) = sampled(AXES["walls"], 13), sampled(Axis("y"), 16)
    c = plane((f[0] * g[0].t()).view(1, 13, 16, 1)).view(3, 4, 2, 2)
    one, other = line(AXES["walls"], 3, 2)(f)[0, ..., 0], line(Axis("y"), 4, 2)(g)[0, ..., 0]
    torch.testing.assert_close(c, torch.einsum("sa,tb->stab", one, other))
    made = plane.fields(c.view(1, 3, 4, 4, 1), (7, 8))[0, ..., 0]
    fields = [
        line(axis, len(v), 2).fields(v[None, ..., None], (n,))[0, :, 0]
        for axis, v, n in ((AXES["walls"], one, 7), (Axis("y"), other, 8))
    ]
    torch.testing.assert_close(made, torch.outer(*fields))


def test_a_head_is_linear_in_its_token() -> None:
    torch.manual_seed(0)
    patches = line(Axis("x"), 4, 2)
    head, v = PatchHead(3, 2, patches).double(), torch.randn(1, 4, 3).double()
    at_left = head.weight[:, 0] - 3**0.5 * head.weight[:, 1]  # of the functions at s = 0
    torch.testing.assert_close(head(v, (4,)), v @ at_left.t())


@pytest.mark.parametrize(
    ("tokens", "functions", "key", "value"),
    [((0,), 2, "tokens", 0), ((4,), 0, "functions", 0), ((4, 4), 2, "tokens", (4, 4))],
)
def test_patches_that_do_not_exist(
    tokens: tuple[int, ...], functions: int, key: str, value
) -> None:
    with raises_input(key, value):
        Patches(Grid.periodic(1), tokens, functions)
