"""What selfgen says when it cannot answer."""

from __future__ import annotations


def on_one_line(text: str) -> str:
    """The text with what cannot be printed, as a newline or a terminal's commands, written as in Python's ``repr``."""
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


class DomainError(ValueError):
    """An argument lies outside its domain; the message names argument, value and what is allowed.

    Notes
    -----
    Raised here, never by the mathematics: whatever the argument is, the sentence says how to write it. The sentence is
    one line, whatever it repeats of the input: what cannot be printed is written as in Python's ``repr``.

    Examples
    --------
    >>> from theory import Bernoulli
    >>> Bernoulli(p=2, n=10)
    Traceback (most recent call last):
        ...
    theory.errors.DomainError: p = 2 is not allowed: p must be between 0 and 1.
    """

    def __init__(self, *said: object) -> None:
        super().__init__(*(on_one_line(text) if isinstance(text, str) else text for text in said))


class NotDerivedError(DomainError):
    """No argument known to the model covers this workflow: the risk is not derived, and not guessed.

    Notes
    -----
    Raised here; what is not derived can still be simulated.

    Examples
    --------
    >>> from theory import AccumulateSubsample, LinearRegression, expected_risk
    >>> expected_risk(LinearRegression(d=10, T=4, design="shared", signal=1), AccumulateSubsample())
    Traceback (most recent call last):
        ...
    theory.errors.NotDerivedError: ...
    """


class InputWarning(UserWarning):
    """What was given is allowed, and almost surely means something else than is thought; says how to write that.

    Notes
    -----
    Given here, where an amount of data that is in units of n looks like a number of samples.

    Examples
    --------
    >>> import warnings
    >>> from theory import Bernoulli, FreshReal, expected_risk
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     _ = expected_risk(Bernoulli(p="1/2", n=100), FreshReal(real=100))
    >>> caught[0].category.__name__
    'InputWarning'
    """


class LawViolation(AssertionError):
    """A workflow, model or generator of the user's breaks a law; the message is the smallest counterexample found.

    Notes
    -----
    Raised here, by :func:`theory.testing.check_workflow`, :func:`theory.testing.check_model` and
    :func:`numerics.check_generator`.

    Examples
    --------
    >>> from sympy import Rational
    >>> from theory import Weighted
    >>> from theory.testing import check_workflow
    >>> check_workflow(Weighted(lambda g: [Rational(1, g + 1)] * g))
    Traceback (most recent call last):
        ...
    theory.errors.LawViolation: weights are exact, causal and sum to one: broken at g = 1. ...
    """
