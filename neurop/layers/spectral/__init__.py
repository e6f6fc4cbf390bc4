"""Convolutions with few modes, and blocks built on them."""
