"""Layers on grids: every tensor is real, ``(batch, channels, *grid)`` where the API is public."""

from neurop.layers.channel_mlp import ChannelMLP
from neurop.layers.coefficients.block import CoefficientBlock
from neurop.layers.coefficients.transform import CoefficientTransform
from neurop.layers.coefficients.unet import CoefficientUNet
from neurop.layers.coordinates import Coordinates
from neurop.layers.spectral.fourier_block import FourierBlock
from neurop.layers.spectral.spectral_conv import SpectralConv
from neurop.layers.spectral.spherical_conv import SphericalBlock, SphericalConv

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
