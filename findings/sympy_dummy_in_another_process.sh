#!/usr/bin/env bash
# Expected: a Dummy that a module makes at its top, pickled as part of an expression in one process and unpickled in
#   another that has imported the same module, is that module's Dummy there: symbols and functions are, and the docstring
#   says that dummies are told apart by their index.
# Found (SymPy 1.14.0): it equals nothing. Indices start at a random number in every process, so `subs` with the module's
#   own dummy changes nothing, silently; with `dummy_index=` given, the same dummy is the same everywhere.
# What it means: a formula that travels through a process pool loses its variable without an error.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check sympy==1.14.0
cat > "$folder/shared.py" <<'PYTHON'
from sympy import Dummy, Symbol

plain = Dummy("g", integer=True)
fixed = Dummy("g", dummy_index=1, integer=True)
symbol = Symbol("g", integer=True)
PYTHON
cd "$folder"
"$folder/venv/bin/python" -c '
import pickle, shared
with open("formulas", "wb") as file:
    pickle.dump([name**2 + 1 for name in (shared.plain, shared.fixed, shared.symbol)], file)'
"$folder/venv/bin/python" - <<'PYTHON'
import pickle
import sympy
import shared

print("sympy", sympy.__version__)
with open("formulas", "rb") as file:
    plain, fixed, symbol = pickle.load(file)
values = [str(formula.subs(own, 3)) for formula, own in
          ((plain, shared.plain), (fixed, shared.fixed), (symbol, shared.symbol))]
print("g**2 + 1 at g = 3 with a dummy, one of a given index, a symbol:", values)
assert values == ["_g**2 + 1", "10", "10"], values
PYTHON
