"""Projection editing on SmolLM2-135M, outside CI: pairs of a harmless concept, the runs, and what they measured."""
