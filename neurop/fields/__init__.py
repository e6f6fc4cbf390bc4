"""Sampled functions: fields with names and units, their statistics, windows and labels."""

from neurop.fields.fieldset import Field, FieldSet

__all__ = ["Field", "FieldSet"]
