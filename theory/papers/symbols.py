"""The parameters of models as symbols, those that a model has where none is given."""

from __future__ import annotations

from sympy import Symbol, symbols

d, T, n = symbols("d T n", integer=True, positive=True)
p, q, mu, sigma, alpha, rate, B, h = symbols("p q mu sigma alpha lambda B h", positive=True)
share: Symbol = Symbol("rho", positive=True)
#: Of a verifier or a reward; temperature; strength and mean of a prior.
centre, width, tau, kappa = symbols("c w tau kappa", positive=True)
prior_mean: Symbol = Symbol("m", positive=True)
#: Of an ecosystem.
models: Symbol = Symbol("m", integer=True, positive=True)
v0, v1, v2, mean = symbols("v_0 v_1 v_2 mu", real=True)
