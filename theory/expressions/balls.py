r"""Ball arithmetic for formulas: every number carries a rigorous bound on its own error.

A SymPy expression in one whole-number variable is compiled once to a straight-line program over complex
balls (Arb, through python-flint), and then run at any precision and any value of the variable. What a
formula loses to cancellation shows in the radius of the result, so the caller raises the precision until
the radius is small enough, and never has to guess.

Two places need more than a walk over the tree. Quotients of gamma functions whose arguments differ by a
whole number are computed as rising factorials,

.. math:: \Gamma(z + k)/\Gamma(z) = (z)_k,

because numerator and denominator may both have a pole, and a lone 1/Γ by the entire function it is.

References: Johansson (2017), *Arb: efficient arbitrary-precision midpoint-radius interval arithmetic*, IEEE
Trans. Comput. 66; Johansson (2023), *Arbitrary-precision computation of the gamma function*, Maple Trans. 3.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, TypeAlias

import sympy
from flint import acb, acb_poly, arb, ctx, fmpq, fmpq_poly, fmpz
from sympy import Expr, Integer, Poly, PolynomialError, Rational, Symbol, expand

from theory.errors import DomainError
from theory.expressions.conjugates import without_pairs
from theory.expressions.hypergeometric import hypergeometric
from theory.expressions.lerch import lerch_phi
from theory.expressions.multidigamma import multidigamma
from theory.expressions.numerals import to_flint

Operation: TypeAlias = Callable[..., Any]


class BallProgram:
    """A formula in one whole-number variable, ready to run in ball arithmetic.

    Parameters
    ----------
    expression : SymPy expression
        Its only free symbol may be ``variable``.
    variable : Symbol

    Raises
    ------
    DomainError
        When other symbols remain, or when a function is unknown to ball arithmetic.

    Examples
    --------
    >>> from sympy import Symbol, gamma
    >>> g = Symbol("g", integer=True, positive=True)
    >>> BallProgram(gamma(g + 1) / gamma(g), g).at_precision(64)(5).real
    5.00000000000000
    """

    def __init__(self, expression: Expr, variable: Symbol) -> None:
        self.variable = variable
        # A step without operation is the variable itself; every other step reads earlier ones.
        self._steps: list[tuple[Operation | None, tuple[int, ...]]] = []
        self._constant: list[bool] = []
        self._known: dict[Any, int] = {}
        self._result = self._compile(without_pairs(sympy.sympify(expression)))

    @property
    def is_constant(self) -> bool:
        """Whether the variable does not occur."""
        return self._constant[self._result]

    def at_precision(self, bits: int) -> Callable[[int], acb]:
        """The formula as a function of the variable, computed with ``bits`` bits.

        Whatever does not depend on the variable is computed here, once.
        """
        slots, run = self._runner(bits)
        result = self._result

        def value(at: int) -> acb:
            run(at)
            return slots[result]

        return value

    def _runner(self, bits: int) -> tuple[list[Any], Callable[[int], None]]:
        """The values of all steps, and what computes those that depend on the variable."""
        slots: list[Any] = [None] * len(self._steps)
        todo: list[tuple[int, Operation | None, tuple[int, ...]]] = []
        with ctx.workprec(bits):
            for index, (operation, sources) in enumerate(self._steps):
                if self._constant[index] and operation is not None:
                    slots[index] = operation(*[slots[source] for source in sources])
                else:
                    todo.append((index, operation, sources))

        def run(at: int) -> None:
            with ctx.workprec(bits):
                for index, operation, sources in todo:
                    if operation is None:
                        slots[index] = acb(at)
                    else:
                        slots[index] = operation(*[slots[source] for source in sources])

        return slots, run

    # Compilation: one method a kind of node.

    def _emit(self, operation: Operation, *sources: int) -> int:
        self._steps.append((operation, sources))
        self._constant.append(all(self._constant[source] for source in sources))
        return len(self._steps) - 1

    def _compile(self, expression: Any) -> int:
        slot = self._known.get(expression)
        if slot is None:
            slot = self._known[expression] = self._node(expression)
        return slot

    def _node(self, expression: Any) -> int:
        if expression == self.variable:
            self._steps.append((None, ()))
            self._constant.append(False)
            return len(self._steps) - 1
        if expression.is_Symbol:
            raise DomainError(
                f"{expression} has no value: a number can be computed only once every parameter is given, "
                f"for instance with .subs({{{expression}: …}})."
            )
        if expression.is_Rational:
            numerator, denominator = fmpz(int(expression.p)), fmpz(int(expression.q))
            return self._emit(lambda: acb(numerator) if denominator == 1 else acb(arb(fmpq(numerator, denominator))))
        if expression.is_Float:
            return self._compile(Rational(expression))
        constant = _CONSTANTS.get(expression)
        if constant is not None:
            return self._emit(constant)
        if expression.is_Add:
            return self._emit(_sum, *map(self._compile, expression.args))
        if expression.is_Mul or _is_gamma_like(expression):
            return self._product(expression)
        if expression.is_Pow:
            return self._power(expression)
        if isinstance(expression, sympy.UnevaluatedExpr):
            return self._compile(expression.args[0])
        if isinstance(expression, sympy.Piecewise):
            return self._piecewise(expression)
        if isinstance(expression, sympy.RootSum):
            return self._root_sum(expression)
        if isinstance(expression, sympy.Sum | sympy.Product):
            return self._finite(expression)
        if isinstance(expression, sympy.CRootOf):
            return self._emit(_numbered_root(expression))
        if isinstance(expression, sympy.hyper):
            above, below, at = expression.args
            sources = [self._compile(value) for value in (*above, *below, at)]
            return self._emit(lambda *v: hypergeometric([*v[: len(above)]], [*v[len(above) : -1]], v[-1]), *sources)
        operation = _FUNCTIONS.get(type(expression))
        if operation is not None:
            wants_real = isinstance(expression, _REAL_ARGUMENTS)
            sources = [self._real(argument) if wants_real else self._compile(argument) for argument in expression.args]
            return self._emit(operation, *sources)
        if getattr(expression, "knows_its_digits", False):
            return self._emit(lambda: _to_digits(expression))
        raise DomainError(f"{expression.func.__name__} is not known to ball arithmetic, so {expression} has no value.")

    def _real(self, expression: Expr) -> int:
        """Compile, and drop the imaginary part where SymPy proves it zero: rounding must not cross a branch cut."""
        slot = self._compile(expression)
        return self._emit(_real_part, slot) if expression.is_extended_real else slot

    def _product(self, expression: Expr) -> int:
        tops: list[Expr] = []
        bottoms: list[Expr] = []
        slots = []
        for factor in sympy.Mul.make_args(expression):
            base, exponent = factor.as_base_exp()
            if _is_gamma_like(base) and exponent.is_Integer and abs(exponent) <= 8:
                over, under = _gamma_arguments(base)
                if exponent < 0:
                    over, under = under, over
                tops += over * abs(int(exponent))
                bottoms += under * abs(int(exponent))
            elif _is_gamma_like(factor):
                over, under = _gamma_arguments(factor)
                tops, bottoms = tops + over, bottoms + under
            else:
                slots.append(self._power(factor) if factor.is_Pow else self._compile(factor))
        for top, bottom in _paired(tops, bottoms):
            slots.append(self._emit(_rising, self._compile(bottom), self._compile(expand(top - bottom))))
        slots += [self._emit(acb.gamma, self._compile(argument)) for argument in tops]
        slots += [self._emit(acb.rgamma, self._compile(argument)) for argument in bottoms]
        return slots[0] if len(slots) == 1 else self._emit(_product, *slots)

    def _power(self, expression: Expr) -> int:
        base, exponent = expression.as_base_exp()
        if base is sympy.E:
            return self._emit(acb.exp, self._compile(exponent))
        if _is_gamma_like(base) and exponent.is_Integer and abs(exponent) <= 8:
            return self._product(expression)
        if exponent.is_Integer:
            power = int(exponent)
            slot = self._compile(base)
            return slot if power == 1 else self._emit(lambda ball: ball**power, slot)
        if exponent == sympy.Rational(1, 2):
            return self._emit(acb.sqrt, self._real(base))
        if exponent == sympy.Rational(-1, 2):
            return self._emit(acb.rsqrt, self._real(base))
        return self._emit(_power, self._real(base), self._compile(exponent))

    def _piecewise(self, expression: Expr) -> int:
        variable = self.variable
        values = [self._compile(value) for value, _ in expression.args]
        conditions = [condition for _, condition in expression.args]
        tests = [_whole_test(condition, variable) for condition in conditions]

        def chosen(at: acb, *balls: acb) -> acb:
            whole = at.real.unique_fmpz() if conditions_vary else None
            for condition, test, ball in zip(conditions, tests, balls, strict=True):
                holds = condition if whole is None else test(int(whole))
                if holds == True:  # noqa: E712 (SymPy's truth, not Python's)
                    return ball
                if holds != False:  # noqa: E712
                    raise DomainError(f"{holds} is undecided: a value needs a number for every parameter.")
            return acb("nan")

        conditions_vary = any(condition.has(variable) for condition in conditions)
        first = self._compile(variable) if conditions_vary else values[0]
        return self._emit(chosen, first, *values)

    def _root_sum(self, expression: Any) -> int:
        polynomial = Poly(expression.poly.as_expr(), *expression.poly.gens)
        summand, variable = expression.fun.expr, self.variable
        dummy = expression.fun.variables[0]
        program = _Binary(summand, dummy, variable)
        roots = _all_roots(polynomial)
        # Conjugate roots have conjugate terms, where all that is written is real.
        in_pairs = all(c.is_Rational for c in polynomial.all_coeffs()) and _is_real_rational(summand, dummy, variable)
        cache: dict[int, list[tuple[Callable[[acb], acb], bool, int]]] = {}

        def terms() -> list[tuple[Callable[[acb], acb], bool, int]]:
            found = [(root, in_pairs and not root.imag.is_zero(), count) for root, count in roots()]
            return [(program.of(root), twice, count) for root, twice, count in found if not twice or root.imag > 0]

        def total(at: acb) -> acb:
            if ctx.prec not in cache:
                cache[ctx.prec] = terms()
            value = acb(0)
            for term, twice, count in cache[ctx.prec]:
                ball = term(at)
                value += count * (acb(2 * ball.real) if twice else ball)
            return value

        return self._emit(total, self._compile(variable if summand.has(variable) else sympy.Integer(0)))

    def _finite(self, expression: Any) -> int:
        """A sum or product left standing, term by term; one without end must know its own value."""
        if len(expression.limits) != 1:
            raise DomainError(f"{expression} has several indices: only single sums and products have a value here.")
        index, lower, upper = expression.limits[0]
        if upper.is_infinite and type(expression)._eval_evalf not in (sympy.Sum._eval_evalf, sympy.Product._eval_evalf):
            return self._emit(lambda: _to_digits(expression))
        if upper.is_infinite or lower.is_infinite:
            raise DomainError(f"{expression} does not end: only finite sums and products have a value here.")
        program = _Binary(expression.function, index, self.variable)
        is_sum, varies = isinstance(expression, sympy.Sum), expression.function.has(self.variable)
        # With a summand of its own, the sum up to g + 1 continues the sum up to g.
        running: dict[tuple[int, int], tuple[int, acb]] = {}

        def total(at: acb, first: acb, last: acb) -> acb:
            low, high = first.real.unique_fmpz(), last.real.unique_fmpz()
            if low is None or high is None:
                raise DomainError(f"{expression} has bounds that are not whole numbers.")
            if high - low > _LONGEST_SUM:
                raise DomainError(f"{expression} has {high - low + 1} terms: at most {_LONGEST_SUM} are summed.")
            low, high, key = int(low), int(high), (ctx.prec, int(low))
            reached, value = (low - 1, acb(0 if is_sum else 1)) if varies or key not in running else running[key]
            if reached > high:
                reached, value = low - 1, acb(0 if is_sum else 1)
            for term in range(reached + 1, high + 1):
                value = value + program(acb(term), at) if is_sum else value * program(acb(term), at)
            running[key] = max(high, low - 1), value
            return value

        anchor = self._compile(self.variable if varies else sympy.Integer(0))
        return self._emit(total, anchor, self._compile(lower), self._compile(upper))


_LONGEST_SUM = 10**6


class BallPrograms(BallProgram):
    """Several formulas in one variable: what they have in common is computed once.

    Examples
    --------
    >>> g = Symbol("g", integer=True, positive=True)
    >>> [ball.real for ball in BallPrograms((1 / g, 1 / g + 1), g).all_at_precision(64)(2)]
    [0.500000000000000, 1.50000000000000]
    """

    def __init__(self, expressions: tuple[Expr, ...], variable: Symbol) -> None:
        super().__init__(Integer(0), variable)
        self._results = [self._compile(without_pairs(sympy.sympify(expression))) for expression in expressions]

    def all_at_precision(self, bits: int) -> Callable[[int], list[acb]]:
        """The formulas as functions of the variable, computed with ``bits`` bits."""
        slots, run = self._runner(bits)
        results = self._results

        def values(at: int) -> list[acb]:
            run(at)
            return [slots[result] for result in results]

        return values


class _Binary:
    """A summand in two variables: the index and the variable of the formula around it."""

    def __init__(self, expression: Expr, index: Symbol, variable: Symbol) -> None:
        self._program = BallProgram.__new__(BallProgram)
        program = self._program
        program.variable, program._steps, program._constant, program._known = variable, [], [], {}
        for symbol in (index, variable):
            program._known[symbol] = len(program._steps)
            program._steps.append((None, ()))
            program._constant.append(False)
        program._result = program._compile(expression)

    def __call__(self, index: acb, variable: acb) -> acb:
        program = self._program
        slots: list[Any] = [index, variable]
        for operation, sources in program._steps[2:]:
            assert operation is not None
            slots.append(operation(*[slots[source] for source in sources]))
        return slots[program._result]

    def of(self, index: acb) -> Callable[[acb], acb]:
        """The summand at one index, as a function of the variable: what hangs on the index alone is computed once."""
        program = self._program
        slots: list[Any] = [index, None]
        varies, todo = [False, True], []
        for position, (operation, sources) in enumerate(program._steps[2:], start=2):
            assert operation is not None
            varies.append(any(varies[source] for source in sources))
            slots.append(None if varies[-1] else operation(*[slots[source] for source in sources]))
            if varies[-1]:
                todo.append((position, operation, sources))

        def value(variable: acb) -> acb:
            slots[1] = variable
            for position, operation, sources in todo:
                slots[position] = operation(*[slots[source] for source in sources])
            return slots[program._result]

        return value


_COMPARED: dict[Any, Callable[[int, int], bool]] = {
    sympy.Eq: operator.eq,
    sympy.Ne: operator.ne,
    sympy.StrictLessThan: operator.lt,
    sympy.LessThan: operator.le,
    sympy.StrictGreaterThan: operator.gt,
    sympy.GreaterThan: operator.ge,
}


def _whole_test(condition: Any, variable: Symbol) -> Callable[[int], Any]:
    """A condition as a function of a whole number; one that compares the variable with a number asks no SymPy."""
    compare = _COMPARED.get(type(condition))
    if compare is not None and condition.lhs == variable and condition.rhs.is_Integer:
        bound = int(condition.rhs)
        return lambda whole: compare(whole, bound)
    return lambda whole: condition.subs(variable, Integer(whole))


def _is_real_rational(summand: Expr, index: Symbol, variable: Symbol) -> bool:
    """Whether it is made of real numbers, the variable and whole powers of the index, by the four operations."""
    letters = {index, variable}
    return all(
        part in letters
        or (part.is_number and part.is_extended_real)
        or part.is_Add
        or part.is_Mul
        or (part.is_Pow and (part.exp.is_integer or not part.has(index)))
        for part in sympy.preorder_traversal(summand)
    )


# Gamma functions.


def _is_gamma_like(expression: Any) -> bool:
    if isinstance(expression, sympy.RisingFactorial | sympy.FallingFactorial | sympy.binomial):
        return True
    return isinstance(expression, sympy.gamma | sympy.factorial)


def _gamma_arguments(expression: Any) -> tuple[list[Expr], list[Expr]]:
    """Arguments of Γ above and below the line."""
    one = sympy.S.One
    if isinstance(expression, sympy.gamma):
        return [expression.args[0]], []
    if isinstance(expression, sympy.factorial):
        return [expression.args[0] + one], []
    x, k = expression.args
    if isinstance(expression, sympy.RisingFactorial):
        return [x + k], [x]
    if isinstance(expression, sympy.FallingFactorial):
        return [x + one], [x - k + one]
    return [x + one], [k + one, x - k + one]


def _paired(tops: list[Expr], bottoms: list[Expr]) -> list[tuple[Expr, Expr]]:
    """Take out of both lists the pairs of arguments that differ by a whole number."""
    pairs = []
    for top in list(tops):
        for bottom in bottoms:
            if expand(top - bottom).is_integer:
                tops.remove(top)
                bottoms.remove(bottom)
                pairs.append((top, bottom))
                break
    return pairs


def _rising(z: acb, count: acb) -> acb:
    r""":math:`\Gamma(z + k)/\Gamma(z)` for a whole number k of either sign."""
    whole = count.real.unique_fmpz()
    if whole is None:
        # Rounding has blurred k: let the caller raise the precision.
        return (z + count).gamma() * z.rgamma()
    k = int(whole)
    if abs(k) <= 32:
        return z.rising(acb(k)) if k >= 0 else 1 / (z + k).rising(acb(-k))
    pole = z.real.unique_fmpz() if z.is_exact() and z.imag.is_zero() and z.real.is_integer() else None
    if pole is not None and pole <= 0:
        if pole + k > 0:
            return acb(0)
        # Both are poles: (−m)_k = (−1)^k m!/(m − k)!
        return (-1) ** (k % 2) * (1 - acb(pole)).gamma() * (1 - acb(pole + k)).rgamma()
    return (z + k).gamma() * z.rgamma()


# Other operations.


def _sum(*balls: acb) -> acb:
    total = acb(0)
    for ball in balls:
        total += ball
    return total


def _product(*balls: acb) -> acb:
    total = acb(1)
    for ball in balls:
        total *= ball
    return total


def _real_part(ball: acb) -> acb:
    return acb(ball.real)


def _power(base: acb, exponent: acb) -> acb:
    if base.is_zero() and exponent.real > 0:
        return acb(0)
    return base.pow(exponent)


def _absolute(ball: acb) -> acb:
    return acb(abs(ball))


def _harmonic(x: acb, order: acb | None = None) -> acb:
    r""":math:`H_x = \psi(x+1) + \gamma` and :math:`H_x^{(m)} = \zeta(m) - \zeta(m, x+1)`, for any m by continuation."""
    if order is None or (order.is_exact() and order == 1):
        return (x + 1).digamma() + acb(arb.const_euler())
    found = _next_harmonic(x, order)
    return order.zeta() - order.zeta(x + 1) if found is None else found


#: The last sum :math:`H_x^{(m)}` by (m, bits): that of the next whole number is one term more.
_SUMS: dict[tuple[Any, ...], tuple[int, acb]] = {}
MOST_SUMS = 64


def _next_harmonic(x: acb, order: acb) -> acb | None:
    """The sum at a whole number, from that at the one before; None for anything else."""
    whole = x.real.unique_fmpz() if x.is_exact() and x.imag.is_zero() and x.real.is_integer() else None
    if whole is None or whole < 1 or not order.imag.is_zero() or not order.is_finite():
        return None
    key = (order.real.mid().man_exp(), order.real.rad().man_exp(), ctx.prec)
    last, total = _SUMS.get(key, (0, acb(0)))
    at = int(whole)
    if at != last + 1:
        if at == last:
            return total
        total = order.zeta() - order.zeta(x) if at > 1 else acb(0)
    if len(_SUMS) >= MOST_SUMS:
        _SUMS.clear()
    _SUMS[key] = at, total + x.pow(-order)
    return _SUMS[key][1]


def _zeta(s: acb, a: acb | None = None) -> acb:
    return s.zeta() if a is None else s.zeta(a)


def _polygamma(order: acb, z: acb) -> acb:
    return z.digamma() if order.is_zero() else z.polygamma(order)


def _logarithm(z: acb, base: acb | None = None) -> acb:
    return z.log() if base is None else z.log() / base.log()


def _largest(*balls: acb) -> acb:
    best = balls[0].real
    for ball in balls[1:]:
        best = best.max(ball.real)
    return acb(best)


def _smallest(*balls: acb) -> acb:
    best = balls[0].real
    for ball in balls[1:]:
        best = best.min(ball.real)
    return acb(best)


def _all_roots(polynomial: Poly) -> Callable[[], list[tuple[acb, int]]]:
    """The complex roots with their multiplicities, certified, at the precision of the moment."""
    coefficients = polynomial.all_coeffs()[::-1]
    if all(coefficient.is_Rational for coefficient in coefficients):
        exact = fmpq_poly([to_flint(coefficient) for coefficient in coefficients])
        return exact.complex_roots
    if any(coefficient.free_symbols for coefficient in coefficients):
        raise DomainError(f"{polynomial.as_expr()} has symbolic coefficients: its roots have no value.")
    if polynomial.degree() > 0 and not polynomial.is_sqf:
        raise PolynomialError(f"{polynomial.as_expr()} has multiple roots")
    dummy = Symbol("g")
    programs = [BallProgram(coefficient, dummy) for coefficient in coefficients]

    def roots() -> list[tuple[acb, int]]:
        bits = ctx.prec
        with ctx.workprec(2 * bits):
            balls = [program.at_precision(2 * bits)(1) for program in programs]
            isolated = acb_poly(balls).roots(arb(2) ** -bits)
        return [(root, 1) for root in isolated]

    return roots


def _to_digits(expression: Expr) -> acb:
    """A constant that evaluates itself to any precision, with a margin of 8 bits."""
    value = expression._eval_evalf(ctx.prec + 8)
    if not value.is_Float:
        raise DomainError(f"{expression} has no value: a value needs a number for every parameter.")
    centre = Rational(value)
    ball = arb(to_flint(centre))
    return acb(ball + abs(ball) * arb(0, arb(2) ** -ctx.prec))


def _numbered_root(expression: Any) -> Operation:
    """The root that SymPy numbers, told from the others by a crude value."""
    guess = complex(expression.evalf(20))
    roots = _all_roots(Poly(expression.poly.as_expr(), *expression.poly.gens))
    is_real = bool(expression.is_real)

    def root() -> acb:
        nearest = min((ball for ball, _ in roots()), key=lambda ball: abs(complex(ball) - guess))
        return _real_part(nearest) if is_real else nearest

    return root


_CONSTANTS: dict[Any, Operation] = {
    sympy.pi: acb.pi,
    sympy.E: lambda: acb(arb.const_e()),
    sympy.EulerGamma: lambda: acb(arb.const_euler()),
    sympy.Catalan: lambda: acb(arb.const_catalan()),
    sympy.GoldenRatio: lambda: (1 + acb(5).sqrt()) / 2,
    sympy.I: lambda: acb(0, 1),
    sympy.oo: lambda: acb(arb.pos_inf()),
    -sympy.oo: lambda: acb(arb.neg_inf()),
    sympy.zoo: lambda: acb(arb.nan()),
    sympy.nan: lambda: acb(arb.nan()),
}

_FUNCTIONS: dict[Any, Operation] = {
    sympy.exp: acb.exp,
    sympy.log: _logarithm,
    sympy.sin: acb.sin,
    sympy.cos: acb.cos,
    sympy.tan: acb.tan,
    sympy.cot: acb.cot,
    sympy.sec: acb.sec,
    sympy.csc: acb.csc,
    sympy.sinh: acb.sinh,
    sympy.cosh: acb.cosh,
    sympy.tanh: acb.tanh,
    sympy.coth: acb.coth,
    sympy.sech: acb.sech,
    sympy.csch: acb.csch,
    sympy.sinc: acb.sinc,
    sympy.asin: acb.asin,
    sympy.acos: acb.acos,
    sympy.atan: acb.atan,
    sympy.asinh: acb.asinh,
    sympy.acosh: acb.acosh,
    sympy.atanh: acb.atanh,
    sympy.erf: acb.erf,
    sympy.erfc: acb.erfc,
    sympy.expint: lambda order, z: z.expint(order),
    sympy.loggamma: acb.lgamma,
    sympy.digamma: acb.digamma,
    multidigamma: lambda x, d: _sum(*((x - acb(i) / 2).digamma() for i in range(int(d.real.unique_fmpz())))),
    sympy.polygamma: _polygamma,
    sympy.harmonic: _harmonic,
    sympy.zeta: _zeta,
    sympy.polylog: lambda s, z: z.polylog(s),
    sympy.lerchphi: lerch_phi,
    sympy.LambertW: lambda z: z.lambertw(),
    sympy.Abs: _absolute,
    sympy.re: lambda z: acb(z.real),
    sympy.im: lambda z: acb(z.imag),
    sympy.conjugate: lambda z: z.conjugate(),
    sympy.sign: lambda z: acb(z.real.sgn()),
    sympy.floor: lambda z: acb(z.real.floor()),
    sympy.ceiling: lambda z: acb(z.real.ceil()),
    sympy.Max: _largest,
    sympy.Min: _smallest,
}


def know(function: Any, operation: Operation) -> None:
    """Teach ball arithmetic a function of ours: ``operation`` takes its arguments as balls and returns one."""
    _FUNCTIONS[function] = operation


# Functions with a branch cut or defined on the real line only.
_REAL_ARGUMENTS = (
    sympy.log,
    sympy.loggamma,
    sympy.polylog,
    sympy.lerchphi,
    sympy.floor,
    sympy.ceiling,
    sympy.sign,
    sympy.Max,
    sympy.Min,
)


def real_bits(ball: acb) -> int:
    """Correct bits of the real part, relative to its size; negative when there are none."""
    return ball.real.rel_accuracy_bits() if ball.is_finite() else -1
