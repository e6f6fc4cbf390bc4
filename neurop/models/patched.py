"""A network on windows of the grid, with coarse views around them (Kossaifi et al., 2024)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from neurop.errors import InputError
from neurop.geometry.grid import Grid
from neurop.layers.local.position import Position
from neurop.layers.patches.axis_windows import Outside
from neurop.layers.patches.windows import Patch, Windows
from neurop.models import create
from neurop.models.arguments import check_input
from neurop.models.operator import GridOperator
from neurop.registry import Spec

_FNO = Spec("fno")


class Patched(GridOperator):
    r"""One network for all patches of the grid: each in a window with a halo and coarse context.

    .. math:: u|_{P_j} = N\bigl[\,a|_{W_j},\ R_1 a|_{2 W_j},\ \dots,\ R_L a|_{2^L W_j}\bigr]_{P_j}

    with a the input, :math:`P_j` the patches, which cover the grid, :math:`W_j` the window of a
    patch, wider by a halo, and :math:`R_k a|_{2^k W_j}` a view with the same centre, :math:`2^k`
    times as wide and as coarse, of the field without the modes that its points do not resolve. N is
    applied to the channels of all views; the halo of its output is dropped and the patches are
    stitched (:class:`neurop.layers.patches.windows.Windows`). On axes that are not periodic the
    position is one more input channel.

    The windows of a training step are one batch of N. Without gradients they are evaluated one
    after another, so that the memory is that of one window.

    It follows the multi-grid half of MG-TFNO. There the coarse views are points :math:`x_{2^k i}`,
    which alias, and are off the centre by :math:`(2^k - 1) / 2` points; the continuation is
    periodic on all axes; and the halo is a number of points.

    Parameters
    ----------
    in_channels, out_channels
        Number of input and output channels: fields times frames.
    domain
        Grid of the fields; a periodic plane by default.
    network
        Network N. Its domain is a window, whose axes have no boundary condition where they are cut.
    levels
        Halvings of the grid: one number for all axes or one per axis, of which 0 leaves an axis
        whole.
    halo
        Length of the halo at each side, as a fraction of the domain: the same on every grid.
    context
        Number L of coarse views; by default as many as levels.
    outside
        Continuation beyond the ends of axes that are not periodic, in halo and views: ``mirror``,
        the even one, or ``constant``.
    numbers
        Indices of the input channels that are numbers, for N; views do not repeat them.

    Attributes
    ----------
    share
        None, or the share of the patches through which the gradients of a training step flow, one
        patch after another; see :class:`neurop.training.callbacks.patch_by_patch.PatchByPatch`.

    Shape
    -----
    ``(batch, in_channels, *grid) -> (batch, out_channels, *grid)``.

    Raises
    ------
    InputError
        If a value is out of its bounds, or as N; in a call, if the input does not fit the model.

    Examples
    --------
    >>> small = Spec("fno", {"modes": 4, "width": 8, "depth": 1})
    >>> model = Patched(1, 1, Grid.periodic(2), network=small, levels=1, halo=0.125)
    >>> model(torch.zeros(2, 1, 16, 21)).shape
    torch.Size([2, 1, 16, 21])
    """

    citation = (
        "Kossaifi et al., Multi-Grid Tensorized Fourier Neural Operator for High-Resolution PDEs, "
        "TMLR 2024, arXiv:2310.00120"
    )
    one_grid = "windows whose points depend on the grid"
    share: float | None = None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        domain: Grid | None = None,
        network: Spec = _FNO,
        levels: int | Sequence[int] = 1,
        halo: float = 0.0625,
        context: int | None = None,
        outside: Outside = "mirror",
        numbers: Sequence[int] = (),
    ) -> None:
        super().__init__()
        domain = domain or Grid.periodic(2)
        each = (levels,) * domain.dimensions if isinstance(levels, int) else tuple(levels)
        self.windows = Windows(domain, each, halo, outside)
        self.context = max(each) if context is None else context
        if self.context < 0:
            raise InputError.of("context", context, "give 0 or more coarse views")
        self.in_channels, self.position = in_channels, Position(domain)
        self.fields = [i for i in range(in_channels) if i not in numbers]
        channels = in_channels + self.position.channels + self.context * len(self.fields)
        grid = self.windows.window_domain
        self.network = create(network, channels, out_channels, grid, numbers)
        self.resolution_invariant = self.network.resolution_invariant

    def fit_inputs(self, inputs: Iterable[Tensor]) -> None:
        """Raise InputError unless every patch of the training grid has a point."""
        for x in islice(inputs, 1):
            self.windows.check(x.shape[2:])

    def forward(self, x: Tensor) -> Tensor:
        """Return the output fields on the input's grid."""
        check_input(x, self.in_channels, self.windows.domain.names)
        patches, shape = self.windows.patches, x.shape[2:]
        z = self.position(x)
        if not torch.is_grad_enabled():
            found = [self.evaluate(z, patch) for patch in patches]
        elif self.training and self.share is not None:
            found = self._one_by_one(z, self.share)
        else:
            y = self.network(torch.cat([self.window(z, patch) for patch in patches]))
            found = list(y.unflatten(0, (len(patches), x.shape[0])).unbind())
        own = [self.windows.own(y, p, shape) for y, p in zip(found, patches, strict=True)]
        return self.windows.stitch(own)

    def window(self, z: Tensor, patch: Patch) -> Tensor:
        """Return the input of the network for a patch, ``(batch, channels, *window)``.

        From the input and the positions, ``(batch, in_channels + positions, *grid)``.
        """
        parts = [self.windows.cut(z, patch)]
        if self.context and self.fields:
            fields, levels = z[:, self.fields], range(1, self.context + 1)
            parts += [self.windows.view(fields, patch, level) for level in levels]
        return torch.cat(parts, 1)

    def evaluate(self, z: Tensor, patch: Patch) -> Tensor:
        """Return the output of the network in the window of a patch; arguments as `window`."""
        y: Tensor = self.network(self.window(z, patch))
        return y

    def _one_by_one(self, z: Tensor, share: float) -> list[Tensor]:
        """Return the outputs of all windows, which the gradients of a random share pass."""
        patches = self.windows.patches
        count = max(1, round(share * len(patches)))
        chosen, found = set(torch.randperm(len(patches))[:count].tolist()), list[Tensor]()
        for i, patch in enumerate(patches):
            if i in chosen:  # evaluated again for its gradient, so that no window is kept
                y = checkpoint(self.evaluate, z, patch, use_reentrant=False)
                # The same value, a larger slope: its mean over all choices is the whole gradient.
                found.append(y + (len(patches) / count - 1) * (y - y.detach()))
            else:
                with torch.no_grad():
                    found.append(self.evaluate(z, patch))
        return found
