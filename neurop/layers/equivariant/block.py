"""The block of a Fourier neural operator between functions of a group."""

from __future__ import annotations

from neurop.geometry.grid import Grid
from neurop.layers.equivariant.linear import Group, GroupLinear
from neurop.layers.equivariant.weight import GroupWeight
from neurop.layers.spectral.fourier_block import FourierBlock
from neurop.layers.spectral.spectral_conv import SpectralConv


def group_block(domain: Grid, modes: int, width: int, group: Group) -> FourierBlock:
    r"""Return a :class:`FourierBlock` that commutes with a group of rotations and reflections.

    Parameters
    ----------
    domain
        Grid that the group maps to itself.
    modes
        Number m of frequencies \|k\| < m, the same for all axes.
    width
        Channels per element of the group.
    group
        Its elements.

    Examples
    --------
    >>> import torch
    >>> from neurop.geometry.signed_permutation import symmetries
    >>> block = group_block(Grid.periodic(2), modes=4, width=3, group=symmetries(2))
    >>> block(torch.zeros(1, 8, 8, 24)).shape
    torch.Size([1, 8, 8, 24])
    """
    channels, each = len(group) * width, [modes] * domain.dimensions
    weight = GroupWeight(modes, width, width, group)
    # The maps of one channel are replaced by those of the group.
    block = FourierBlock(1, SpectralConv(channels, channels, each, domain, weight=weight), 1.0)
    for part, name in ((block, "skip"), (block.mlp, "expand"), (block.mlp, "contract")):
        part.add_module(name, GroupLinear(width, width, group))
    return block
