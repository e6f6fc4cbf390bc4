"""Solvers, random fields, spectral derivatives and invariants."""
