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

    They are the normalised frames of the state, 0 outside the domain, then the conditions, then the
    noise: that of a member of an ensemble (:mod:`neurop.inference.ensemble`), otherwise 0.

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
    parts = [z]
    if given is not None and surrogate.given_norm is not None:
        parts.append(surrogate.given_norm(given))
    if surrogate.noise is not None:
        blank = x.new_zeros(len(x), surrogate.noise.channels, *x.shape[2:])
        noise = blank if surrogate.draw is None else surrogate.draw(x)
        parts.append(noise if domain is None else torch.where(domain[:, None], noise, 0.0))
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim=1)
