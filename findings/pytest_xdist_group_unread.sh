#!/usr/bin/env bash
# Expected: with --dist loadgroup, tests marked xdist_group("one") run in one process, as the documentation of pytest-xdist says.
# Found (pytest-xdist 3.8.0 with pytest 9.2.0): the marks are accepted and not read; the tests are spread over both processes, and
#   nothing is said. pytest-xdist writes the group into Item._nodeid, which pytest 9.2 no longer reads nodeid from. With pytest
#   8.4.2 they run in one.
# What it means: what a group shares, such as a session fixture, is made in every process; a scheduler of one's own
#   (pytest_xdist_make_scheduler), which reads names of files, does not depend on it.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
cat > "$folder/test_group.py" <<'PYTHON'
import os
import pytest

@pytest.mark.xdist_group("one")
@pytest.mark.parametrize("value", range(20))
def test_it(value):
    with open(os.environ["RAN"], "a") as told:
        told.write(os.environ["PYTEST_XDIST_WORKER"] + "\n")
PYTHON
for version in 8.4.2 9.2.0; do
    "$folder/venv/bin/pip" install --quiet --disable-pip-version-check "pytest==$version" pytest-xdist==3.8.0
    rm -f "$folder/ran"
    (cd "$folder" && RAN="$folder/ran" venv/bin/python -m pytest -q -n 2 --dist loadgroup test_group.py > log) || { cat "$folder/log"; exit 1; }
    processes=$(sort -u "$folder/ran" | wc -l)
    echo "pytest $version, pytest-xdist 3.8.0: $(wc -l < "$folder/ran") tests of one group ran in $processes process(es)"
    [ "$version" = 8.4.2 ] && wanted=1 || wanted=2
    [ "$processes" = "$wanted" ] || { echo "expected $wanted: this has changed"; exit 1; }
done
