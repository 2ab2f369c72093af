"""What can be collected, and how processes of tests are set up.

Examples of numerics.neural run where PyTorch is installed.
"""

import gc
import os
from importlib.util import find_spec

# Read when SymPy is imported: thousands of tests in one process ask for more than the thousand results it would keep.
os.environ.setdefault("SYMPY_CACHE_SIZE", "20000")
# Expressions hold no circles worth looking for after every seven hundred of them.
gc.set_threshold(50_000, 20, 20)

collect_ignore_glob = [] if find_spec("torch") else ["numerics/neural/*", "tests/numerics/neural/*"]
