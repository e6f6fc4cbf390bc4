"""Data files in common formats, read as fields; formats are detected from the content."""
