"""A workflow's noise travelling: kinds of recurrences, the pathway, and the composition of a model with a workflow."""
