"""neurop: neural-operator surrogates for PDEs."""

__version__ = "0.1.0"
