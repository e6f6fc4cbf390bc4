"""Routing: which of several networks an input goes to."""
