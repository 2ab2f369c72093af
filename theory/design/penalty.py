r"""The ridge penalty that serves best: at a given generation, or in the long run.

At generation 1 it is :math:`\lambda = \sigma^2 d/|w^*|^2` whatever the design: in a direction of eigenvalue s the risk
:math:`(\lambda^2 |w^*|^2/d + \sigma^2 s)/(s + \lambda)^2` is smallest there for every s. Later it is a root of the
derivative: with d/T → γ an algebraic number in the shrinkage, at finite d and T a number in a ball.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from flint import acb, arb, ctx, fmpq
from sympy import Dummy, Expr, Float, Min, Poly, Rational, S, Symbol, diff, fraction, oo

from theory.errors import DomainError, NotDerivedError
from theory.expected import expected_risk
from theory.expressions.arguments import generation as whole_generation
from theory.expressions.balls import BallProgram
from theory.expressions.fraction_field import in_lowest_terms
from theory.models.ridge.fit import penalty_per_row
from theory.models.ridge.kept_rows import kept_rows_noise
from theory.models.ridge_regression import RidgeRegression
from theory.workflows.base import Workflow


@dataclass(frozen=True)
class BestPenalty:
    """The penalty with the smallest risk.

    Attributes
    ----------
    penalty : λ at finite d and T (times the rows, if the model's penalty is per row); λ over the rows of a fit in
    the limit
        d/T → γ; ``oo`` when the risk falls for ever towards that of predicting 0
    radius : how far the penalty may lie from it; 0 for exact numbers
    risk : the risk there
    shrinkage : α there, in the limit d/T → γ; else None
    """

    penalty: Expr
    radius: Expr
    risk: Expr
    shrinkage: Expr | None = None


def best_penalty(model: RidgeRegression, workflow: Workflow, generation: int | None = None) -> BestPenalty:
    r"""The penalty that minimises the risk at a generation, or in the limit G → ∞ without one.

    Parameters
    ----------
    model : RidgeRegression
        On fresh designs, with numbers for everything but the penalty (or shrinkage), which is not looked at.
    workflow : Workflow
    generation : whole number ≥ 1, optional

    Notes
    -----
    In the limit d/T → γ the risk is rational in α under replace, and its limit so under fresh real data (in the
    shrinkage
    of fits with real rows, which is the one given back): all real roots of the derivative are compared, exactly.
    Otherwise the sign of the derivative is computed in balls at penalties from 2⁻¹² to 2¹² times σ²d/|w*|², four an
    octave,
    and a change of sign is bisected: every sign is certain, and so is the ball around the root, but a second minimum
    that is narrower than the steps would be overlooked.

    Raises
    ------
    DomainError
        When there is no signal, so that every penalty is too small, or a parameter is a symbol.

    Examples
    --------
    >>> from theory import FreshReal, Replace
    >>> from theory.models.ridge_regression import RidgeRegression
    >>> model = RidgeRegression(d=2, T=5, penalty=1)
    >>> best_penalty(model, Replace(), 1).penalty
    2
    >>> best_penalty(model, Replace(), 3).penalty.evalf(8)
    2.0841855
    >>> best_penalty(model, Replace()).penalty
    oo
    """
    if not isinstance(model, RidgeRegression):
        raise DomainError(f"model = {model!r} has no penalty: give a RidgeRegression.")
    if model.design == "shared":
        raise NotDerivedError("the best penalty is derived for fresh designs: give design = 'fresh'.")
    g = None if generation is None else whole_generation("generation", generation)
    left = sorted(
        str(x) for value in (model.ratio, model.sigma2, model.signal) if value is not None for x in value.free_symbols
    )
    if left:
        raise DomainError(f"{', '.join(left)} has no value: the best penalty needs a number for every other parameter.")
    if model.signal == 0:
        raise DomainError("signal = 0 is best predicted by 0: every penalty is too small.")
    if model.proportional:
        return _in_the_limit(model, workflow, g)
    if g == 1:
        ideal = model.sigma2 * model.d / model.signal
        scaled = ideal / (model.T * workflow.size(1)) if model.per_row else ideal
        found = replace(model, penalty=scaled)
        return BestPenalty(scaled, S.Zero, expected_risk(found, workflow).at(1))
    variable = Symbol("lambda", positive=True)
    risk = expected_risk(replace(model, penalty=variable), workflow)
    formula = risk.limit if g is None else risk.at(g)
    # The series of kept rows takes more terms than can be waited for at the largest penalties looked at.
    if formula is None or formula.has(kept_rows_noise):
        raise NotDerivedError(
            f"the limit under workflow = {workflow.name} is not derived for the best penalty: give a generation."
        )
    unit = model.sigma2 * model.d / model.signal / (model.T if model.per_row else 1)
    return _by_bisection(formula, variable, unit, model.signal)


def _in_the_limit(model: RidgeRegression, workflow: Workflow, g: int | None) -> BestPenalty:
    """Exactly, among the real roots of the derivative in α."""
    variable = Dummy("a", positive=True)
    if g is None:
        # Only the fits of later generations matter: written in their own shrinkage.
        rows = workflow.rows(2)
        ratio, formula = model.ratio / rows, model.long_run(workflow, variable)
    else:
        ratio, formula = model.ratio, expected_risk(replace(model, shrinkage=variable), workflow).at(g)
    formula = in_lowest_terms(formula)
    numerator, _ = fraction(in_lowest_terms(diff(formula, variable)))
    if not formula.is_rational_function(variable) or not numerator.is_polynomial(variable):
        raise NotDerivedError(
            f"the best penalty at generation {g} under workflow = {workflow.name} is no root of a polynomial in "
            "the limit: give d and T, or ask for the long run."
        )
    end = Min(1, 1 / ratio)
    inside = [root for root in Poly(numerator, variable).real_roots() if 0 < root < end]
    best = min(set(inside), key=lambda root: formula.subs(variable, root).evalf(30), default=None)
    if best is None or formula.subs(variable, best).evalf(30) >= model.signal:
        return BestPenalty(oo, S.Zero, model.signal, S.Zero)
    return BestPenalty(penalty_per_row(ratio, best), S.Zero, formula.subs(variable, best), best)


#: Where the derivative is looked at, about σ²d/|w*|², and bits of the answer.
STEPS_AN_OCTAVE, OCTAVES, BITS = 4, 12, 60


def _by_bisection(formula: Expr, variable: Symbol, unit: Expr, signal: Expr) -> BestPenalty:
    """Where the derivative turns from negative to positive, among all such places the lowest."""
    slope, height = BallProgram(diff(formula, variable), variable), BallProgram(formula, variable)
    scale = BallProgram(unit, Dummy("g")).at_precision(200)(1).real
    grid = [
        arb(2) ** (fmpq(k, STEPS_AN_OCTAVE)) * scale
        for k in range(-OCTAVES * STEPS_AN_OCTAVE, OCTAVES * STEPS_AN_OCTAVE + 1)
    ]
    grid = [point.mid() for point in grid]
    signs = [_sign(slope, point) for point in grid]
    brackets = [(grid[k], grid[k + 1]) for k in range(len(grid) - 1) if signs[k] < 0 < signs[k + 1]]
    found = [_bisected(slope, *bracket) for bracket in brackets]
    best = min(found, key=lambda ball: float(height.at_precision(200)(acb(ball)).real.mid()), default=None)
    if best is None:
        return (
            BestPenalty(oo, S.Zero, signal) if signs[-1] < 0 else BestPenalty(S.Zero, S.Zero, formula.subs(variable, 0))
        )
    middle = _float(best.mid())
    if formula.subs(variable, middle).evalf(30) >= signal:
        return BestPenalty(oo, S.Zero, signal)
    return BestPenalty(middle, _float(best.rad()), formula.subs(variable, middle))


def _sign(slope: BallProgram, at: arb) -> int:
    bits = 128
    while bits <= 2**14:
        with ctx.workprec(bits):
            value = slope.at_precision(bits)(acb(at)).real  # type: ignore[arg-type]
        if value > 0:
            return 1
        if value < 0:
            return -1
        bits *= 2
    return 0


def _bisected(slope: BallProgram, low: arb, high: arb) -> arb:
    with ctx.workprec(4 * BITS):
        while (high - low) > low * arb(2) ** (-BITS):
            middle = ((low + high) / 2).mid()
            turn = _sign(slope, middle)
            if turn == 0:
                break
            low, high = (low, middle) if turn > 0 else (middle, high)
        return arb((low + high) / 2, (high - low) / 2)


def _float(number: arb) -> Expr:
    mantissa, exponent = number.man_exp()
    return Float(Rational(int(mantissa)) * Rational(2) ** int(exponent), 20)
