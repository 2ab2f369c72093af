#!/usr/bin/env bash
# Expected: summation gives the sum of 1/(k (k + s)) over k = 1, 2, … for every s > 0: it is H_s / s, a finite number, and for a
#   rational s an elementary one (Gauss's digamma theorem).
# Found (SymPy 1.14.0): for whole s the fraction is right; for s = 1/2 and 1/3 the answer is nan, for a positive symbol it holds
#   zoo, for s = sqrt(2) and pi it holds zoo and evaluates to nan. The two parts of the partial fractions are summed one by one,
#   each to infinity. No error is raised, and Sum(...).is_convergent() says True of the same series.
# What it means: an infinite sum of a rational function must not be split before its parts are paired; a nan from summation is
#   not a statement about the series.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check sympy==1.14.0
"$folder/venv/bin/python" - <<'PYTHON'
import sympy
from sympy import N, Rational, Sum, harmonic, nan, oo, pi, sqrt, summation, symbols, zoo

print("sympy", sympy.__version__)
k, s = symbols("k", integer=True, positive=True), symbols("s", positive=True)
for shift in (sympy.Integer(3), Rational(1, 2), Rational(1, 3), sqrt(2), pi, s):
    term = 1 / (k * (k + shift))
    found = summation(term, (k, 1, oo))
    right = "H_s/s" if shift is s else N(harmonic(shift) / shift, 8)
    print(f"shift {shift}: right {right}, found {found if shift is s else N(found, 8)}")
    if shift == 3:
        assert abs(N(found) - N(right)) < 1e-7
    else:
        assert N(found) is nan or found.has(zoo)
assert Sum(1 / (k * (k + Rational(1, 2))), (k, 1, oo)).is_convergent()
PYTHON
