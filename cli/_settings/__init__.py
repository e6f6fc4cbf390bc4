"""Settings: what they may be, what they name, where they come from."""
