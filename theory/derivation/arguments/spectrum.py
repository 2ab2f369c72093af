r"""Kernel densities: from the characteristic function of a fit to the integrated squared error, by Parseval.

Shown where the fit moves by its newest block alone, :math:`\psi_g = a_g\psi_{g-1} + b_g\hat\psi_g`, and the bandwidth
is constant. At each frequency t two numbers are carried: :math:`Q_g = E|\psi_g|^2` and :math:`M_g = E\psi_g/\varphi_0`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, product
from typing import Any

from mpmath import cos, inf, mp, mpf, quad, workdps
from mpmath import exp as exponential
from mpmath import pi as circle
from mpmath import sqrt as root
from sympy import Expr, Function, Ge, I, Integer, Rational, S, Symbol, conjugate, expand, primerange

from theory.derivation.checks import equal, under
from theory.derivation.notation import shown
from theory.derivation.relation import EQUAL, Relation
from theory.derivation.step import Evidence, NotShown, Step
from theory.models.kernel_density import KernelDensity
from theory.models.kernels.mixtures import gaussian_density
from theory.models.kernels.permutations import mixture_weights
from theory.models.kernels.spectral import GaussianSums, SpectralRecurrence, second_moments
from theory.workflows.base import Workflow
from theory.workflows.dynamics import GENERATION

#: Generations that the displayed rules are run for, and digits of an integral.
GENERATIONS, DIGITS = 5, 15

_psi, _block = Function("psi"), Function(r"\hat{\psi}")
_square, _mean = Function("Q"), Function("M")
_kappa = Symbol("kappa", positive=True)
_truth = Symbol(r"|\varphi_{0}|^{2}")
_power = Symbol("a", positive=True)
_sampled = Symbol(r"\mathbb{E}\,|\hat{\psi}_g|^2")
_error = Symbol(r"\mathbb{E}\,|\varphi_g - \varphi_0|^2")
_with_truth = Symbol(r"(2\pi)^{-d} \int \kappa^{a} |\varphi_0|^2 \, dt")
_alone = Symbol(r"(2\pi)^{-d} \int \kappa^{a} \, dt")


def steps(model: KernelDensity, workflow: Workflow, recurrence: Any, g: Symbol) -> tuple[list[Step], str | None]:
    """From the fit to the error at a frequency and its integral; nothing for other fits, bandwidths and losses."""
    if not isinstance(recurrence, SpectralRecurrence) or recurrence.bandwidths.constant is None:
        return [], None
    linear, h2 = recurrence.steps.linear, recurrence.bandwidths.constant
    if linear is None or recurrence.steps.pool is not None or linear.transition.shape != (1, 1):
        return [], None
    if (linear.start, linear.readout[0], linear.fresh[0]) != (2, 1, 0):
        return [], None
    kept, gain = shown(linear.transition[0], g), shown(linear.innovation[0], g)
    points = recurrence.points * shown(workflow.size(GENERATION), g)
    first = recurrence.points * workflow.size(1)
    since, before = Ge(g, 2), _square(g - 1)
    sampled = 1 / points + (1 - 1 / points) * _kappa**2 * before
    rules = Rules(recurrence, g)
    integrals = []
    if len(model.mixture.overlaps) == 1 or recurrence.d == 1:
        integrals = [
            Step(
                Relation(_with_truth, EQUAL, model.mixture.overlap(_power * h2, recurrence.d)),
                "the integrated squared error is $(2\\pi)^{-d}$ times the integral of that, by Parseval, a sum of "
                "Gaussian integrals",
                Integrated(recurrence, with_truth=True),
            ),
            Step(
                Relation(_alone, EQUAL, gaussian_density(_power * h2, S.Zero, recurrence.d)),
                "",
                Integrated(recurrence, with_truth=False),
            ),
        ]
    built = [
        Step(
            Relation(_psi(g), EQUAL, kept * _psi(g - 1) + gain * _block(g), where=since),
            f"under {workflow.name} model $g$ has the characteristic function $\\varphi_g = \\kappa\\,\\psi_g$, "
            "$\\kappa = e^{-h^2 |t|^2/2}$ that of its kernel and $\\psi_g$ that of the points it is fitted on; with "
            "$\\hat{\\psi}_g$ that of block $g$",
            Mixed(workflow, since, g),
        ),
        Step(
            Relation(_sampled, EQUAL, sampled, where=since),
            "points are independent given the past; with $Q_g = \\mathbb{E}\\,|\\psi_g|^2$",
            Sampled(points, since, g),
        ),
        Step(
            Relation(_square(g), EQUAL, (kept**2 + 2 * kept * gain * _kappa) * before + gain**2 * sampled, where=since),
            "and as block $g$ has the conditional mean $\\kappa\\,\\psi_{g-1}$",
            rules.of("square", since),
        ),
        Step(Relation(_square(1), EQUAL, 1 / first + (1 - 1 / first) * _truth), "", rules.of("first")),
        Step(
            Relation(_mean(g), EQUAL, (kept + gain * _kappa) * _mean(g - 1), where=since),
            "likewise $M_g = \\mathbb{E}\\,\\psi_g/\\varphi_0$, from $M_1 = 1$",
            rules.of("mean", since),
        ),
        Step(
            Relation(_error, EQUAL, _kappa**2 * _square(g) - 2 * _kappa * _mean(g) * _truth + _truth),
            "so that at a frequency the squared error is",
            rules.of("error"),
        ),
    ]
    rules.displayed = {step.check.name: step.expression.right for step in built if isinstance(step.check, Run)}
    return (
        built + integrals,
        "so $Q_g$ is a geometric series, whose integral gains a term a generation: with $m_g$ their sum",
    )


# -- checks ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mixed:
    """The displayed recursion gives the weights that the workflow has."""

    workflow: Workflow
    where: Any
    g: Symbol

    def __call__(self, relation: Relation) -> Evidence:
        under(relation, self.where)
        value: Expr = _block(1)
        for generation in range(2, GENERATIONS + 1):
            at = {_psi(self.g - 1): value, _block(self.g): _block(generation)}
            value = expand(relation.right.subs(at).subs(self.g, generation))
            weights, _ = mixture_weights(self.workflow, generation)
            equal(value, sum((weight * _block(index) for index, weight in enumerate(weights, start=1)), S.Zero))
        return Evidence(f"unrolled, and compared with the workflow's weights up to generation {GENERATIONS}")


@dataclass(frozen=True)
class Sampled:
    """E|n⁻¹ Σ z_i|² of independent points on the circle, by enumeration."""

    points: Expr
    where: Any
    g: Symbol

    def __call__(self, relation: Relation) -> Evidence:
        under(relation, self.where)
        values = {Rational(3, 5) + I * Rational(4, 5): Rational(1, 2), S.One: Rational(1, 3), -I: Rational(1, 6)}
        mean = sum((weight * z for z, weight in values.items()), S.Zero)
        whole = expand(mean * conjugate(mean))
        for count in (1, 2, 3):
            total: Expr = S.Zero
            for draw in product(values, repeat=count):
                weight = S.One
                for z in draw:
                    weight *= values[z]
                average = sum(draw, S.Zero) / count
                total += weight * expand(average * conjugate(average))
            equal(expand(total), Rational(1, count) + (1 - Rational(1, count)) * whole)
        stated = 1 / self.points + (1 - 1 / self.points) * _kappa**2 * _square(self.g - 1)
        equal(relation.right, stated)
        return Evidence("every draw of one to three points of a law on the circle, enumerated, and algebra")


class Rules:
    """The displayed rules of one derivation, run together against the recursion for all frequencies at once."""

    def __init__(self, recurrence: SpectralRecurrence, g: Symbol) -> None:
        self.recurrence, self.g = recurrence, g
        self.displayed: dict[str, Expr] = {}

    def of(self, name: str, where: Any = None) -> Run:
        """The check of one of the rules."""
        return Run(self, name, where)

    def exact(self) -> Iterator[tuple[Expr, Expr]]:
        """E|φ_g − φ_0|² and E|φ_g|² as polynomials in κ and |φ_0|², from the library's own recursion."""
        field = self.recurrence.steps.field
        sums = GaussianSums(self.recurrence.bandwidths, field.constant(S.One))

        def polynomial(element: Any) -> Expr:
            parts = ((S.One, element.plain), (_truth, element.truth))
            return sum(
                (
                    factor * field.to_expression(value) * _kappa**power
                    for factor, part in parts
                    for power, value in part.items()
                ),
                S.Zero,
            )

        for moments in second_moments(self.recurrence.steps, sums):
            yield polynomial(moments.error), polynomial(moments.square)

    def verify(self, changed: dict[str, Expr]) -> None:
        """Raise unless the rules, some of them changed, give every moment."""
        rules, g = {**self.displayed, **changed}, self.g
        square, mean = rules["first"], S.One
        for generation, (error, modulus) in enumerate(islice(self.exact(), GENERATIONS), start=1):
            if generation > 1:
                at = {_square(g - 1): square, _mean(g - 1): mean}
                square, mean = (rules[name].subs(at).subs(g, generation) for name in ("square", "mean"))
            equal(modulus, _kappa**2 * square)
            equal(error, rules["error"].subs({_square(g): square, _mean(g): mean}))


