r"""Moments of fitted Gaussians under any workflow with a linear state: the recurrence, written out by an algebra.

The mean :math:`\mu_g` and the second moment :math:`Q_g = \sum_j w_{g,j}\,\overline{xx^\top}_j - I` of model g obey one
and the same recursion, that of the workflow (:class:`theory.workflows.dynamics.LinearDynamics`), driven by

.. math:: \varepsilon_g = \bar x_g - \mu_{g-1}, \qquad
          E_g = \overline{xx^\top}_g - I - Q_{g-1}
              = (\mu_{g-1} + \varepsilon_g)(\mu_{g-1} + \varepsilon_g)^\top + S_g - I - Q_{g-1},

with ε and the scatter S independent given the past, :math:`\varepsilon_g \sim N(0, \Sigma_{g-1}/n_g)` and
:math:`n_g S_g \sim W(\Sigma_{g-1}, n_g - 1)`, and

.. math:: \Sigma_g = \rho_g\,(I + Q_g - \mu_g\mu_g^\top), \qquad \rho_g = 1 \text{ or } 1/(1 - \kappa_g),

κ the concentration of the weights (:mod:`theory.models.effective_size`). A state of k numbers becomes vectors
:math:`z_1 \dots z_k` and matrices :math:`y_1 \dots y_k`. Give z weight 1 and y weight 2: one generation maps an
invariant of weight w to invariants of weight at most w, linearly, so that those of weight 4 close. Only moments that
the loss reaches are kept. Derived here; the case of one block agrees with the moments of the Wishart law.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from itertools import islice
from typing import Any

from sympy import (
    QQ,
    Dummy,
    Expr,
    Matrix,
    S,
    diag,
    eye,
    factor,
    fraction,
    ring,
    simplify,
    sympify,
    together,
    zeros,
)
from sympy.polys.fields import FracField

from theory.errors import NotDerivedError
from theory.expressions.fraction_field import in_lowest_terms
from theory.models.effective_size import concentration, concentration_formula, late_start
from theory.models.gaussian.algebra import (
    IDENTITY,
    Algebra,
    Atom,
    Block,
    Monomial,
    Polynomial,
    add,
    expectation,
    line,
    loop,
    multiply,
)
from theory.moments.composition import linear_moments
from theory.moments.recurrence import MomentRecurrence
from theory.workflows.base import Workflow
from theory.workflows.dynamics import GENERATION, LinearDynamics
from theory.workflows.pathway import Pathways

#: Three numbers make 78 moments, four 169, and a constant system of that size is not solved in passing.
LARGEST_STATE = 2

_TRACE, _NORM = (loop(["y0"]),), (line("z0", [], "z0"),)
_BLOCK, _REAL = ("e", "S", "C"), ("r", "R", IDENTITY)


@dataclass(frozen=True)
class Step:
    """One generation: z ↦ A z + b ε + c ϱ, with the readout of the model that the block is drawn from.

    ``inverse_size`` and ``inverse_real`` are 1/N of the block and of the fresh real samples, ``correction`` ρ_{g−1};
    the block is drawn with ``heat`` times the covariance of the model.
    A step without innovation only rewrites the state.
    """

    transition: Matrix
    innovation: Matrix
    fresh: Matrix
    readout: Matrix
    correction: Expr = S.One
    inverse_size: Expr = S.Zero
    inverse_real: Expr = S.Zero
    heat: Expr = S.One

    def subs(self, *args: Any) -> Step:
        """The step with symbols replaced, as in SymPy."""
        return Step(*(getattr(self, name).subs(*args) for name in _names(self)))


def _names(step: Step) -> list[str]:
    return [field.name for field in fields(step)]


class Invariants:
    """Conditional expectations of invariants, with coefficients in a ring of polynomials in what the steps contain."""

    def __init__(self, dimension: Expr, parameters: Iterable[Expr]) -> None:
        self._names: dict[Expr, Dummy] = {}
        for value in (dimension, *parameters):
            if not value.is_Rational and value not in self._names:
                self._names[value] = Dummy(f"c{len(self._names)}")
        self._values = {name: value for value, name in self._names.items()}
        self._ring: Any = ring(list(self._names.values()), QQ)[0] if self._names else QQ
        symbols = sorted(set().union(*(value.free_symbols for value in self._names)), key=str)
        # Rational functions are put together in their field: far faster than as expressions.
        self._field: Any = FracField(symbols, QQ) if symbols else None
        try:
            self._inserted = [self._in_field(value) for value in self._names] if symbols else []
        except ValueError:
            self._field = None  # sizes c^j, or an irrational share
        self.algebra = Algebra(self.element(dimension))

    def _in_field(self, value: Expr) -> Any:
        top, bottom = fraction(together(value))
        return self._field.from_expr(top) / self._field.from_expr(bottom)

    def element(self, value: Expr) -> Any:
        """A coefficient as an element of the ring."""
        if not self._names:
            return QQ(value.p, value.q)
        return self._ring.from_expr(self._names.get(value, value))

    def expression(self, element: Any) -> Expr:
        """An element of the ring in terms of the parameters."""
        if isinstance(element, int) or not self._names:
            return sympify(element)
        if self._field is not None:
            total = self._field.zero
            for exponents, coefficient in element.terms():
                term = self._field.from_expr(sympify(coefficient))
                for base, exponent in zip(self._inserted, exponents, strict=True):
                    if exponent:
                        term *= base**exponent
                total += term
            return total.as_expr()
        return simplify(element.as_expr().subs(self._values))

    def combination(self, row: Iterable[Expr], letter: str) -> dict[Any, Any]:
        """Σ row_a · letter_a."""
        return {f"{letter}{index}": self.element(value) for index, value in enumerate(row) if value != 0}

    def fitted(self, readout: Matrix, correction: Expr) -> tuple[dict[str, Any], dict[Atom, Any]]:
        """The mean μ and the covariance Σ = ρ(I + Q − μμᵀ) of the model with the given readout."""
        mean = self.combination(readout, "z")
        rho = self.element(correction)
        covariance: dict[Atom, Any] = {IDENTITY: rho}
        for name, value in self.combination(readout, "y").items():
            covariance[name] = rho * value
        for left, a in mean.items():
            for right, b in mean.items():
                covariance[left, right] = -rho * a * b
        return mean, covariance

    def before(self, polynomial: Mapping[Monomial, Any], step: Step) -> Polynomial:
        """E[polynomial of the state after the step | state before]."""
        size = step.transition.shape[0]
        vectors: dict[str, dict[str, Any]] = {}
        matrices: dict[str, dict[Atom, Any]] = {}
        for a in range(size):
            vectors[f"z{a}"] = self.combination(step.transition[a, :], "z")
            matrices[f"y{a}"] = self.combination(step.transition[a, :], "y")
            gain, real = self.element(step.innovation[a]), self.element(step.fresh[a])
            if gain != 0:
                vectors[f"z{a}"]["e"] = gain
                deviation: dict[Atom, Any] = {
                    ("m", "m"): gain,
                    ("m", "e"): gain,
                    ("e", "m"): gain,
                    ("e", "e"): gain,
                    "S": gain,
                }
                matrices[f"y{a}"] |= deviation | {"Q": -gain, IDENTITY: -gain}
            if real != 0:
                vectors[f"z{a}"]["r"] = real
                matrices[f"y{a}"] |= {("r", "r"): real, "R": real}
                matrices[f"y{a}"][IDENTITY] = matrices[f"y{a}"].get(IDENTITY, self.element(S.Zero)) - real
        expanded = self.algebra.substitute(polynomial, vectors, matrices)
        for names, inverse in ((_BLOCK, step.inverse_size), (_REAL, step.inverse_real)):
            expanded = expectation(self.algebra, expanded, Block(*names, self.element(inverse)))
        mean, covariance = self.fitted(step.readout, step.correction)
        if step.heat != 1:
            covariance = {atom: self.element(step.heat) * value for atom, value in covariance.items()}
        second = self.combination(step.readout, "y")
        return self.algebra.substitute(expanded, {"m": mean}, {"C": covariance, "Q": second})


@dataclass(frozen=True)
class Loss:
    """A loss that is an invariant of the fitted (μ, Σ): which parts it is made of, and to which power it is taken.

    The power of a loss of weight w has weight w · power: the second of the squared error of the mean has that of the
    squared error of the covariance itself.
    """

    mean: bool = False
    covariance: bool = False
    trace: bool = False
    power: int = 1

    def of(self, invariants: Invariants, readout: Matrix, correction: Expr) -> Polynomial:
        """‖μ‖², ‖Σ − I‖² and tr Σ of the model with the given readout, added up."""
        mean, covariance = invariants.fitted(readout, correction)
        algebra = invariants.algebra
        total: Polynomial = {}
        if self.mean:
            add(total, algebra.form(mean, [], mean))
        if self.covariance:
            off = {**covariance, IDENTITY: covariance[IDENTITY] - 1}
            add(total, algebra.trace(off, off))
        if self.trace:
            add(total, algebra.trace(covariance))
        raised = total
        for _ in range(self.power - 1):
            raised = multiply(raised, total)
        return raised


def invariant_recurrence(
    workflow: Workflow,
    dynamics: LinearDynamics,
    loss: Loss,
    dimension: Expr,
    points: Expr,
    unbiased: bool,
    heat: Expr = S.One,
) -> MomentRecurrence:
    """The expected loss under ``workflow``, exact at every n; ``points`` is the number n of samples in a unit block.

    ``heat`` is the temperature that models are sampled at: the factor of the covariance of what they generate.
    """
    g = GENERATION
    late = late_start(dynamics)
    start, kappa = late.start, Correction(workflow, late, points, unbiased)
    start = max(start, kappa.valid_from + 1)
    real = any(entry != 0 for entry in late.fresh)

    def step(correction: Expr) -> Step:
        return Step(
            late.transition,
            late.innovation,
            late.fresh,
            late.readout.subs(g, g - 1),
            correction,
            1 / (points * workflow.size(g)),
            1 / (points * workflow.fresh_size(g)) if real else S.Zero,
            heat,
        )

    opening, readouts = _opening(workflow, late, kappa, points, heat)
    for index in range(late.start, start):
        opening.append((index, step(kappa.at(index - 1)).subs(g, index)))
        readouts.append(late.readout.subs(g, index))
    running = step(kappa.formula.subs(g, g - 1))
    corrections = [kappa.at(index) for index in range(1, start)]
    everything = [kappa.formula, *corrections, *late.readout, *(entry for row in readouts for entry in row)]
    for one in (running, *(one for _, one in opening)):
        for name in _names(one):
            value = getattr(one, name)
            everything.extend(value if isinstance(value, Matrix | type(running.transition)) else [value])
    invariants = Invariants(dimension, [sympify(value) for value in everything])

    def settled(polynomial: Polynomial, generation: int) -> Expr:
        """The expectation at a generation before the recursion starts, down to model 0, the truth."""
        for index, one in reversed(opening):
            if index <= generation:
                polynomial = invariants.before(polynomial, one)
        return invariants.expression(polynomial.get((), 0))

    target = loss.of(invariants, late.readout, kappa.formula)
    moments = [monomial for monomial in target if monomial]
    rows: list[Polynomial] = []
    for monomial in moments:  # grows while it is read
        rows.append(invariants.before({monomial: invariants.element(S.One)}, running))
        moments.extend(found for found in rows[-1] if found and found not in moments)
    position = {monomial: index for index, monomial in enumerate(moments)}
    matrix, forcing, readout = zeros(len(moments)), zeros(len(moments), 1), zeros(1, len(moments))
    for index, row in enumerate(rows):
        for monomial, coefficient in row.items():
            if monomial:
                matrix[index, position[monomial]] = invariants.expression(coefficient)
            else:
                forcing[index] = invariants.expression(coefficient)
    for monomial, coefficient in target.items():
        if monomial:
            readout[position[monomial]] = invariants.expression(coefficient)
    one = invariants.element(S.One)
    early = [
        settled(loss.of(invariants, row, correction), index)
        for index, (row, correction) in enumerate(zip(readouts, corrections, strict=True), start=1)
        if index < start - 1
    ]
    initial = Matrix([settled({monomial: one}, start - 1) for monomial in moments])
    if set(moments) == {_TRACE, _NORM}:
        # tr y − ‖z‖² is the trace of Σ but for a constant: where the state is a random walk it moves by itself.
        basis = eye(2)
        basis[position[_TRACE], position[_NORM]] = -1
        matrix, forcing = (basis * matrix * basis.inv()).applyfunc(factor), (basis * forcing).applyfunc(factor)
        readout, initial = (readout * basis.inv()).applyfunc(factor), (basis * initial).applyfunc(factor)
    return MomentRecurrence(
        start=start,
        matrix=matrix,
        forcing=forcing,
        readout=readout,
        initial=initial,
        shift=invariants.expression(target.get((), 0)),
        early=tuple(early),
    )


def _opening(
    workflow: Workflow, late: LinearDynamics, kappa: Correction, points: Expr, heat: Expr
) -> tuple[list[tuple[int, Step]], list[Matrix]]:
    """Steps of the generations before ``late.start``, whose state is all noise so far, and their readouts.

    The last step rewrites that state as the one that the recursion starts from.
    """
    count = late.start - 1
    rows = [Matrix([[*block, *([S.Zero] * (count - len(block)))]]) for block, _ in islice(Pathways(workflow), count)]
    steps: list[tuple[int, Step]] = []
    for index in range(1, count + 1):
        born = zeros(count, 1)
        born[index - 1] = 1
        before = rows[index - 2] if index > 1 else zeros(1, count)
        size = 1 / (points * workflow.size(index))
        # The first block is real.
        own = S.One if index == 1 else heat
        state = eye(count), born, zeros(count, 1), before, kappa.at(index - 1), size
        steps.append((index, Step(*state, heat=own)))
    none = zeros(late.initial.shape[0], 1)
    steps.append((count, Step(late.initial, none, none, zeros(1, count))))
    return steps, [*rows[: count - 1], late.readout.subs(GENERATION, count)]


class Correction:
    """ρ_g = 1/(1 − κ_g) as a formula, and at single generations."""

    def __init__(self, workflow: Workflow, dynamics: LinearDynamics, points: Expr, unbiased: bool) -> None:
        self.workflow, self.points, self.unbiased = workflow, points, unbiased
        self.formula: Expr = S.One
        self.valid_from = 1
        if unbiased:
            found = concentration_formula(workflow, dynamics)
            if found is None:
                raise NotDerivedError(_NO_CONCENTRATION.format(workflow=workflow.name))
            kappa, self.valid_from = found
            self.formula = in_lowest_terms(1 / (1 - kappa / points))

    def at(self, index: int) -> Expr:
        """ρ at one generation; model 0 is the truth itself."""
        if not self.unbiased or index == 0:
            return S.One
        return in_lowest_terms(1 / (1 - concentration(self.workflow, index) / self.points))


def leading_trace(workflow: Workflow, dynamics: LinearDynamics, dimension: Expr, spread: Expr) -> MomentRecurrence:
    r"""n·(spread · m_g − E tr(Σ_g − I)) as n → ∞, for fits divided by 1 − κ; m is the pathway ratio Σ C²/s.

    Dividing by 1 − κ makes up for a fit's own spread only: E E_g = κ_{g−1} I to leading order, which travels like any
    noise, :math:`e_g = A_g e_{g-1} + b_g \kappa_{g-1}`, and
    :math:`E \operatorname{tr}(\Sigma_g - I) \approx d\,(\kappa_g + h_g e_g) - E\|\mu_g\|^2` (derived here). Under
    replace these cancel, under accumulate the pool's trace falls short by H_G^(2) − 1.
    """
    g = GENERATION
    late = late_start(dynamics)
    found = concentration_formula(workflow, late)
    if found is None:
        raise NotDerivedError(_NO_CONCENTRATION.format(workflow=workflow.name))
    kappa, valid_from = found
    ratio = linear_moments(workflow, late, curvature=S.Zero)
    # Model 0 is the truth: nothing is divided there.
    known = [S.Zero, *(concentration(workflow, index) for index in range(1, max(valid_from, late.start) + 1))]
    state = late.initial * Matrix(known[: late.start - 1])
    second, start = ratio.initial, late.start
    while start <= valid_from:
        second = ratio.matrix.subs(g, start) * second + ratio.forcing.subs(g, start)
        state = late.transition.subs(g, start) * state + late.innovation.subs(g, start) * known[start - 1]
        start += 1
    early = []
    for index, (block, fresh) in enumerate(islice(Pathways(workflow), start - 2), start=1):
        noise = sum((c**2 / workflow.size(i) for i, c in enumerate(block, start=1)), S.Zero)
        noise += sum((c**2 / workflow.fresh_size(i) for i, c in enumerate(fresh, start=1) if c != 0), S.Zero)
        travelled = sum((c * known[i] for i, c in enumerate(block)), S.Zero)
        early.append((spread + dimension) * noise - dimension * (known[index] + travelled))
    return MomentRecurrence(
        start=start,
        matrix=diag(ratio.matrix, late.transition),
        forcing=Matrix([*ratio.forcing, *(late.innovation * kappa.subs(g, g - 1))]),
        readout=Matrix([[*((spread + dimension) * ratio.readout), *(-dimension * late.readout)]]),
        initial=Matrix([*second, *state]),
        shift=-dimension * kappa,
        early=tuple(early),
        exactness="leading order",
    )


_NO_CONCENTRATION = (
    "workflow = {workflow} has no closed form for the effective sample size that unbiased = True divides by: "
    "use unbiased = False."
)
