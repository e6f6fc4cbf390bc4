r"""Integral quantities of the vorticity on the periodic unit square, by name.

Each maps ``(..., x, y)`` to ``(...)``, per unit area; for a band-limited field the result does not
depend on the resolution.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from neurop.physics.operators import velocity


def mean(vorticity: Tensor) -> Tensor:
    r"""Return :math:`\langle\omega\rangle`, the circulation per area."""
    return vorticity.mean((-2, -1))


def energy(vorticity: Tensor) -> Tensor:
    r"""Return the kinetic energy :math:`\tfrac12\langle u^2 + v^2\rangle` of the induced velocity.

    Examples
    --------
    >>> import torch
    >>> x = torch.arange(16, dtype=torch.float64) / 16
    >>> w = (2 * torch.pi * x).sin()[:, None].expand(16, 16)
    >>> bool(torch.isclose(energy(w), enstrophy(w) / (2 * torch.pi) ** 2))
    True
    """
    return 0.5 * velocity(vorticity).square().sum(-3).mean((-2, -1))


def enstrophy(vorticity: Tensor) -> Tensor:
    r"""Return the enstrophy :math:`\tfrac12\langle\omega^2\rangle`."""
    return 0.5 * vorticity.square().mean((-2, -1))


INVARIANTS: dict[str, Callable[[Tensor], Tensor]] = {
    "energy": energy,
    "enstrophy": enstrophy,
    "mean": mean,
}
"""Name to function of the vorticity."""
