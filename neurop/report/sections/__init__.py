"""Sections of the report, one per file: ``section(results)`` returns None if there is nothing."""
