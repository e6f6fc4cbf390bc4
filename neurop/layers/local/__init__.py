"""Local layers: convolutions over neighbouring points, padded by the boundary of each axis."""
