"""Truncation floor: the part of the truth outside the modes of a band-limited network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from neurop.constraints.band_limit import BandLimit
from neurop.evaluation.batches import check_compatible, iterate_pairs
from neurop.fields.fieldset import FieldSet
from neurop.inference.diagnostics import base
from neurop.inference.domain import measure
from neurop.inference.evaluating import evaluating
from neurop.metrics.measure import Weights
from neurop.metrics.norms import relative_l2

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate


def truncation_floor(surrogate: Surrogate, test: FieldSet, batch_size: int = 16) -> float | None:
    r"""Return the smallest relative L2 error that a band-limited network can have.

    .. math:: \frac{\lVert r - P r \rVert}{\lVert y \rVert}, \qquad
       r = y - [x_{\text{last}}] - \mu_y,

    the mean over fields and over samples or windows, with P the projection on the network's modes
    (its method ``truncated``), the last frame subtracted if it predicts increments, and
    :math:`\mu_y` the mean of its normaliser. On flat grids P is orthogonal and no training can
    reach a smaller error; on the sphere, where the modes are not orthogonal with the weights of the
    area, it is approximate.

    Parameters
    ----------
    surrogate
        Surrogate of a map or an evolution.
    test
        Test data for it.
    batch_size
        Windows per call of the surrogate.

    Returns
    -------
    float or None
        None for a network that is not band-limited, or a domain with a mask.

    Raises
    ------
    InputError
        If the data do not fit the surrogate.
    """
    test = check_compatible(surrogate, test)
    found = [
        relative_l2(best.double(), y, weights, surrogate.scale)
        for best, y, weights in best_fields(surrogate, test, batch_size)
    ]
    return float(torch.cat(found).mean()) if found else None


def best_fields(
    surrogate: Surrogate, test: FieldSet, batch_size: int
) -> Iterator[tuple[Tensor, Tensor, Weights]]:
    """Yield the closest fields of a band-limited network's modes, the truth and the cell measure.

    Nothing for a network that is not band-limited, or a domain with a mask, where the values
    outside may be anything, and the modes see them.
    """
    if test.inside is not None:
        return
    s = surrogate.card
    with evaluating(surrogate):
        for x, y, given in iterate_pairs(surrogate, test, batch_size):
            norm = surrogate.output_norm
            start = base(s, x[:, -s.out_channels :]) if s.problem.increments else torch.zeros(())
            held = surrogate.net.truncated(norm(y.to(x) - start))
            if held is None:
                return
            best = start + norm.inverse(held)
            for constraint in s.constraints:
                if isinstance(constraint, BandLimit):
                    best = constraint(best, best, surrogate.context)
            yield best, y, measure(s, y, given)
