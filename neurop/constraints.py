"""What a prediction is held to, whatever the network says: means that are conserved, deviations
that stay in bounds.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from neurop.fields.normalizer import Normalizer
from neurop.geometry.grid import Grid
from neurop.metrics.norms import mean


def keep_means(y: Tensor, last: Tensor, fields: list[bool], grid: Grid) -> Tensor:
    r"""Return `y` with the means over the domain that `last` has, for the chosen fields.

    Parameters
    ----------
    y, last
        ``(batch, channels, *grid)``, on grids of any two sizes.
    fields
        Whether a channel keeps its mean.
    grid
        The grid, for its cell measure.

    Examples
    --------
    >>> keep_means(torch.ones(1, 2, 8), torch.zeros(1, 2, 8), [True, False], Grid.periodic(1))[0, :, 0].tolist()
    [0.0, 1.0]
    """
    before, after = (mean(z, _measure(grid, z)) for z in (last, y))
    held = torch.tensor(fields, dtype=y.dtype, device=y.device)
    return y + ((before - after) * held)[(...,) + (None,) * grid.dimensions]


def limit_deviation(y: Tensor, norm: Normalizer, most: float, grid: Grid) -> Tensor:
    r"""Return `y` with each field's root mean square departure from the training mean at most
    `most` training deviations.

    .. math:: \mu + (y - \mu)\,\min\!\Bigl(1,
       \frac{c\,\sigma}{\langle (y - \mu)^2 \rangle^{1/2}}\Bigr)

    What is smaller is not changed; what a rollout has blown up comes back to the size of what was
    seen in training, with its shape.

    Parameters
    ----------
    y
        ``(batch, channels, *grid)``.
    norm
        The normaliser of these fields: :math:`\mu` and :math:`\sigma`.
    most
        c.
    grid
        The grid, for its cell measure.
    """
    z = norm(y)
    size = mean(z.square(), _measure(grid, y)).sqrt()
    factor = most / size.clamp_min(most)  # 1 where nothing is to be done, with a gradient of 0
    return norm.inverse(z * factor[(...,) + (None,) * grid.dimensions])


def _measure(grid: Grid, like: Tensor) -> Tensor:
    return _weights(grid, tuple(like.shape[-grid.dimensions :])).to(like)


@lru_cache(maxsize=16)
def _weights(grid: Grid, shape: tuple[int, ...]) -> Tensor:
    with torch.inference_mode(False):  # a tensor of inference could not take part in training later
        return torch.from_numpy(grid.weights(shape))
