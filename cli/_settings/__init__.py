"""Settings: their choices, checks, and the objects that they name."""
