#!/usr/bin/env bash
# Expected: str() of an expression that holds an unevaluated integral of numbers writes it down, as it does for the integral alone:
#   printing computes nothing.
# Found (SymPy 1.14.0): str(1 + Integral(f(w), (w, 0, 1))), and latex() of it, work the integral out by quadrature, to
#   decide in which order the terms of the sum are written; the integrand is evaluated dozens of times. str(2*Integral(...)) does not.
#   With hypergeometric functions in the integrand printing takes a minute.
# What it means: formulas with an integral that stands for a number are quick to print as products only.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check sympy==1.14.0
"$folder/venv/bin/python" - <<'PYTHON'
import sympy
from sympy import Function, Integral, latex, symbols

print("sympy", sympy.__version__)
w = symbols("w", positive=True)
evaluated = []


class f(Function):
    def _eval_evalf(self, prec):
        evaluated.append(1)
        return (1 / (1 + self.args[0]))._eval_evalf(prec)


# SymPy remembers values: every case has an integral of its own.
limit = 0
for name, write in (("str", str), ("latex", latex)):
    for shape, computed in ((lambda i: i, False), (lambda i: 2 * i, False), (lambda i: 1 + i, True)):
        limit += 1
        expression = shape(Integral(f(w), (w, 0, limit)))
        evaluated.clear()
        text = write(expression)
        print(f"{name}: {text}: {len(evaluated)} evaluations of the integrand")
        assert (len(evaluated) > 20) == computed
PYTHON
