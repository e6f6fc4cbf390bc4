"""Large-eddy simulation in two dimensions: strain, eddy viscosity, exact sub-filter stress."""