@dataclass(frozen=True)
class Run:
    """The right side is one of the rules that give the second moments at every frequency."""

    rules: Rules
    name: str
    where: Any

    def __call__(self, relation: Relation) -> Evidence:
        under(relation, self.where)
        self.rules.verify({self.name: relation.right})
        return Evidence(f"run up to generation {GENERATIONS}, as polynomials in κ and |φ₀|²")


@dataclass(frozen=True)
class Integrated:
    """The right side is the Gaussian integral, by quadrature at some parameters; in d dimensions its d-th power."""

    recurrence: SpectralRecurrence
    with_truth: bool

    def __call__(self, relation: Relation) -> Evidence:
        h2, d = S(self.recurrence.bandwidths.constant), self.recurrence.d
        symbols = sorted(relation.right.free_symbols - d.free_symbols | h2.free_symbols, key=str)
        numbers = {symbol: Rational(prime, 7) for symbol, prime in zip(symbols, primerange(3, 200), strict=False)}
        for dimension in (1, 2) if d.is_Symbol else (int(d),):
            at = numbers | dict.fromkeys(d.free_symbols, Integer(dimension))
            with workdps(2 * DIGITS):
                found = self._by_quadrature(at, dimension)
                expected = _number(relation.right.subs(at))
                if abs(found - expected) > mpf(10) ** -DIGITS * abs(found):
                    raise NotShown(f"the integral is {mp.nstr(found, 12)} and not {mp.nstr(expected, 12)}")
        return Evidence(f"quadrature to {DIGITS} digits")

    def _by_quadrature(self, at: dict[Any, Any], dimension: int) -> mpf:
        spread = _number((_power * S(self.recurrence.bandwidths.constant)).subs(at))
        terms = [(mpf(1), mpf(0), mpf(0))]
        if self.with_truth:
            overlaps = self.recurrence.truth.overlaps
            terms = [tuple(_number(S(part).subs(at)) for part in (o.weight, o.variance, o.distance)) for o in overlaps]
        total = mpf(0)
        for weight, variance, distance in terms:
            shift = root(distance)

            def integrand(t: mpf, v: mpf = spread + variance, shift: mpf = shift) -> mpf:
                return exponential(-v * t * t / 2) * cos(t * shift)

            total += weight * (quad(integrand, [-inf, 0, inf]) / (2 * circle)) ** dimension
        return total


def _number(value: Expr) -> mpf:
    return mpf(str(value.evalf(2 * DIGITS)))
