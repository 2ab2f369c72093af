"""Recurrences run in ball arithmetic: every number with a rigorous bound on its own error."""
