"""Norms, scores and spectra that are comparable between resolutions."""
