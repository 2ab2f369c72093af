r"""SymPy expressions as Coq terms over the reals.

What can be written is rational in the generation, the parameters and finitely many *atoms*: harmonic numbers
:math:`H_G^{(k)}` and powers :math:`q^{G}` with q rational in the parameters. Everything else has no name in the
library and raises :class:`~theory.errors.NotDerivedError`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from sympy import Add, Dummy, Expr, Mul, Pow, Rational, S, Symbol, cancel, factor, harmonic, pi, preorder_traversal
from sympy.printing.precedence import PRECEDENCE
from sympy.printing.str import StrPrinter

from theory.errors import NotDerivedError
from theory.expressions.signs import Ranges, sign
from theory.expressions.symbols import G
from theory.proof.texts import is_plain, name

#: Letters that the proofs or the standard library use for something else.
RESERVED = frozenset("G R O S I D E B P g i j".split())

#: Names that stay as they are: a letter, or a Greek letter spelled out, and perhaps a number.
_SHORT = re.compile(
    r"([A-Za-z]|alpha|beta|gamma|delta|epsilon|zeta|eta|theta|iota|kappa|lambda|mu|nu|xi|rho|sigma|tau|upsilon|phi|chi"
    r"|psi|omega)_?\d*"
)


def identifier(symbol: Symbol) -> str:
    """The name of a parameter in Coq, another one for every other name.

    Longer names end in an underscore. No word of the language, of the library or of the file does, so none can be
    taken for a parameter, nor a parameter for one of them.

    Examples
    --------
    >>> [identifier(Symbol(item)) for item in ("v_2", "lambda", "R", "harmonic", "p'", "p_")]
    ['v_2', 'lambda', 'R_', 'harmonic_', 'p__27__', 'p__5f__']
    """
    if isinstance(symbol, Dummy):
        return f"{name(symbol)}_"
    if _SHORT.fullmatch(symbol.name) and not symbol.name.endswith("_") and symbol.name not in RESERVED:
        return symbol.name
    # What certificates mark for their own reasons is marked here already.
    return f"{symbol.name}_" if is_plain(symbol.name) else f"{name(symbol)}_"


class CoqPrinter(StrPrinter):
    """Rational functions in Coq's notation; ``names`` says how symbols are written."""

    def __init__(self, names: dict[Symbol, str]) -> None:
        super().__init__()
        self.names = names

    def _print_Symbol(self, expr: Symbol) -> str:
        return self.names.get(expr) or identifier(expr)

    def _print_Dummy(self, expr: Symbol) -> str:
        return self._print_Symbol(expr)

    def _print_Pow(self, expr: Pow, rational: bool = False) -> str:
        base, exponent = expr.args
        if not exponent.is_Integer:
            raise NotDerivedError(f"{expr} has no name in the Coq library: only whole powers have.")
        if exponent < 0:
            return f"1 / {self.parenthesize(Pow(base, -exponent), PRECEDENCE['Pow'])}"
        return f"{self.parenthesize(base, PRECEDENCE['Pow'] + 1)} ^ {exponent}"

    def _print_Pi(self, expr: Expr) -> str:
        return "PI"


def coq_term(expression: Expr, names: dict[Symbol, str] | None = None) -> str:
    """A rational function as a Coq term.

    Examples
    --------
    >>> from sympy import Rational, symbols
    >>> n, g = symbols("n g")
    >>> coq_term(Rational(3, 4) * n**2 - 1 / g**2, {g: "INR g"})
    '3 * n ^ 2 / 4 - 1 / INR g ^ 2'
    """
    for part in preorder_traversal(expression):
        if not isinstance(part, Add | Mul | Pow | Symbol | Rational) and part != pi:
            raise NotDerivedError(f"{part} has no name in the Coq library: rational functions have.")
    text = CoqPrinter(names or {}).doprint(expression)
    return re.sub(r"(?<=[\w)])\s*([*/])\s*(?=[\w(])", r" \1 ", text)


