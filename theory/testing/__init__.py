"""Laws for the user's own workflows and models, with Hypothesis strategies that draw them."""
