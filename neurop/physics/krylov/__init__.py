"""Krylov solvers for sequences of linear systems: restarted GMRES, recycling, order of solution."""
