"""Base classes of models."""

from __future__ import annotations

from typing import Any

from torch import nn

from neurop.registry import Spec


class GridOperator(nn.Module):
    """Temporary."""

    @classmethod
    def spec(cls, **arguments: Any) -> Spec:
        """Return name and arguments."""
        from neurop.models import REGISTRY

        return Spec(REGISTRY.name_of(cls), arguments)
