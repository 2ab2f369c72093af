#!/usr/bin/env bash
# Expected: lambdify(n, 2*harmonic(n), "scipy") is twice lambdify(n, harmonic(n), "scipy"), and 1/harmonic(n) its inverse.
# Found (SymPy 1.14.0, SciPy 1.15.3): a harmonic number is written as polygamma(0, n + 1) + euler_gamma without brackets, so that
#   a factor in front reaches the first term alone and a power the second alone: at n = 3 twice 11/6 is 3.089 and not 3.667, and
#   the inverse 2.988 and not 0.545. Harmonic numbers of order two lose their brackets alike: a third of 49/36 is 1.550. No
#   warning. With "mpmath" as the module order one is right, and order two raises a TypeError.
# What it means: closed forms with H_G, that is every logarithmic law, cannot be handed to SciPy by lambdify as they are.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check sympy==1.14.0 scipy==1.15.3
"$folder/venv/bin/python" - <<'PYTHON'
import scipy
import sympy
from sympy import harmonic, lambdify, symbols

print("sympy", sympy.__version__, "scipy", scipy.__version__)
n = symbols("n", positive=True)
for formula in (harmonic(n), 2 * harmonic(n), 1 / harmonic(n), harmonic(n, 2), harmonic(n, 2) / 3):
    right, scipys = float(formula.subs(n, 3)), float(lambdify(n, formula, "scipy")(3))
    try:
        mpmaths = f"{float(lambdify(n, formula, 'mpmath')(3)):.6f}"
    except TypeError:
        mpmaths = "TypeError"
    print(f"{formula}: right {right:.6f}, scipy {scipys:.6f}, mpmath {mpmaths}")
    assert (abs(scipys - right) < 1e-12) == (formula in (harmonic(n), harmonic(n, 2)))
    assert mpmaths == ("TypeError" if formula.has(harmonic(n, 2)) else f"{right:.6f}")
PYTHON
