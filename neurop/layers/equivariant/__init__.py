"""Layers that commute with rotations and reflections of a square grid."""
