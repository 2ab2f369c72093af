"""PyTorch is for those who ask: nothing else imports it, and without it one sentence says what to install."""

import subprocess
import sys

SCRIPT = """
import importlib, sys
from pathlib import Path
class Absent:
    def find_spec(self, name, *_):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError("No module named 'torch'", name="torch")
if {absent}:
    sys.meta_path.insert(0, Absent())
import theory, numerics, selfgen, selfgen.cli
for package in (theory, numerics, selfgen):
    root = Path(package.__file__).parent
    for path in root.rglob("*.py"):
        parts = path.relative_to(root.parent).with_suffix("").parts
        if parts[:2] != ("numerics", "neural") and path.name not in ("__main__.py", "__init__.py", "conftest.py"):
            importlib.import_module(".".join(parts))
print(sys.modules.get("torch") is None)
if {absent}:
    try:
        import numerics.neural
    except ImportError as error:
        print(error)
"""


def test_nobody_imports_torch_unless_asked():
    for absent in (False, True):
        found = subprocess.run([sys.executable, "-c", SCRIPT.format(absent=absent)], capture_output=True, text=True)
        assert found.returncode == 0, found.stderr
        expected = ["True", "numerics.neural needs PyTorch: pip install 'selfgen[neural]'."]
        assert found.stdout.splitlines() == expected[: 1 + absent]
