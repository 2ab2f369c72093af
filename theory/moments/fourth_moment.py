r"""The fourth moment of the error of a scalar family, as a recurrence: its own risk, and the spread of a squared error.

With a linear state z (:class:`theory.workflows.dynamics.LinearDynamics`) every monomial of degree four of
:math:`z_g = S z_{g-1} + b\,\bar x_g + c\,\varrho_g` has a conditional expectation of degree at most four in
:math:`z_{g-1}`, by the moments of a block given the model that it is drawn from
(:mod:`theory.moments.block_law`), for a model that leans or shrinks too. Moments of degree four and less therefore
close in a triangular recurrence, with parameters that may be symbols; without a bend first moments vanish. Under
replace its eigenvalues are then the products of 1 + k v_2/N over k < 2, 3 and 4.

Where the newest noise alone moves the model (:func:`theory.workflows.dynamics.random_walk`), the expectations of V,
VV' and V² at the model are moments that nothing forces, and the first two move by factors of their own (derived here):
of those a closed form is found more often.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import combinations_with_replacement

from sympy import Dummy, Expr, Matrix, S, eye, zeros

from theory.errors import NotDerivedError
from theory.expressions.arithmetic import Arithmetic
from theory.expressions.fraction_field import in_lowest_terms, lowest_with_power
from theory.moments.bent import LATEST_START, Bend, needed
from theory.moments.block_law import BlockLaw, Number, Polynomial
from theory.moments.letters import Letters, added, expected, linear, powers, times
from theory.moments.recurrence import MomentRecurrence
from theory.workflows.base import Workflow, exact_weights
from theory.workflows.dynamics import GENERATION, LinearDynamics
from theory.workflows.pathway import block_coefficients

#: States of more numbers make more than 31 moments of degree four or less.
LARGEST_STATE = 2
ORDER = 4


def fourth_moment(workflow: Workflow, bend: Bend) -> MomentRecurrence:
    r"""The recurrence of :math:`E\,\delta_g^4`, exact at every n.

    Raises
    ------
    NotDerivedError
        Where the workflow has no linear state of two numbers or fewer. Numbers are then still exact, see
        :class:`theory.moments.error_power.ErrorPower`.

    Examples
    --------
    >>> from itertools import islice
    >>> from theory import Poisson, Replace
    >>> list(islice(fourth_moment(Replace(), Poisson(rate=1, n=1).bend).values(), 2))
    [4, 27]
    """
    dynamics = workflow.dynamics()
    if not isinstance(dynamics, LinearDynamics) or dynamics.transition.shape[0] > LARGEST_STATE:
        raise NotDerivedError(
            f"workflow = {workflow.name} has no state of {LARGEST_STATE} numbers or fewer: the recurrence of its "
            f"fourth moment is not derived."
        )
    found = _recurrence(workflow, dynamics, bend)
    return _by_variances(found, bend) if _is_walk(dynamics) and bend.straight and bend.curvature != 0 else found


def _recurrence(workflow: Workflow, dynamics: LinearDynamics, bend: Bend) -> MomentRecurrence:
    g = GENERATION
    step = _Step(workflow, dynamics, bend)
    start = dynamics.start if bend.straight else max(dynamics.start, 2)
    blocks = _FirstBlocks(workflow, bend, step.field, start - 1)
    initial = _initial(workflow, dynamics, start, step.monomials, blocks)
    rows = workflow.rows(g) if bend.counts_rows else S.One
    # The first fits may be on fewer samples than the formula for later ones says: those steps are taken by numbers.
    while bend.counts_rows and in_lowest_terms(rows.subs(g, start - 1) - workflow.rows(start - 1)) != 0:
        matrix, forcing = step.table(workflow.rows(start - 1))
        initial = (matrix.subs(g, start) * initial + forcing.subs(g, start)).applyfunc(in_lowest_terms)
        start += 1
        if start > LATEST_START:
            raise NotDerivedError(f"the rows of workflow = {workflow.name} follow no formula.")
    blocks = _FirstBlocks(workflow, bend, step.field, start - 1)
    matrix, forcing = step.table(rows.subs(g, g - 1))
    readout, shift = step.readout(rows)
    found = MomentRecurrence(
        start=start, matrix=matrix, forcing=forcing, readout=readout, shift=shift, initial=initial,
        early=tuple(blocks.fourth(model) for model in range(1, start - 1)),
    )  # fmt: skip
    if bend.straight:
        return found
    if bend.counts_rows and dynamics.readout.shape == (1, 1):
        found = _of_the_model(found, step, rows)
    return needed(found)


def _of_the_model(found: MomentRecurrence, step: _Step, rows: Expr) -> MomentRecurrence:
    """The same by the moments of the model itself, which move more simply than those of its weighted mean."""
    g, field = GENERATION, step.field
    forms = [step.readout(rows, order) for order in range(1, ORDER + 1)]
    change, constant = Matrix.vstack(*(form for form, _ in forms)), Matrix([shift for _, shift in forms])
    now, before = (_rows(field, change.subs(g, at)) for at in (g, g - 1))
    shifts, shifts_before = (field.row(constant.subs(g, at)) for at in (g, g - 1))
    step_rows, inflow = _rows(field, found.matrix), field.row(found.forcing)
    matrix = [_divided(_combined(row, step_rows, field), before, field) for row in now]
    forcing = [
        _dot(row, inflow, field) + shift - _dot(moved, shifts_before, field)
        for row, moved, shift in zip(now, matrix, shifts, strict=True)
    ]
    begin = {g: found.start - 1}
    return replace(
        found, matrix=Matrix([[field.expression(value) for value in row] for row in matrix]),
        forcing=Matrix([field.expression(value) for value in forcing]),
        readout=Matrix([[0] * (ORDER - 1) + [1]]), shift=S.Zero,
        initial=(change.subs(begin) * found.initial + constant.subs(begin)).applyfunc(in_lowest_terms),
    )  # fmt: skip


def _rows(field: _Field, matrix: Matrix) -> list[list[Number]]:
    return [field.row(matrix[row, :]) for row in range(matrix.shape[0])]


def _dot(left: list[Number], right: list[Number], field: _Field) -> Number:
    return sum((a * b for a, b in zip(left, right, strict=True) if a and b), field.zero)


def _combined(row: list[Number], rows: list[list[Number]], field: _Field) -> list[Number]:
    return [_dot(row, [other[col] for other in rows], field) for col in range(len(row))]


def _divided(row: list[Number], triangle: list[list[Number]], field: _Field) -> list[Number]:
    """x with x · triangle = row, for a lower triangle."""
    found = [field.zero] * len(row)
    for col in reversed(range(len(row))):
        rest = sum((found[k] * triangle[k][col] for k in range(col + 1, len(row)) if found[k]), field.zero)
        found[col] = (row[col] - rest) / triangle[col][col]
    return found


class _Field:
    """The numbers that coefficients are made of: rational functions of g and the parameters, or expressions."""

    def __init__(self, workflow: Workflow, dynamics: LinearDynamics, bend: Bend) -> None:
        g = GENERATION
        matrices = (dynamics.transition, dynamics.innovation, dynamics.readout, dynamics.fresh)
        used = [entry for matrix in matrices for entry in matrix]
        used += [value for value in vars(bend).values() if isinstance(value, Expr)]
        used += [workflow.size(g), *([workflow.fresh_size(g)] if any(dynamics.fresh) else [])]
        # The generation is one of the parameters here.
        self._ring = Arithmetic(used, Dummy())
        self.zero, self.one = self.of(S.Zero), self.of(S.One)
        self.law = BlockLaw(bend, self.of)

    def of(self, expression: Expr) -> Number:
        """An expression as a number."""
        return self._ring.constant(expression)

    def row(self, entries: Iterable[Expr]) -> list[Number]:
        """Several of them."""
        return [self.of(entry) for entry in entries]

    def expression(self, number: Number) -> Expr:
        """A number as an expression in lowest terms."""
        found = self._ring.to_expression(number)
        return found if self._ring.is_field else lowest_with_power(found, GENERATION)

    def in_letters(self, moments: list[Polynomial], at: Letters) -> list[Letters]:
        """Polynomials of one letter, at a combination of several."""
        size = len(next(iter(at), ()))
        one: Letters = {(0,) * size: self.one}
        raised = powers(at, one, max(map(len, moments)) - 1)
        found = []
        for moment in moments:
            total: Letters = {}
            for power, value in enumerate(moment):
                if value:
                    total = added(total, raised[power], value)
            found.append(total)
        return found


class _Step:
    """One generation: conditional expectations of monomials of the state."""

    def __init__(self, workflow: Workflow, dynamics: LinearDynamics, bend: Bend) -> None:
        self.workflow, self.dynamics = workflow, dynamics
        self.field = _Field(workflow, dynamics, bend)
        size = dynamics.transition.shape[0]
        # Without a bend no error has a mean.
        degrees = range(2 if bend.straight else 1, ORDER + 1)
        self.monomials = [
            monomial for degree in degrees for monomial in combinations_with_replacement(range(size), degree)
        ]
        self._position = {monomial: index for index, monomial in enumerate(self.monomials)}

    def table(self, rows_before: Expr) -> tuple[Matrix, Matrix]:
        """Every moment by those before, where the model before was fitted on as many rows."""
        g, dynamics, workflow, field = GENERATION, self.dynamics, self.workflow, self.field
        before = dynamics.readout.subs(g, g - 1)
        stay = dynamics.transition - dynamics.innovation * before
        # Letters: the state before, the mean of the new block, and that of fresh real data.
        size = len(before)
        block, real = size, size + 1
        drawn = field.in_letters(
            field.law.block(field.of(workflow.size(g)), field.of(rows_before), ORDER),
            linear([*field.row(before), field.zero, field.zero]),
        )
        fresh = [field.one, *[field.zero] * ORDER]
        if any(entry != 0 for entry in dynamics.fresh):
            fresh = field.law.real(field.of(workflow.fresh_size(g)), ORDER)
        apart: list[Letters] = [{(0,) * (size + 2): value} for value in fresh]
        after = [
            linear(field.row([*stay[index, :], dynamics.innovation[index], dynamics.fresh[index]]))
            for index in range(size)
        ]
        products: dict[tuple[int, ...], Letters] = {(): {(0,) * (size + 2): field.one}}
        count = len(self.monomials)
        matrix, forcing = zeros(count, count), zeros(count, 1)
        for degree in range(1, ORDER + 1):
            for monomial in combinations_with_replacement(range(size), degree):
                products[monomial] = times(products[monomial[:-1]], after[monomial[-1]])
        for row, monomial in enumerate(self.monomials):
            found = expected(expected(products[monomial], real, apart), block, drawn)
            matrix[row, :], forcing[row] = self._form(found)
        return matrix, forcing

    def readout(self, rows: Expr, order: int = ORDER) -> tuple[Matrix, Expr]:
        """E θ^order of the model fitted on as many rows, by the moments of the state, and a constant."""
        field = self.field
        fitted = field.law.fitted(field.of(rows), order)
        return self._form(field.in_letters(fitted[order:], linear(field.row(self.dynamics.readout)))[0])

    def _form(self, polynomial: Letters) -> tuple[Matrix, Expr]:
        """Coefficients of the moments in a polynomial of the state, and what is constant in it."""
        row, constant = zeros(1, len(self.monomials)), S.Zero
        for exponents, coefficient in polynomial.items():
            letters = tuple(index for index, power in enumerate(exponents) for _ in range(power))
            if not letters:
                constant += self.field.expression(coefficient)
            elif letters in self._position:
                row[self._position[letters]] += self.field.expression(coefficient)
        return row, constant


class _FirstBlocks:
    """Joint moments of the first block means, about the truth, under any weights: one block after the other."""

    def __init__(self, workflow: Workflow, bend: Bend, field: _Field, count: int) -> None:
        self._workflow, self._bend, self._field, self.count = workflow, bend, field, count

    def expectation(self, polynomial: Letters) -> Expr:
        """E of a polynomial in the block means, of degree four at most; one more letter is no block."""
        field, law = self._field, self._field.law
        for block in range(self.count, 1, -1):
            moments = law.block(field.of(self._workflow.size(block)), self._rows(block - 1), ORDER)
            conditional = field.in_letters(moments, self._weighted(block - 1))
            polynomial = self._without_fresh(expected(polynomial, block - 1, conditional), block - 1)
        if self.count:
            real = law.real(field.of(self._workflow.size(1)), ORDER)
            polynomial = expected(polynomial, 0, [self._constant(value) for value in real])
        return field.expression(sum(polynomial.values(), field.zero))

    def fourth(self, model: int) -> Expr:
        """E θ⁴ of a model fitted on some of these blocks."""
        fitted = self._field.law.fitted(self._rows(model), ORDER)
        return self.expectation(
            self._without_fresh(self._field.in_letters(fitted[ORDER:], self._weighted(model))[0], model)
        )

    def products(self, rows: Matrix, monomials: list[tuple[int, ...]]) -> list[Expr]:
        """E of monomials of several combinations of the blocks."""
        forms = [linear([*self._field.row(rows[index, :]), self._field.zero]) for index in range(rows.shape[0])]
        found = []
        for monomial in monomials:
            product = self._constant(self._field.one)
            for index in monomial:
                product = times(product, forms[index])
            found.append(self.expectation(product))
        return found

    def _constant(self, value: Number) -> Letters:
        return {(0,) * (self.count + 1): value}

    def _rows(self, model: int) -> Number:
        return self._field.of(self._workflow.rows(model)) if self._bend.counts_rows else self._field.one

    def _weighted(self, model: int) -> Letters:
        """The weighted mean of the data of a model, the last letter that of fresh real data drawn for it."""
        weights = self._field.row(exact_weights(self._workflow, model))
        share = self._field.of(self._workflow.fresh_weight(model)) if model > 1 else self._field.zero
        return linear([*weights, *[self._field.zero] * (self.count - model), share])

    def _without_fresh(self, polynomial: Letters, model: int) -> Letters:
        if model == 1 or self._workflow.fresh_weight(model) == 0:
            return polynomial
        size = self._field.of(self._workflow.fresh_size(model))
        return expected(polynomial, self.count, [self._constant(m) for m in self._field.law.real(size, ORDER)])


def _initial(
    workflow: Workflow, dynamics: LinearDynamics, start: int, monomials: list[tuple[int, ...]], blocks: _FirstBlocks
) -> Matrix:
    """Moments before the first step, of combinations of the first block means."""
    if start == 1:
        return zeros(len(monomials), 1)
    if dynamics.start == 1:
        combination = dynamics.innovation.subs(GENERATION, 1)
    else:
        combination = dynamics.initial * Matrix(block_coefficients(workflow, start - 1)).inv()
    return Matrix(blocks.products(combination, monomials))


# -- where the newest noise alone moves the model ------------------------------------------------------


def _is_walk(dynamics: LinearDynamics) -> bool:
    plain = dynamics.transition == eye(1) and dynamics.readout == eye(1)
    return plain and dynamics.start == 1 and dynamics.fresh[0] == 0


def _by_variances(found: MomentRecurrence, bend: Bend) -> MomentRecurrence:
    """The same by E V, E VV' and E V² at the model, in place of E δ², E δ³ and E δ⁴."""
    v, slope, v2 = bend.variance, bend.slope, bend.curvature
    # V = v + slope δ + v2 δ² and V' = slope + 2 v2 δ, and E δ = 0.
    change = Matrix(
        [
            [v2, 0, 0],
            [3 * v2 * slope, 2 * v2**2, 0],
            [slope**2 + 2 * v * v2, 2 * v2 * slope, v2**2],
        ]
    )
    constant = Matrix([v, v * slope, v**2])
    back = change.inv()

    def lowest(entry: Expr) -> Expr:
        return lowest_with_power(entry, GENERATION)

    matrix = (change * found.matrix * back).applyfunc(lowest)
    return replace(
        found,
        matrix=matrix,
        forcing=(change * found.forcing + constant - matrix * constant).applyfunc(lowest),
        readout=(found.readout * back).applyfunc(lowest),
        shift=in_lowest_terms(-(found.readout * back * constant)[0]),
        initial=(change * found.initial + constant).applyfunc(lowest),
    )
