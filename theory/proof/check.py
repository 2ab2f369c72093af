"""The checker: reads a certificate and verifies every step, by polynomial arithmetic over Q and ball arithmetic alone.

This file, ``power_laws.py``, ``analysis.py``, ``q_series.py``, ``algebra.py``, and the two that read, ``form.py`` and
``plain.py``, are all that has to be trusted. They import nothing else of selfgen, so that ``python check.py FILE`` runs
by itself, and the others name what they take from the textbooks. What is proved holds for all parameters in the stated
ranges for which the expressions written are defined, those in the start of a regime being whole numbers.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from itertools import chain
from typing import TYPE_CHECKING, Any

from flint import ctx

# fmt: off
if TYPE_CHECKING or __package__:
    from theory.proof.algebra import (ONE, RING, ZERO, CertificateError, Quotient, Sequence,  # noqa: I001
                                      collect, dot, g, power_sums, require)
    from theory.proof.analysis import SINCE, Analysis
    from theory.proof.form import formed
    from theory.proof.plain import UnreadableError, plain, plain_file
    from theory.proof.power_laws import driven, power, shrinking
else:
    from algebra import (ONE, RING, ZERO, CertificateError, Quotient, Sequence,  # noqa: I001
                         collect, dot, g, power_sums, require)
    from analysis import SINCE, Analysis
    from form import formed
    from plain import UnreadableError, plain, plain_file
    from power_laws import driven, power, shrinking
# fmt: on

RESERVED = {"g", "I", "pi", "EulerGamma"}
MALFORMED = (ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, SyntaxError, TypeError)


class Checker(Analysis):
    """One certificate, and the facts established so far."""

    def __init__(self, data: dict[str, Any]) -> None:
        formed(data)
        super().__init__(data["positive"])
        self.data, self.facts = data, dict[tuple[Any, ...], Any]()

    def run(self, complete: bool = True) -> bool:
        """Verify every step, the claim among them, and that the signs rest on the witnesses and ranges stated."""
        data = self.data
        self.begin()
        listed = data["claim"]["sequences"] == list(range(len(self.sequences)))
        require(not complete or listed, "the claim is not about the sequences as they are listed.")
        for number, step in enumerate(data["steps"], start=1):
            self.take(number, str(step.get("rule")), step)
        self.take(len(data["steps"]) + 1, "claim", data["claim"])
        idle = [name for name in (*data["parameters"], *data["positive"]) if name not in self.used]
        require(not complete or self.witnesses == data["witnesses"], "the signs rest on other witnesses than stated.")
        require(not complete or not idle, f"a range is stated but not needed: {', '.join(idle)}.")
        return True

    def begin(self) -> None:
        """Read the ranges of the parameters and the sequences, and see that these are defined."""
        data = self.data
        free = [name.isidentifier() and name.isascii() and name not in RESERVED for name in data["parameters"]]
        require(all(free), "a name is taken.")
        self.ranges = {name: self.read(text) for name, text in data["parameters"].items()}
        self.free = {SINCE}
        for over in self.ranges.values():
            named = {label for i, label in enumerate(self.labels) if over.has(i)}
            # Else parameters would be tied, perhaps to where an expression is not defined.
            require(not named <= self.free, "a range has no variable of its own.")
            self.free |= named
        plain = {label for label in self.labels if label.isidentifier()} - {*RESERVED, *data["parameters"]}
        require(self.free <= {SINCE, *plain}, "a range is stated in more than variables of its own.")
        require(self.positive <= self.free - {SINCE}, "what is called positive is no variable of a range.")
        require(len(set(data["positive"])) == len(data["positive"]), "what is positive is said twice.")
        # A parameter that is called like one would be tied to it.
        self.barred = self.free - {SINCE}
        self.known.clear()
        require(len(data["about"]) == len(data["sequences"]), "it does not say what it is about.")
        self.sequences = [Sequence(self, item) for item in data["sequences"]]
        self.defined()

    def take(self, number: int, name: str, step: dict[str, Any]) -> None:
        """Verify one step, or the claim behind the last, on top of those before."""
        try:
            claimed = number > len(self.data["steps"])
            require(name in RULES and (name == "claim") == claimed, f"no rule of {[*RULES]}")
            RULES[name](self, **{key: value for key, value in step.items() if key != "rule"})
        except CertificateError as error:
            raise CertificateError(f"step {number} ({name}): {error}.") from None
        except (*MALFORMED, ValueError) as error:
            raise CertificateError(f"step {number} ({name}) is malformed: {error!r}.") from error

    def defined(self) -> None:
        """No coefficient has a pole at a generation that it is used at, whatever the parameters."""
        for item in self.sequences:
            for regime, data in enumerate(item.data["regimes"]):
                start = item.start(regime) if item.start(regime).whole() is not None else ONE
                for text in (*chain(*data["matrix"]), *data["forcing"], *data["readout"], data["shift"]):
                    late = [pole for pole in self.poles(self.read(text).bottom, start) if pole >= (start.whole() or 1)]
                    require(not late, f"{text} is not shown to be defined at g = {late}.")


# -- rules: each verifies one step and adds a fact -------------------------------------------------------------


def solution(checker: Checker, sequence: int, moments: list[list[str]], value: list[str], early: list[str]) -> None:
    """The moments satisfy the recurrence in every regime and start where it starts: the risk is the value."""
    item = checker.sequences[sequence]
    first = item.start().whole() or 0
    require(len(moments) == len(value) == len(item.data["regimes"]), "a regime has no value")
    require(first >= 1 and len(early) == max(first - 2, 0), "the sequence does not start after its early values")
    before, last = None, item.start()
    for regime, (texts, written) in enumerate(zip(moments, value, strict=True)):
        origin = Quotient(max(first - 1, 1)) if regime == 0 else item.start(regime) - ONE
        if before is None:
            given = item.initial if first > 1 else item.step(item.initial, ONE)
        else:
            given = [checker.read(text, origin) for text in before]
            here, ahead = item.start(regime), item.start(regime) - last
            require(
                here.whole() is not None or checker.counts(here), "a regime is not shown to start at a whole number"
            )
            if ahead.number() is None:
                checker.sign(ahead - ONE, ONE)
            else:
                require(ahead.number() >= (regime > 1 or first == 1), "the regimes are not shown to be in order")
                early_on = ahead.number() > 0 and holds(checker, item, before, origin, regime)
                require(not early_on, "a regime is not shown to start as late as it is said to")
            last = here
        for text, start in zip(texts, given, strict=True):
            checker.equal(
                checker.read(text, origin), start, f"{text} is not shown to start at {checker.text(start.top)}"
            )
        after = [checker.read(text) for text in texts]
        step = item.step([checker.read(text, g - ONE) for text in texts], g, regime)
        for text, one, two in zip(texts, after, step, strict=True):
            checker.equal(one, two, f"{text} is not shown to satisfy the recurrence")
        checker.equal(
            checker.read(written), item.risk(after, g, regime), f"the moments are not shown to give {written}"
        )
        before = texts
    valued(checker, sequence, value, early, [], item.early)
    since = last.whole() if len(value) > 1 else first - 1
    checker.facts["value", sequence]["since"] = since if since is None else max(len(early) + 1, since)


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
        checker.equal(checker.read(text), risk, f"an early risk is not shown to be {text}")
    checker.facts["value", sequence] = {"value": value, "roots": roots, "since": len(early) + 1}


def annihilator(
    checker: Checker, sequence: int, annihilator: list[str], value: list[str], early: list[str], roots: list[Any]
) -> None:
    """Risk and value satisfy one recurrence Σ q_i y(g+i) = 0, and agree as often as it has unknowns."""
    item, q, (text,) = checker.sequences[sequence], [checker.read(text) for text in annihilator], value
    (data,), origin, sums = item.data["regimes"], len(early) + 1, [power_sums(checker, q, **part) for part in roots]
    constants = [checker.read(x) for x in [*chain(*data["matrix"]), *data["forcing"], *data["readout"], data["shift"]]]
    require(
        q[-1] == ONE and not any(map(checker.moves, [*q, *constants])), "the recurrence is not shown to be constant"
    )
    (state, given), any_state, ours, theirs = (
        item.run(origin),
        [checker.variable(f"moment {i}") for i in range(len(item.initial))],
        ZERO,
        ZERO,
    )
    for index, coefficient in enumerate(q):
        if index < len(q) - 1:
            here = sum((trace(index) for trace in sums), checker.read(text, Quotient(origin + index)))
            checker.equal(
                here, item.risk(state, g), f"at generation {origin + index} the value is not shown to be the risk"
            )
        theirs = theirs + coefficient * item.risk(any_state, g)
        ours = ours + coefficient * checker.read(text, g + Quotient(index))
        state, any_state = item.step(state, g), item.step(any_state, g)
    checker.equal(theirs, ZERO, "the recurrence is not shown to be annihilated")
    checker.equal(ours, ZERO, f"{text} is not shown to be annihilated")
    valued(checker, sequence, value, early, roots, given[:-1])


def cone(
    checker: Checker, shape: str, sequences: list[int], since: int, risks: list[list[str]], forms: list[list[str]],
    multipliers: list[list[str]], rests: list[str], weights: list[str], rest: str, bound: str | None = None,
) -> None:  # fmt: skip
    """Linear forms that are not negative stay so, and what is compared is a nonnegative combination of them."""
    require((bound is not None) == (shape == "at most"), "a bound is that of what is at most so much")
    require(len(sequences) == 1 + (shape == "never above"), "a shape is that of one sequence, an order that of two")
    items = [checker.sequences[index] for index in sequences]
    reached = [item.run(since + 1)[1] for item in items]
    for values, texts in zip(reached, risks, strict=True):
        for text, value in zip(texts, values, strict=True):
            checker.equal(checker.read(text), value, f"an early risk is not shown to be {text}")
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
        checker.equal(
            value, dot(parts, [*old, ONE]), "a form is not shown to be the stated combination of those before"
        )
        _ = [checker.sign(part, first) for part in parts]
    parts = [checker.read(x) for x in (*weights, rest)]
    _ = [checker.sign(part, first) for part in parts]
    if shape == "never above":
        difference, base = items[1].risk(after[1], g) - items[0].risk(after[0], g), new
        earlier = [high - low for low, high in zip(runs[0][1], runs[1][1], strict=True)]
    elif shape == "at most":
        most = checker.read(str(bound))
        require(not checker.moves(most), "what is not exceeded depends on g")
        difference, base, earlier = most - items[0].risk(after[0], g), new, [most - value for value in runs[0][1]]
    else:
        way = {"increasing": ONE, "decreasing": Quotient(-1)}[shape]
        difference, base = way * (items[0].risk(after[0], g) - items[0].risk(before[0], g - ONE)), old
        earlier = [way * (two - one) for one, two in zip(runs[0][1], runs[0][1][1:], strict=False)]
    checker.equal(
        difference, dot(parts, [*base, ONE]), "the difference is not shown to be the stated combination of the forms"
    )
    _ = [checker.sign(value, first) for value in earlier]
    checker.facts[(shape, *sequences)] = runs if shape != "at most" else (most, reached[0])


def limit(checker: Checker, sequence: int, limit: str) -> None:
    """The last value tends to the limit."""
    checker.equal(
        checker.limit_of(settled(checker, sequence)), checker.read(limit), f"the limit is not shown to be {limit}"
    )
    checker.facts["limit", sequence] = checker.read(limit)


def growth(checker: Checker, sequence: int, growth: str, shape: str = "growth") -> None:
    """The last value over the growth tends to 1, and the growth to infinity; or, where it decays, to zero."""
    require(shape in ("growth", "decay"), "it neither grows nor decays")
    rate = checker.read(growth)
    content = RING.constant(0)
    for coefficient in collect(rate.top, [0, *sorted(checker.moving)]).values():
        content = content.gcd(coefficient)
    content = checker.nonzero_products(content)
    require(content.is_constant() or checker.definite(checker.covered(content, checker.ranges).top)[1], "it may vanish")
    checker.finite(rate.bottom)
    powers = [(key, index) for kind, key, _, index in checker.functions if kind == "power" and rate.has(index)]
    below = [*collect(rate.bottom, [index for _, index in powers])]
    require(len(below) == 1, "a denominator is a sum of powers")
    for exponents in collect(rate.top, [index for _, index in powers]):
        times = map(int.__sub__, exponents, below[0])
        base = math.prod((key**power for (key, _), power in zip(powers, times, strict=True)), start=ONE)
        require(checker.sign(base, ONE) == 1, f"{growth} may change sign")
    checker.equal(
        checker.limit_of(settled(checker, sequence) / rate), ONE, f"the value over {growth} is not shown to tend to 1"
    )
    fades = rate if shape == "decay" else ONE / rate
    checker.equal(checker.limit_of(fades), ZERO, f"{growth} is not shown to {'fade' if shape == 'decay' else 'grow'}")
    checker.facts[shape, sequence] = rate


def settled(checker: Checker, sequence: int, at: Quotient = g) -> Quotient:
    """The last value, once its sums over roots tend to zero."""
    fact = checker.facts["value", sequence]
    for part in fact["roots"]:
        checker.inside([checker.read(text) for text in part["polynomial"]])
    return checker.read(fact["value"][-1], at)


def remainder(
    checker: Checker, sequence: int, expansion: str, bound: str, since: int, constant: str | None = None
) -> None:
    """|value − expansion| ≤ |bound| from ``since`` on.

    The difference tends to 0, by steps below those of the bound. Or, without a constant c, value over expansion ± bound
    tends to 1, by factors that are at least 1 for one sign and at most 1 for the other.
    """
    first, fact = Quotient(since), checker.facts["value", sequence]
    require(fact["since"] is not None, "parameters decide from where on the last value holds")
    require(since >= fact["since"], "the last value is not shown to hold as early")
    require(not fact["roots"], "sums over roots have no rational steps")
    (value, before), (near, nearer), (room, less) = (
        (get(g), get(g - ONE))
        for get in (
            lambda at: settled(checker, sequence, at),
            lambda at: checker.read(expansion, at),
            lambda at: checker.read(bound, at),
        )
    )
    if constant is None:
        for rest in (value - near, room):
            checker.equal(checker.limit_of(rest), ZERO, "the remainder or its bound is not shown to tend to 0")
        step, fall = checker.normal((value - near) - (before - nearer)), less - room
        for way in (fall - step, fall + step):
            checker.sign(way, first + ONE)
    else:
        aside = checker.read(constant)
        require(not checker.moves(aside), f"{constant} is not shown to be a constant")
        for way in (ONE, Quotient(-1)):
            edge, earlier = near - aside + way * room, nearer - aside + way * less
            checker.equal(
                checker.limit_of((value - aside) / edge), ONE, "value over expansion is not shown to tend to 1"
            )
            factor = checker.normal((value - aside) / edge * (earlier / (before - aside)))
            require(checker.sign(factor, first + ONE) == 1, "the value may change sign")
            checker.sign(way * (factor - ONE), first + ONE)
    checker.facts["remainder", sequence] = (expansion, bound, since)


def claim(
    checker: Checker, statement: str, sequences: list[int], bound: str | None = None, since: int | None = None
) -> None:
    """The facts imply the claim."""
    known, first = checker.facts, sequences[0]
    require(len(sequences) == 1 + (statement in ("never above", "lower limit")), "it is about more sequences, or fewer")
    require(bound is None or statement.endswith(" bound"), "a bound is stated that nothing is said of")
    require(since is None or statement == "never above", "a generation is stated that nothing is said of")
    if statement in ("least upper bound", "greatest lower bound"):
        towards, away = ("increasing", "decreasing")[:: 1 if statement == "least upper bound" else -1]
        capped = statement == "least upper bound" and ("at most", first) in known
        shown = capped or (towards, first) in known or (away, first) in known
        require(shown, "the sequence is not shown to be monotone, or to have a greatest value")
        if capped:
            extreme, early = known["at most", first]
            reached = [*early, *([known["limit", first]] if ("limit", first) in known else [])]
            met = any(checker.normal(value - extreme).top == 0 for value in reached)
            require(met, "what it never exceeds is not shown to be reached, or approached")
        else:
            extreme = known["limit", first] if (towards, first) in known else known[away, first][0][1][0]
        checker.equal(extreme, checker.read(str(bound)), f"the bound is not shown to be {bound}")
    elif statement == "never above" and since is not None:
        require(all(("increasing", index) in known for index in sequences), "the sequences are not shown to increase")
        low, high = (checker.sequences[index].run(since)[1] for index in sequences)
        for one, two in zip([*low[:-1], known["limit", first]], high, strict=True):
            checker.sign(two - one, ONE)
    elif statement == "lower limit":
        require(
            checker.sign(known["limit", sequences[1]] - known["limit", first], ONE),
            "the limits are not shown to be in order",
        )
    else:
        key = {"closed form": "value", "value": "no claim"}.get(statement, statement)
        require((key, *sequences) in known, f"no step shows it: {statement}")


RULES: dict[str, Callable[..., None]] = {
    rule.__name__: rule
    for rule in (solution, annihilator, cone, limit, shrinking, growth, power, driven, remainder, claim)
}


def check(certificate: Any) -> bool:
    """True if the certificate (its JSON text, the data or an object with ``data``) proves its claim; else an error."""
    data = getattr(certificate, "data", certificate)
    try:
        with ctx.workprec(256):
            return Checker(plain(data if isinstance(data, str) else json.dumps(data))).run()
    except UnreadableError as error:
        raise CertificateError(f"malformed: {error}.") from None
    except (*MALFORMED, ValueError) as error:
        raise error if isinstance(error, CertificateError) else CertificateError(f"malformed: {error!r}.") from None


if __name__ == "__main__":
    print(check(plain_file(sys.argv[1])))
