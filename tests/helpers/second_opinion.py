"""A second opinion on certificates: what they say is evaluated by mpmath, with nothing of the checker in it.

A certificate is plain data. Here its recurrences are run generation by generation at parameters drawn at random from
its ranges, its formulas are evaluated at the same parameters, and the claim is held against both.
"""

from __future__ import annotations

import ast
import operator
import random
import re
from collections.abc import Callable, Iterator
from typing import Any

from mpmath import mp

DIGITS, NEAR, FAR = 70, 9, 10**12
#: Agreement that is asked of equal numbers, and of a sequence with its limit at generation FAR.
EQUAL, SETTLED = mp.mpf(10) ** -45, mp.mpf(10) ** -5

_OPERATIONS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}


def _harmonic(x: Any, order: Any = 1) -> Any:
    return mp.harmonic(x) if order == 1 else mp.zeta(order) - mp.zeta(order, x + 1)


def _lerch(z: Any, s: Any, a: Any) -> Any:
    """Σ z^k (a+k)^(−s), term by term."""
    if not abs(z) < mp.mpf("0.995"):
        raise ZeroDivisionError("no series that could be summed")
    total, power = mp.mpf(0), mp.mpf(1)
    for k in range(10**5):
        total, power = total + power * (a + k) ** -s, power * z
        if abs(power) < mp.mpf(10) ** -DIGITS:
            break
    return total


def _lambert(k: Any, q: Any, z: Any) -> Any:
    """Σ (1 − z q^m)^(−k) − 1, term by term."""
    if not abs(q) < mp.mpf("0.99"):
        raise ZeroDivisionError("no series that could be summed")
    total, power = mp.mpf(0), z * q
    while abs(power) > mp.mpf(10) ** -DIGITS:
        total, power = total + (1 - power) ** -k - 1, power * q
    return total


def _q_pochhammer(a: Any, q: Any) -> Any:
    """Π (1 − a q^m), factor by factor."""
    if not abs(q) < mp.mpf("0.99"):
        raise ZeroDivisionError("no product that could be formed")
    total, power = mp.mpf(1), a
    while abs(power) > mp.mpf(10) ** -DIGITS:
        total, power = total * (1 - power), power * q
    return total


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "Abs": mp.fabs,
    "gamma": lambda x: mp.gamma(x) if abs(x) < 10**6 else mp.exp(mp.loggamma(x)),
    "harmonic": _harmonic,
    "polygamma": lambda m, x: mp.psi(int(m), x),
    "lerchphi": _lerch,
    "lambert_sum": _lambert,
    "q_pochhammer": _q_pochhammer,
    "polylog": lambda s, z: z * _lerch(z, s, mp.mpf(1)),
    "multidigamma": lambda x, d: sum(mp.psi(0, x + mp.mpf(1 - i) / 2) for i in range(1, int(d) + 1)),
    **{name: getattr(mp, name) for name in ("sin", "sinh", "sqrt", "exp", "log", "floor", "zeta")},
}


class Point:
    """Values of the parameters, drawn from their ranges; what has no range is drawn from (0, 3)."""

    def __init__(self, data: dict[str, Any], chance: random.Random) -> None:
        starts = " ".join(regime["start"] for item in data["sequences"] for regime in item["regimes"])
        whole = set(re.findall(r"[A-Za-z_]\w*", starts)) | set(re.findall(r"floor\((\w+)", str(data)))
        whole |= set(re.findall(r"multidigamma\([^,]*, (\w+)", str(data)))
        self.chance, self.values = chance, dict[str, Any]()
        for name, over in data["parameters"].items():
            for variable in re.findall(r"[A-Za-z_]\w*", over):
                count = name in whole or any(variable in data["parameters"].get(other, "") for other in whole)
                if variable not in self.values:
                    at_zero = variable not in data["positive"] and chance.random() < 0.2
                    self.values[variable] = mp.mpf(0) if at_zero else self._drawn(count)
            self.values[name] = self(over)
        self.whole = whole

    def _drawn(self, count: bool) -> Any:
        return mp.mpf(self.chance.randint(1, 6)) if count else mp.mpf(self.chance.randint(1, 400)) / 101

    def __call__(self, text: str, g: Any = None) -> Any:
        """What a text stands for at generation ``g``."""
        return self._value(ast.parse(text, mode="eval").body, mp.mpf(g) if g is not None else None)

    def _value(self, node: ast.expr, g: Any) -> Any:
        match node:
            case ast.Constant(value=int(number)):
                return mp.mpf(number)
            case ast.Name(id="g"):
                return g
            case ast.Name(id="pi"):
                return mp.pi
            case ast.Name(id="EulerGamma"):
                return mp.euler
            case ast.Name(id="I"):
                return mp.mpc(0, 1)
            case ast.Name(id=name):
                if name not in self.values:
                    self.values[name] = self._drawn(name in self.whole)
                return self.values[name]
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                return -self._value(inner, g)
            case ast.Call(func=ast.Name(id=name), args=arguments):
                return self._called(name, [self._value(argument, g) for argument in arguments])
            case ast.BinOp(left=left, op=how, right=right):
                return _OPERATIONS[type(how)](self._value(left, g), self._value(right, g))
        raise AssertionError(ast.unparse(node))

    def _called(self, name: str, values: list[Any]) -> Any:
        try:
            return _FUNCTIONS[name](*values)
        except ValueError as pole:
            raise ZeroDivisionError(str(pole)) from None


