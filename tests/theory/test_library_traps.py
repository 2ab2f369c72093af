"""What SymPy 1.14 and python-flint 0.9 get wrong, and that no answer passes through it.

Seen there: the limit of harmonic(x, 1/2) is given as zeta(1/2); rsolve gives 0 for f(G + 1) = (1 + a/(n(G + 1)²)) f(G);
the sum of 1/(k(12k − 6)) is nan; harmonic(n + 1, 2) is not seen to be harmonic(n, 2) + 1/(n + 1)²; arb(0, 1)**2 is nan
and bool(arb(0)) is True; an arb that is wide beside its midpoint is printed as [+/- …], without its sign; fmpq(1, 2)
and Fraction(1, 2) have one hash and are not equal.
"""

import ast
from pathlib import Path

import mpmath
import pytest
from flint import acb, arb
from sympy import Add, Mul, Piecewise, Pow, Rational, harmonic, log, oo, sqrt

from theory import G, Regular, Replace, expected_risk, j
from theory.asymptotics.scales import limit_or_none, positive_variable, scale_of
from theory.design.boundedness import _ball
from theory.expressions.balls import BallProgram

ROOT = Path(__file__).parents[2]
SOURCES = [path for room in ("theory", "numerics") for path in sorted((ROOT / room).rglob("*.py"))]
#: Where SymPy's own limits and sums are asked for, of what they are right about.
#: Elsewhere by limit_or_none; a survival function in closed form is a quotient of Gamma functions or a power, and a
#: generating function is continuous at the ends of its interval, its slope there finite or infinite.
LIMITS = {"scales.py", "tendency.py", "budgets.py", "allocation.py", "ages.py", "random_sizes.py"}
#: Numbers of every kind come in there and are turned into SymPy's; FLINT's are compared with nothing.
BOUNDARY = {"arguments.py"}
SUMS = {"series.py", "sums.py", "stationary.py"}  # checked by partial sums; polynomials; polynomials


def imported_from_sympy(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module is not None and node.module.split(".")[0] == "sympy":
            found |= {name.name for name in node.names}
    return found


def test_what_is_wrong_in_sympy_is_imported_nowhere_else() -> None:
    for path in SOURCES:
        names = imported_from_sympy(path)
        assert not names & {"rsolve", "rsolve_hyper", "rsolve_poly", "gruntz"}, path
        assert "limit" not in names or path.name in LIMITS, path
        assert "summation" not in names or path.name in SUMS, path


def test_no_rational_of_flint_meets_one_of_python() -> None:
    """Equal hashes and unequal values would make a dictionary miss what it holds."""
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        if "from fractions import" in text and path.name not in BOUNDARY:
            assert "fmpq" not in text, path


@pytest.mark.parametrize("order", [Rational(1, 2), Rational(-1, 3), 0])
def test_harmonic_numbers_that_diverge_have_no_limit_by_continuation(order) -> None:
    x = positive_variable()
    assert limit_or_none(sqrt(x) * harmonic(x, order), x) in (None, oo)
    assert limit_or_none(1 / (2 + Piecewise((harmonic(x, order), x > 3), (1, True))), x) in (None, 0)


def test_harmonic_numbers_that_converge_do() -> None:
    x = positive_variable()
    assert limit_or_none(harmonic(x, 2), x).equals(harmonic(oo, 2))
    assert scale_of(harmonic(x) / log(x), x).leading == 1


def test_risks_that_are_such_harmonic_numbers() -> None:
    for power in (Rational(1, 2), Rational(3, 4)):
        risk = expected_risk(Regular(p=1, n=1), Replace(sizes=j**power))
        assert risk.limit == risk.bound == oo
        assert risk.growth == G ** (1 - power) / (1 - power)


def test_a_sum_that_sympy_calls_nan() -> None:
    risk = expected_risk(Regular(p=1, n=1), Replace(sizes=j * (12 * j - 6)))
    exact = mpmath.nsum(lambda k: 1 / (k * (12 * k - 6)), [1, mpmath.inf])
    assert float(risk.limit) == pytest.approx(float(exact), rel=1e-12)


def test_a_ball_around_zero_has_a_square() -> None:
    x = positive_variable()
    assert (acb(arb(0, 1)) ** 2).is_finite()
    value = BallProgram((G - 3) ** 2 + x * 0, G).at_precision(60)(3)
    assert value.is_finite()
    nothing = Pow(Add(log(2), Mul(-1, log(2), evaluate=False), evaluate=False), 2, evaluate=False)
    assert _ball(nothing).is_finite()
    assert _ball(nothing).contains(0)
