"""Surrogates as files that run without neurop: one module per format."""
