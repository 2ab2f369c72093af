"""Property-based tests for workflows and models: the laws that every workflow and model keeps.

>>> from theory import Accumulate
>>> from theory.testing import check_workflow
>>> check_workflow(Accumulate())
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

from sympy import Expr, Float, Integer, N, Rational, S, ilcm, sympify

from theory.errors import DomainError, LawViolation, NotDerivedError
from theory.expressions.arguments import exact, generation, quoted
from theory.expressions.signs import ball_sign, sign
from theory.models.exponential_family import Bernoulli
from theory.models.real_data import derived_recurrence
from theory.moments.composition import FIRST_DRAWS, compose
from theory.moments.pathway_recurrence import PathwayRecurrence
from theory.moments.stated_dynamics import verify_stated
from theory.testing.enumeration import amounts_of, bernoulli_moments, smallest_sample
from theory.testing.random_sizes import check_random_sizes
from theory.testing.rounded import Rounded
from theory.workflows.base import Workflow, exact_weights, pooled_blocks, probes
from theory.workflows.dynamics import PoolDynamics, VaryingPool

#: Blocks at which a size is looked at, beside those next to its sign changes.
_BLOCKS = (*range(1, 65), 100, 128, 256, 512, 1000, 1024)
#: Models of a chain in turns whose risks are compared.
_LONGEST_CHAIN = 40
#: Decimal places to which irrational risks are compared with those of rounded weights.
_PLACES = 30
#: Data sets of a chain that is enumerated; with rounded weights every fraction has hundreds of digits.
_MOST_STATES, _FEWER_STATES = 1000, 100


def check_workflow(workflow: Workflow, generations: int = 12) -> None:
    r"""Check the laws that any workflow must keep, on its first generations.

    1. Sizes are exact and positive: on the first blocks, at powers of two to 1024, and next to every sign change of a
       rational schedule. Fresh real data that have a weight have a size.
    2. Weights are exact real numbers, none below zero, one for each block so far (causal), the same when asked again,
       and sum to one with the weight of fresh real data.
    3. A subsample has an exact positive size, and without replacement no more samples than there are.
       What it says of its rows, of pooled blocks and of models fitted on real data alone is what its weights say.
    4. Its dynamics, if it states any, are those of its weights and draws, whatever their kind: up to two generations
       after they start at least.
    5. Unbiased: on a Bernoulli chain enumerated in full, :math:`E\theta_g = p`.
    6. The exact risk is that of the enumerated Bernoulli chain.
    7. Without fresh real data the risk never falls below that of the real data alone.

    Where block sizes are random, laws 5 and 6 are checked over every history of sizes.

    Of several models that read one another these are the laws of the chain in which they take turns, and
    8. the risk by their covariances is that of the chain.

    Cases are tried from the smallest up, so that the first failure is the smallest counterexample.

    Parameters
    ----------
    workflow : Workflow
        Built in or your own, with numbers for parameters.
    generations : int, default 12
        Weights and dynamics are checked so far; enumeration stops earlier where it would grow large.

    Raises
    ------
    LawViolation
        Naming the law, the generation, what was expected and what was found; also where a method of the workflow
        raises an error of its own.
    NotDerivedError
        When the workflow draws subsamples in a way that no derivation covers: there is nothing to check.

    Notes
    -----
    Irrational weights are enumerated rounded to sixty places, and risks then compared to thirty. Of dynamics that
    converge the first generations are compared, their limit, and whether weights of generation 64 are nearer to the
    limiting ones than those of generation 16.

    Law 7 is derived here; the others are what a mean of blocks is.

    Examples
    --------
    >>> from sympy import Rational
    >>> from theory import Weighted
    >>> check_workflow(Weighted(lambda g: [Rational(1, g + 1)] * g))
    Traceback (most recent call last):
        ...
    theory.errors.LawViolation: weights are exact, causal and sum to one: broken at g = 1. ...
    """
    upto = generation("generations", generations)
    if not isinstance(workflow, Workflow):
        raise DomainError(f"workflow = {quoted(workflow)} is not a workflow: give an instance of a Workflow subclass.")
    with _law("a workflow says which symbols it has", 1):
        symbols = workflow.free_symbols
    if symbols:
        names = ", ".join(sorted(symbol.name for symbol in symbols))
        raise DomainError(f"workflow = {workflow} has symbols ({names}): laws are checked on numbers.")
    if workflow.random_sizes is not None:
        with _law("exact value = brute force", None):
            check_random_sizes(workflow, upto)
        return
    if workflow.chain is not workflow:
        check_workflow(workflow.chain, generations)
        with _law("an ecosystem is the chain of its models in turns", None):
            _turns_law(workflow, upto)
        return
    _size_law(workflow)
    for g in range(1, upto + 1):
        with _law("weights are exact, causal and sum to one", g):
            _weights_law(workflow, g)
        with _law("a subsample is of samples that there are", g):
            _draw_law(workflow, g)
        with _law("what is said of rows and real data is what the weights say", g):
            _said_law(workflow, g)
    with _law("what is said of pooled blocks is what the weights say", None):
        pooled_blocks(workflow)
    with _law("dynamics agree with weights", None):
        verify_stated(workflow.dynamics(), workflow, upto)
    with _law("exact value = brute force", None):
        _enumeration_laws(workflow, upto)
    with _law("without fresh real data the risk is never below the real-data-only risk", None):
        _floor_law(workflow, upto)


@contextmanager
def _law(law: str, g: int | None) -> Iterator[None]:
    """Whatever goes wrong inside breaks the law; a message that says so itself is left as it is."""
    try:
        yield
    except NotDerivedError:
        raise
    except (DomainError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
        said = str(error) if isinstance(error, DomainError) else f"{type(error).__name__}: {error}"
        if said.startswith(law):
            raise LawViolation(said) from error
        raise LawViolation(f"{law}: broken{'' if g is None else f' at g = {g}'}. {said}") from error


def _amount(what: str, value: Any) -> Expr:
    """An exact positive real number."""
    if isinstance(value, float) or getattr(value, "has", lambda kind: False)(Float):
        raise DomainError(f"{what} = {value} is a float: give an exact number.")
    number = exact(what, value)
    if not number.is_number:
        raise DomainError(f"{what} = {number} is not a number.")
    if _sign(what, number) <= 0:
        raise DomainError(f"{what} = {number}, and must be positive.")
    return number


def _sign(what: str, number: Expr) -> int:
    """The sign of an exact real number; one that no ball tells from 0 counts as 0."""
    if number.is_real is False:
        raise DomainError(f"{what} = {number} is not a real number.")
    # SymPy looks for the minimal polynomial of a sum of roots, which takes minutes; of a product it asks the factors.
    found = ball_sign(number) if number.is_Add else sign(number)
    if found is None and not N(number, 50, chop=True).is_real:
        raise DomainError(f"{what} = {number} is not a real number.")
    return found or 0


def _size_law(workflow: Workflow) -> None:
    with _law("sizes are exact and positive", None):
        blocks = sorted({*_BLOCKS, *probes(workflow.schedule)})
    for index in blocks:
        with _law("sizes are exact and positive", index):
            _amount(f"the size of block {index}", workflow.size(index))


def _weights_law(workflow: Workflow, g: int) -> None:
    weights = exact_weights(workflow, g)
    for index, weight in enumerate(weights, start=1):
        if not weight.is_number or weight.has(Float):
            raise DomainError(
                f"weights are exact numbers: broken at g = {g}, where the weight of block {index} is {weight}."
            )
        if _sign(f"the weight of block {index}", weight) < 0:
            raise DomainError(f"The weight of block {index} is {weight}: weights must be 0 or more.")
    if exact_weights(workflow, g) != weights:
        raise DomainError("Asked again, weights() gives others: they must depend on the generation alone.")
    for name, stated, row in (
        ("weight_runs", workflow.weight_runs(g), weights),
        ("fresh_runs", workflow.fresh_runs(g), list(workflow.fresh_weights(g))),
    ):
        if stated is not None and [weight for count, weight in stated for _ in range(count)] != row:
            raise DomainError(f"{name}({g}) is {stated}, and the weights are {row}.")
    if g > 1:
        _fresh_law(workflow, g)


def _turns_law(workflow: Workflow, upto: int) -> None:
    """Every law holds for the chain; the risk must be that of its models."""
    curvature, last = Rational(-1, 7), min(workflow.place(upto), _LONGEST_CHAIN)
    stated = iter(compose(workflow, noise=S.One, curvature=curvature).values())
    places = {workflow.place(g) for g in range(1, upto + 1)}
    found = PathwayRecurrence(workflow.chain, curvature).values()
    for index, value in enumerate(islice(found, last), start=1):
        if index in places:
            risk = next(stated)
            if risk != value:
                raise DomainError(f"Model {index} of the chain has risk {value}, and the dynamics say {risk}.")


def _fresh_law(workflow: Workflow, g: int) -> None:
    shares = list(workflow.fresh_weights(g))
    if len(shares) != g:
        raise DomainError(f"fresh_weights({g}) has {len(shares)} entries: give one for each generation so far.")
    newest = workflow.fresh_weight(g)
    first, last = sympify(shares[0]), sympify(shares[-1]) - sympify(newest)
    if any(part != 0 and _sign("the weight of fresh real data", part) != 0 for part in (first, last)):
        raise DomainError(
            f"fresh_weights({g}) begins with {shares[0]} and ends with {shares[-1]}: the real data of generation 1 are "
            f"block 1, and fresh_weight({g}) is {newest}."
        )
    for index, share in enumerate(shares, start=1):
        if isinstance(share, float) or getattr(share, "has", lambda kind: False)(Float):
            raise DomainError(f"The weight of fresh real data is {share}, a float: give an exact fraction.")
        sign = _sign("the weight of fresh real data", exact("fresh_weight", share))
        if sign < 0:
            raise DomainError(f"The weight of fresh real data is {share}: weights must be 0 or more.")
        if sign > 0 and index < g and not workflow.keeps_fresh:
            raise DomainError(
                f"The real data drawn at generation {index} have the weight {share}, and keeps_fresh is False."
            )
        if sign > 0:
            _amount(
                f"fresh_size({index}), where fresh_weights({g})[{index - 1}] is {share},", workflow.fresh_size(index)
            )


def _said_law(workflow: Workflow, g: int) -> None:
    """Models that look at :meth:`Workflow.rows` and ``real_only`` are answered by these, not by the weights."""
    said, counted = sympify(workflow.rows(g)), sympify(Workflow.rows(workflow, g))
    if said != counted and _sign("rows", said - counted) != 0:
        raise DomainError(f"rows({g}) is {said}, and the samples that have a weight are {counted} in units of n.")
    amount = workflow.real_only
    if amount is None or g == 1:
        return
    synthetic = [index for index, weight in enumerate(exact_weights(workflow, g), start=1) if index > 1 and weight != 0]
    if synthetic:
        raise DomainError(f"real_only is {amount}, and block {synthetic[0]}, which is synthetic, has a weight.")
    if _sign("real_only", sympify(amount) - counted) != 0:
        raise DomainError(f"real_only is {amount}, and the samples that have a weight are {counted} in units of n.")


def _draw_law(workflow: Workflow, g: int) -> None:
    draw = workflow.draw(g)
    if draw is None:
        return
    size = _amount("the subsample", draw.size)
    pool = sum((workflow.size(index) for index in range(1, g + 1)), S.Zero)
    if not draw.replacement and _sign("pool", pool - size) < 0:
        raise DomainError(f"n·{size} samples are drawn without replacement from n·{pool}.")


def _enumeration_laws(workflow: Workflow, upto: int) -> None:
    if not _enumerable(workflow, upto):
        return  # no Bernoulli chain has such blocks
    rational = all(
        sympify(weight).is_Rational
        for g in range(1, upto + 1)
        for weight in (*exact_weights(workflow, g), *workflow.fresh_weights(g))
    )
    chain = workflow if rational else Rounded(workflow)
    cases = _tiny_chains(workflow, upto, _MOST_STATES if rational else _FEWER_STATES)
    furthest = {n: g for g, n in cases}
    runs = {
        (n, p): _risks(workflow, chain, p, n, last)
        for n, last in furthest.items()
        for p in (Rational(1, 2), Rational(1, 3))
    }
    biases = _biases(chain, upto)
    for g, n in cases:
        for p in (Rational(1, 2), Rational(1, 3)):
            (mean, square), derived = runs[n, p][g - 1]
            case = f"g = {g}, n = {n}, p = {p}"
            if mean != p + biases[g - 1]:
                raise LawViolation(f"unbiased: broken on a Bernoulli chain at {case}, where the mean is {mean}.")
            if derived != square and (rational or abs(N(derived - square, 2 * _PLACES)) > Rational(1, 10**_PLACES)):
                found = square if rational else N(square, _PLACES)
                raise LawViolation(
                    f"exact value = brute force: broken on a Bernoulli chain at {case}, where enumeration gives "
                    f"{found} and the derived risk is {derived}."
                )


def _biases(workflow: Workflow, upto: int) -> list[Expr]:
    """E θ_g − θ_0 at each generation, from the biases of the real data alone."""
    found: list[Expr] = []
    for g in range(1, upto + 1):
        real = [workflow.fresh_bias(1), *found]
        fresh = [S.Zero, *(workflow.fresh_bias(i) for i in range(2, g + 1))]
        told = zip((*workflow.weights(g), *workflow.fresh_weights(g)), (*real, *fresh), strict=True)
        found.append(sum((sympify(weight) * bias for weight, bias in told), S.Zero))
    return found


def _risks(
    workflow: Workflow, chain: Workflow, p: Rational, n: int, last: int
) -> list[tuple[tuple[Rational, Rational], Expr]]:
    """Mean and risk by enumeration, and the derived risk, of generations 1 … ``last``."""
    # Blocks later than the last may hold a fraction of one sample out of so few: that is no law broken.
    recurrence = derived_recurrence(Bernoulli(p, n), workflow, "squared")  # type: ignore[arg-type]
    derived = islice(recurrence.values(), last)
    return list(zip(bernoulli_moments(chain, p, n, last), derived, strict=True))


def _enumerable(workflow: Workflow, upto: int) -> bool:
    """Whether all numbers of samples are fractions of n."""
    return all(sympify(amount).is_Rational for amount in amounts_of(workflow, upto))


def _tiny_chains(workflow: Workflow, upto: int, most: int) -> list[tuple[int, int]]:
    """(generation, n) with few enough data sets to enumerate, smallest first."""
    cases = []
    dynamics = workflow.dynamics()
    drawn = [S.One]
    if isinstance(dynamics, PoolDynamics):
        drawn = [sympify(dynamics.budget)]
    if isinstance(dynamics, VaryingPool):
        first = dynamics.whole_until + 1
        drawn = [sympify(dynamics.budget_at(Integer(g))) for g in range(first, first + FIRST_DRAWS)]
        if not all(budget.is_Rational for budget in drawn):
            return []
    for g in range(1, upto + 1):
        n = int(ilcm(smallest_sample(workflow, g), *(budget.q for budget in drawn)))
        for multiple in (1, 2):
            states = 1
            for index in range(1, g + 1):
                states *= int(multiple * n * workflow.size(index)) + 1
                states *= int(multiple * n * workflow.fresh_size(index)) + 1
            if states <= most:
                cases.append((g, multiple * n))
    return cases


def _floor_law(workflow: Workflow, upto: int) -> None:
    if any(workflow.fresh_weight(g) != 0 for g in range(2, upto + 1)):
        return
    recurrence = compose(workflow, noise=S.One, curvature=S.Zero, exactness="leading order")
    floor = 1 / workflow.size(1)
    for g, value in enumerate(islice(recurrence.values(), upto), start=1):
        if _sign("the risk", value - floor) < 0:
            raise LawViolation(
                f"without fresh real data the risk is never below the real-data-only risk: broken at g = {g}, where "
                f"the ratio is {value / floor}."
            )
