"""Optimizers that treat weights as matrices."""
