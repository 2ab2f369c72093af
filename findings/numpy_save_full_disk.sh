#!/usr/bin/env bash
# Expected: numpy.save to a device that is full raises an OSError with errno ENOSPC and strerror "No space left on device",
#   as writing bytes to it does.
# Found (NumPy 2.4.6): an OSError without errno and without strerror, whose text counts elements, not bytes
#   ("100000 requested and 0 written"); an array of objects, which is pickled, raises the real error.
# What it means: code that tells a full disk by errno, or prints error.strerror, says "None".
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import errno
import numpy as np

print("numpy", np.__version__)


def tried(name, write):
    try:
        # The kernel's own full device: every write to it fails with ENOSPC.
        with open("/dev/full", "wb", buffering=0) as file:
            write(file)
    except OSError as error:
        print(f"{name}: errno {error.errno}, strerror {error.strerror!r}, text {str(error)!r}")
        return error
    raise SystemExit(f"{name}: nothing was raised")


plain = tried("bytes", lambda file: file.write(b"x" * 10**6))
objects = tried("np.save of objects", lambda file: np.save(file, np.array([None] * 10**5), allow_pickle=True))
array = np.zeros(10**5)


def body(file):
    """The header is written to memory, so that the array itself meets the full device."""
    array.tofile(file)


numbers = tried("array.tofile, as np.save writes numbers", body)
assert plain.errno == objects.errno == errno.ENOSPC
assert numbers.errno is None and numbers.strerror is None
PYTHON
