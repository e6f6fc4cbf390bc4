"""Frequency normalisation: coefficients divided by the size of those of their wavenumber."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from neurop.layers.filters.disc import shells
from neurop.spectral import restrict

FLOOR = 1e-4
"""Smallest size of a shell, relative to the largest."""


class ShellScale(nn.Module):
    r"""Divide the coefficients of each shell of wavenumbers by their rms in the first batch.

    .. math:: \hat z(k) = z(k) / s_j, \qquad
       s_j^2 = \langle |z_c(k)|^2 \rangle_{\text{samples, channels, } k \in j}

    A spectrum falls by orders of magnitude, and what follows sees all of its waves alike. The first
    training batch measures s, which is then a constant: statistics that follow the input, as those
    of a batch normalisation, would change with the drift of a rollout and feed it. It is at least
    1e-4 of that of the largest shell, so that rounding errors are not amplified, and 1 before any
    measurement.

    Parameters
    ----------
    modes
        Number m of frequencies per axis.

    Shape
    -----
    Signed coefficients ``(2, batch, *modes, channels)`` to the same. Buffer ``rms``: ``(shells,)``,
    0 where it is not known.

    Examples
    --------
    >>> scale = ShellScale((3,))
    >>> z = torch.tensor([1.0, 3.0, 0.5]).view(1, 1, 3, 1) * torch.ones(2, 4, 3, 2)
    >>> scale(z, (3,)).square().sum(0).mean((0, 2)).round(decimals=3).tolist()
    [1.0, 1.0, 1.0]
    """

    rms: Tensor

    def __init__(self, modes: Sequence[int]) -> None:
        super().__init__()
        self.modes = tuple(modes)
        self.register_buffer("rms", torch.zeros(max(self.modes)))

    def forward(self, z: Tensor, kept: Sequence[int]) -> Tensor:
        """Return the normalised coefficients of the `kept` frequencies."""
        shell = restrict(shells(self.modes, torch.int64, z.device), self.modes, kept)
        if self.training:
            power = z.detach().square().sum(0).mean((0, -1)).flatten()
            where, zeros = shell.flatten(), torch.zeros_like(self.rms, dtype=z.dtype)
            count = zeros.index_add(0, where, torch.ones_like(power)).clamp_min(1)
            found = (zeros.index_add(0, where, power) / count).sqrt().to(self.rms.dtype)
            found = found.nan_to_num()  # of an empty batch
            self.rms.copy_(torch.where(self.rms > 0, self.rms, found))
        most = self.rms.max()
        scale = torch.where(most > 0, self.rms.clamp_min(FLOOR * most), 1.0).to(z.dtype)
        return z / scale[shell]
