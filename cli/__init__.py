"""The ``neurop`` command: one verb per module, one grammar (Hydra's ``key=value``) for all that
compute.
"""

from ._main import main

__all__ = ["main"]
