"""The sphere."""

from __future__ import annotations

from neurop.geometry.grid import Grid


class Sphere(Grid):
    """Temporary."""
