"""Speed, side by side with what people use today: ``python -m benchmarks``.

One core for everyone: matrices this small gain nothing from BLAS threads, and the plain loop would lose.
"""

import os

for _library in ("OPENBLAS", "OMP", "MKL"):
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")
