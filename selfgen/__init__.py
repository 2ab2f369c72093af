"""selfgen: what becomes of a model trained on data that earlier models generated.

The front door: the command line, study files, reports and figures. The mathematics is in :mod:`theory`, the
simulation in :mod:`numerics`.
"""

__version__ = "0.2.0"