class Run:
    """The risks of one recurrence at a point, by running it."""

    def __init__(self, data: dict[str, Any], at: Point) -> None:
        self.at, self.data, self.regimes = at, data, data["regimes"]
        self.starts = [int(at(regime["start"])) for regime in self.regimes]
        self.risks: list[Any] = [self._scaled(at(text)) for text in data["early"]]
        self.state, self.next = [at(text) for text in data["initial"]], self.starts[0]
        if self.starts[0] > 1:
            self.risks.append(self._read(self.starts[0] - 1))

    def upto(self, last: int) -> list[Any]:
        while len(self.risks) < last:
            g, regime = self.next, self._regime(self.next)
            rows = [[self.at(text, g) for text in row] for row in regime["matrix"]]
            forcing = [self.at(text, g) for text in regime["forcing"]]
            self.state = [
                sum((x * y for x, y in zip(row, self.state, strict=True)), more)
                for row, more in zip(rows, forcing, strict=True)
            ]
            self.risks.append(self._read(g))
            self.next += 1
        return self.risks[:last]

    def _regime(self, g: int) -> dict[str, Any]:
        return [
            regime for regime, start in zip(self.regimes, self.starts, strict=True) if start <= max(g, self.starts[0])
        ][-1]

    def _read(self, g: int) -> Any:
        regime = self._regime(g)
        readout = [self.at(text, g) for text in regime["readout"]]
        return self._scaled(sum((x * y for x, y in zip(readout, self.state, strict=True)), self.at(regime["shift"], g)))

    def _scaled(self, value: Any) -> Any:
        return self.at(self.data["offset"]) + self.at(self.data["scale"]) * value


class Value:
    """The closed form that a step states, at a point."""

    def __init__(self, step: dict[str, Any], run: Run) -> None:
        self.step, self.run, self.at = step, run, run.at
        self.sums = []
        for part in step.get("roots", []):
            polynomial = [self.at(text) for text in part["polynomial"]]
            roots = mp.polyroots(polynomial[::-1], maxsteps=500, extraprec=600)
            self.sums.append((roots, [self.at(text) for text in part["summand"]]))

    def __call__(self, g: int) -> Any:
        early = self.step["early"]
        if g <= len(early):
            return self.at(early[g - 1])
        index = max(i for i, start in enumerate(self.run.starts) if i == 0 or start <= g)
        total = self.at(self.step["value"][index], g)
        for roots, summand in self.sums:
            power = g - len(early) - 1
            total += sum(sum(c * x**k for k, c in enumerate(summand)) * x**power for x in roots)
        return total


def contradiction(data: dict[str, Any], chance: random.Random) -> str | None:
    """What at parameters drawn at random speaks against a certificate; None where nothing does.

    Raises
    ------
    ZeroDivisionError
        Where a formula is not defined at the parameters drawn: nothing is claimed there.
    """
    with mp.workdps(DIGITS):
        return next(_contradictions(data, Point(data, chance)), None)


def _contradictions(data: dict[str, Any], at: Point) -> Iterator[str]:
    runs = [Run(item, at) for item in data["sequences"]]
    values = {}
    for step in data["steps"]:
        if step["rule"] in ("solution", "annihilator"):
            run = runs[step["sequence"]]
            values[step["sequence"]] = value = Value(step, run)
            for g, risk in enumerate(run.upto(NEAR + max(run.starts)), start=1):
                if not _equal(value(g), risk):
                    yield f"the value at {g} is {value(g)}, the risk {risk}"
    for step in data["steps"]:
        if step["rule"] == "limit":
            yield from _limit(step["limit"], values[step["sequence"]], at)
        elif step["rule"] == "growth":
            ratios = [abs(values[step["sequence"]](g) / at(step["growth"], g) - 1) for g in (10**3, 10**6)]
            if not ratios[1] < max(ratios[0], EQUAL) or ratios[1] > 0.2:
                yield f"the value over {step['growth']} does not tend to 1"
        elif step["rule"] == "remainder":
            for g in (*range(step["since"], step["since"] + NEAR), 1000):
                off = abs(values[step["sequence"]](g) - at(step["expansion"], g))
                if off > abs(at(step["bound"], g)) * (1 + EQUAL) + EQUAL:
                    yield f"the expansion is off by {off} at {g}"
    yield from _claim(data["claim"], runs, values, at)


def _limit(text: str, value: Value, at: Point) -> Iterator[str]:
    limit, scale = at(text), max(1, abs(value(1)))
    near, far = (abs(value(g) - limit) / scale for g in (10**4, FAR))
    if far > SETTLED or far > max(near, EQUAL):
        yield f"the value is {far} from {text} at {FAR}"


def _claim(claim: dict[str, Any], runs: list[Run], values: dict[int, Value], at: Point) -> Iterator[str]:
    risks = [[mp.re(risk) for risk in run.upto(3 * NEAR)] for run in runs]
    small = EQUAL * max(1, *(abs(x) for x in risks[0]))
    rises = [two - one for one, two in zip(risks[0], risks[0][1:], strict=False)]
    match claim["statement"]:
        case "increasing" if min(rises) < -small:
            yield f"it falls by {-min(rises)}"
        case "decreasing" if max(rises) > small:
            yield f"it rises by {max(rises)}"
        case "least upper bound":
            bound = mp.re(at(claim["bound"]))
            if max(risks[0]) > bound + small:
                yield f"{max(risks[0])} is above {bound}"
            top = mp.re(values[0](FAR)) if 0 in values else risks[0][0]
            if abs(top - bound) > SETTLED * max(1, abs(bound)):
                yield f"{bound} is not the least bound: the values end at {top}"
        case "never above":
            over = max(low - high for low, high in zip(*risks, strict=True))
            if over > small:
                yield f"the first is above the second by {over}"
        case "lower limit":
            if not mp.re(values[0](FAR)) < mp.re(values[1](FAR)):
                yield "the limits are not in order"


def _equal(one: Any, two: Any) -> bool:
    return bool(abs(one - two) <= EQUAL * max(1, abs(two)))
