r"""Every data set of a tiny Bernoulli chain, enumerated in exact rationals.

The one model whose whole history can be written down: block j is a number of successes, so the joint law
of all blocks, fresh real samples and subsamples is a finite table. It knows nothing of pathways or
recurrences, and is what they are tested against.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from fractions import Fraction
from math import comb

from sympy import Expr, Rational, ilcm

from theory.errors import DomainError
from theory.expressions.arguments import exact
from theory.workflows.base import Workflow, exact_weights

State = tuple[tuple[Fraction, ...], tuple[Fraction, ...], Fraction]


Sampled = Callable[[int, Fraction, int], list[tuple[int, Fraction]]]


def bernoulli_law(
    workflow: Workflow, p: object, n: int, generations: int, sampled: Sampled | None = None
) -> list[dict[Fraction, Fraction]]:
    """Law of the fitted probability at each generation 1 … ``generations``, as {value: probability}.

    Parameters
    ----------
    workflow : Workflow
        With numbers for parameters.
    p : rational
        Success probability of the real data. Negative weights may leave [0, 1]: probabilities are then
        signed, and moments still those that the recurrences state.
    n : int
        Samples in a unit block; n·s(j), n·real and n·budget must be whole numbers.
    generations : int
    sampled : callable, optional
        Law of the successes in block g of so many samples, given the weighted mean that model g − 1 was fitted on:
        ``sampled(count, mean, g)``. The law that is returned is then that of the weighted mean. Binomial if left out.
    """
    truth = _fraction("p", p)
    # A state holds what the future depends on: all block means, fresh real ones that are kept, and the current model.
    states: dict[State, Fraction] = {((), (), truth): Fraction(1)}
    laws = []
    for g in range(1, generations + 1):
        count = _whole(f"n·s({g})", n * workflow.size(g))
        weights = [_fraction("weight", weight) for weight in exact_weights(workflow, g)]
        shares = [_fraction("fresh weight", share) for share in workflow.fresh_weights(g)]
        fresh = _fresh_law(workflow, g, n, truth)
        source = truth + _fraction("bias of the real data", workflow.fresh_bias(1)) if g == 1 else None
        following: dict[State, Fraction] = defaultdict(Fraction)
        for (blocks, real, model), mass in states.items():
            if sampled is None or source is not None:
                law_of_block = _binomial(count, model if source is None else source)
            else:
                law_of_block = sampled(count, model, g)
            for successes, chance in law_of_block:
                extended = (*blocks, Fraction(successes, count))
                for drawn, probability in fresh:
                    kept = (*real, drawn) if g > 1 else ()
                    centre = _centre(weights, extended) + _centre(shares[-len(kept) :], kept)
                    for fitted, likely in _fits(workflow, g, n, centre, extended):
                        held = kept if workflow.keeps_fresh else ()
                        following[extended, held, fitted] += mass * chance * probability * likely
        states = following
        law: dict[Fraction, Fraction] = defaultdict(Fraction)
        for (_, _, model), mass in states.items():
            law[model] += mass
        laws.append(dict(law))
    return laws


def bernoulli_moments(workflow: Workflow, p: object, n: int, generations: int) -> list[tuple[Rational, Rational]]:
    """(E θ_g, E (θ_g − p)²) at each generation, exactly."""
    truth = _fraction("p", p)
    moments = []
    for law in bernoulli_law(workflow, p, n, generations):
        mean = sum(value * mass for value, mass in law.items())
        square = sum((value - truth) ** 2 * mass for value, mass in law.items())
        moments.append((Rational(mean), Rational(square)))
    return moments


def amounts_of(workflow: Workflow, generations: int) -> list[Expr]:
    """Everything that is sampled, in units of n."""
    amounts: list[Expr] = []
    for g in range(1, generations + 1):
        draw = workflow.draw(g)
        amounts += [workflow.size(g), workflow.fresh_size(g)] + ([] if draw is None else [draw.size])
    return amounts


def smallest_sample(workflow: Workflow, generations: int) -> int:
    """The smallest n for which all numbers of samples up to ``generations`` are whole."""
    amounts = amounts_of(workflow, generations)
    for amount in amounts:
        if not amount.is_Rational:
            raise DomainError(f"a block of {amount} unit blocks cannot be sampled: sizes must be rational numbers.")
    return int(ilcm(1, *(amount.q for amount in amounts)))


def _centre(weights: list[Fraction], means: tuple[Fraction, ...]) -> Fraction:
    """The weighted sum; the last means alone where fewer are held than have weights."""
    return sum((weight * mean for weight, mean in zip(weights, means, strict=False)), Fraction(0))


def _fresh_law(workflow: Workflow, g: int, n: int, truth: Fraction) -> list[tuple[Fraction, Fraction]]:
    """Means of the real samples drawn afresh at generation g, with their probabilities; of none, one that is certain.

    Model 1 is fitted on block 1, whatever the methods for later generations say of it.
    """
    if g == 1 or workflow.fresh_weight(g) == 0:
        return [(Fraction(0), Fraction(1))]
    count = _whole("n·real", n * workflow.fresh_size(g))
    mean = truth + _fraction("bias of the real data", workflow.fresh_bias(g))
    return [(Fraction(successes, count), chance) for successes, chance in _binomial(count, mean)]


def _fits(
    workflow: Workflow, g: int, n: int, centre: Fraction, blocks: tuple[Fraction, ...]
) -> list[tuple[Fraction, Fraction]]:
    """Values of the fitted model with their probabilities, given all blocks and their weighted mean."""
    draw = workflow.draw(g)
    if draw is not None:
        sizes = [_whole("n·s", n * workflow.size(index)) for index in range(1, g + 1)]
        ones = int(sum(size * mean for size, mean in zip(sizes, blocks, strict=True)))
        drawn = _whole("n·budget", n * draw.size)
        law = (
            _binomial(drawn, Fraction(ones, sum(sizes)))
            if draw.replacement
            else _hypergeometric(sum(sizes), ones, drawn)
        )
        return [(Fraction(successes, drawn), chance) for successes, chance in law]
    return [(centre, Fraction(1))]


def _binomial(count: int, p: Fraction) -> list[tuple[int, Fraction]]:
    return [(k, comb(count, k) * p**k * (1 - p) ** (count - k)) for k in range(count + 1)]


def _hypergeometric(total: int, ones: int, drawn: int) -> list[tuple[int, Fraction]]:
    ways = comb(total, drawn)
    law = [(k, Fraction(comb(ones, k) * comb(total - ones, drawn - k), ways)) for k in range(min(ones, drawn) + 1)]
    return [(k, chance) for k, chance in law if chance]


def _fraction(name: str, value: object) -> Fraction:
    number = exact(name, value)
    if not number.is_Rational:
        raise DomainError(f"{name} = {value} is not a rational number: enumeration needs one.")
    return Fraction(int(number.p), int(number.q))


def _whole(name: str, value: Expr) -> int:
    if not (value.is_Integer and value >= 1):
        raise DomainError(f"{name} = {value} is not a whole number of samples, 1 or more.")
    return int(value)
