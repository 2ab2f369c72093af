#!/usr/bin/env bash
# Expected: the limit for j -> oo of a Piecewise in a positive integer symbol whose last branch holds for all large j is
#   that of its last branch: sequences with a table of first values are written so.
# Found (SymPy 1.14.0): TypeError "Invalid comparison of non-real zoo" for a branch condition j <= 2, of a real symbol too;
#   with the condition Eq(j, 1) the limit is found.
# What it means: asymptotics of such sequences must take the last piece first.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check sympy==1.14.0
"$folder/venv/bin/python" - <<'PYTHON'
import sympy
from sympy import Eq, Piecewise, Rational, Symbol, limit, oo

print("sympy", sympy.__version__)
j, x = Symbol("j", integer=True, positive=True), Symbol("x", positive=True)
seen = {}
for name, expression, variable in (
    ("j <= 2", Piecewise((2, j <= 2), (Rational(1, 2), True)), j),
    ("Eq(j, 1)", Piecewise((2, Eq(j, 1)), (1 + 1 / j, True)), j),
    ("x <= 2, real x", Piecewise((2, x <= 2), (Rational(1, 2), True)), x),
    ("no table", 1 + 1 / j, j),
):
    try:
        seen[name] = str(limit(expression, variable, oo))
    except Exception as error:
        seen[name] = f"{type(error).__name__}: {error}"
    print(f"{name}: {seen[name]}")
assert seen["no table"] == "1"
assert seen["j <= 2"].startswith("TypeError") and seen["x <= 2, real x"].startswith("TypeError")
assert seen["Eq(j, 1)"] == "1"
PYTHON
