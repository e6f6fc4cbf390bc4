"""Predictions by trained surrogates."""
