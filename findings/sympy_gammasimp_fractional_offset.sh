#!/usr/bin/env bash
# Expected: gammasimp takes a quotient of Gamma functions whose arguments are one apart to a polynomial, whatever else the
#   arguments hold: Gamma(x + 2/3)/Gamma(x - 1/3) is x - 1/3, as it takes Gamma(x + 1)/Gamma(x) to x.
# Found (SymPy 1.14.0): with a fraction in the offset the quotient comes back as it went in, from gammasimp and combsimp;
#   expand_func gives x - 1/3. With whole offsets all three agree.
# What it means: closed forms with Gamma functions at fractional offsets are to be shortened by expand_func, or by hand.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check sympy==1.14.0
"$folder/venv/bin/python" - <<'PYTHON'
import sympy
from sympy import Rational, Symbol, combsimp, expand_func, gamma, gammasimp

print("sympy", sympy.__version__)
x = Symbol("x", positive=True)
for offset in (Rational(1), Rational(2, 3), Rational(1, 2)):
    quotient = gamma(x + offset) / gamma(x + offset - 1)
    short = x + offset - 1
    found = {f.__name__: f(quotient) == short for f in (gammasimp, combsimp, expand_func)}
    print(f"offset {offset}: shortened by", ", ".join(name for name, yes in found.items() if yes))
    assert found["expand_func"]
    assert found["gammasimp"] == found["combsimp"] == offset.is_Integer
PYTHON
