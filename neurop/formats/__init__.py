"""Files of others, read as fields: formats are detected from content, not the extension."""
