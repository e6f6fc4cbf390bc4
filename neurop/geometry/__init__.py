"""Domains of functions: axes, grids, the sphere, and their quadrature."""
