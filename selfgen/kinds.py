"""Kinds of what there is, by the names that the command line gives them."""

KINDS = ("models", "workflows", "losses", "claims", "studies")
