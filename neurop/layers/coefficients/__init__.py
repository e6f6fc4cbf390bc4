"""Layers that act on the coefficients of a transform (Transform-Once)."""
