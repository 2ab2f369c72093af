"""The parts of a run of generations: the generator, what it is fitted on, its losses, and how they are kept."""
