"""Layers on grids: every tensor is real, ``(batch, channels, *grid)`` where the API is public."""

from neurop.layers.channel_mlp import ChannelMLP
from neurop.layers.coefficient_block import CoefficientBlock
from neurop.layers.coefficient_transform import CoefficientTransform
from neurop.layers.coefficient_unet import CoefficientUNet
from neurop.layers.coordinates import Coordinates
from neurop.layers.fourier_block import FourierBlock
from neurop.layers.spectral_conv import SpectralConv
from neurop.layers.spherical_conv import SphericalBlock, SphericalConv

__all__ = [
    "ChannelMLP",
    "CoefficientBlock",
    "CoefficientTransform",
    "CoefficientUNet",
    "Coordinates",
    "FourierBlock",
    "SpectralConv",
    "SphericalBlock",
    "SphericalConv",
]
