"""Conversion of a trained surrogate, which can then be saved."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from neurop.convert.convert import convert
from neurop.convert.taps import Rule
from neurop.registry import Spec

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate


def converted(surrogate: Surrogate, rule: Rule = "points") -> Surrogate:
    """Return a surrogate whose network is one operator at all resolutions.

    As :func:`neurop.convert.convert`, with the grid of the training from the card. Normalisers,
    constraints and problem stay; error bands do not, which were found for the other network.

    Parameters
    ----------
    surrogate
        Trained surrogate; it is not changed.
    rule
        What a tap of a kernel sees of a finer field: ``points`` or ``means``.

    Raises
    ------
    InputError
        Naming the layer that cannot be converted.

    Examples
    --------
    >>> import numpy as np
    >>> from neurop import Field, FieldSet, Grid, Surrogate
    >>> data = FieldSet(np.random.randn(2, 3, 1, 16), (Field("u"),), Grid.periodic(1))
    >>> trained = Surrogate.of(data, Spec("unet", {"width": 4, "levels": 1}))
    >>> converted(trained).card.model.name
    'converted'
    """
    card = surrogate.card
    channels = card.in_channels + (surrogate.noise.channels if surrogate.noise else 0)
    like = surrogate.output_norm.std
    example = torch.zeros(1, channels, *card.shape, dtype=like.dtype, device=like.device)
    net = convert(surrogate.net, example, card.grid, rule)
    model = Spec("converted", {"network": card.model, "shape": list(card.shape), "rule": rule})
    norms = (surrogate.input_norm, surrogate.output_norm, surrogate.given_norm)
    made = type(surrogate)(replace(card, model=model), *copy.deepcopy(norms), noise=surrogate.noise)
    made.net.load_state_dict(net.state_dict())
    return made.to(like).train(surrogate.training)
