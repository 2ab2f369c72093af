#!/usr/bin/env bash
# Expected: a Gauss function whose series has positive terms and ratio tending to 4/9 is summed whatever its first parameter is:
#   nothing cancels, so some thousands of additions more are all that a larger parameter asks for.
# Found (mpmath 1.3.0): with first parameter 1000.5 the value comes in milliseconds, with 5000.5 NoConvergence is raised and a
#   larger maxterms is advised; with it, or after Euler's transformation, the value is there, and the same. The limit is on the
#   number of terms, not on their size, and it does not grow with the parameters.
# What it means: moments of order some thousands need maxterms given by the caller, or a transformation first.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check mpmath==1.3.0
"$folder/venv/bin/python" - <<'PYTHON'
import mpmath
from mpmath import hyp2f1, mpf

print("mpmath", mpmath.__version__)
z = mpf(4) / 9
print("a = 1000.5:", mpmath.nstr(hyp2f1(1000.5, 1.5, 2, z), 12))
try:
    hyp2f1(5000.5, 1.5, 2, z)
except mpmath.libmp.NoConvergence as error:
    print("a = 5000.5: NoConvergence:", str(error).split(".")[0])
else:
    raise SystemExit("a = 5000.5 is summed now")
more = hyp2f1(5000.5, 1.5, 2, z, maxterms=10**6)
euler = (1 - z) ** (2 - 5000.5 - 1.5) * hyp2f1(2 - 5000.5, 2 - 1.5, 2, z, maxterms=10**6)
print("with maxterms=10**6:", mpmath.nstr(more, 12), " by Euler's transformation:", mpmath.nstr(euler, 12))
assert abs(more / euler - 1) < mpf(10) ** -10
PYTHON
