"""Fitted Gaussians: moments by an algebra of invariants, and chains of Wishart matrices."""
