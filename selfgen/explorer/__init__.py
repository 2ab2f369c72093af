"""The explorer: one HTML file without network, in which recurrences that the library exports are run."""
