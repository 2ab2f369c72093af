"""Rules of the checker for steps that shrink like 1/g: limits, orders of growth, and the constant that is kept.

What they rest on, as g → ∞ and for fixed values of the parameters:

- if g(1 − P_g) → M and g f_g → φ, M triangular in some order with a positive diagonal, then m_g = P_g m_(g−1) + f_g
  tends to M^(−1) φ;
- so for y_g = a_g y_(g−1) + f_g with a_g = 1 − c/g + O(1/g²) and f_g ~ φ g^(−q), both rational in g:
  g^(q−1) y_g → φ/(c−q+1) if c > q − 1;  g^c y_g / ln g → φ if c = q − 1;  and if c < q − 1, g^c y_g tends to
  lim g^c Π a_i · (y_(s−1) + Σ f_i/Π a_j);
- so y_g = y_(g−1) + k_g s_(g−1) with terms ~ T g^(−q) grows like T ln g if q = 1, like T g^(1−q)/(1−q) if q < 1;
- Π (i − z)/(i − p) over N < i ≤ g is Γ(g+1−z) Γ(N+1−p) / (Γ(N+1−z) Γ(g+1−p)) for each pair, and
  Γ(g+a)/Γ(g+b) ~ g^(a−b);
- positive t_k with t_(k+1)/t_k = r(k) and t_k A(k) → 0 have Σ t_k ≤ t_N A(N) if A(k) − 1 − r(k) A(k+1) ≥ 0 for k ≥ N,
  and the other way round.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flint import acb, fmpq, fmpq_poly

# fmt: off
if TYPE_CHECKING or __package__:
    from theory.proof.algebra import ONE, ZERO, CertificateError, Quotient, collect, dot, g, require
else:
    from algebra import ONE, ZERO, CertificateError, Quotient, collect, dot, g, require
# fmt: on


OPENING = 2  # generations beyond the first step whose risks are stated


def shrinking(
    checker: Any, sequence: int, order: list[int], limits: list[str], limit: str, risks: list[str]
) -> None:  # fmt: skip
    """The moments, solved in their order, tend to the limits, and the risk to its own."""
    item = checker.sequences[sequence]
    opening(checker, item, risks)
    (data,), size = item.data["regimes"], len(item.initial)
    require(item.start().whole() is not None, "the sequence starts at a parameter")
    require(sorted(order) == list(range(size)) and len(limits) == size, "the order is none of the moments")
    rows, forcing = [[checker.read(x) for x in row] for row in data["matrix"]], [*map(checker.read, data["forcing"])]
    known: dict[int, Quotient] = {}
    for row, text in zip(order, limits, strict=True):
        total = checker.limit_of(g * forcing[row])
        for column in range(size):
            pull = checker.limit_of(g * ((ONE if row == column else ZERO) - rows[row][column]))
            if column == row:
                require(checker.sign(pull, ONE) == 1, f"moment {row} is not pulled to a limit")
                here = pull
            elif column in known:
                total = total - pull * known[column]
            else:
                checker.equal(pull, ZERO, f"moment {row} is fed by one that comes later")
        known[row] = checker.read(text)
        checker.equal(known[row] * here, total, f"the limit of moment {row} is not {text}")
    weights = [checker.limit_of(checker.read(text)) for text in data["readout"]]
    moment = dot(weights, [known[index] for index in range(size)]) + checker.limit_of(checker.read(data["shift"]))
    checker.equal(item.offset + item.scale * moment, checker.read(limit), f"the limit is not {limit}")
    checker.facts["limit", sequence] = checker.read(limit)


class About:
    """The error about a centre c, z = y − 2ce + c², of a mean e and a square y, as a sequence of one moment."""

    def __init__(self, checker: Any, item: Any, centre: str) -> None:
        (data,) = item.data["regimes"]
        require(len(item.initial) == 2, "there is no mean beside a square")
        (p, back), (fed, a) = [[checker.read(text) for text in row] for row in data["matrix"]]
        (push, inflow), (mean, square) = map(checker.read, data["forcing"]), map(checker.read, data["readout"])
        self.centre, self.inner, two = checker.read(centre), item, Quotient(2)
        require(not checker.moves(self.centre), "the centre depends on g")
        for one, other in ((back, ZERO), (mean, ZERO), (square, ONE), (push, (ONE - p) * self.centre)):
            checker.equal(one, other, "it is no square beside a mean that moves to the centre")
        checker.equal(fed, two * self.centre * (p - a), "the error about the centre does not move by itself")
        self.step, self.mean = a, p
        self.inflow = inflow - two * self.centre * push + self.centre * self.centre * (ONE - a)
        self.initial = [self.seen(item.initial)]

    def seen(self, state: list[Quotient]) -> Quotient:
        """z, from e and y."""
        return state[1] - Quotient(2) * self.centre * state[0] + self.centre * self.centre

    def run(self, last: int) -> tuple[list[Quotient], list[Quotient]]:
        """z at ``last``, and the risks."""
        state, risks = self.inner.run(last)
        return [self.seen(state)], risks


def power(
    checker: Any, sequence: int, shape: str, power: str, logs: int, coefficient: Any, risks: list[str],
    centre: str | None = None,
) -> None:  # fmt: skip
    """The risk over coefficient · g^(−power) · (ln g)^logs tends to 1, and that to infinity or to zero."""
    item = checker.sequences[sequence]
    opening(checker, item, risks)
    (data,), start = item.data["regimes"], item.start().whole() or 0
    if centre is None:
        require(len(item.initial) == 1 and start >= 1, "it has more moments than one, or starts at a parameter")
        a, f, weight = (checker.read(text) for text in (data["matrix"][0][0], data["forcing"][0], data["readout"][0]))
        moment = item
    else:
        moment = About(checker, item, centre)
        a, f, weight = checker.normal(moment.step), checker.normal(moment.inflow), ONE
        # y = z + 2ce − c², of which z must outgrow the rest.
        require(start >= 1 and shape == "growth", "about a centre only growth is told")
        ahead = checker.limit_of(g * (ONE - moment.mean)) - checker.read(power)
        require(checker.sign(ahead, ONE) == 1, "the mean grows as fast as the square")
    require(not checker.moves(weight), "what is read off the moment depends on g")
    checker.equal(checker.read(data["shift"]), ZERO, "something is added to the moment")
    require(not any(x.has(index) for x in (a, f) for index in checker.moving), "a step is not rational in g")
    pull, rate, scale = checker.limit_of(g * (ONE - a)), checker.read(power), item.scale * weight
    found = checker.leading(f) if f.top != 0 else None
    # The inflow falls like g^(−q): q − 1, and φ.
    later, push = (Quotient(-found[0] - 1), found[1]) if found is not None else (None, ZERO)
    if isinstance(coefficient, str):
        require(logs in (0, 1), "there is a logarithm too many")
        if later is None:
            raise CertificateError("nothing flows in")
        ahead = pull - later
        if logs:
            checker.equal(ahead, ZERO, "the steps and the inflow do not fall alike")
        else:
            require(checker.sign(ahead, ONE) == 1, "the inflow falls faster than the start")
        checker.equal(rate, later, f"the power is not {power}")
        expected = scale * push / (ONE if logs else ahead)
        checker.equal(checker.read(coefficient), expected, f"the coefficient is not {coefficient}")
        require(nowhere_zero(checker, expected), "the coefficient may vanish")
    else:
        require(logs == 0, "there is a logarithm too many")
        checker.equal(rate, pull, f"the power is not {power}")
        require(nowhere_zero(checker, scale), "the scale may vanish")
        if later is not None:
            require(checker.sign(later - pull, ONE) == 1, "the inflow outlasts the start")
        kept(checker, moment, a, f, scale, start, **coefficient)
    if shape == "decay":
        require(checker.sign(rate, ONE) == 1, "it does not decay")
        checker.equal(item.offset, ZERO, "it tends to its offset")
    else:
        flat = logs == 1 and rate == ZERO
        require(shape == "growth" and (flat or checker.sign(ZERO - rate, ONE) == 1), "it does not grow")
    checker.facts[shape, sequence] = rate


def driven(
    checker: Any, sequence: int, driver: int, power: str, logs: int, coefficient: str, zeros: list[str],
    poles: list[str], risks: list[str],
) -> None:  # fmt: skip
    """A sum of what a product drives: y_g = y_(g−1) + k_g s_(g−1) grows like the sum of its terms."""
    item = checker.sequences[sequence]
    opening(checker, item, risks)
    (data,), start = item.data["regimes"], item.start().whole() or 0
    require(start >= 1 and len(item.initial) == 2 and driver in (0, 1), "it is no sum beside a product")
    total, rows = 1 - driver, [[checker.read(text) for text in row] for row in data["matrix"]]
    told = [checker.read(text) for text in (*data["forcing"], data["shift"], data["readout"][driver])]
    for value in (*told, rows[driver][total], rows[total][total] - ONE):
        checker.equal(value, ZERO, "it is no sum beside a product")
    step, share, weight = rows[driver][driver], rows[total][driver], checker.read(data["readout"][total])
    require(not checker.moves(weight), "what is read off the sum depends on g")
    require(not any(x.has(index) for x in (step, share) for index in checker.moving), "a step is not rational in g")
    require(len(zeros) == len(poles), "a step does not tend to 1")
    product, height = ONE, item.initial[driver]
    for texts, side in ((zeros, 1), (poles, -1)):
        for root in map(checker.read, texts):
            require(not checker.moves(root), "a root depends on g")
            product = product * (g - root) ** side
            # What is multiplied up from the first step on is a quotient of Gamma functions.
            height = height / checker.gamma(checker.normal(Quotient(start) - root)) ** side
    checker.equal(product, step, "the roots are not those of the step")
    degree, push = checker.leading(share)
    # Terms fall like g^(−order).
    order = checker.limit_of(g * (ONE - step)) - Quotient(degree)
    rate, expected = order - ONE, item.scale * weight * push * height
    checker.equal(checker.read(power), rate, f"the power is not {power}")
    require(logs in (0, 1), "there is a logarithm too many")
    if logs:
        checker.equal(rate, ZERO, "the terms do not fall like 1/g")
    else:
        require(checker.sign(ZERO - rate, ONE) == 1, "the sum converges")
        expected = expected / (ZERO - rate)
    checker.equal(checker.read(coefficient), expected, f"the coefficient is not {coefficient}")
    require(nowhere_zero(checker, expected), "the coefficient may vanish")
    checker.facts["growth", sequence] = rate


def opening(checker: Any, item: Any, risks: list[str]) -> None:
    """The sequence is the one whose first risks are stated: its end does not depend on every number in it."""
    last = (item.start().whole() or 0) + OPENING
    for text, value in zip(risks, item.run(last)[1], strict=True):
        checker.equal(checker.read(text), value, f"an early risk is not {text}")


def nowhere_zero(checker: Any, value: Quotient) -> bool:
    """Whether it is positive, or negative, for all parameters in their ranges."""
    for way in (ONE, Quotient(-1)):
        marked = len(checker.witnesses)
        try:
            if checker.sign(way * value, ONE) == 1:
                return True
        except CertificateError:
            pass
        del checker.witnesses[marked:]
    return False


def kept(
    checker: Any, item: Any, a: Quotient, f: Quotient, scale: Quotient, start: int, since: int | None = None,
    below: str = "0", above: str = "0", digits: int | None = None, decimals: int | None = None,
    formula: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    """The constant is not zero; it is the formula, and rounds to the digits."""
    require(digits is not None or formula is not None, "nothing is said of the constant")
    initial, first = item.initial[0], Quotient(start)
    require(checker.sign(a, first) == 1, "a step may vanish")
    if digits is None:
        signs = [checker.sign(initial, first), checker.sign(f, first) if f.top != 0 else 0]
        require(max(signs) == 1, "what is kept may vanish")
    else:
        ball = enclosed(checker, item, a, f, scale, start, since, below, above)
        require(isinstance(digits, int) and isinstance(decimals, int), "the digits are no whole number")
        gap = abs(ball * acb(10) ** int(decimals or 0) - acb(digits))
        require(gap < fmpq(1, 2) and not ball.contains(0), "the constant does not round to these digits")
    if formula is not None:
        written(checker, initial, a, f, start, **formula)


def enclosed(
    checker: Any,
    item: Any,
    a: Quotient,
    f: Quotient,
    scale: Quotient,
    start: int,
    since: int | None,
    below: str,
    above: str,
) -> acb:
    """A ball around lim g^c y_g, from the moment at ``since``, bounds on what flows in later, and Gamma functions."""
    require((since is None) == (f.top == 0), "bounds on what flows in are missing, or nothing flows in")
    since = start - 1 if since is None else since
    require(since >= start - 1, "the constant is read off before the sequence starts")
    (moment,), _ = item.run(since)
    later, (number, weight) = Quotient(since + 1), (moment.number(), scale.number())
    require(number is not None and weight is not None, "a parameter has no number")
    total = acb(number)
    if f.top != 0:
        ahead = shifted(f) / (f * shifted(a))
        require(checker.sign(f, later) == 1, "what flows in changes sign")
        ends = []
        for text, way in ((below, Quotient(-1)), (above, ONE)):
            bound = checker.read(text)
            require(not any(bound.has(index) for index in checker.moving), "a bound is not rational in g")
            checker.limit_of(bound / g)
            checker.sign(way * (bound - ONE - ahead * shifted(bound)), later)
            ends.append(acb(at(f / a * bound, since + 1)))
        total = total + ends[0].union(ends[1])
    for poly, side in ((a.top, 1), (a.bottom, -1)):
        for root, times in fmpq_poly(line(poly)).complex_roots():
            total = total * (acb(since + 1) - root).gamma() ** (-side * int(times))
    return total * acb(weight)


def written(
    checker: Any, initial: Quotient, a: Quotient, f: Quotient, start: int, zeros: list[str], poles: list[str],
    origin: int, first: int, begin: str, head: str, upper: list[str], lower: list[str],
) -> None:  # fmt: skip
    """The constant is Π Γ(s−p)/Π Γ(s−z) (begin + head F(upper; lower; 1)): the roots, and the quotient of two terms."""
    steps, terms = ONE, ONE
    require(len(zeros) == len(poles), "a step does not tend to 1")
    require(origin == start, "the Gamma functions start elsewhere")
    for texts, side in ((zeros, 1), (poles, -1)):
        for text in texts:
            require(not checker.moves(checker.read(text)), "a root depends on g")
            steps = steps * (g - checker.read(text)) ** side
    checker.equal(steps, a, "the roots are not those of the step")
    if f.top == 0:
        require(first == start and not upper and not lower, "a series is stated where nothing flows in")
        checker.equal(checker.read(head), ZERO, "a series is stated where nothing flows in")
        checker.equal(checker.read(begin), initial, "the series does not start from the first value")
        return
    require(first in (start, start - 1), "the series begins elsewhere")
    given = (initial, f / a) if first == start else (ZERO, ZERO)
    term = at_parameters(given[1], first) if first == start else initial
    checker.equal(checker.read(begin), given[0], "the series does not start from the first value")
    checker.equal(checker.read(head), term, "the first term is another")
    if first < start:
        checker.equal(at_parameters(f, first), initial, "the series does not start from the first value")
    index = g - Quotient(first)
    for texts, side in ((upper, 1), (lower, -1)):
        for text in texts:
            require(not checker.moves(checker.read(text)), "a parameter of the series depends on g")
            terms = terms * (checker.read(text) + index) ** side
    checker.equal(terms / (index + ONE), shifted(f) / (f * shifted(a)), "the terms have other quotients")


def shifted(value: Quotient) -> Quotient:
    """At g + 1, for what is rational in g."""
    return substituted(value, g + ONE)


def at_parameters(value: Quotient, generation: int) -> Quotient:
    """At a generation."""
    return substituted(value, Quotient(generation))


def substituted(value: Quotient, place: Quotient) -> Quotient:
    """The value at a generation that is an expression itself."""
    both = [ZERO, ZERO]
    for side, poly in enumerate((value.top, value.bottom)):
        for (exponent,), rest in collect(poly, [0]).items():
            both[side] = both[side] + Quotient(rest) * place**exponent
    return both[0] / both[1]


def at(value: Quotient, generation: int) -> fmpq:
    """A rational number."""
    number = at_parameters(value, generation).number()
    require(number is not None, "a parameter has no number")
    return number


def line(poly: Any) -> list[fmpq]:
    """Coefficients of a polynomial in g alone."""
    require(all(degree == 0 for degree in poly.degrees()[1:]), "a parameter has no number")
    found = [fmpq(0)] * (int(poly.degrees()[0]) + 1)
    for exponents, coefficient in poly.terms():
        found[int(exponents[0])] = coefficient
    return found
