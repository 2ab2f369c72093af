r"""Limits as G → ∞ of what is written in atoms, as Coq proofs.

A function of the generation is split into terms, one for each product of atoms. Each becomes a coefficient that is
rational in 1/G times factors whose limits ``Limits.v`` knows:

.. math:: \frac1G, \quad G^k q^G \;(|q| < 1), \quad \frac{H_G}{G}, \quad \frac1{\log G} \to 0, \qquad
          \frac{H_G}{\log G} \to 1, \qquad H_G^{(2)} \to \frac{\pi^2}6 .
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sympy import Dummy, Expr, Function, Mul, Poly, Pow, Rational, S, cancel, factor, fraction, pi, sqrt, together
from sympy.concrete.expr_with_limits import ExprWithLimits

from theory.errors import NotDerivedError
from theory.expressions.signs import Ranges
from theory.expressions.symbols import G
from theory.proof.coq.moments import neat
from theory.proof.coq.text import Atoms, coq_term, never_zero
from theory.proof.coq.theorem import grouped
from theory.proof.coq.witness import witness

#: Stands for log G: growth may be logarithmic.
LOGARITHM = Dummy("log", dummy_index=4)


@dataclass
class Convergence:
    """A function of the generation, as a sum of products of functions with known limits.

    Attributes
    ----------
    text : str
        The function as a Coq term in G.
    limit : Expr
    facts : list of str
        Tactics that bring into the context what the limit rests on: |q| < 1.
    powers : list of str
        Tactics that write powers of products as products of powers, to compare the function with another writing.
    """

    text: str
    limit: Expr
    facts: list[str] = field(default_factory=list)
    powers: list[str] = field(default_factory=list)

    def proof(self, limit: str) -> tuple[str, ...]:
        """Tactics for ``Un_cv (fun G => text) limit``."""
        return (*self.facts, f"eapply (cv_is _ _ ({limit})); [converge | cbn [pow]; field; nonzero].")


def named(value: Expr, what: str) -> str:
    """A number of the claim as a Coq term.

    Raises
    ------
    NotDerivedError
        When it is made of functions that Coq's standard library does not have, or has no theorems about.
    """
    try:
        return coq_term(value, {G: "INR G"})
    except NotDerivedError:
        functions = {type(part).__name__ for part in value.atoms(Function, ExprWithLimits)}
        functions |= {"root" for part in value.atoms(Pow) if part.exp.is_Rational and not part.exp.is_Integer}
        unknown = ", ".join(sorted(functions)) or str(value)
        raise NotDerivedError(
            f"the {what} {value} cannot be exported to Coq, whose standard library lacks what it would take about "
            f"{unknown}: numbers made of the parameters and π by + - * / can be."
        ) from None


def strictly_below(low: Expr, high: Expr, ranges: Ranges) -> tuple[str, ...]:
    """Tactics for low < high, where the difference is affine in π²: 19/2 < π² < 21/2.

    Raises
    ------
    NotDerivedError
        When that and the ranges do not tell.
    """
    square = Dummy("square")
    difference = cancel(together((high - low).subs(pi, sqrt(square))))
    slope, below, above = difference.diff(square), named(low, "limit"), named(high, "limit")
    if slope.has(square) or difference.subs(square, 0).has(pi):
        raise NotDerivedError(f"that {low} is below {high} cannot be exported: the difference is not affine in π².")
    for end, way, gain in ((Rational(19, 2), 1, "PI ^ 2 - 19 / 2"), (Rational(21, 2), -1, "21 / 2 - PI ^ 2")):
        steep, least = neat(way * slope, ranges), neat(difference.subs(square, end), ranges)
        signs = [witness(item, G, 0, ranges) for item in (steep, least)]
        if None in signs or not never_zero(least, ranges):
            continue
        level, change = coq_term(least), coq_term(steep)
        return (
            "pose proof pi_squared as Square.",
            f"assert (0 <= {change}) as Slope by (by_witness (nonnegative_by ({signs[0]}))).",
            f"assert (0 < {level}) as Level by (by_witness (positive_by ({signs[1]}))).",
            f"assert (0 <= ({change}) * ({gain})) as Gain by (apply Rmult_le_pos; lra).",
            f"enough (({above}) - ({below}) = ({level}) + ({change}) * ({gain})) by lra. field; nonzero.",
        )
    raise NotDerivedError(
        f"that {low} is below {high} cannot be exported: it is not told by 19/2 < π² < 21/2 and the parameters' ranges."
    )


def convergence(expression: Expr, atoms: Atoms) -> Convergence:
    """The limit of an expression in G, atoms and ``LOGARITHM``.

    Raises
    ------
    NotDerivedError
        When a term has no limit that the library knows.
    """
    found = Convergence("", S.Zero)
    texts = []
    for coefficient, exponents in _terms(expression, atoms):
        text, limit = _Term(coefficient, exponents, atoms, found).written()
        texts.append(text)
        found.limit += limit
    found.text = " + ".join(texts) or "0"
    found.limit = cancel(together(found.limit))
    return found


def _terms(expression: Expr, atoms: Atoms) -> Iterator[tuple[Expr, dict[Dummy, int]]]:
    """Coefficients rational in G, and the exponents of the atoms."""
    known = [*atoms.terms.values(), LOGARITHM]
    for key in atoms.terms:
        if key[0] in ("sum", "product"):
            raise NotDerivedError(
                f"the closed form is a {key[0]} over generations, the limit of which cannot be exported to Coq: limits "
                "of rational functions, powers and harmonic numbers of orders 1 and 2 can be."
            )
    above, below = fraction(factor(cancel(together(expression))))
    divided = dict.fromkeys(known, 0)
    for part in below.as_ordered_factors():
        root, exponent = part.as_base_exp()
        if root in divided:
            divided[root] += int(exponent)
            below = cancel(below / part)
        elif root.has(*known):
            raise NotDerivedError(f"{root} in a denominator has no limit in the Coq library.")
    for powers, coefficient in Poly(above, *known).terms():
        exponents = {atom: power - divided[atom] for atom, power in zip(known, powers, strict=True)}
        if coefficient != 0:
            yield cancel(coefficient / below), {atom: power for atom, power in exponents.items() if power}


class _Term:
    """A coefficient times powers of atoms."""

    def __init__(self, coefficient: Expr, exponents: dict[Dummy, int], atoms: Atoms, found: Convergence) -> None:
        above, below = (Poly(side, G) for side in fraction(coefficient))
        self.above, self.below, self.degree = above, below, above.degree() - below.degree()
        self.atoms, self.ranges, self.found = atoms, atoms.ranges, found
        keys = {atom: key for key, atom in atoms.terms.items()}
        self.logs = exponents.get(LOGARITHM, 0)
        self.harmonics = {keys[atom][1]: power for atom, power in exponents.items() if _kind(keys, atom) == "harmonic"}
        self.powers = [
            (keys[atom][1], keys[atom][2], power) for atom, power in exponents.items() if _kind(keys, atom) == "power"
        ]

    def refusal(self) -> NotDerivedError:
        return NotDerivedError(
            f"a term of the closed form, of order G^{self.degree} beside harmonic numbers and powers, has no finite "
            "limit in the Coq library."
        )

    def written(self) -> tuple[str, Expr]:
        """The term as a Coq term, and its limit."""
        limit = cancel(self.above.LC() / self.below.LC())
        factors, degree = [self._coefficient()], self.degree
        first, second = self.harmonics.pop(1, 0), self.harmonics.pop(2, 0)
        if self.harmonics or first < 0 or second < 0:
            raise self.refusal()
        if second:
            factors.append(_power("harmonic 2 G", second))
            limit *= (pi**2 / 6) ** second
        asymptotic = min(first, -self.logs) if self.logs < 0 else 0
        logs, first = self.logs + asymptotic, first - asymptotic
        if logs > 0:
            raise self.refusal()
        if asymptotic:
            factors.append(_power("(harmonic 1 G / ln (INR G))", asymptotic))
        if logs:
            factors.append(_power("(/ ln (INR G))", -logs))
            limit = S.Zero
        if first:
            factors.append(_power("(harmonic 1 G / INR G)", first))
            degree, limit = degree + first, S.Zero
        if self.powers:
            factors.append(f"(INR G ^ {max(degree, 0)} * {self._base()})")
            degree, limit = min(degree, 0), S.Zero
        if degree > 0:
            raise self.refusal()
        if degree:
            factors.append(_power("(/ INR G)", -degree))
            limit = S.Zero
        return " * ".join(factors), limit

    def _coefficient(self) -> str:
        """The numerator over the denominator, both in 1/G and divided by the leading coefficient of the latter."""
        above, below = (_in_reciprocals(side, self.below.LC(), self.ranges) for side in (self.above, self.below))
        return above if below == "1" else f"({above} / {below})"

    def _base(self) -> str:
        """The powers of the term as one, of a base between −1 and 1."""
        shifts = {shift for _, shift, _ in self.powers}
        base = neat(Mul(*(root**power for root, _, power in self.powers)), self.ranges)
        if len(shifts) > 1 or (shifts != {0} and (len(self.powers) > 1 or self.powers[0][2] < 0)):
            raise self.refusal()
        (shift,) = shifts
        sides = [(base + 1, f"{coq_term(base)} + 1"), (1 - base, f"1 - ({coq_term(base)})")]
        witnesses = [witness(cancel(value), G, 0, self.ranges) for value, _ in sides]
        if None in witnesses or not all(never_zero(value, self.ranges) for value, _ in sides):
            raise NotDerivedError(f"that powers of {base} vanish cannot be exported to Coq: its range does not tell.")
        text, exponent = f"({coq_term(base)})", f"(G - {shift})" if shift else "G"
        told = " | ".join(
            f"enough (0 < {side}) by lra; by_witness (positive_by ({proof}))"
            for (_, side), proof in zip(sides, witnesses, strict=True)
        )
        fact = f"assert (-1 < {text} < 1) by (split; [{told}])."
        if fact not in self.found.facts:
            self.found.facts.append(fact)
        if len(self.powers) > 1 or self.powers[0][2] != 1:
            rewriting = _split(*self._apart(text), exponent)
            if rewriting not in self.found.powers:
                self.found.powers.append(rewriting)
        return f"{text} ^ (G - {shift})"

    def _apart(self, base: str) -> tuple[str, list[tuple[str, int]]]:
        """A power of a base and its roots; where the base is a root itself, as 4/5 = (16/25)/(4/5), another root so."""
        roots = [(f"({coq_term(root)})", power) for root, _, power in self.powers]
        single = next((root for root, power in roots if power == 1 and root != base), None)
        if single is None or base not in dict(roots):
            return base, roots
        return single, [(base, 1), *((root, -power) for root, power in roots if root != single)]


def _kind(keys: dict[Dummy, tuple], atom: Dummy) -> str | None:
    return keys[atom][0] if atom in keys else None


def _split(base: str, roots: list[tuple[str, int]], exponent: str) -> str:
    """Tactics that replace a power of a base by the product of powers of roots that it is."""
    parts = [f"{'/ ' if power < 0 else ''}{_power(root, abs(power))}" for root, power in roots]
    powers = [f"{'/ ' if power < 0 else ''}{_power(f'({root} ^ {exponent})', abs(power))}" for root, power in roots]
    rewritten = [
        f"rewrite (Rpow_mult_distr ({' * '.join(parts[:index])}) ({parts[index]}) {exponent})"
        for index in range(len(parts) - 1, 0, -1)
    ]
    for root, power in roots:
        if power < 0:
            rewritten.append(f"rewrite (pow_inv {grouped(_power(root, abs(power)))} {exponent})")
        if abs(power) > 1:
            rewritten.append(f"rewrite (pow_swap {root} {abs(power)} {exponent})")
    return (
        f"replace ({base} ^ {exponent}) with ({' * '.join(powers)})\n    by (symmetry; "
        f"transitivity (({' * '.join(parts)}) ^ {exponent});\n      "
        f"[f_equal; field; nonzero | {'; '.join(rewritten)}; reflexivity])."
    )


def _power(text: str, exponent: int) -> str:
    return text if exponent == 1 else f"({text}) ^ {exponent}"


def _in_reciprocals(side: Poly, lead: Expr, ranges: Ranges) -> str:
    """A polynomial in G over G to its degree, as a polynomial in 1/G; over ``lead`` too."""
    terms = []
    for (power,), coefficient in side.terms():
        value, below = neat(coefficient / lead, ranges), side.degree() - power
        terms.append(f"({coq_term(value)})" + (f" * {_power('(/ INR G)', below)}" if below else ""))
    if terms == ["(1)"]:
        return "1"
    return f"({' + '.join(terms)})"
