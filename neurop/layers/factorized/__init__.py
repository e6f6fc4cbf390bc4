"""Low-rank spectral weights: Tucker, CP and tensor trains."""
