"""Signs for all parameters in their ranges and all generations, and limits as g → ∞.

A polynomial in variables over [0, ∞) has the sign that all its coefficients have; in one variable the roots decide, and
of constants a ball. Limits rest on, as x → ∞: ψ_0(x) − log x → 0, x^m ψ_m(x) → (−1)^(m+1) (m−1)!, b^x → 0 faster than
any power of x if |b| < 1, Φ(z, s, x) is bounded if |z| < 1 and s ≥ 0, Π Γ(x+a_i)^k_i ~ x^(Σ k_i a_i) if Σ k_i = 0, and
a sum of terms O(1/x²) converges. As z → 0 and a → 0, Λ_k(q, z) → 0 and (a; q)_∞ → 1 (``q_series.py``). Of traces, that
E tr Wⁱ(W + λ)⁻ᵏ is at most λ^(1+i−k) E tr W⁻¹ = λ^(1+i−k) d/(T − d − 1) if i < k, and at most d if i = k.
"""

from __future__ import annotations

from itertools import zip_longest
from math import comb, factorial
from typing import TYPE_CHECKING, Any

from flint import fmpq, fmpq_poly

# fmt: off
if TYPE_CHECKING or __package__:
    from theory.proof.algebra import ONE, RING, ZERO, Algebra, CertificateError, Quotient, collect, g, require
    from theory.proof.q_series import KINDS, enclosed, graded
else:
    from algebra import ONE, RING, ZERO, Algebra, CertificateError, Quotient, collect, g, require
    from q_series import KINDS, enclosed, graded
# fmt: on

SINCE, DEGREE = "(g - since)", 200  # of polynomials whose roots are looked for, at most


