"""neurop: neural-operator surrogates for PDEs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neurop.surrogate import load

__version__ = "0.1.0"
__all__ = ["__version__", "load"]


def __getattr__(name: str) -> Any:
    # Loaded at first use: `neurop --help` and `import neurop` need no torch.
    if name == "load":
        from neurop.surrogate import load

        return load
    raise AttributeError(f"module 'neurop' has no attribute '{name}'")
