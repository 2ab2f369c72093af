"""The arithmetic of the checker: texts as quotients of polynomials over Q, and balls around constants.

Texts are read, never run. A special function is a variable of its own, and all that is known of it is an equation of
the textbooks:

- Γ(x+1) = x Γ(x), Γ(1) = 1, Γ(1+z) Γ(1−z) = πz / sin πz;  b^(x+1) = b b^x;  √a² = a;
- hence Γ(1/2) = √π, and Γ(1−z) by Γ(z) where sin πz is a number in ``SINES``;
- ψ_m(x+1) = ψ_m(x) + (−1)^m m!/x^(m+1), ψ_0(1) = −γ, ψ_m(1) = (−1)^(m+1) m! ζ(m+1), ζ(2k) by Bernoulli numbers;
  H_x = ψ_0(x+1) + γ, H_x^(m) = ζ(m) − (−1)^m ψ_(m−1)(x+1)/(m−1)!;
- Φ(z, s, x) = x^(−s) + z Φ(z, s, x+1) (Lerch), Li_s(z) = z Φ(z, s, 1);
- of E tr Wⁱ(W + λ)⁻ᵏ, W the Wishart matrix of T rows in R^d, that it is 0 or more where λ > 0, whatever d and T;
- total(a, x, s), the sum of s over g = a, …, x: it is 0 at x = a − 1, and a step to x + 1 adds s there; series(a, s),
  the sum over all g ≥ a. In s the g is that of the sum.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterable
from itertools import chain
from math import comb, factorial
from typing import Any

from flint import Ordering, acb, fmpq, fmpq_mpoly, fmpq_mpoly_ctx

RING = fmpq_mpoly_ctx.get([f"x{index}" for index in range(60)], Ordering.lex)
FAR = 2000  # whole steps of a functional equation, powers, and generations run one by one, at most
LONG, WIDE = 20_000, 20_000  # characters of a text and terms of a polynomial, at most
ARITIES = dict.fromkeys(("Abs", "exp", "floor", "gamma", "log", "sin", "sinh", "sqrt", "zeta"), (1,)) | {
    "harmonic": (1, 2), "lerchphi": (3,), "multidigamma": (2,), "polygamma": (2,), "polylog": (2,),
    "wishart_trace": (5,),
}  # fmt: skip
SINES = {  # sin πz, 0 < z < 1/2
    "1/6": "1/2", "1/4": "sqrt(2)/2", "1/3": "sqrt(3)/2", "1/12": "(sqrt(6) - sqrt(2))/4",
    "5/12": "(sqrt(6) + sqrt(2))/4", "1/10": "(sqrt(5) - 1)/4", "3/10": "(sqrt(5) + 1)/4",
    "1/5": "sqrt(10 - 2*sqrt(5))/4", "2/5": "sqrt(10 + 2*sqrt(5))/4",
    "1/8": "sqrt(2 - sqrt(2))/2", "3/8": "sqrt(2 + sqrt(2))/2",
}  # fmt: skip
WORD, WRITTEN = re.compile(r"[\w.]+"), re.compile(r"0|[1-9][0-9]*|[A-Za-z_][A-Za-z0-9_]*")  # a number has one writing
OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


class CertificateError(ValueError):
    """A certificate that does not prove its claim; the message names the step that fails."""

    def __init__(self, message: str) -> None:
        said = "".join(c if c.isprintable() else repr(c)[1:-1] for c in message)  # a file may hold anything
        super().__init__(said if len(said) <= 300 else f"{said[:200]} … {said[-80:]}")


def require(condition: object, message: str) -> None:
    """Raise CertificateError with the message, unless the condition holds."""
    if not condition:
        raise CertificateError(message)


def polynomial(value: Any) -> Any:
    """A number, or a polynomial, as a polynomial."""
    return value if isinstance(value, fmpq_mpoly) else RING.constant(0) + value


UNIT = RING.constant(1)
TREES: dict[str, ast.expr] = {}  # of texts read lately: the same are read at many generations


def parsed(text: str) -> ast.expr:
    """What a text says, as a tree that nobody changes; nothing in it is run."""
    if text not in TREES:
        if len(TREES) >= FAR:
            TREES.clear()
        TREES[text] = ast.parse(text, mode="eval").body
    return TREES[text]


class Quotient:
    """A quotient of polynomials over Q, in lowest terms, the denominator monic."""

    def __init__(self, top: Any, bottom: Any = UNIT) -> None:
        top = polynomial(top)
        require(len(top) <= WIDE, "an expression has too many terms")
        if bottom is not UNIT:
            bottom = polynomial(bottom)
            require(len(bottom) <= WIDE, "an expression has too many terms")
            require(bottom != 0, "an expression divides by zero")
            common = top.gcd(bottom)
            if not common.is_one():
                top, bottom = top / common, bottom / common
            if (lead := bottom.leading_coefficient()) != 1:
                top, bottom = top / lead, bottom / lead
            if bottom.is_one():
                bottom = UNIT  # one and the same: to see it costs less than to multiply by it
        self.top, self.bottom = top, bottom

    def __add__(self, other: Quotient) -> Quotient:
        if self.bottom is other.bottom or self.bottom == other.bottom:
            return Quotient(self.top + other.top, self.bottom)
        return Quotient(self.top * other.bottom + other.top * self.bottom, self.bottom * other.bottom)

    def __sub__(self, other: Quotient) -> Quotient:
        if self.bottom is other.bottom or self.bottom == other.bottom:
            return Quotient(self.top - other.top, self.bottom)
        return Quotient(self.top * other.bottom - other.top * self.bottom, self.bottom * other.bottom)

    def __mul__(self, other: Quotient) -> Quotient:
        whole = self.bottom is UNIT and other.bottom is UNIT
        return Quotient(self.top * other.top, UNIT if whole else self.bottom * other.bottom)

    def __truediv__(self, other: Quotient) -> Quotient:
        return Quotient(self.top * other.bottom, self.bottom * other.top)

    def __pow__(self, power: int) -> Quotient:
        number = self.number()
        size = 1 if number is None else max(abs(number.p), number.q).bit_length()
        require(abs(power) * size <= 50 * FAR, f"the power {power} is out of reach")
        terms = max(len(self.top), len(self.bottom)) - 1
        require(comb(abs(power) + terms, terms) <= WIDE, f"a power {power} has too many terms")
        below = UNIT if self.bottom is UNIT else self.bottom ** abs(power)
        return Quotient(self.top**power, below) if power >= 0 else ONE / self**-power

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Quotient) and self.top == other.top and self.bottom == other.bottom

    def number(self) -> Any:
        """The rational number that this is; None when it is none."""
        constant = self.top.is_constant() and self.bottom is UNIT
        return (fmpq(self.top.leading_coefficient()) if self.top != 0 else fmpq(0)) if constant else None

    def whole(self) -> int | None:
        """The whole number that this is; None when it is none."""
        number = self.number()
        return int(number.p) if number is not None and number.q == 1 else None

    def has(self, index: int = 0) -> bool:
        """Whether the variable of this index occurs."""
        return bool(self.top.degrees()[index] > 0 or self.bottom.degrees()[index] > 0)

    def variables(self) -> set[int]:
        """Those that occur."""
        both = zip(self.top.degrees(), self.bottom.degrees(), strict=True)
        return {index for index, (above, below) in enumerate(both) if above > 0 or below > 0}


ZERO, ONE, g = Quotient(0), Quotient(1), Quotient(RING.gen(0))  # g: the generation


def collect(poly: Any, indices: list[int]) -> dict[tuple[int, ...], Any]:
    """{exponents of the variables at ``indices``: what they multiply}."""
    groups: dict[tuple[int, ...], dict[tuple[int, ...], Any]] = {}
    for exponents, coefficient in poly.terms():
        rest = [*exponents]
        for index in indices:
            rest[index] = 0
        # Terms have different exponents: those of one group differ in the rest.
        groups.setdefault(tuple(int(exponents[index]) for index in indices), {})[tuple(rest)] = coefficient
    return {key: RING.from_dict(terms) for key, terms in groups.items()}


def dot(row: Iterable[Quotient], vector: Iterable[Quotient]) -> Quotient:
    """Σ a_i b_i of two rows of one length."""
    pairs = zip(row, vector, strict=True)
    return sum((a * b for a, b in pairs if a.top != 0 and b.top != 0), ZERO)


class Algebra:
    """Texts as quotients, and the special functions met so far, each a variable with its functional equation."""

    def __init__(self) -> None:
        self.labels = ["g"]
        self.functions: list[tuple[str, Any, tuple[Quotient, ...], int]] = []  # kind, key, arguments, variable
        self.moving: set[int] = set()  # the functions whose arguments contain g, however deep
        self.known: dict[str, Quotient] = {}  # what texts stand for at generation g
        self.barred: set[str] = set()  # names that no text may use any more

    def variable(self, name: str) -> Quotient:
        """The variable of a name, entered when it is new."""
        if name not in self.labels:
            require(len(self.labels) < RING.nvars(), "there are too many symbols")
            self.labels.append(name)
        return Quotient(RING.gen(self.labels.index(name)))

    def read(self, text: str, at: Quotient = g) -> Quotient:
        """The quotient that a text stands for at generation ``at``."""
        require(isinstance(text, str) and len(text) <= LONG, "a text is too long, or none")
        require(text.isascii() and text.isprintable() and "#" not in text, f"{text!r} is no plain arithmetic")
        if at is not g and text in self.known and ("g" not in text or "g" not in WORD.findall(text)):
            at = g  # it says the same at every generation
        if at is not g or text not in self.known:
            other = next((word for word in WORD.findall(text) if not WRITTEN.fullmatch(word)), None)
            require(other is None, f"{str(other)[:40]!r} is neither a name nor a whole number in plain digits")
            try:
                value = self.normal(self.value(parsed(text), at))
            except (MemoryError, RecursionError, SyntaxError):
                raise CertificateError(f"{text[:80]!r} is no arithmetic, or nests too deeply") from None
            return self.known.setdefault(text, value) if at is g else value
        return self.known[text]

    def value(self, node: ast.expr, at: Quotient) -> Quotient:
        """The quotient of a parsed text; CertificateError for anything but arithmetic."""
        match node:
            case ast.Constant(value=int(number)) if number is not True and number is not False:
                return Quotient(number)
            case ast.Name(id="g"):
                return at
            case ast.Name(id=name):
                require(name not in self.barred, f"{name} is the variable of a range, and no parameter")
                return self.variable(name) if name != "I" else self.root(Quotient(-1))
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                return ZERO - self.value(inner, at)
            case ast.Call(func=ast.Name(id="total"), args=[first, last, summand], keywords=[]):
                return self.total(self.value(first, at), self.normal(self.value(last, at)), summand)
            case ast.Call(func=ast.Name(id="series"), args=[first, summand], keywords=[]):
                return self.series(self.value(first, at), self.normal(self.value(summand, g)))
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self.call(name, [self.normal(self.value(argument, at)) for argument in arguments])
            case ast.BinOp(left=left, op=ast.Pow(), right=right):
                return self.power(self.value(left, at), self.normal(self.value(right, at)))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
                return OPERATORS[type(op)](self.value(left, at), self.value(right, at))
        raise CertificateError(f"{ast.unparse(node)!r} is no arithmetic")

    def call(self, name: str, args: list[Quotient]) -> Quotient:
        """The value of a function, by the equations that are known of it."""
        require(len(args) in ARITIES.get(name, ()), f"nothing is known of {name} with {len(args)} arguments")
        x, m = args[-1], args[0].whole()
        match name:
            case "sqrt":
                return self.root(x)
            case "lerchphi" if not any(map(self.moves, args[:2])):
                return self.shifted("lerch", tuple(args[:2]), x)
            case "polylog" if not any(map(self.moves, args)):
                return x * self.shifted("lerch", (x, args[0]), ONE)
            case "gamma":
                return self.gamma(x)
            case "polygamma" if m is not None and 0 <= m <= 100:
                return self.shifted("psi", m, x)
            case "harmonic" if len(args) == 1:
                return self.shifted("psi", 0, x + ONE) + self.variable("EulerGamma")
            case "harmonic" if 1 < (x.whole() or 0) <= 100:
                m = int(x.whole() or 0)
                return self.zeta(m) - self.shifted("psi", m - 1, args[0] + ONE) * Quotient(
                    fmpq((-1) ** m, factorial(m - 1))
                )
            case "sin" | "sinh":
                z = x / self.variable("pi") * (ONE if name == "sin" else self.call("sqrt", [Quotient(-1)]))
                return x / (self.call("gamma", [self.normal(ONE + z)]) * self.call("gamma", [self.normal(ONE - z)]))
            case "log" if x == g:
                return self.function("log", None, g)
            case "wishart_trace" if not any(map(self.moves, (*args[:3], x))):
                return self.function("trace", None, *args)
        require(not any(map(self.moves, args)), f"nothing is known of {name} as a function of g")
        return self.function("constant", name, *args)

    def total(self, first: Quotient, last: Quotient, summand: ast.expr) -> Quotient:
        """The sum of the summand over g from ``first`` to ``last``, by whole steps from a total that has a name."""
        content, term = self.apart(self.normal(self.value(summand, g)))
        require(first.whole() is not None, "a total does not begin at a whole number")
        key = (first.whole(), term)
        met = [(args[0], self.named(i)) for kind, same, args, i in self.functions if kind == "total" and same == key]
        for start, known in [(first - ONE, ZERO), *met]:
            steps = (last - start).whole()
            if steps is None:
                continue
            require(abs(steps) <= FAR // 10, f"a total ends {steps} steps away from another")
            more = ZERO
            for step in range(abs(steps)):
                point = start + Quotient(step + 1 if steps > 0 else -step)
                more = more + self.normal(self.value(summand, point))
            return content * known + more if steps > 0 else content * known - more
        return content * self.function("total", key, last)

    def series(self, first: Quotient, summand: Quotient) -> Quotient:
        """The sum of the summand over all g from ``first`` on."""
        require(first.whole() is not None, "a series does not begin at a whole number")
        self.summable(summand)
        content, term = self.apart(summand)
        return content * self.function("series", term, first)

    def summable(self, summand: Quotient) -> None:
        """CertificateError unless the sum over all g is shown to converge."""
        raise CertificateError(f"a series of {len(summand.top)} terms is not shown to converge")

    def apart(self, value: Quotient) -> tuple[Quotient, Quotient]:
        """A factor without g, and the rest: what is a multiple of something is named by that."""
        if value.top == 0:
            return ZERO, ONE
        contents = []
        for poly in (value.top, value.bottom):
            content = RING.constant(0)
            for coefficient in collect(poly, [0, *sorted(self.moving)]).values():
                content = content.gcd(coefficient)
            contents.append(content)
        factor = Quotient(*contents)
        lead = Quotient((value / factor).top.leading_coefficient())
        return factor * lead, value / factor / lead

    def gamma(self, x: Quotient) -> Quotient:
        """Γ(x); of a number in whole steps from Γ(z) with 0 < z < 1/2 where sin πz is known, and from Γ(1/2) = √π."""
        number = x.number()
        if number is None or number.q == 1:
            return self.shifted("gamma", None, x)
        part = number - fmpq(number.p // number.q)
        if part != fmpq(1, 2) and str(1 - part) not in SINES:
            return self.shifted("gamma", None, x)
        pi = self.variable("pi")
        if part == fmpq(1, 2):
            base = self.root(pi)
        else:
            base = pi / (self.read(SINES[str(1 - part)]) * self.shifted("gamma", None, Quotient(1 - part)))
        return self.shifted("gamma", None, x, (Quotient(part), base))

    def root(self, x: Quotient) -> Quotient:
        """√x; the size of the leading rational factor is taken out, prime by prime."""
        if x in (ZERO, ONE):
            return x
        lead = abs(x.top.leading_coefficient())
        if max(lead.p.bit_length(), lead.q.bit_length()) > 128:  # beyond that, no factors
            return self.function("root", None, x)
        rest = x / Quotient(lead)
        value = ONE if rest == ONE else self.nested(rest)
        for number, side in ((lead.p, 1), (lead.q, -1)):
            for prime, times in number.factor():
                odd = self.function("root", None, Quotient(prime)) if times % 2 else ONE
                value = value * (Quotient(prime) ** (int(times) // 2) * odd) ** side
        return value

    def nested(self, x: Quotient) -> Quotient:
        """√(a + b√c), by √(a − b√c) where that has a name: their product is √(a² − b²c), if all are positive."""
        roots = [(index, args[0]) for kind, _, args, index in self.functions if kind == "root" and x.has(index)]
        if len(roots) == 1 and (c := roots[0][1].number()) is not None and x.bottom == 1:
            even, odd = halves(x.top, roots[0][0], Quotient(c))
            conjugate, norm = even - odd * Quotient(RING.gen(roots[0][0])), even * even - odd * odd * Quotient(c)
            met = any(kind == "root" and args[0] == conjugate for kind, _, args, _ in self.functions)
            if met and None not in (even.number(), odd.number()) and min(c, even.number(), norm.number()) > 0:
                return self.root(norm) / self.function("root", None, conjugate)
        return self.function("root", None, x)

    def function(self, kind: str, key: Any, *args: Quotient) -> Quotient:
        """The variable that stands for a function at these arguments, one and the same wherever it occurs."""
        for known, same, values, index in self.functions:
            if known == kind and same == key and list(values) == list(args):
                return Quotient(RING.gen(index))
        variable = self.variable(f"{kind} {len(self.functions)}")  # no text can name it
        self.functions.append((kind, key, args, len(self.labels) - 1))
        if any(map(self.moves, args)) or (kind == "power" and self.moves(key)):
            self.moving.add(len(self.labels) - 1)
        return variable

    def named(self, index: int) -> Quotient:
        """The variable of an index, as a quotient."""
        return Quotient(RING.gen(index))

    def moves(self, value: Quotient) -> bool:
        """Whether a value depends on g."""
        if value.bottom is UNIT and value.top.is_constant():
            return False
        above, below = value.top.degrees(), value.bottom.degrees()
        return any(above[index] > 0 or below[index] > 0 for index in (0, *self.moving))

    def shifted(self, kind: str, key: Any, x: Quotient, *given: tuple[Quotient, Quotient]) -> Quotient:
        """A function with a functional equation, by whole steps from an argument whose value is given or has a name."""
        met = [(args[0], Quotient(RING.gen(i))) for k, same, args, i in self.functions if k == kind and same == key]
        known = [*given, *met]
        if kind == "psi" and x.whole() is not None:
            at_one = Quotient((-1) ** (key + 1) * factorial(key)) * self.zeta(key + 1)
        known += [(ONE, ONE)] if kind == "gamma" else [(ZERO, ONE)] if kind == "power" else []
        for start, value in [(ONE, at_one)] if kind == "psi" and x.whole() is not None else known:
            steps = (x - start).whole()
            if steps is None:
                continue
            near = FAR if x.number() is not None and kind != "lerch" else FAR // 10
            require(abs(steps) <= near, f"an argument lies {steps} steps away from another")
            for step in range(abs(steps)):
                point = start + Quotient(step if steps > 0 else -1 - step)
                change = point if kind == "gamma" else key
                if kind == "psi":
                    change = Quotient((-1) ** key * factorial(key)) / point ** (key + 1)
                    value = value + change if steps > 0 else value - change
                elif kind == "lerch":
                    change = self.power(point, ZERO - key[1])
                    value = (value - change) / key[0] if steps > 0 else value * key[0] + change
                else:
                    value = value * change if steps > 0 else value / change
            return value
        return self.function(kind, key, x)

    def zeta(self, s: int) -> Quotient:
        """ζ(s), a power of π times a rational number for even s; the constant γ stands in for s = 1."""
        if s % 2:
            return self.variable("EulerGamma") if s == 1 else self.function("constant", "zeta", Quotient(s))
        return self.variable("pi") ** s * Quotient(
            fmpq.bernoulli(s) * fmpq((-1) ** (s // 2 + 1) * 2 ** (s - 1), factorial(s))
        )

    def power(self, base: Quotient, exponent: Quotient) -> Quotient:
        """base^exponent: whole and half exponents of anything, exponents linear in g of what does not move."""
        number = exponent.number()
        if number is not None and number.q <= 2:
            return (base if number.q == 1 else self.root(self.normal(base))) ** int(number.p)
        require(not self.moves(base), "a power of g has an exponent that is no number")
        require(base.top != 0, "zero has an exponent that is no number")
        slope = (exponent - Quotient(exponent.top.subs({"x0": 0}), exponent.bottom.subs({"x0": 0}))) / g
        rest, steps = exponent - slope * g, slope.whole()
        if steps is None or self.moves(rest):
            raise CertificateError("a power has an exponent that is not shown to be linear in g")
        whole = rest.whole()
        constant = base**whole if whole is not None else self.shifted("power", base, rest)
        return constant * self.shifted("power", base, g) ** steps if steps else constant

    def normal(self, value: Quotient) -> Quotient:
        """The same with square roots to the first power, in the numerator alone."""
        for kind, _, args, index in reversed(self.functions):
            if kind != "root":
                continue
            above, below = value.top.degrees()[index], value.bottom.degrees()[index]
            root, square = Quotient(RING.gen(index)), args[0]
            if below:
                (t0, t1), (b0, b1) = (halves(poly, index, square) for poly in (value.top, value.bottom))
                value = (t0 * b0 - t1 * b1 * square + (t1 * b0 - t0 * b1) * root) / (b0 * b0 - b1 * b1 * square)
            elif above > 1:
                even, odd = halves(value.top, index, square)
                value = (even + odd * root) / Quotient(value.bottom)
        return value

    def equal(self, one: Quotient, two: Quotient, message: str) -> None:
        """Raise CertificateError with the message, unless one − two has numerator zero."""
        require(self.normal(one - two).top == 0, message)

    def ball(self, value: Quotient) -> Any:
        """A complex ball around a value without parameters; None when it has some."""
        points = [acb(0)] * RING.nvars()
        met = {index: (kind, key, args) for kind, key, args, index in self.functions}
        for index in sorted(value.variables()):
            label = self.labels[index]
            kind, key, args = met.get(index, ("constant", label, ()))
            inner = [self.ball(x) for x in args]
            if None in inner or (not args and label not in ("pi", "EulerGamma")):
                return None
            points[index] = self.enclosed(key if kind == "constant" else kind, key, inner)
        both = [acb(0), acb(0)]
        for side, poly in enumerate((value.top, value.bottom)):
            for exponents, coefficient in poly.terms():
                term = acb(coefficient)
                for point, power in zip(points, exponents, strict=True):
                    term = term * point ** int(power) if power else term
                both[side] = both[side] + term
        return both[0] / both[1]

    def enclosed(self, name: str, key: Any, args: list[Any]) -> Any:
        """A ball around a function at ball arguments."""
        return enclose(name, key, args)


def halves(poly: Any, index: int, square: Quotient) -> list[Quotient]:
    """poly = even + odd √square."""
    parts, power, name, variable = [ZERO, ZERO], 0, f"x{index}", RING.gen(index)
    while poly != 0:
        rest = poly.subs({name: 0})
        if rest != 0:
            parts[power % 2] = parts[power % 2] + Quotient(rest) * square ** (power // 2)
        poly, power = (poly - rest) / variable, power + 1
    return parts


def enclose(name: str, key: Any, args: list[Any]) -> Any:
    """A constant, or a function at ball arguments."""
    match name:
        case "pi":
            return acb.pi()
        case "EulerGamma":
            return -acb(1).digamma()
        case "root":
            return args[0].sqrt()
        case "psi":
            return args[0].polygamma(key)
        case "gamma" | "log" | "exp" | "zeta":
            return getattr(args[0], name)()
    raise CertificateError(f"{name} has no ball enclosure")


class Sequence:
    """Risks offset + scale (h·m + c) of moments m_g = P m_(g−1) + f."""

    def __init__(self, algebra: Algebra, data: dict[str, Any]) -> None:
        self.read, self.data = algebra.read, data
        self.scale, self.offset = self.read(data["scale"]), self.read(data["offset"])
        self.initial = [self.read(text) for text in data["initial"]]
        self.early = [self.offset + self.scale * self.read(text) for text in data["early"]]
        fixed = not any(map(algebra.moves, (self.scale, self.offset, *self.initial, *self.early)))
        require(fixed, "a scale, an offset or a first value depends on g.")
        for regime in data["regimes"]:
            for text in (*chain(*regime["matrix"]), *regime["forcing"], *regime["readout"], regime["shift"]):
                algebra.read(text)
        roots = [args[0].number() for kind, _, args, _ in algebra.functions if kind == "root"]
        require(all(x is None or x > 0 for x in roots), "a recurrence is not shown to be real.")

    def start(self, regime: int = 0) -> Quotient:
        """The generation that a regime's recurrence computes first."""
        return self.read(self.data["regimes"][regime]["start"])

    def step(self, state: list[Quotient], at: Quotient, regime: int = 0) -> list[Quotient]:
        """m_g = P m_{g−1} + f at generation ``at``."""
        data, read = self.data["regimes"][regime], self.read
        rows = [[read(text, at) for text in row] for row in data["matrix"]]
        return [dot(row, state) + read(text, at) for row, text in zip(rows, data["forcing"], strict=True)]

    def risk(self, state: list[Quotient], at: Quotient, regime: int = 0) -> Quotient:
        """offset + scale·(h·m + shift) at generation ``at``."""
        data = self.data["regimes"][regime]
        moment = dot([self.read(text, at) for text in data["readout"]], state) + self.read(data["shift"], at)
        return self.offset + self.scale * moment

    def run(self, last: int) -> tuple[list[Quotient], list[Quotient]]:
        """The state at ``last`` and the risks at 1 … last, generation by generation."""
        first, state, risks = self.start().whole() or 0, self.initial, list(self.early)
        require(len(self.data["regimes"]) == 1, "the sequence changes regime")
        require(0 <= first - 1 <= last <= FAR, "the sequence starts later, or at a parameter")
        require(len(self.early) == max(first - 2, 0), "the sequence does not start after its early values")
        risks += [self.risk(state, Quotient(first - 1))] if first > 1 else []
        for generation in range(first, last + 1):
            state = self.step(state, Quotient(generation))
            risks.append(self.risk(state, Quotient(generation)))
        return state, risks


def power_sums(
    algebra: Algebra, q: list[Quotient], polynomial: list[str], summand: list[str]
) -> Callable[[int], Quotient]:
    """Σ r(x) x^k over the roots x of a divisor p of q, as a function of k, by Newton's identities."""
    p, r, rest = [algebra.read(x) for x in polynomial], [algebra.read(x) for x in summand], list(q)
    size, sums = len(p) - 1, [Quotient(len(p) - 1)]
    require(p[-1] == ONE and len(r) == size, "a polynomial of roots is not monic, or its summand not reduced")
    for shift in reversed(range(len(q) - size)):
        lead = rest[shift + size]
        for index, coefficient in enumerate(p):
            rest[shift + index] = rest[shift + index] - lead * coefficient
    for left in rest:
        algebra.equal(left, ZERO, "the roots are not shown to be roots of the annihilator")
    for k in range(1, len(q) + size):
        total = p[size - k] * Quotient(k) if k <= size else ZERO
        sums.append(ZERO - sum((p[size - i] * sums[k - i] for i in range(1, min(k, size + 1))), total))
    return lambda k: dot(r, sums[k : k + size])
