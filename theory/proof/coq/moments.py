r"""The moments of a recurrence in closed form, written in atoms of the Coq library."""

from __future__ import annotations

from dataclasses import replace

from sympy import Dummy, Expr, ImmutableMatrix, S, cancel, factor, together

from theory.errors import NotDerivedError
from theory.expressions.signs import Ranges
from theory.moments.recurrence import MomentRecurrence
from theory.proof.coq.text import Atoms, coq_term, never_zero
from theory.proof.coq.theorem import grouped
from theory.solver.system import solve_recurrence
from theory.solver.tidy import orient


def neat(expression: Expr, ranges: Ranges) -> Expr:
    """One fraction, in factors that are written with the sign they have."""
    return orient(factor(cancel(together(expression))), ranges)


def solved(recurrence: MomentRecurrence, atoms: Atoms, about: str) -> tuple[Expr, ...]:
    """Every moment in closed form, in atoms.

    Raises
    ------
    NotDerivedError
        When there is no closed form, or none that the library can name.
    """
    size = recurrence.matrix.shape[0]
    if size == 1:
        return (_scalar(recurrence, atoms, about),)
    found = []
    for index in range(size):
        row = [[S.One if col == index else S.Zero for col in range(size)]]
        single = replace(recurrence, readout=ImmutableMatrix(row), shift=S.Zero, early=())
        closed = solve_recurrence(single)
        if closed is None:
            raise NotDerivedError(f"{about} has coupled moments without a closed form: it cannot be exported.")
        try:
            found.append(neat(atoms.write(closed), atoms.ranges))
        except NotDerivedError as unnamed:
            raise NotDerivedError(
                f"{about} has coupled moments whose closed form the Coq library cannot name: rational functions, "
                f"harmonic numbers and powers of rational numbers can be exported."
            ) from unnamed
    return tuple(found)


def _scalar(recurrence: MomentRecurrence, atoms: Atoms, about: str) -> Expr:
    """The moment in closed form; where the library has no name for that, a sum or a product over generations."""
    single = replace(recurrence, readout=ImmutableMatrix([[S.One]]), shift=S.Zero, early=())
    closed = solve_recurrence(single)
    if closed is not None:
        kept = dict(atoms.terms)
        try:
            return neat(atoms.write(closed), atoms.ranges)
        except NotDerivedError:
            atoms.terms.clear()
            atoms.terms.update(kept)
    (p,), (f,), (initial,) = recurrence.matrix, recurrence.forcing, recurrence.initial
    g, start = recurrence.symbol, atoms.first + 1
    names = {g: "INR i"}
    if p == 1:
        return initial + atoms.opaque("sum", coq_term(f, names), start)
    product = atoms.opaque("product", coq_term(p, names), start)
    fixed = cancel(f / (1 - p))
    if not fixed.has(g):
        return neat(fixed + (initial - fixed) * product, atoms.ranges)
    if not never_zero(p.subs(g, start + Dummy("u", integer=True, nonnegative=True)), atoms.ranges):
        raise NotDerivedError(f"{about} has a factor that may vanish: variation of constants cannot be exported.")
    inner = f"{grouped(coq_term(f, names))} / product {start} (fun i => {coq_term(p, names)}) i"
    return product * (initial + atoms.opaque("sum", inner, start))
