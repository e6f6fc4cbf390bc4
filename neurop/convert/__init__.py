"""Networks of local layers, converted to operators that are the same at all resolutions."""

from neurop.convert.convert import Converted, convert
from neurop.convert.surrogate import converted

__all__ = ["Converted", "convert", "converted"]
