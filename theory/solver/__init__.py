"""The recurrence solver: linear recurrences whose coefficients are rational in the generation."""