@dataclass
class Atoms:
    """The atoms of some expressions, each a Dummy that stands for a Coq term in the generation.

    Attributes
    ----------
    first : int
        The generation from which the expressions hold: powers are written :math:`q^{G - \text{first}}` where q may
        be zero, so that no negative power arises.
    ranges : Ranges
        Of the parameters.
    """

    first: int
    ranges: Ranges
    terms: dict[tuple, Dummy] = field(default_factory=dict)

    def _atom(self, *key: object) -> Dummy:
        return self.terms.setdefault(key, Dummy(str(key[0])))

    def opaque(self, kind: str, body: str, start: int) -> Dummy:
        """A sum or a product over generations with the given body, a Coq term in ``INR i``."""
        return self._atom(kind, body, start)

    def names(self, generation: str) -> dict[Symbol, str]:
        """How G and the atoms are written at ``generation``, a Coq variable of type nat."""
        found: dict[Symbol, str] = {G: f"INR {generation}"}
        for key, dummy in self.terms.items():
            if key[0] == "harmonic":
                found[dummy] = f"harmonic {key[1]} {generation}"
            elif key[0] == "power":
                exponent = f"({generation} - {key[2]})" if key[2] else generation
                found[dummy] = f"(({coq_term(key[1])}) ^ {exponent})"
            else:
                found[dummy] = f"{key[0]} {key[2]} (fun i => {key[1]}) {generation}"
        return found

    def values(self) -> dict[Dummy, Expr]:
        """What the atoms stand for, where SymPy has a name for it."""
        found = {}
        for key, dummy in self.terms.items():
            if key[0] == "harmonic":
                found[dummy] = harmonic(G, key[1])
            elif key[0] == "power":
                found[dummy] = key[1] ** (G - key[2])
        return found

    def write(self, expression: Expr) -> Expr:
        """The expression with atoms for what is not rational; :class:`NotDerivedError` if something remains."""
        if not expression.has(G) or expression == G:
            return expression
        if isinstance(expression, harmonic):
            order = expression.args[1] if len(expression.args) > 1 else S.One
            if expression.args[0] == G and order.is_Integer and order.is_positive:
                return self._atom("harmonic", int(order))
        if isinstance(expression, Add):
            return Add(*(self.write(term) for term in expression.args))
        if isinstance(expression, Mul | Pow):
            return self._product(expression)
        raise NotDerivedError(f"{expression} has no name in the Coq library.")

    def _product(self, expression: Expr) -> Expr:
        """A product, all of whose powers with G in the exponent become one."""
        base, shift, rest = S.One, S.One, S.One
        for term in Mul.make_args(expression):
            root, exponent = term.as_base_exp()
            if exponent.has(G):
                slope, constant = exponent.coeff(G, 1), exponent.subs(G, 0)
                if root.has(G) or not (slope.is_Integer and constant.is_Integer and exponent == slope * G + constant):
                    raise NotDerivedError(f"{term} has no name in the Coq library.")
                base, shift = base * root**slope, shift * root**constant
            elif isinstance(term, Pow) and term.has(G):
                if not exponent.is_Integer:
                    raise NotDerivedError(f"{term} has no name in the Coq library: only whole powers have.")
                rest *= self.write(root) ** exponent
            else:
                rest *= self.write(term)
        base, shift = factor(cancel(base)), cancel(shift)
        if base == 1:
            return rest * shift
        if never_zero(base, self.ranges):
            return rest * shift * self._atom("power", base, 0)
        return rest * cancel(shift * base**self.first) * self._atom("power", base, self.first)


def never_zero(expression: Expr, ranges: Ranges) -> bool:
    """Whether the sign test of :mod:`theory.expressions.signs` excludes zero too, on the whole range.

    Examples
    --------
    >>> from sympy import Symbol
    >>> n = Symbol("n", integer=True, positive=True)
    >>> never_zero(n + 1, {}), never_zero(n - 1, {})
    (True, False)
    """
    return all(_never_zero_factor(item.as_base_exp()[0], ranges) for item in Mul.make_args(factor(expression)))


def _never_zero_factor(item: Expr, ranges: Ranges) -> bool:
    if item.is_nonzero:
        return True
    if sign(item, ranges) not in (1, -1):
        return False
    # Of one sign in variables t >= 0, and not zero where all of them are: then zero nowhere.
    corner = item
    for _ in range(3):
        corner = corner.subs({symbol: _least(symbol, ranges) for symbol in corner.free_symbols}, simultaneous=True)
    return bool(corner.is_nonzero)


def _least(symbol: Symbol, ranges: Ranges) -> Expr:
    if symbol in ranges:
        value = ranges[symbol]
        return value.subs({t: 0 for t in value.free_symbols if isinstance(t, Dummy)})
    if symbol.is_integer and symbol.is_positive:
        return S.One
    return S.Zero if symbol.is_nonnegative and not symbol.is_positive else symbol
