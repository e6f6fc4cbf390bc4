"""Derivatives of fields: one residual, differentiated in several ways."""
