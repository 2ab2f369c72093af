"""The checker: reads a certificate and verifies every step, by polynomial arithmetic over Q and ball arithmetic alone.

This file and ``algebra.py`` are all that has to be trusted, and they import nothing else of selfgen: ``python check.py
FILE`` runs by itself. Beyond the functional equations named there, limits rest on, as x → ∞: ψ_0(x) − log x → 0,
x^m ψ_m(x) → (−1)^(m+1) (m−1)!, b^x → 0 faster than any power of x if |b| < 1, and Π Γ(x+a_i)^k_i ~ x^(Σ k_i a_i) if
Σ k_i = 0. What is proved holds for all parameters in the stated ranges for which the expressions written are defined.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from itertools import chain
from math import factorial
from typing import TYPE_CHECKING, Any

from flint import ctx, fmpq, fmpq_poly

# fmt: off
if TYPE_CHECKING or __package__:
    from theory.proof.algebra import (ONE, RING, ZERO, Algebra, CertificateError, Quotient, Sequence,  # noqa: I001
                                      collect, dot, g, power_sums, require)
else:
    from algebra import (ONE, RING, ZERO, Algebra, CertificateError, Quotient, Sequence,  # noqa: I001
                         collect, dot, g, power_sums, require)
# fmt: on

SINCE, RESERVED = "(g - since)", {"g", "I", "pi", "EulerGamma"}
ABOUT = {"model", "workflow", "loss", "quantity", "exactness"}


class Checker(Algebra):
    """One certificate, the facts established so far, and the polynomials whose signs they rest on."""

    def __init__(self, data: dict[str, Any]) -> None:
        super().__init__()
        self.data, self.facts = data, dict[tuple[Any, ...], Any]()
        self.witnesses, self.used = list[str](), set[str]()

    def run(self, complete: bool = True) -> bool:
        """Verify every step, the claim among them, and that the signs rest on the witnesses and ranges stated."""
        data = self.data
        require((data["format"], data["version"]) == ("selfgen certificate", 1), "this is no certificate of version 1.")
        require(all(name.isidentifier() and name not in RESERVED for name in data["parameters"]), "a name is taken.")
        self.ranges = {name: self.read(text) for name, text in data["parameters"].items()}
        self.free = {SINCE, *(label for r in self.ranges.values() for i, label in enumerate(self.labels) if r.has(i))}
        plain = {label for label in self.labels if label.isidentifier()} - {*RESERVED, *data["parameters"]}
        require(self.free <= {SINCE, *plain}, "a range is stated in more than variables of its own.")
        require(all(set(item) == ABOUT for item in data["about"]), "it does not say what it is about.")
        require(len(data["about"]) == len(data["sequences"]), "it does not say what it is about.")
        self.sequences = [Sequence(self, item) for item in data["sequences"]]
        for number, step in enumerate([*data["steps"], data["claim"]], start=1):
            name = str(step.get("rule")) if number <= len(data["steps"]) else "claim"
            try:
                require(name in RULES, f"there is no such rule: {', '.join(RULES)}")
                RULES[name](self, **{key: value for key, value in step.items() if key != "rule"})
            except CertificateError as error:
                raise CertificateError(f"step {number} ({name}): {error}.") from None
            except (
                SyntaxError,
                TypeError,
                ValueError,
                LookupError,
                AttributeError,
                ArithmeticError,
                RecursionError,
            ) as error:
                raise CertificateError(f"step {number} ({name}) is malformed: {error!r}.") from error
        idle = [name for name in (*data["parameters"], *data["positive"]) if name not in self.used]
        require(not complete or self.witnesses == data["witnesses"], "the signs rest on other witnesses than stated.")
        require(not complete or not idle, f"a range is stated but not needed: {', '.join(idle)}.")
        return True

    # -- signs and limits -------------------------------------------------------------------------------------

    def sign(self, value: Quotient, since: Quotient) -> int:
        """1 if positive, 0 if not negative, for all g ≥ since and all parameters in their ranges; else an error."""
        cover = {"g": since + self.variable(SINCE), **self.ranges}
        value = self.normal(value)
        both = self.covered(value.top, cover) / self.covered(value.bottom, cover)
        (top, strict), (bottom, nowhere_zero) = self.definite(both.top), self.definite(both.bottom)
        require(top * bottom >= 0 and nowhere_zero, f"{self.text(both.top)} over {self.text(both.bottom)} has no sign")
        return int(strict)

    def covered(self, poly: Any, cover: dict[str, Quotient]) -> Quotient:
        indices = [i for i, label in enumerate(self.labels) if label in cover and poly.degrees()[i] > 0]
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
        self.witnesses.append(self.text(poly))
        ball, here = self.ball(Quotient(poly)), [i for i, degree in enumerate(poly.degrees()) if degree > 0]
        if poly == 0 or ball is not None:
            told = poly == 0 or (ball.imag == 0 and (ball.real > 0 or ball.real < 0))
            require(told, f"the ball around {self.text(poly)} contains zero, or is not real")
            return (0, False) if poly == 0 else (1 if ball.real > 0 else -1, True)
        require(all(self.labels[i] in self.free for i in here), f"the range of {self.text(poly)} is not stated")
        signs = {1 if coefficient > 0 else -1 for _, coefficient in poly.terms()}
        if len(signs) == 1:
            terms = [{self.labels[i] for i in here if exponents[i]} for exponents, _ in poly.terms()]
            strict = [term for term in terms if term <= set(self.data["positive"])]
            self.used |= min(strict, key=len, default=set())
            return signs.pop(), bool(strict)
        require(len(here) == 1, f"{self.text(poly)} has coefficients of both signs")
        line = [fmpq(poly.coefficient(0)) * 0] * (poly.total_degree() + 1)
        for exponents, coefficient in poly.terms():
            line[int(exponents[here[0]])] = coefficient
        roots = [root for root, _ in fmpq_poly(line).complex_roots()]
        require(all(root.imag != 0 or root.real < 0 for root in roots), f"{self.text(poly)} may change sign")
        return (1 if line[0] > 0 else -1), True

    def text(self, poly: Any) -> str:
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
        moving = [(kind, key, args[0], index) for kind, key, args, index in self.functions if index in self.moving]
        ((divided, bottom),) = collect(value.bottom, [item[3] for item in moving]).items()
        orders: dict[int, Quotient] = {}
        for powers, top in collect(value.top, [item[3] for item in moving]).items():
            base, gammas, order, logs, term = ONE, 0, ZERO, 0, Quotient(top, bottom)
            for (kind, key, x, _), times in zip(moving, map(int.__sub__, powers, divided), strict=True):
                known = kind in ("power", "gamma", "psi", "log") and not self.moves(x - g)
                require(not times or known, f"a {kind} of g has no known growth")
                base = base * key**times if kind == "power" else base
                gammas, order = (
                    (gammas + times, order + (x - g) * Quotient(times)) if kind == "gamma" else (gammas, order)
                )
                if kind == "psi" and key and times:
                    require(times > 0, "a polygamma function stands in a denominator")
                    term = term * (Quotient((-1) ** (key + 1) * factorial(key - 1)) / g**key) ** times
                logs += times if kind == "log" or (kind == "psi" and not key) else 0
            require(gammas == 0, "Gamma functions do not cancel")
            if base != ONE:
                require(self.shrinks(base), f"a power of {self.text(base.top)} over {self.text(base.bottom)} grows")
                continue
            degree, lead = self.leading(term)
            order = self.normal(order + Quotient(degree)).number()
            require(order is not None and order <= 0, "a term grows, or its order depends on parameters")
            if order == 0 and logs >= 0:
                orders[logs] = orders.get(logs, ZERO) + lead
        total = orders.pop(0, ZERO)
        for coefficient in orders.values():
            self.equal(coefficient, ZERO, "a logarithm of g is left")
        return self.normal(total)

    def leading(self, value: Quotient) -> tuple[int, Quotient]:
        """(degree, coefficient) of the leading power of g, which no parameters in their ranges make vanish below."""
        above, below = (collect(poly, [0]) for poly in (value.top, value.bottom))
        content = RING.constant(0)
        for coefficient in below.values():
            content = content.gcd(coefficient)
        (high, top), (low, bottom) = max(above.items()), max(below.items())
        rest = bottom / content
        if not rest.is_constant():
            strict = self.definite(self.covered(rest, self.ranges).top)[1]
            require(strict, f"{self.text(rest)} may vanish, and with it the leading term")
        return high[0] - low[0], Quotient(top, bottom)

    def shrinks(self, base: Quotient) -> bool:
        """|base| < 1, by a ball or by signs."""
        ball = self.ball(base)
        return abs(ball) < 1 if ball is not None else min(self.sign(ONE - base, ONE), self.sign(ONE + base, ONE)) == 1


# -- rules: each verifies one step and adds a fact -------------------------------------------------------------


def solution(checker: Checker, sequence: int, moments: list[list[str]], value: list[str], early: list[str]) -> None:
    """The moments satisfy the recurrence in every regime and start where it starts: the risk is the value."""
    item = checker.sequences[sequence]
    first = item.start().whole() or 0
    require(len(moments) == len(value) == len(item.data["regimes"]), "a regime has no value")
    require(first >= 1 and len(early) == max(first - 2, 0), "the sequence does not start after its early values")
    before, last = None, first
    for regime, (texts, written) in enumerate(zip(moments, value, strict=True)):
        origin = Quotient(max(first - 1, 1)) if regime == 0 else item.start(regime) - ONE
        if before is None:
            given = item.initial if first > 1 else item.step(item.initial, ONE)
        else:
            given = [checker.read(text, origin) for text in before]
            here = item.start(regime).whole()
            require(here is None or here >= last + (regime > 1), "the regimes are not in order")
            early_on = here is not None and here > last and holds(checker, item, before, origin, regime)
            require(not early_on, "a regime starts before it is said to")
            last = here or last
        for text, start in zip(texts, given, strict=True):
            checker.equal(checker.read(text, origin), start, f"{text} does not start at {checker.text(start.top)}")
        after = [checker.read(text) for text in texts]
        step = item.step([checker.read(text, g - ONE) for text in texts], g, regime)
        for text, one, two in zip(texts, after, step, strict=True):
            checker.equal(one, two, f"{text} does not satisfy the recurrence")
        checker.equal(checker.read(written), item.risk(after, g, regime), f"the moments do not give {written}")
        before = texts
    valued(checker, sequence, value, early, [], item.early)
    checker.facts["value", sequence]["since"] = max(len(early) + 1, last - (len(value) == 1))


def holds(checker: Checker, item: Sequence, texts: list[str], at: Quotient, regime: int) -> bool:
    """Whether moments take the step of a regime to ``at`` already, and it reads the same risk from them there."""
    try:
        here, before = ([checker.read(text, at - Quotient(back)) for text in texts] for back in (0, 1))
        risks = [item.risk(here, at, index) for index in (regime - 1, regime)]
        pairs = [(risks[0], risks[1]), *zip(here, item.step(before, at, regime), strict=True)]
        return all(checker.normal(one - two).top == 0 for one, two in pairs)
    except CertificateError:
        return False


def valued(
    checker: Checker, sequence: int, value: list[str], early: list[str], roots: list[Any], given: list[Quotient]
) -> None:
    """Note the value of a sequence, with the risks before it and the sums over roots that belong to it."""
    for text, risk in zip(early, given, strict=True):
        checker.equal(checker.read(text), risk, f"an early risk is not {text}")
    checker.facts["value", sequence] = {"value": value, "roots": roots, "since": len(early) + 1}


def annihilator(
    checker: Checker, sequence: int, annihilator: list[str], value: list[str], early: list[str], roots: list[Any]
) -> None:
    """Risk and value satisfy one recurrence Σ q_i y(g+i) = 0, and agree as often as it has unknowns."""
    item, q, (text,) = checker.sequences[sequence], [checker.read(text) for text in annihilator], value
    (data,), origin, sums = item.data["regimes"], len(early) + 1, [power_sums(checker, q, **part) for part in roots]
    constants = [checker.read(x) for x in [*chain(*data["matrix"]), *data["forcing"], *data["readout"], data["shift"]]]
    require(q[-1] == ONE and not any(map(checker.moves, [*q, *constants])), "the recurrence is not constant")
    (state, given), any_state, ours, theirs = (
        item.run(origin),
        [checker.variable(f"moment {i}") for i in range(len(item.initial))],
        ZERO,
        ZERO,
    )
    for index, coefficient in enumerate(q):
        if index < len(q) - 1:
            here = sum((trace(index) for trace in sums), checker.read(text, Quotient(origin + index)))
            checker.equal(here, item.risk(state, g), f"at generation {origin + index} the value differs")
        theirs = theirs + coefficient * item.risk(any_state, g)
        ours = ours + coefficient * checker.read(text, g + Quotient(index))
        state, any_state = item.step(state, g), item.step(any_state, g)
    checker.equal(theirs, ZERO, "the recurrence is not annihilated")
    checker.equal(ours, ZERO, f"{text} is not annihilated")
    valued(checker, sequence, value, early, roots, given[:-1])


def cone(
    checker: Checker, shape: str, sequences: list[int], since: int, risks: list[list[str]], forms: list[list[str]],
    multipliers: list[list[str]], rests: list[str], weights: list[str], rest: str,
) -> None:  # fmt: skip
    """Linear forms that are not negative stay so, and what is compared is a nonnegative combination of them."""
    items = [checker.sequences[index] for index in sequences]
    for item, texts in zip(items, risks, strict=True):
        for text, value in zip(texts, item.run(since + 1)[1], strict=True):
            checker.equal(checker.read(text), value, f"an early risk is not {text}")
    runs, first = [item.run(since - 1) for item in items], Quotient(since)
    variables = iter(checker.variable(f"moment {i}") for i in range(sum(len(item.initial) for item in items)))
    before = [[next(variables) for _ in item.initial] for item in items]
    after = [item.step(state, g) for item, state in zip(items, before, strict=True)]

    def at(states: list[list[Quotient]], generation: Quotient) -> list[Quotient]:
        vector = [*chain(*states), ONE]
        return [dot([checker.read(x, generation) for x in row], vector) for row in forms]

    for value in at([state for state, _ in runs], first - ONE):
        checker.sign(value, first)
    old, new = at(before, g - ONE), at(after, g)
    for row, extra, value in zip(multipliers, rests, new, strict=True):
        parts = [checker.read(x) for x in (*row, extra)]
        checker.equal(value, dot(parts, [*old, ONE]), "a form is not the stated combination of those before")
        _ = [checker.sign(part, first) for part in parts]
    parts = [checker.read(x) for x in (*weights, rest)]
    _ = [checker.sign(part, first) for part in parts]
    if shape == "never above":
        difference, base = items[1].risk(after[1], g) - items[0].risk(after[0], g), new
        earlier = [high - low for low, high in zip(runs[0][1], runs[1][1], strict=True)]
    else:
        way = {"increasing": ONE, "decreasing": Quotient(-1)}[shape]
        difference, base = way * (items[0].risk(after[0], g) - items[0].risk(before[0], g - ONE)), old
        earlier = [way * (two - one) for one, two in zip(runs[0][1], runs[0][1][1:], strict=False)]
    checker.equal(difference, dot(parts, [*base, ONE]), "the difference is not the stated combination of the forms")
    _ = [checker.sign(value, first) for value in earlier]
    checker.facts[(shape, *sequences)] = runs


def limit(checker: Checker, sequence: int, limit: str) -> None:
    """The last value tends to the limit."""
    checker.equal(checker.limit_of(settled(checker, sequence)), checker.read(limit), f"the limit is not {limit}")
    checker.facts["limit", sequence] = checker.read(limit)


def growth(checker: Checker, sequence: int, growth: str) -> None:
    """The last value over the growth tends to 1, and the growth to infinity."""
    rate = checker.read(growth)
    content = RING.constant(0)
    for coefficient in collect(rate.top, [0, *sorted(checker.moving)]).values():
        content = content.gcd(coefficient)
    require(content.is_constant() or checker.definite(checker.covered(content, checker.ranges).top)[1], "it may vanish")
    checker.equal(
        checker.limit_of(settled(checker, sequence) / rate), ONE, f"the value over {growth} does not tend to 1"
    )
    checker.equal(checker.limit_of(ONE / rate), ZERO, f"{growth} does not grow")
    checker.facts["growth", sequence] = rate


def settled(checker: Checker, sequence: int, at: Quotient = g) -> Quotient:
    """The last value, once its sums over roots tend to zero."""
    fact = checker.facts["value", sequence]
    for part in fact["roots"]:
        line = fmpq_poly([checker.read(text).number() for text in part["polynomial"]])
        require(all(abs(root) < 1 for root, _ in line.complex_roots()), "a root does not lie inside the unit circle")
    return checker.read(fact["value"][-1], at)


def remainder(checker: Checker, sequence: int, expansion: str, bound: str, since: int) -> None:
    """|value − expansion| ≤ bound from ``since`` on: the difference tends to 0, by steps below those of the bound."""
    first = Quotient(since)
    require(since >= checker.facts["value", sequence]["since"], "the last value does not hold as early")
    rest, limits = settled(checker, sequence) - checker.read(expansion), checker.read(bound)
    before = settled(checker, sequence, g - ONE) - checker.read(expansion, g - ONE)
    require(not checker.facts["value", sequence]["roots"], "sums over roots have no rational steps")
    for value in (rest, limits):
        checker.equal(checker.limit_of(value), ZERO, "the remainder or its bound does not tend to 0")
    step, room = checker.normal(rest - before), checker.read(bound, g - ONE) - limits
    for value in (room - step, room + step):
        checker.sign(value, first + ONE)
    checker.facts["remainder", sequence] = (expansion, bound, since)


def claim(
    checker: Checker, statement: str, sequences: list[int], bound: str | None = None, since: int | None = None
) -> None:
    """The facts imply the claim."""
    known, first = checker.facts, sequences[0]
    require(bound is None or statement.endswith(" bound"), "a bound is stated that nothing is said of")
    require(since is None or statement == "never above", "a generation is stated that nothing is said of")
    if statement in ("least upper bound", "greatest lower bound"):
        towards, away = ("increasing", "decreasing")[:: 1 if statement == "least upper bound" else -1]
        require((towards, first) in known or (away, first) in known, "the sequence is not shown to be monotone")
        extreme = known["limit", first] if (towards, first) in known else known[away, first][0][1][0]
        checker.equal(extreme, checker.read(str(bound)), f"the bound is not {bound}")
    elif statement == "never above" and since is not None:
        require(all(("increasing", index) in known for index in sequences), "the sequences are not shown to increase")
        low, high = (checker.sequences[index].run(since)[1] for index in sequences)
        for one, two in zip([*low[:-1], known["limit", first]], high, strict=True):
            checker.sign(two - one, ONE)
    elif statement == "lower limit":
        require(checker.sign(known["limit", sequences[1]] - known["limit", first], ONE), "the limits are not in order")
    else:
        key = {"closed form": "value", "value": "no claim"}.get(statement, statement)
        require((key, *sequences) in known, f"no step shows it: {statement}")


RULES: dict[str, Callable[..., None]] = {
    rule.__name__: rule for rule in (solution, annihilator, cone, limit, growth, remainder, claim)
}


def check(certificate: Any) -> bool:
    """True if the certificate (its JSON text, the data or an object with ``data``) proves its claim; else an error."""
    data = getattr(certificate, "data", certificate)
    try:
        with ctx.workprec(256):
            return Checker(json.loads(data if isinstance(data, str) else json.dumps(data))).run()
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise error if isinstance(error, CertificateError) else CertificateError(f"malformed: {error!r}.") from None


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        print(check(file.read()))
