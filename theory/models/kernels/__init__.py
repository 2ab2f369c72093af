"""Kernel densities: bandwidths, the drift they add, and the integrated squared error by frequencies."""
