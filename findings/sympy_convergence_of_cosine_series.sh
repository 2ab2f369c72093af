#!/usr/bin/env bash
# Expected: Sum(cos(k)/k).is_convergent() is True, by Dirichlet's test (the partial sums of cos k are bounded), or an error that
#   says it is not decided. Its value is -log(2 sin(1/2)) = 0.042.
# Found (SymPy 1.14.0): False, as for sin(k)/k, cos(2 k)/k, sin(k)/sqrt(k) and cos(pi k/3)/k, all of which converge. For
#   (-1)**k/k and for the absolutely convergent cos(k)/k**2 the answer is right.
# What it means: False of this method is not a proof of divergence where a term oscillates.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check sympy==1.14.0
"$folder/venv/bin/python" - <<'PYTHON'
import sympy
from mpmath import cos, log, mp, sin
from sympy import Sum, oo, pi, symbols

print("sympy", sympy.__version__)
k = symbols("k", integer=True, positive=True)
for term, converges in (
    (sympy.cos(k) / k, True), (sympy.sin(k) / k, True), (sympy.cos(2 * k) / k, True), (sympy.sin(k) / sympy.sqrt(k), True),
    (sympy.cos(pi * k / 3) / k, True), ((-1) ** k / k, True), (sympy.cos(k) / k**2, True),
):
    found = Sum(term, (k, 1, oo)).is_convergent()
    print(f"{term}: converges {converges}, found {found}")
    assert bool(found) == (term in ((-1) ** k / k, sympy.cos(k) / k**2))
# The first one: the logarithm of 1 - exp(i), and its partial sums within the bound of Abel's summation, 1/(N sin(1/2)).
value, N = -log(2 * sin(mp.mpf(1) / 2)), 100000
partial = sum(cos(j) / j for j in range(1, N + 1))
print("value", mp.nstr(value, 8), "partial sum to", N, mp.nstr(partial, 8))
assert abs(partial - value) < 1 / (N * sin(0.5))
PYTHON
