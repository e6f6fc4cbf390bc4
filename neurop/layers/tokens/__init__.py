"""Tokens: fields as coefficients on patches, and the mixing of their Fourier modes."""
