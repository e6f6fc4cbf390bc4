"""A network of local layers that is one operator at all resolutions (Berner et al., 2025)."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from neurop.convert.convert import Converted, convert
from neurop.convert.taps import Rule
from neurop.errors import InputError
from neurop.geometry.grid import Grid
from neurop.models import create
from neurop.registry import Spec

_UNET = Spec("unet")


class ConvertedNetwork(Converted):
    """A network of a registered name, converted by :func:`neurop.convert.convert`.

    Its layers keep the size that they have on one grid, that of its training, on every grid; on
    that grid it is the network itself. Made of a trained surrogate by
    :func:`neurop.convert.converted`.

    Parameters
    ----------
    in_channels, out_channels
        Number of input and output channels: fields times frames.
    domain
        Grid of the fields; a periodic plane by default.
    network
        Network that is converted.
    shape
        Points per axis of the grid of its training; by default 32 along each.
    rule
        What a tap of a kernel sees of a finer field: ``points`` or ``means``.
    numbers
        Indices of the input channels that are numbers, for the network.

    Shape
    -----
    ``(batch, in_channels, *grid) -> (batch, out_channels, *grid)``.

    Raises
    ------
    InputError
        If `shape` or `rule` does not fit, or as :func:`neurop.convert.convert`.

    Examples
    --------
    >>> net = Spec("unet", {"width": 4, "levels": 1})
    >>> model = ConvertedNetwork(1, 1, Grid.periodic(1), network=net, shape=(16,))
    >>> model(torch.zeros(2, 1, 40)).shape
    torch.Size([2, 1, 40])
    """

    citation = (
        "Berner et al., Principled Approaches for Extending Neural Architectures to Function "
        "Spaces for Operator Learning, 2025, arXiv:2506.10973"
    )
    converts = True
    one_grid = "taps at physical offsets, which are computed for each number of points"

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        domain: Grid | None = None,
        network: Spec = _UNET,
        shape: Sequence[int] | None = None,
        rule: Rule = "points",
        numbers: Sequence[int] = (),
    ) -> None:
        grid = domain or Grid.periodic(2)
        points = (32,) * grid.dimensions if shape is None else tuple(shape)
        if len(points) != grid.dimensions or min(points) < 1:
            remedy = f"give {grid.dimensions} numbers of points of at least 1"
            raise InputError.of("shape", list(points), remedy)
        net = create(network, in_channels, out_channels, grid, numbers)
        made = convert(net, torch.zeros(1, in_channels, *points), grid, rule)
        super().__init__(made.net, made.scale)
