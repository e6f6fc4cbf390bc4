"""The input of a network: normalised fields and conditions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from neurop.inference.diagnostics import fed
from neurop.inference.domain import inside

if TYPE_CHECKING:
    from neurop.surrogate import Surrogate


def network_input(surrogate: Surrogate, x: Tensor, given: Tensor | None) -> Tensor:
    """Return the channels that go into the network of a surrogate, ``(batch, channels, *grid)``.

    They are the normalised frames of the state, 0 outside the domain, then the conditions.

    Parameters
    ----------
    surrogate
        Surrogate, whose normalisers are used.
    x
        ``(batch, history * channels, *grid)``, in physical units.
    given
        Conditions of the step, ``(batch, given channels, *grid)``.
    """
    z, domain = surrogate.input_norm(x), inside(surrogate.card, given)
    if domain is not None:
        z = torch.where(domain[:, None], z, 0.0)
    z = fed(surrogate.card, z)
    if given is None or surrogate.given_norm is None:
        return z
    return torch.cat([z, surrogate.given_norm(given)], dim=1)
