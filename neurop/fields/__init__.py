"""Sampled functions: fields with names and units, their statistics, windows and labels."""

from neurop.fields.field import Field
from neurop.fields.fieldset import FieldSet
from neurop.fields.times import Times

__all__ = ["Field", "FieldSet", "Times"]
