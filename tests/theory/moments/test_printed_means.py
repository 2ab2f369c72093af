"""What is printed of numbers and formulas of our own: words of the field, and equations that are true."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from itertools import product
from math import prod

import pytest
from sympy import (
    Basic,
    Indexed,
    Integer,
    Lambda,
    N,
    Poly,
    Pow,
    Rational,
    RootSum,
    Sum,
    Symbol,
    latex,
    oo,
    pretty,
    simplify,
)

import theory
from theory import (
    Accumulate,
    Bernoulli,
    ContaminatedPool,
    Forgetting,
    LabelledPool,
    RandomSizes,
    SlidingWindow,
    expected_risk,
    j,
)
from theory.expressions.block_size import BlockSize, PoolSize
from theory.models.gaussian_median import GaussianMedianVariance
from theory.moments.fading_sizes import FadingMean
from theory.moments.fading_totals import FadingGain
from theory.moments.labelled_sizes import LabelledMean
from theory.moments.means_over_sizes import AT, MOMENT, MeanOverSizes
from theory.moments.pool_means import PoolMean
from theory.moments.window_sizes import WindowMean
from theory.solver.infinite import GeometricProduct
from theory.solver.modes import ModeSum

KAPPA, COIN, CRAWL = Rational(-1, 4), RandomSizes("t/3 + 2*t**3/3"), RandomSizes("t/(2 - t)")
RATE = Lambda(AT, 1 - 1 / (AT + 1))


def means(sizes, generation):
    return {
        "pool": PoolMean(sizes, KAPPA, 1 / (1 + j), generation),
        "labelled": LabelledMean(sizes, KAPPA, Rational(1, 3), Rational(1, 5), generation),
        "window": WindowMean(sizes, KAPPA, 2, generation),
        "fading": FadingMean(sizes, KAPPA, RATE, generation),
    }


def value(wanted: Indexed, equations, sizes):
    """A letter at whole numbers, by the equations as they are printed."""
    letter, at = str(wanted.base), wanted.indices
    if letter == "N":
        return Integer(sizes[int(at[0]) - 1])
    here = next((e.rhs for e in equations if e.lhs == wanted), None)
    if here is None:
        general = next(e for e in equations if str(e.lhs.base) == letter and not e.lhs.indices[0].is_Integer)
        here = general.rhs.subs(dict(zip(general.lhs.indices, at, strict=True)), simultaneous=True)
    here = here.replace(lambda part: isinstance(part, Sum), lambda part: part.doit())
    return here.xreplace({part: value(part, equations, sizes) for part in here.atoms(Indexed)}).doit()


@pytest.mark.parametrize("name", means(COIN, 3))
@pytest.mark.parametrize("generation", [1, 2, 3])
def test_the_equations_that_are_printed_are_those_of_the_mean(name, generation):
    mean = means(COIN, generation)[name]
    total, equations, table = 0, mean.given_the_sizes(), COIN.support
    for sizes in product(table, repeat=generation):
        chance = prod(table[size] for size in sizes)
        total += chance * value(MOMENT[generation], equations, sizes)
    assert simplify(total).is_Rational
    assert abs(N(mean, 25) - N(total, 25)) < 1e-20 * N(total)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        *((mean, "E[y[3]; y[g] = ") for mean in means(CRAWL, 3).values()),
        (FadingGain(CRAWL, Rational(1, 2), oo), "Integral("),
        (GaussianMedianVariance(Integer(5)), "Var(median(Z_1, ..., Z_5))"),
        (GeometricProduct(1 + Rational(1, 2) ** j, (j, 1, oo)), "Product("),
        (
            ModeSum(Poly(Symbol("x") ** 3 - Symbol("x") - 1), Lambda(Symbol("x"), Symbol("x") ** Symbol("m"))),
            str(RootSum(Poly(Symbol("x") ** 3 - Symbol("x") - 1), Lambda(Symbol("x"), Symbol("x") ** Symbol("m")))),
        ),
    ],
)
def test_numbers_are_printed_in_words_of_the_field(number, words):
    name = type(number).__name__
    assert str(number).startswith(words)
    for text in (str(3 * number), latex(number), latex(Pow(number, 2)), pretty(number)):
        assert name not in text


def test_the_law_of_sizes_and_the_generation_are_told():
    texts = {str(mean) for law in (COIN, CRAWL) for at in (2, 3) for mean in means(law, at).values()}
    assert len(texts) == 16
    assert all("E t**N = " in text for text in texts)


@pytest.mark.parametrize(
    ("workflow", "at"),
    [
        (ContaminatedPool("1/4", sizes=CRAWL), 2),
        (LabelledPool("1/4", share="1/2", sizes=CRAWL), 2),
        (SlidingWindow(2, sizes=CRAWL), 2),
        (Forgetting("1/2", sizes=CRAWL), 2),
        (Accumulate(sizes=CRAWL), 2),
    ],
)
def test_risks_print_no_class(workflow, at):
    risk = expected_risk(Bernoulli("1/3", 4), workflow)
    for shown in (risk.at(at), risk.limit, risk.growth):
        assert not any(part in str(shown) + latex(shown) for part in ("Mean(", "pool_factor(", "RandomSizes("))


def test_the_limit_of_a_curved_pool_names_its_equation():
    limit = expected_risk(Bernoulli("1/3", 4), Accumulate(sizes=CRAWL)).limit
    assert "W(1; (t*W')' = (-1/(4*(t - 2)*(t - 1)))*W, W(0) = 1)" in str(limit)


def own_classes():
    for module in pkgutil.walk_packages(theory.__path__, "theory."):
        for name, found in vars(importlib.import_module(module.name)).items():
            ours = inspect.isclass(found) and issubclass(found, Basic) and str(found.__module__).startswith("theory.")
            if ours and name[0].isupper():
                yield found


def test_every_class_of_expressions_says_how_it_is_printed():
    # Sizes that are not known yet stand in recurrences while these are composed, and never in what is shown.
    inner = {BlockSize, PoolSize}
    silent = {c.__name__ for c in own_classes() if c not in inner and not issubclass(c, Sum) and not _says(c)}
    assert MeanOverSizes in set(own_classes())
    assert silent == set()


def _says(found):
    return any("_sympystr" in vars(base) for base in found.__mro__ if str(base.__module__).startswith("theory."))
