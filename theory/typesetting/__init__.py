"""How wide a formula is on paper, where it may be broken, and how a symbol's name is written."""
