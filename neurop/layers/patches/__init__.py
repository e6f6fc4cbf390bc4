"""Overlapping windows of a grid, and wider, coarser views around them."""
