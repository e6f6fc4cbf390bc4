"""Partial differential equations, each written once as a residual."""
