"""Stages on top of what is there, each of which learns the residual of those before it."""
