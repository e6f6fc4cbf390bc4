"""Convolutions by few modes, and the blocks around them."""
