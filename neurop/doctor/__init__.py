"""Checks of an installation: packages, devices, kernels, settings, folders and programs."""
