"""Norms, scores and spectra that mean the same at any resolution."""
