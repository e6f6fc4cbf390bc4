"""Weights of spectral convolutions in a disc of wavenumbers: filters with or without a bound."""
