"""A verified study as a page: ``index.html`` beside ``results.json``, readable without a network."""
