"""Names that people try first for a model, and what serves them."""

from __future__ import annotations

_SMOOTH = "regular covers it to leading order in 1/n (p parameters, n rows): selfgen derive regular"
_TESTED = f"{_SMOOTH}; studies/real_data.toml and numerics.estimation show how far that holds"
_NETWORK = (
    "selfgen train measures real generators, selfgen forecast says where measured losses go, and as far as it is "
    "fitted by maximum likelihood regular is its law to leading order"
)
_RUN = f"{_SMOOTH}; numerics.run_generations runs any object with fit and sample"

_SERVED = {
    "logistic logistic-regression poisson-regression multinomial softmax glm mle m-estimator": _TESTED,
    "llm gpt transformer language-model vae gan diffusion neural neural-network network": _NETWORK,
    "mixture gaussian-mixture gmm copula hmm": _RUN,
    "kde": "selfgen derive kernel-density",
    "n-gram ngram markov markov-chain": "selfgen derive bigram",
    "ols least-squares linear": "selfgen derive linear-regression",
    "gaussian normal": "gaussian-mean has a known variance, gaussian-fit estimates it too",
    "coin binary": "selfgen derive bernoulli",
}

ELSEWHERE = {name: served for names, served in _SERVED.items() for name in names.split()}
