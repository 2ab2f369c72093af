#!/usr/bin/env bash
# Expected: Generator.binomial takes up to 2^63 - 1 trials, so with 10^15 trials and more, and a small p, its draws
#   have the mean n p and the variance n p (1 - p), as they have with 10^12 trials.
# Found (NumPy 2.4.6): from some 10^15 trials on, where n p lies between 10^2 and 10^4, the variance is wrong, by +2 %
#   at 3 * 10^15, -7 % at 2^53 and +12 % at 2^56, there with a mean 40 standard errors off; nothing is raised or warned.
#   Poisson draws of the same rate are right. Success probabilities that are dyadic fractions show nothing.
# What it means: a simulation of that many trials disagrees with a true theorem.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import numpy as np

print("numpy", np.__version__)
draws = 2_000_000
rng = np.random.default_rng(0)


def seen(values, mean, variance):
    """Mean in standard errors, and variance over what it should be."""
    off = values.astype(np.longdouble) - np.longdouble(mean)
    error = float(off.mean() / np.sqrt(np.longdouble(variance) / draws))
    return round(error, 1), round(float((off * off).mean() / np.longdouble(variance)), 4)


found = {}
for trials, p in ((10**12, 1e-10), (3 * 10**15 + 7, 1.0123e-13), (2**53, 1.1e-14), (2**56, 1e-15)):
    mean = np.longdouble(trials) * np.longdouble(p)
    found[trials] = seen(rng.binomial(trials, p, draws), mean, mean * (1 - np.longdouble(p)))
    print(f"binomial({trials}, {p}): mean off by {found[trials][0]} standard errors, variance ratio {found[trials][1]}")
poisson = seen(rng.poisson(99.08, draws), 99.08, 99.08)
print(f"poisson(99.08): mean off by {poisson[0]} standard errors, variance ratio {poisson[1]}")

# The standard error of a variance ratio is sqrt((2 + 1/mean)/draws), .001.
assert abs(found[10**12][1] - 1) < 0.006 and abs(poisson[1] - 1) < 0.006
assert found[3 * 10**15 + 7][1] > 1.01 and found[2**53][1] < 0.95 and found[2**56][1] > 1.1
assert abs(found[2**56][0]) > 20
PYTHON
