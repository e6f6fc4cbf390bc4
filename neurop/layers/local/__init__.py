"""Local layers: convolutions over neighbouring points, and kernels of physical distance."""
