"""Fields on disk and in memory: sets, adapters, windows, normalisation, batches."""

from neurop.data.fieldset import Field, FieldSet, Source

__all__ = ["Field", "FieldSet", "Source"]
