"""How numbers, such as a viscosity, enter a network besides its input channels."""
