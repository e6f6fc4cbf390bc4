"""Conventions of files: CF attributes, packed values, calendars and units."""
