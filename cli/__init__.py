"""The ``neurop`` command: one module per verb, arguments in Hydra's ``key=value`` grammar."""

from ._main import main

__all__ = ["main"]
