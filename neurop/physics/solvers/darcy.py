"""Steady diffusion with a variable coefficient on the unit square, by finite volumes in batches."""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor

from neurop.errors import InputError, nearest
from neurop.physics.solvers.multigrid import Multigrid
from neurop.physics.solvers.red_black import BLACK, RED, RedBlack

FaceMean = Literal["harmonic", "arithmetic"]
MOST_ITERATIONS = 100


def solve_darcy(
    coefficient: Tensor,
    source: Tensor | float = 1.0,
    *,
    faces: FaceMean = "harmonic",
    tolerance: float = 1e-6,
) -> Tensor:
    r"""Solve :math:`-\nabla\cdot(a\nabla u) = f` on the unit square, u = 0 on the boundary.

    .. math:: \sum_{q \sim p} t_{pq}(u_p - u_q) = h^2 f_p, \qquad
       t_{pq} = \frac{2 a_p a_q}{a_p + a_q} \ \text{or}\ \frac{a_p + a_q}{2},

    at the interior nodes of an equidistant grid that includes both ends of each axis. The harmonic
    mean is exact for layers whose interfaces lie halfway between nodes, where the flux is
    continuous and the gradient jumps; the published Darcy files use the arithmetic one.
    Both are of second order where a is smooth.

    The equations of the black nodes are eliminated, and those of the red ones solved by conjugate
    gradients in float64, preconditioned by a multigrid V-cycle in float32. The number of
    iterations, about 9, depends neither on the grid nor much on a. An iteration stops a sample at
    its own tolerance, so its solution does not depend on the rest of the batch.

    Parameters
    ----------
    coefficient
        Coefficient a > 0 at the nodes, ``(batch, n+1, n+1)``; n has small prime factors (420 =
        2*2*3*5*7).
    source
        Source f, a number or nodal values that broadcast against `coefficient`.
    faces
        Mean of a on the face between two nodes.
    tolerance
        Bound of the residual's L2 norm relative to that of :math:`h^2 f`.

    Returns
    -------
    Tensor
        Solution u at the nodes, ``(batch, n+1, n+1)``, float64, on the device of `coefficient`.

    Raises
    ------
    InputError
        If a is not positive and finite, n has a large prime factor, or 100 iterations do not reach
        the tolerance.

    Examples
    --------
    >>> u = solve_darcy(torch.ones(1, 65, 65))
    >>> round(float(u[0, 32, 32]), 4)  # the series of the unit square gives 0.0737
    0.0737
    """
    least, most = coefficient.aminmax()
    if not 0 < float(least) <= float(most) < float("inf"):  # false for a nan too
        raise InputError.of(
            "coefficient",
            f"{float(least):g}..{float(most):g}",
            "use values that are positive and finite",
        )
    x_faces, y_faces = transmissibilities(coefficient, faces)
    operator, cycle = RedBlack(x_faces, y_faces), Multigrid(x_faces.float(), y_faces.float())
    b = (
        torch.as_tensor(source, dtype=torch.float64, device=coefficient.device).expand_as(
            coefficient
        )[:, 1:-1, 1:-1]
        / operator.n**2
    )
    red, black = operator.split(b, 1)
    bound = tolerance * b.flatten(1).norm(dim=1)
    v = operator.relax(BLACK, torch.zeros_like(red), torch.zeros_like(red), black)
    residual = operator.neighbours(RED, v, torch.zeros_like(red), red)
    u, image = torch.zeros_like(red), torch.zeros_like(red)
    direction, before = torch.zeros_like(red), torch.ones_like(bound)
    for _ in range(MOST_ITERATIONS):
        active = residual.norm(dim=1) > bound
        if not bool(active.any()):
            return operator.join(u, operator.relax(BLACK, u, v, black))
        z = cycle(residual.float()).double()
        now = _dot(residual, z)
        direction.mul_(torch.where(active, now / before, 0.0)[:, None]).add_(z)
        operator.relax(BLACK, direction, v)
        operator.neighbours(RED, v, image).addcmul_(operator.diagonal[RED], direction, value=-1)
        step = torch.where(active, now / _dot(direction, image), 0.0)[:, None]
        u.addcmul_(step, direction, value=-1)
        residual.addcmul_(step, image, value=-1)
        before = now
    worst = float((residual.norm(dim=1) / bound).max()) * tolerance
    raise InputError(
        f"{MOST_ITERATIONS} iterations left a relative residual of {worst:.1e}, above "
        f"tolerance={tolerance:g}; use less contrast",
        "tolerance",
        tolerance,
    )


def transmissibilities(coefficient: Tensor, faces: FaceMean = "harmonic") -> tuple[Tensor, Tensor]:
    """Return t on the faces across x, ``(batch, n, n+1)``, and across y, ``(batch, n+1, n)``.

    They are in float64; see :func:`solve_darcy`. Raises InputError for an unknown mean.
    """
    if faces not in get_args(FaceMean):
        raise InputError.of("faces", faces, nearest(faces, get_args(FaceMean)))
    a = coefficient.double()
    if faces == "harmonic":
        # The mean of 1/a, inverted: one division per node and face.
        a = a.reciprocal()
    means = [0.5 * (a[:, 1:] + a[:, :-1]), 0.5 * (a[..., 1:] + a[..., :-1])]
    x_faces, y_faces = [mean.reciprocal_() for mean in means] if faces == "harmonic" else means
    return x_faces, y_faces


def fluxes(coefficient: Tensor, u: Tensor, faces: FaceMean = "harmonic") -> tuple[Tensor, Tensor]:
    r"""Return :math:`-\int a\,\partial_n u` over each face in the directions of x and y.

    Shapes are ``(batch, n, n+1)`` and ``(batch, n+1, n)``. The outflow of the control volume of an
    interior node is h^2 f, up to the residual of the solver.
    """
    x_faces, y_faces = transmissibilities(coefficient, faces)
    return -x_faces * u.diff(dim=1), -y_faces * u.diff(dim=2)


def _dot(a: Tensor, b: Tensor) -> Tensor:
    """Return the inner product per sample."""
    return torch.bmm(a[:, None], b[..., None])[:, 0, 0]
