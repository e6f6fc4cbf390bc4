"""Predictions of trained surrogates."""
