"""What happens as G → ∞: expansions, scales of growth, and orders of collapse."""
