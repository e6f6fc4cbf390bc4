"""One module per file format: what a file of it holds."""
