"""Solvers and time steppers, one scheme or equation per module."""
