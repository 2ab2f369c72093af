"""A model: how a fitted parameter answers its data."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import fields, replace
from typing import Any, ClassVar, Self

from sympy import Basic, Expr, S, Symbol, oo, sympify

from theory.errors import DomainError, NotDerivedError
from theory.expressions.arguments import quoted, replacements
from theory.expressions.signs import ranges_of
from theory.expressions.symbols import j
from theory.moments.higher_moments import QuadraticNoise
from theory.moments.recurrence import Recurrence
from theory.workflows.base import Workflow


class Model(ABC):
    r"""What is fitted at every generation, and the moments of its sampling law.

    A model answers one question, :meth:`recurrence`: which moments of
    :math:`\delta_g = \theta_g - \theta_0` carry its expected risk under a workflow, and how do they move
    from one generation to the next? Most models need only say how noisy one unit block is and how that
    noise depends on the current parameter; the composition does the rest.

    Notes
    -----
    Derived here. To write your own, see :class:`theory.models.ExponentialFamily` and docs/guides/own_model.md.

    Examples
    --------
    >>> from theory import Poisson, Replace
    >>> model = Poisson(rate=3, n=10)
    >>> model.losses, model.parameters
    (('squared', 'kl', 'fourth'), {'rate': 3, 'n': 10})
    >>> model.recurrence(Replace(), "squared").at(4)
    6/5
    """

    name: ClassVar[str]
    losses: ClassVar[tuple[str, ...]] = ("squared",)
    #: Those of the losses of which more is better.
    gains: ClassVar[tuple[str, ...]] = ()
    #: What each parameter is: "count", "positive", "probability" or "real"; says over what a symbol in its place runs.
    roles: ClassVar[dict[str, str]] = {}
    #: The values of parameters that are words, by name.
    choices: ClassVar[dict[str, tuple[str, ...]]] = {}
    #: Parameters that random models leave as they are: at other values few workflows are derived.
    left_alone: ClassVar[frozenset[str]] = frozenset()
    #: Whether the next block is drawn from the mixture that the weights make, which must be a law.
    draws_from_mixture: ClassVar[bool] = False
    #: Losses that are derived where the workflow draws real data that are biased themselves.
    of_biased_data: ClassVar[tuple[str, ...]] = ()

    @property
    def leeway(self) -> tuple[Expr, Expr]:
        """Least and greatest bias that real data may have, so that some law of the model has their mean."""
        return -oo, oo

    @property
    def of_random_sizes(self) -> tuple[str, ...]:
        """Losses whose noise, given the past, is proportional to 1/size, so that means of 1/size are all they need."""
        return ()

    @property
    def unit_block(self) -> Expr | None:
        """Samples in a unit block, ``n``; None for a model that counts its data in another way."""
        given = getattr(self, "n", None)
        return sympify(given) if isinstance(given, (int, Expr)) else None

    @classmethod
    def general(cls) -> dict[str, Model]:
        """A model of each kind, symbols for its parameters, by what tells the kinds apart; most have one, called "".

        Tables of what is derived have a row for each, and random models are these with numbers.
        """
        return {"": cls()}

    @property
    def is_degenerate(self) -> bool:
        """Whether all data are alike, so that there is no risk to speak of."""
        return False

    @property
    def fits_alike(self) -> bool:
        """Whether the same data give the same fit at every generation: no parameter depends on ``theory.j``."""
        return not any(isinstance(value, Expr) and value.has(j) for value in self.parameters.values())

    @abstractmethod
    def recurrence(self, workflow: Workflow, loss: str) -> Recurrence:
        """The moment recurrence of this model under ``workflow``."""

    def part(self, workflow: Workflow, loss: str, part: str) -> Recurrence:
        """The recurrence of the "bias" of the fitted parameter, or of its "variance" about its own mean.

        Raises
        ------
        NotDerivedError
            Where no argument of the model splits its loss.
        """
        raise NotDerivedError(f"the {part} of {type(self).__name__} with loss = {loss!r} is not derived.")

    def finite_variance(self, workflow: Workflow, loss: str) -> Basic:
        """Condition under which the loss itself has a finite variance, so that its average has a standard error."""
        return S.true

    def noise(self) -> QuadraticNoise | None:
        """How a block scatters around the model it is drawn from, where that is known to every order; else None."""
        return None

    def second_moment(self, workflow: Workflow, loss: str) -> Recurrence | None:
        """E loss² as a recurrence, exact at every n, so that the variance of the loss is known; None if not derived."""
        return None

    def remainder(self) -> str:
        """The order of what a result to leading order leaves out, relative to it: its size is not bounded."""
        return "1/n"

    def ranges(self) -> dict[Symbol, Expr]:
        """Parameters that are symbols, in variables that run over [0, ∞); see :mod:`theory.expressions.signs`."""
        return ranges_of(self.roles, self.parameters)

    def leading_recurrence(self, workflow: Workflow, loss: str) -> Recurrence:
        """The same to leading order in 1/n, where a closed form is within reach more often."""
        return self.recurrence(workflow, loss)

    def leading_part(self, workflow: Workflow, loss: str, part: str) -> Recurrence:
        """:meth:`part` to leading order in 1/n, where that is another."""
        return self.part(workflow, loss, part)

    @property
    def parameters(self) -> dict[str, Any]:
        """Constructor arguments by name, verified."""
        return {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]

    @property
    def settings(self) -> dict[str, Any]:
        """Every parameter that may be named alone: those of a model inside another among them."""
        return self.parameters

    @property
    def in_symbols(self) -> dict[str, object]:
        """What stands for parameters in :meth:`with_symbols`: None, a symbol, for numbers that may be left out.

        Anything else (a truth, a rule for bandwidths) has a meaning of its own.
        """
        given = self.parameters
        return {
            field.name: None
            for field in fields(self)  # type: ignore[arg-type]
            if field.default is None and isinstance(given[field.name], Expr)
        }

    def with_symbols(self) -> Self | None:
        """The model with symbols for its numbers; None where it does not take symbols."""
        try:
            return replace(self, **self.in_symbols)  # type: ignore[type-var]
        except DomainError:
            return None

    def changed(self, name: str, value: object) -> Self:
        """The model with another value for a parameter, verified again."""
        return replace(self, **{name: value})  # type: ignore[type-var]

    @property
    def free_symbols(self) -> set[Any]:
        """Symbols in its parameters."""
        found: set[Any] = set()
        for value in self.parameters.values():
            if isinstance(value, Expr):
                found |= value.free_symbols
        return found

    def subs(self, *args: Any, **kwargs: Any) -> Self:
        """The model with symbols replaced in its parameters, as in SymPy."""
        pairs = replacements(self.free_symbols, args, kwargs)
        changed = {name: value.subs(pairs) for name, value in self.parameters.items() if isinstance(value, Expr)}
        return replace(self, **changed)  # type: ignore[type-var]

    def verify_loss(self, loss: str) -> None:
        """Refuse a loss that is none of the model's ``losses``, with a DomainError."""
        if not (isinstance(loss, str) and loss in self.losses):
            raise DomainError(
                f"loss = {quoted(loss)} is not a loss of {type(self).__name__}: use {', '.join(self.losses)}."
            )
