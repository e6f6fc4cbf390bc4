"""Conversion of a trained network of local layers to one operator at all resolutions."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from neurop.convert import table
from neurop.convert.scale import Scale
from neurop.convert.taps import Rule
from neurop.errors import InputError
from neurop.geometry.grid import Grid
from neurop.models.operator import GridOperator, Operator


class Converted(GridOperator):
    """A network whose layers have the spacing of its training grid on every grid.

    Parameters
    ----------
    net
        Network of converted layers.
    scale
        Its grids.
    """

    def __init__(self, net: nn.Module, scale: Scale) -> None:
        super().__init__()
        self.net, self.scale = net, scale

    def forward(self, x: Tensor) -> Tensor:
        """Return the output fields on the input's grid."""
        self.scale.present = tuple(x.shape[2:])
        y: Tensor = self.net(x)
        return y


def convert(
    model: nn.Module, example: Tensor, domain: Grid | None = None, rule: Rule = "points"
) -> Converted:
    r"""Return a copy of a trained network that is one operator at all resolutions.

    A network of kernels of a few points is another operator on another grid: its kernels shrink
    with the spacing. Here they keep their physical size. On the grid of the input, convolutions
    have taps at the offsets of the training (:class:`neurop.convert.conv.StretchedConv`); pooled
    grids are those of the training at every resolution
    (:class:`neurop.convert.resample.Down`, :class:`neurop.convert.resample.Up`); norms and
    attention are integrals. Pointwise layers are kept. On the training grid the output is that of
    the model, bit for bit; under refinement it converges with order 2 where the fields are smooth,
    with a lower one at the kinks of ReLU and of maxima and next to boundaries padded with zeros.

    Layers are converted as modules. Operations elsewhere in the model, such as slices,
    ``interpolate`` or a reshape to a number of points, are not seen.

    Source: Berner et al., Principled Approaches for Extending Neural Architectures to Function
    Spaces for Operator Learning, 2025, arXiv:2506.10973; there kernels are interpolated.

    Parameters
    ----------
    model
        Trained network of PyTorch's or neurop's local layers, ``(batch, channels, *grid)`` to the
        same grid.
    example
        An input on the training grid, ``(1, channels, *grid)``; its values do not matter.
    domain
        Grid of the input; by default that of a model of neurop, else a periodic box.
    rule
        What a tap of a kernel sees of a finer field: ``points``, its value, or ``means``, its mean
        over a cell of the training grid.

    Returns
    -------
    Converted
        The network, on the grid of its input.

    Raises
    ------
    InputError
        Naming the layer that cannot be converted; if a model of neurop that is made of others has
        no `domain`.

    Examples
    --------
    >>> net = nn.Sequential(
    ...     nn.Conv1d(1, 4, 3, padding=1, padding_mode="circular"),
    ...     nn.AvgPool1d(2),
    ...     nn.GELU(),
    ...     nn.Upsample(scale_factor=2, mode="linear"),
    ...     nn.Conv1d(4, 1, 5, padding=2, padding_mode="circular"),
    ... )
    >>> x = torch.randn(1, 1, 16)
    >>> operator = convert(net, x)
    >>> bool((operator(x) == net(x)).all()), operator(torch.randn(1, 1, 40)).shape
    (True, torch.Size([1, 1, 40]))
    """
    domain = domain or getattr(model, "domain", None)
    if domain is None and isinstance(model, Operator):
        remedy = f"{type(model).__name__} does not know its grid; give that of the surrogate's card"
        raise InputError.of("domain", None, remedy)
    domain = domain or Grid.periodic(example.dim() - 2)
    scale = Scale(domain, tuple(example.shape[2:]), rule)
    made = copy.deepcopy(model)
    shapes = _traced(made, example)
    return Converted(_walk(made, "", shapes, scale), scale)


def _traced(model: nn.Module, example: Tensor) -> table.Shapes:
    """Return the shapes of the inputs and outputs of each module on the training grid."""
    shapes: table.Shapes = {}

    def note(name: str) -> Callable[..., None]:
        def hook(module: nn.Module, given: Any, made: Any) -> None:
            if not (given and isinstance(given[0], Tensor) and isinstance(made, Tensor)):
                return
            found = tuple(given[0].shape[2:]), tuple(made.shape[2:])
            if shapes.setdefault(name, found) != found and not table.is_kept(module):
                remedy = f"is called on {shapes[name][0]} and {found[0]} points; use two layers"
                raise InputError.of(name, type(module).__name__, remedy)

        return hook

    hooks = [m.register_forward_hook(note(name)) for name, m in model.named_modules()]
    training = [(m, m.training) for m in model.modules()]
    model.eval()  # statistics of batches stay as they are
    try:
        with torch.no_grad():
            model(example)
    finally:
        for hook in hooks:
            hook.remove()
        for module, was in training:
            module.training = was
    return shapes


def _walk(module: nn.Module, name: str, shapes: table.Shapes, scale: Scale) -> nn.Module:
    """Return a module with all layers converted, in place."""
    if (recipe := table.recipe_of(module)) is not None:
        return recipe(module, name or "model", shapes.get(name), scale)
    if table.is_kept(module):
        return module
    if not (table.is_container(module) or table.is_ours(module)):
        _check_known(module, name or "model")
    for key, child in module.named_children():
        module._modules[key] = _walk(child, f"{name}.{key}" if name else key, shapes, scale)
    return module


def _check_known(module: nn.Module, name: str) -> None:
    """Raise InputError unless all of a module's weights are in layers that it consists of."""
    own = [n for n, _ in module.named_parameters(recurse=False)]
    own += [n for n, _ in module.named_buffers(recurse=False)]
    of_torch = type(module).__module__.startswith("torch.nn.")
    if of_torch or not list(module.children()):
        remedy = "there is no recipe for this layer; replace it"
    elif own:
        remedy = f"has weights outside of layers, {', '.join(own)}, whose use is not known"
    else:
        return
    raise InputError.of(name, type(module).__name__, remedy)
