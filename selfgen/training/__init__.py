"""Real generators trained generation after generation: what is trained on what, how it is shown, where it goes."""
