#!/usr/bin/env bash
# Expected: None in sys.modules is the language's own way of saying that a module cannot be imported ("import torch" then raises
#   ModuleNotFoundError), so that tests use it to see how a program does without an optional library. A package that only asks
#   whether PyTorch has been loaded carries on.
# Found (SciPy 1.17.1, NumPy 2.4.6): with sys.modules["torch"] = None an import of scipy.stats raises AttributeError: 'NoneType'
#   object has no attribute 'Tensor'. The entry is taken for the loaded module. With the entry deleted the import works; a
#   finder on sys.meta_path that refuses the name hides PyTorch without that effect.
# What it means: tests of "without PyTorch" that hide it by None fail inside SciPy and not in the code under test.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check scipy==1.17.1 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import subprocess
import sys

CASES = {
    "None": 'import sys; sys.modules["torch"] = None; import scipy.stats',
    "nothing": "import scipy.stats",
    "a finder that refuses": (
        "import sys\n"
        "class Refusing:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name.partition('.')[0] == 'torch':\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Refusing())\n"
        "import scipy.stats"
    ),
}
for name, code in CASES.items():
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    last = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "imported"
    print(f"{name}: {last}")
    assert (done.returncode == 0) == (name != "None")
    assert name != "None" or last == "AttributeError: 'NoneType' object has no attribute 'Tensor'"
PYTHON
