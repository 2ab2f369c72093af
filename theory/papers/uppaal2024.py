r"""DeTox: a toxic subspace from differences of preference pairs, and one step of direct preference optimisation.

Logits :math:`o_y^\top W x`; at the reference the policy's two probabilities are equal, so the gradient of the loss
:math:`-\log \sigma(\beta [\log \pi_+ - \log \pi_-] - \dots)` is taken at the argument 0.
"""

from __future__ import annotations

from sympy import Expr, ImmutableMatrix, Matrix, Symbol, diff, exp, log, symbols

from theory.papers.paper import Paper, Sides

PAPER = Paper(
    title="DeTox: Toxic Subspace Projection for Model Editing",
    authors="Uppaal, Dey, He, Zhong, Hu",
    year=2024,
    names="Uppaal, Rheeya and Dey, Apratim and He, Yiting and Zhong, Yiqiao and Hu, Junjie",
)


@PAPER.states("one step of DPO", "its gradient at the reference is −(β/2)(o₊ − o₋)xᵀ: the differences to be factored")
def dpo_gradient() -> Sides:
    """Differentiated entry by entry, for three tokens, two dimensions of output and two of context."""
    beta = Symbol("beta", positive=True)
    weights = Matrix(2, 2, symbols("w:4", real=True))
    reference = Matrix(2, 2, symbols("u:4", real=True))
    tokens = [Matrix(symbols(f"o{index}_:2", real=True)) for index in range(3)]
    x = Matrix(symbols("x:2", real=True))

    def log_probability(token: Matrix, matrix: Matrix) -> Expr:
        logits = [(row.T * matrix * x)[0] for row in tokens]
        return (token.T * matrix * x)[0] - log(sum(exp(logit) for logit in logits))

    chosen, rejected = tokens[0], tokens[1]
    margin = sum(
        sign * (log_probability(token, weights) - log_probability(token, reference))
        for sign, token in ((1, chosen), (-1, rejected))
    )
    loss = log(1 + exp(-beta * margin))
    at_reference = dict(zip(weights, reference, strict=True))
    gradient = Matrix(2, 2, lambda row, col: diff(loss, weights[row, col]).subs(at_reference).simplify())
    return ImmutableMatrix(gradient), ImmutableMatrix(-beta / 2 * (chosen - rejected) * x.T)
