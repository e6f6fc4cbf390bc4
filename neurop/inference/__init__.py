"""What a trained surrogate is used for."""
