#!/usr/bin/env bash
# Expected: Scott's and Silverman's rules multiply the deviation of the data, as in Scott (1992), Silverman (1986) and
#   scipy.stats.gaussian_kde: data in another unit get the same density in that unit.
# Found (scikit-learn 1.9.1, NumPy 2.4.6, SciPy 1.17.1): KernelDensity(bandwidth="scott") is n^(-1/(d + 4)), and "silverman" a
#   constant times that, whatever the data. On 100 points of deviation 1 and on the same points times 1000 the bandwidth is
#   0.398; SciPy's are 0.400 and 400. In the second case scikit-learn's density is 100 spikes.
# What it means: data have to be scaled before the rules mean anything; in a loop on its own samples the bandwidth does not
#   follow the spread, which then gains h^2 a generation where SciPy's is multiplied by 1 + h^2.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check scikit-learn==1.9.1 numpy==2.4.6 scipy==1.17.1
"$folder/venv/bin/python" - <<'PYTHON'
import numpy as np
from scipy.stats import gaussian_kde
from sklearn.neighbors import KernelDensity

x = np.random.default_rng(0).normal(size=(100, 1))
x /= x.std()
for rule in ("scott", "silverman"):
    found = {}
    for unit in (1, 1000):
        scikit = KernelDensity(bandwidth=rule).fit(unit * x).bandwidth_
        scipy = float(np.sqrt(gaussian_kde(unit * x[:, 0], rule).covariance[0, 0]))
        found[unit] = scikit, scipy
        print(f"{rule}, deviation {unit}: scikit-learn {scikit:.3f}, SciPy {scipy:.3f}")
    assert found[1][0] == found[1000][0]
    assert abs(found[1000][1] / found[1][1] - 1000) < 1e-6
    assert abs(found[1][0] / found[1][1] - 1) < 0.1
PYTHON
