"""Callbacks: actions before and after the steps and epochs of a training."""
