"""Gaussian random fields, drawn mode by mode, so that a finer grid only adds modes."""
