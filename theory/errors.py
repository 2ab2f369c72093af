"""What selfgen says when it cannot answer."""

from __future__ import annotations


class DomainError(ValueError):
    """An argument lies outside its domain; the message names argument, value and what is allowed."""


class NotDerivedError(DomainError):
    """No argument known to the model covers this workflow: the risk is not derived, and not guessed."""


class InputWarning(UserWarning):
    """What was given is allowed, and almost surely means something else than is thought; says how to write that."""


class LawViolation(AssertionError):
    """A workflow or a model of the user's breaks a law; the message is the smallest counterexample found."""
