#!/usr/bin/env bash
# Expected: an activation of PyTorch on the CPU is a function of each number by itself: the same number gives the same bits
#   alone and among others.
# Found (torch 2.13.0+cpu, AVX2 and AVX-512): whole vectors go one way and the rest at an array's end another. Alone, some 4 %
#   of standard normal numbers have another last bit of silu and sigmoid, 15 % of softplus, and 19 % another gelu, whose
#   small values, far below 0, differ by up to 3 in 10,000 of themselves. tanh and exp are the same bits everywhere.
# What it means: two batches of different size share no bits, even row by row. Fill rows up to whole vectors (64 numbers)
#   before an activation where results must not depend on what stands beside them.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 torch==2.13.0
"$folder/venv/bin/python" - <<'PYTHON'
import torch
from torch.nn.functional import gelu, silu, softplus

capability = torch.backends.cpu.get_cpu_capability()
print("torch", torch.__version__, capability)
torch.set_num_threads(1)
x = torch.randn(4096, generator=torch.Generator().manual_seed(0))
differ, most = {}, {}
for function in (silu, softplus, gelu, torch.sigmoid, torch.tanh, torch.exp):
    among = function(x)
    alone = torch.stack([function(value.reshape(1))[0] for value in x])
    differ[function.__name__] = int((among != alone).sum())
    most[function.__name__] = float(((among - alone).abs() / among.abs()).max())
    print(f"{function.__name__:9} {differ[function.__name__]:4} of 4096 differ, by {most[function.__name__]:.1e} at most")
assert differ["tanh"] == differ["exp"] == 0
if capability in ("AVX2", "AVX512"):
    assert all(differ[name] > 100 for name in ("silu", "softplus", "gelu", "sigmoid"))
    assert most["silu"] < 1e-6 < 1e-4 < most["gelu"]
PYTHON
