"""Where functions live: axes, grids, the sphere, and the quadrature on them."""
