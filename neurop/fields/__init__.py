"""Sampled functions: fields with names and units, their statistics, windows and labels."""

from neurop.fields.fieldset import Field, FieldSet
from neurop.fields.times import Times

__all__ = ["Field", "FieldSet", "Times"]