class Analysis(Algebra):
    """Signs and limits of quotients, and the polynomials whose signs they rest on."""

    def __init__(self, positive: list[str]) -> None:
        super().__init__()
        self.ranges: dict[str, Quotient] = {}
        self.positive, self.free = set(positive), {SINCE}
        self.witnesses, self.used = list[str](), set[str]()

    def call(self, name: str, args: list[Quotient]) -> Quotient:
        """The value of a function, by the equations that are known of it."""
        order = args[0].whole() if args else None
        match name, args:
            case "lambert_sum", [_, q, z] if 1 <= (order or 0) <= 20 and not self.moves(q):
                return graded(self, "lambert", order, q, z)
            case "q_pochhammer", [a, q] if not self.moves(q):
                return graded(self, "pochhammer", None, q, a)
        return super().call(name, args)

    def enclosed(self, name: str, key: Any, args: list[Any]) -> Any:
        """A ball around a function at ball arguments."""
        return enclosed(name, key, *args) if name in KINDS else super().enclosed(name, key, args)

    def sign(self, value: Quotient, since: Quotient) -> int:
        """1 if positive, 0 if not negative, for all g ≥ since and all parameters in their ranges; else an error."""
        value = self.normal(value)
        cover = {"g": since + self.variable(SINCE), **self.beyond(value, since), **self.ranges}
        both = self.covered(value.top, cover) / self.covered(value.bottom, cover)
        (top, strict), (bottom, nowhere_zero) = self.definite(both.top), self.definite(both.bottom)
        if top * bottom < 0 or not nowhere_zero:
            raise CertificateError(f"{self.text(both.top)} over {self.text(both.bottom)} is not shown to have a sign")
        return int(strict)

    def beyond(self, value: Quotient, since: Quotient) -> dict[str, Quotient]:
        """Ranges of the functions that occur, each from its value at ``since``.

        b^g is b^since or more if b ≥ 1, down to 0 from there if 0 < b < 1, and b^since b^(g−since) if b ≥ 0;
        ⌊x⌋ is 1 or more if x ≥ 1, and 0 or more if x ≥ 0; E tr Wⁱ(W + λ)⁻ᵏ is 0 or more if λ > 0.
        """
        found = {}
        for kind, key, args, index in self.functions:
            known = (kind, args[0]) == ("power", g) or (kind, key) == ("constant", "floor") or kind == "trace"
            if not known or not value.has(index):
                continue
            label = f"({self.labels[index]} - first)"  # no text can name it
            self.free.add(label)
            more = self.variable(label)
            if kind == "trace":
                require(self.sign(args[4], since) == 1, "the penalty of a trace is not shown to be positive")
                found[self.labels[index]] = more
                continue
            if kind == "constant":
                found[self.labels[index]] = Quotient(self.never_below_one(args[0])) + more
                continue
            number = key.number()
            first = (self.covered(key.top, self.ranges) / self.covered(key.bottom, self.ranges)) ** (since.whole() or 0)
            if 0 < number < 1 if number is not None else self.never_above_one(key):
                found[self.labels[index]] = first / (ONE + more)
            else:
                found[self.labels[index]] = first + more if self.never_below_one(key) else first * more
        return found

    def never_below_one(self, value: Quotient) -> bool:
        """Whether it is at least 1; else at least 0, or an error."""
        try:
            return self.sign(value - ONE, ONE) >= 0
        except CertificateError:
            self.sign(value, ONE)
            return False

    def never_above_one(self, value: Quotient) -> bool:
        """Whether it lies between 0 and 1."""
        marked = len(self.witnesses)
        try:
            return min(self.sign(value, ONE), self.sign(ONE - value, ONE)) >= 0
        except CertificateError:
            del self.witnesses[marked:]
            return False

    def covered(self, poly: Any, cover: dict[str, Quotient]) -> Quotient:
        """A polynomial with parameters written in variables over [0, ∞), as their stated ranges say."""
        indices = [i for i, label in enumerate(self.labels) if label in cover and poly.degrees()[i] > 0]
        if not indices:
            return Quotient(poly)
        self.used |= {self.labels[i] for i in indices}
        total = ZERO
        for powers, rest in collect(poly, indices).items():
            term = Quotient(rest)
            for index, power in zip(indices, powers, strict=True):
                term = term * cover[self.labels[index]] ** power
            total = total + term
        return total

    def definite(self, poly: Any) -> tuple[int, bool]:
        """(sign, strict) of a polynomial in variables over [0, ∞), those listed as positive over (0, ∞)."""
        written = self.text(poly)
        self.witnesses.append(written)
        if poly.is_constant():
            number = poly.leading_coefficient() if poly != 0 else 0
            return (number > 0) - (number < 0), number != 0
        ball, here = self.ball(Quotient(poly)), [i for i, degree in enumerate(poly.degrees()) if degree > 0]
        if ball is not None:
            told = ball.imag == 0 and (ball.real > 0 or ball.real < 0)
            require(told, f"the ball around {written} is not shown to be real and to leave out zero")
            return 1 if ball.real > 0 else -1, True
        require(all(self.labels[i] in self.free for i in here), f"the range of {written} is not stated")
        signs = {1 if coefficient > 0 else -1 for _, coefficient in poly.terms()}
        if len(signs) == 1:
            terms = [{self.labels[i] for i in here if exponents[i]} for exponents, _ in poly.terms()]
            strict = [term for term in terms if term <= self.positive]
            self.used |= min(strict, key=len, default=set())
            return signs.pop(), bool(strict)
        require(len(here) == 1, f"{written} is not shown to have a sign: its coefficients have both")
        require(poly.total_degree() <= DEGREE, f"a polynomial of degree {poly.total_degree()} is out of reach")
        line = [fmpq(0)] * (int(poly.total_degree()) + 1)
        for exponents, coefficient in poly.terms():
            line[int(exponents[here[0]])] = coefficient
        roots = [root for root, _ in fmpq_poly(line).complex_roots()]
        require(all(root.imag != 0 or root.real < 0 for root in roots), f"{written} is not shown to have one sign")
        return (1 if line[0] > 0 else -1), True

    def text(self, poly: Any) -> str:
        """A polynomial as plain arithmetic, for errors and witnesses."""
        terms = []
        for exponents, coefficient in poly.terms():
            powers = [
                f"{label}**{e}" if e > 1 else label for label, e in zip(self.labels, exponents, strict=False) if e
            ]
            terms.append("*".join([str(coefficient)] * (coefficient != 1 or not powers) + powers))
        return " + ".join(terms) or "0"

    def limit_of(self, value: Quotient) -> Quotient:
        """Limit as g → ∞, from the leading behaviour of every term."""
        value = self.normal(value)
        moving = [(kind, key, args, index) for kind, key, args, index in self.functions if index in self.moving]
        groups = collect(value.bottom, [item[3] for item in moving])
        require(len(groups) == 1, "a denominator is a sum of functions of g")
        ((divided, bottom),) = groups.items()
        orders: dict[int, Quotient] = {}
        for powers, top in collect(value.top, [item[3] for item in moving]).items():
            base, gammas, order, logs, series, term = ONE, 0, ZERO, 0, False, Quotient(top, bottom)
            vanishing = False
            for (kind, key, args, _), times in zip(moving, map(int.__sub__, powers, divided), strict=True):
                x = args[-1]
                if not times:
                    continue
                if kind in KINDS:
                    self.fades(*args)
                    require(kind == "pochhammer" or times > 0, "a series that vanishes stands in a denominator")
                    vanishing = vanishing or kind == "lambert"
                    continue
                require(kind == "root" or not self.moves(x - g), f"a {kind} of g has no known growth")
                match kind:
                    case "power":
                        base = base * key**times
                    case "gamma":
                        gammas, order = gammas + times, order + (x - g) * Quotient(times)
                    case "psi" if key:
                        require(times > 0, "a polygamma function stands in a denominator")
                        term = term * (Quotient((-1) ** (key + 1) * factorial(key - 1)) / g**key) ** times
                    case "psi" | "log":
                        logs += times
                    case "total" if times > 0:
                        term = term * self.series(Quotient(key[0]), key[1]) ** times
                    case "root":
                        require(not any(x.has(index) for index in self.moving), "a root has no known growth")
                        degree, head = self.leading(x)
                        positive = head.number() > 0 if head.number() is not None else self.sign(head, ONE) == 1
                        require(positive, "a root is not shown to be that of a positive number")
                        order, term = order + Quotient(fmpq(degree * times, 2)), term * self.root(head) ** times
                    case "lerch" if times > 0:
                        order_known = not any(map(self.moves, key)) and (key[1].number() or -1) >= 0
                        require(order_known and self.shrinks(key[0]), "a series of g may diverge")
                        series = True
                    case _:
                        require(False, f"a {kind} of g has no known growth")
            require(gammas == 0, "Gamma functions are not shown to cancel")
            if base != ONE:
                require(
                    self.shrinks(base),
                    f"a power of {self.text(base.top)} over {self.text(base.bottom)} is not shown to shrink",
                )
                continue
            require(not series, "a series of g has no known limit")
            degree, lead = self.leading(term)
            order = self.normal(order + Quotient(degree))
            number = order.number()
            falls = number < 0 if number is not None else self.sign(ZERO - order, ONE) == 1
            require(falls or number == 0, "a term is not shown to stay bounded")
            require(falls or not vanishing or logs <= 0, "a logarithm times what vanishes has no known limit")
            if not falls and not vanishing and logs >= 0:
                orders[logs] = orders.get(logs, ZERO) + lead
        total = orders.pop(0, ZERO)
        for coefficient in orders.values():
            self.equal(coefficient, ZERO, "the coefficient of a logarithm of g is not shown to be zero")
        return self.normal(total)

    def summable(self, summand: Quotient) -> None:
        """CertificateError unless the summand is shown to be O(1/g²), traces by their bounds."""
        traces = [(args, index) for kind, _, args, index in self.functions if kind == "trace" and index in self.moving]
        indices = [index for _, index in traces]
        require(not any(summand.bottom.degrees()[index] for index in indices), "a trace stands in a denominator")
        for powers, top in collect(summand.top, indices).items():
            most = Quotient(top, summand.bottom) * g**2
            for (args, _), times in zip(traces, powers, strict=True):
                most = most * self.most_of_trace(*args) ** times if times else most
            self.limit_of(most)

    def most_of_trace(self, i: Quotient, k: Quotient, d: Quotient, T: Quotient, penalty: Quotient) -> Quotient:
        """A bound of E Σ sⁱ(s + λ)⁻ᵏ up to a constant, T a multiple of g: E tr W⁻¹ = d/(T − d − 1) if i < k, else d."""
        low, high = i.whole(), k.whole()
        require(low is not None and high is not None and 0 <= low <= high, "a trace has no bound")
        require(not any(map(self.moves, (d, penalty))), "a trace has no bound: its dimension or penalty depends on g")
        require(self.sign(penalty, ONE) == 1, "the penalty of a trace is not shown to be positive")
        require(self.sign(self.limit_of(T / g), ONE) == 1, "the rows of a trace are not shown to grow like g")
        return ONE / g if low != high else ONE

    def leading(self, value: Quotient) -> tuple[int, Quotient]:
        """(degree, coefficient) of the leading power of g, which no parameters in their ranges make vanish below."""
        above, below = (collect(poly, [0]) for poly in (value.top, value.bottom))
        content = RING.constant(0)
        for coefficient in below.values():
            content = content.gcd(coefficient)
        (high, top), (low, bottom) = max(above.items()), max(below.items())
        rest = bottom / content
        for coefficient in below.values():
            self.finite(coefficient / content)
        if not rest.is_constant():
            strict = self.definite(self.covered(rest, self.ranges).top)[1]
            require(strict, f"{self.text(rest)} may vanish, and with it the leading term")
        return high[0] - low[0], Quotient(top, bottom)

    def finite(self, poly: Any) -> None:
        """No function in it may be infinite where what it stands for is not, as Γ(1+z) Γ(1−z) is and sin πz is not."""
        for kind, _, _, index in self.functions:
            if kind in ("gamma", "psi", "lerch", "power") and index not in self.moving and poly.degrees()[index] > 0:
                ball = self.ball(Quotient(RING.gen(index)))
                require(ball is not None and ball.is_finite(), f"{self.labels[index]} may be infinite")

    def poles(self, bottom: Any, start: Quotient) -> list[int]:
        """Whole g at which a denominator, rational in g, roots, powers and π, vanishes whatever the parameters."""
        others = [index for index, degree in enumerate(bottom.degrees()) if index and degree > 0]
        if bottom.degrees()[0] == 0 and not any(index in self.moving for index in others):
            return []
        kinds = {kind for kind, _, _, index in self.functions if index in others}
        known = kinds <= {"root", "power"} and "EulerGamma" not in {self.labels[index] for index in others}
        require(known, "a coefficient is not shown to be rational in g and the parameters.")
        if len(collect(bottom, [index for kind, _, _, index in self.functions if kind == "power"])) > 1:
            self.sign(Quotient(bottom), start)
        content = RING.constant(0)
        for coefficient in collect(bottom, others).values():
            content = content.gcd(coefficient)
        line = [fmpq(0)] * (int(content.degrees()[0]) + 1)
        for exponents, coefficient in content.terms():
            line[int(exponents[0])] = coefficient
        return [int(root) for root, _ in fmpq_poly(line).roots() if root.q == 1]

    def counts(self, value: Quotient) -> bool:
        """Whether it is whole for whole parameters: a polynomial in them and in ⌊x⌋ with whole coefficients."""
        floors = {index for kind, key, _, index in self.functions if (kind, key) == ("constant", "floor")}
        known = floors | {i for i, label in enumerate(self.labels) if label in self.ranges}
        within = {index for index, degree in enumerate(value.top.degrees()) if degree > 0} <= known
        return within and value.bottom == 1 and all(coefficient.q == 1 for _, coefficient in value.top.terms())

    def inside(self, polynomial: list[Quotient]) -> None:
        """All roots of p lie inside the unit circle: those of (1−z)^m p((1+z)/(1−z)) left of zero, by Routh's array."""
        m = len(polynomial) - 1
        image = [ZERO] * (m + 1)
        for i, coefficient in enumerate(polynomial):
            for k in range(m + 1):
                times = sum((-1) ** a * comb(m - i, a) * comb(i, k - a) for a in range(k + 1))
                image[k] = image[k] + coefficient * Quotient(times)
        one, two = image[m::-2], image[m - 1 :: -2] if m else []
        while two:
            require(self.sign(two[0] / one[0], ONE) == 1, "a root may lie outside the unit circle")
            ratio = one[0] / two[0]
            one, two = two, [x - ratio * y for x, y in zip_longest(one[1:], two[1:], fillvalue=ZERO)]

    def fades(self, q: Quotient, x: Quotient) -> None:
        """|q| < 1 and x → 0: what is known of the functions of both as g → ∞."""
        require(self.shrinks(q), "the base of a series is not shown to lie inside the unit circle")
        self.equal(self.limit_of(x), ZERO, "an argument is not shown to tend to 0")

    def nonzero_products(self, poly: Any) -> Any:
        """A polynomial without its factors (a; q)_∞ with |a| < 1 and |q| < 1, none of which is 0."""
        for kind, _, args, index in self.functions:
            if kind == "pochhammer" and index not in self.moving and collect(poly, [index]).keys() != {(0,)}:
                (times,) = min(collect(poly, [index]))
                require(all(map(self.within_the_circle, args)), "a product may vanish")
                poly = poly / RING.gen(index) ** times
        return poly

    def within_the_circle(self, value: Quotient) -> bool:
        """|value| < 1, also where it is complex: the square of its size is real."""
        imaginary = [i for kind, _, args, i in self.functions if kind == "root" and args[0] == Quotient(-1)]
        if not imaginary or not value.has(imaginary[0]):
            return self.shrinks(value)
        ((index,), sides) = imaginary, (value.top, value.bottom)
        mirrored = [poly.compose(*(-x if i == index else x for i, x in enumerate(RING.gens()))) for poly in sides]
        size = self.normal(value * Quotient(*mirrored))
        return not size.has(index) and self.sign(ONE - size, ONE) == 1

    def shrinks(self, base: Quotient) -> bool:
        """|base| < 1, by a ball or by signs."""
        ball = self.ball(base)
        return abs(ball) < 1 if ball is not None else min(self.sign(ONE - base, ONE), self.sign(ONE + base, ONE)) == 1
