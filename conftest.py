"""What can be collected: examples of numerics.neural run where PyTorch is installed."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("torch") else ["numerics/neural/*", "tests/numerics/neural/*"]
