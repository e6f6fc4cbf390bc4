"""Grids, random fields, spectral derivatives, time steppers and invariants that the solvers share."""

from neurop.physics.grid import Axis, Grid

__all__ = ["Axis", "Grid"]
