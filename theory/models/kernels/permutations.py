r"""How many kernels a sample carries: the cycles of a random permutation, for any workflow.

A sample of kernel model g is a sample of one of its blocks plus one draw from the kernel; that block's sample came
from an earlier model in the same way. Following it back to real data, the expected density of model g is
:math:`E\,p_g = p_0 * K^{*L}`, with a random number L of convolutions whose generating polynomial obeys

.. math:: e_g(\kappa) = \kappa \Bigl(\omega_g + \sum_{j \le g} w_{g,j}\, e_{j-1}(\kappa)\Bigr), \qquad e_0 = 1,

:math:`\omega_g` the weight of fresh real data. Under accumulate with equal sizes this is Feller's coupling: model g
carries the cycles of a uniformly random permutation of g items, :math:`\kappa(\kappa+1)\cdots(\kappa+g-1)/g!`.
"""

from __future__ import annotations

from flint import fmpq, fmpq_poly
from sympy import Expr, S

from theory.errors import DomainError
from theory.expressions.arguments import generation
from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.numerals import to_flint, to_sympy
from theory.workflows.base import Workflow, exact_weights, verify_workflow


def convolutions(workflow: Workflow, g: int) -> tuple[Expr, ...]:
    r"""Law of the number L of kernel convolutions in model ``g``: P(L = 0), …, P(L = g).

    A simple random subsample leaves it unchanged, for the draw is unbiased.

    Parameters
    ----------
    workflow : Workflow
        Weights must be nonnegative: the model is a mixture over its blocks.
    g : positive integer

    Returns
    -------
    tuple of g + 1 exact numbers
        Rationals when the weights are.

    Raises
    ------
    DomainError
        For negative weights, or a generation that is not a whole number.

    Notes
    -----
    Derived here. Feller (1945), *The fundamental limit theorems in probability*, Bull. AMS 51, for the coupling
    with permutations.

    Examples
    --------
    >>> from theory.workflows import Accumulate, Replace
    >>> convolutions(Accumulate(), 3)
    (0, 1/3, 1/2, 1/6)
    >>> convolutions(Replace(), 3)
    (0, 0, 0, 1)
    """
    verify_workflow(workflow)
    upto = generation("g", g)
    rational = True
    laws: list[list[Expr]] = [[S.One]]
    polynomials = [fmpq_poly([1])]
    for index in range(1, upto + 1):
        weights, fresh = mixture_weights(workflow, index)
        rational = rational and all(weight.is_Rational for weight in (*weights, fresh))
        if rational:
            total = fmpq_poly([to_flint(fresh)])
            for weight, earlier in zip(weights, polynomials, strict=True):
                if weight != 0:
                    total += to_flint(weight) * earlier
            polynomials.append(total * fmpq_poly([0, 1]))
            laws.append([to_sympy(c) for c in _padded(polynomials[-1], index + 1)])
        else:
            law = [S.Zero] * (index + 1)
            law[1] += fresh
            for weight, before in zip(weights, laws, strict=True):
                for times, probability in enumerate(before):
                    law[times + 1] += weight * probability
            laws.append([in_lowest_terms(value) for value in law])
    return tuple(laws[-1])


def mixture_weights(workflow: Workflow, g: int) -> tuple[list[Expr], Expr]:
    """Weights of blocks 1..g and of all fresh real data in model g, verified to be those of a mixture."""
    weights = exact_weights(workflow, g)
    fresh = sum(workflow.fresh_weights(g), S.Zero)
    for place, weight in enumerate(weights, start=1):
        if weight.is_negative:
            raise DomainError(
                f"{type(workflow).__name__}.weights({g}) gives block {place} the weight {weight}: "
                "a kernel density is a mixture over its samples, so weights must not be negative."
            )
    return weights, fresh


def _padded(polynomial: fmpq_poly, length: int) -> list[fmpq]:
    return [polynomial[index] for index in range(length)]
