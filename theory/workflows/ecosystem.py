"""Ecosystem: several models that read one another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from sympy import Expr, ImmutableMatrix, Integer, Matrix, MatrixBase, Min, S, Symbol, eye, factor, ones, zeros

from theory.errors import DomainError, NotDerivedError
from theory.expressions.arguments import (
    Exact,
    exact,
    is_positive_integer,
    is_probability,
    quoted,
    truth_value,
    whole_number,
)
from theory.expressions.fraction_field import in_lowest_terms
from theory.expressions.signs import at_least, sign
from theory.workflows.base import ONE, Workflow
from theory.workflows.capped_real import verified_amount
from theory.workflows.dynamics import CovarianceDynamics

#: Models in one ecosystem, at most: m (m + 1)/2 moments.
MOST_MODELS = 24


@dataclass(frozen=True, init=False, repr=False)
class Ecosystem(Workflow):
    r"""Models :math:`1, \dots, m`, each fitted on blocks that all of them have generated, and on fresh real data.

    .. math:: \theta^i_g = \sum_k W_{ik}\,\bar x^k_g + \lambda_i\,\bar x^{\text{real},i}_g \quad (g \ge 2), \qquad
              \lambda_i = 1 - \sum_k W_{ik},

    where :math:`\bar x^k_g` is the mean of n·s_k samples of model k of generation g − 1, one block for all who read it,
    and model i draws n·ρ_i real samples of its own. At generation 1 model i is fitted on n·s_i real samples of its own
    or, with ``same_start``, all on the same n. So C, the covariance of all deviations in units of a unit block's noise,
    obeys, with κ = v2/n for a family with curvature,

    .. math:: C_g = W\bigl(C_{g-1} + \operatorname{diag}\tfrac{1 + \kappa C_{kk,g-1}}{s_k}\bigr)W^\top +
              \operatorname{diag}\tfrac{\lambda_i^2}{\rho_i}.

    The risk is that of the model ``observed``, counted from 0.

    Parameters
    ----------
    weights : m × m table of numbers or expressions
        W, row by row; as text, ``"3/4 1/4; 1/4 3/4"``.
    fresh : m numbers or expressions, optional
        λ, the weights of fresh real data; without it what the rows of W leave of 1.
    sizes : m amounts, or one for all; default 1
        s, samples that each model generates at every generation, in units of n.
    observed : whole number, default 0
        Whose risk is asked for.
    real : m amounts, or one for all; default 1
        ρ, fresh real samples a generation, in units of n, of those models that weigh them.
    same_start : bool, default False
        Whether the first models are all fitted on the same n real samples.

    Notes
    -----
    Derived here; see docs/guides/ecosystems.md and :mod:`theory.design.ecosystems`. Other models than those whose risk
    follows from second moments are answered by :attr:`chain`, in which models take turns.

    Examples
    --------
    >>> from theory import Ecosystem, Regular, expected_risk
    >>> two = Ecosystem(weights=[["3/4", "1/4"], ["1/4", "3/4"]])
    >>> expected_risk(Regular(), two).ratio.at(10)
    1354411/262144
    >>> expected_risk(Regular(), two).ratio.growth
    G/2
    >>> anchored = Ecosystem(weights=[["1/2", "1/4"], ["1/2", "1/2"]])
    >>> expected_risk(Regular(), anchored).ratio.limit
    138/119
    """

    table: ImmutableMatrix
    shares: tuple[Expr, ...]
    block_sizes: tuple[Expr, ...]
    observed: int
    real: tuple[Expr, ...]
    same_start: bool
    name: ClassVar[str] = "ecosystem"

    def __init__(
        self,
        weights: object,
        fresh: object = None,
        sizes: object = ONE,
        observed: object = 0,
        real: object = ONE,
        same_start: object = False,
    ) -> None:
        table = _table(weights)
        m = table.shape[0]
        shares = _shares(table, fresh)
        for row in range(m):
            for col in range(m):
                _share(f"weights[{row}][{col}]", table[row, col])
            total = in_lowest_terms(sum(table[row, :]) + shares[row])
            if total != 1:
                raise DomainError(
                    f"weights[{row}] and fresh[{row}] sum to {total}: what model {row} weighs must sum to 1."
                )
        who = whole_number("observed", observed, 0)
        if who >= m:
            raise DomainError(f"observed = {who} is none of the models: there are {m}, counted from 0.")
        object.__setattr__(self, "table", table)
        object.__setattr__(self, "shares", shares)
        object.__setattr__(self, "block_sizes", _amounts("sizes", sizes, m))
        object.__setattr__(self, "observed", who)
        object.__setattr__(self, "real", _amounts("real", real, m))
        object.__setattr__(self, "same_start", truth_value("same_start", same_start))

    @staticmethod
    def symmetric(
        m: object, exchange: object, share: object = 0, block_size: object = ONE, same_start: object = False
    ) -> SymmetricEcosystem:
        """m models that are alike, m a number or a symbol; see :class:`SymmetricEcosystem`."""
        return SymmetricEcosystem(m, exchange, share, block_size, same_start)  # type: ignore[arg-type]

    def __repr__(self) -> str:
        """As it is written."""
        rows = "; ".join(" ".join(map(str, self.table[row, :])) for row in range(self.models))
        said = [f"weights='{rows}'"]
        for name, values in (("sizes", self.block_sizes), ("real", self.real)):
            if any(value != 1 for value in values):
                said.append(f"{name}='{' '.join(map(str, values))}'")
        said.append(f"observed={self.observed}")
        if self.same_start:
            said.append("same_start=True")
        return f"Ecosystem({', '.join(said)})"

    @property
    def models(self) -> int:
        """m."""
        return int(self.table.shape[0])

    @property
    def sizes(self) -> Expr:  # type: ignore[override]
        """Size of the blocks that the observed model generates."""
        return self.block_sizes[self.observed]

    def size(self, index: int | Expr) -> Expr:
        """Size of the observed model's blocks; 1 for a real block that all share."""
        return ONE if self.same_start and index == 1 else self.sizes

    def rows(self, g: int | Expr) -> Expr:
        """Samples that the observed model weighs, in units of n."""
        if g == 1:
            return self.size(1)
        used = (size for size, weight in zip(self.block_sizes, self.table[self.observed, :], strict=True) if weight)
        return sum(used, self.fresh_size(g) if self.fresh_weight(g) != 0 else S.Zero)

    def fresh_weight(self, g: int | Expr) -> Expr:
        """λ of the observed model from generation 2 on."""
        return S.Zero if g == 1 else self.shares[self.observed]

    def fresh_size(self, g: int | Expr) -> Expr:
        """ρ of the observed model from generation 2 on, in units of n."""
        return S.Zero if g == 1 else self.real[self.observed]

    def weights(self, g: int) -> list[Expr]:
        """Those of the first model alone, on real data; later ones weigh blocks of several models."""
        if g == 1:
            return [ONE]
        raise _several(self)

    @property
    def chain(self) -> Workflow:
        """All models in one chain: model (g − 1)m + i + 1 of it is model i of generation g."""
        return InTurns(self)

    def place(self, g: int) -> int:
        """(g − 1)m + observed + 1."""
        return (g - 1) * self.models + self.observed + 1

    def dynamics(self) -> CovarianceDynamics:
        """The covariances of all pairs of models."""
        m = self.models
        pairs = [(row, col) for row in range(m) for col in range(row + 1)]
        position = {pair: index for index, pair in enumerate(pairs)}
        transition, noise = zeros(len(pairs), len(pairs)), zeros(len(pairs), m)
        risks, fresh, initial = zeros(m, len(pairs)), zeros(len(pairs), 1), zeros(len(pairs), 1)
        for index, (row, col) in enumerate(pairs):
            for a in range(m):
                for b in range(m):
                    transition[index, position[max(a, b), min(a, b)]] += self.table[row, a] * self.table[col, b]
                noise[index, a] = self.table[row, a] * self.table[col, a] / self.block_sizes[a]
            if row == col:
                fresh[index] = self.shares[row] ** 2 / self.real[row]
                risks[row, index] = ONE
            initial[index] = ONE if self.same_start else ONE / self.block_sizes[row] if row == col else S.Zero
        everyone = [self.observing(who) for who in range(m)]
        fewest = tuple(Min(*(one.rows(g) for one in everyone)) for g in (1, 2))
        return CovarianceDynamics(transition, noise, risks, fresh, risks[self.observed, :], initial, fewest)

    @property
    def free_symbols(self) -> set[Any]:
        """Symbols in weights and amounts."""
        return set().union(*(value.free_symbols for value in (*self.table, *self.block_sizes, *self.real)))

    def ranges(self) -> dict[Symbol, Expr]:
        """Symbols run over [0, ∞) as far as they say so themselves."""
        return {}

    def subs(self, *args: Any, **kwargs: Any) -> Ecosystem:
        """The ecosystem with symbols replaced, as in SymPy."""
        return self._with(lambda value: value.subs(*args, **kwargs))

    def observing(self, who: int) -> Ecosystem:
        """The same with another model's risk asked for."""
        return Ecosystem(self.table, self.shares, self.block_sizes, who, self.real, self.same_start)

    def _with(self, change: Any) -> Ecosystem:
        sizes, real = ([change(value) for value in values] for values in (self.block_sizes, self.real))
        return Ecosystem(self.table.applyfunc(change), None, sizes, self.observed, real, self.same_start)


@dataclass(frozen=True)
class InTurns(Workflow):
    """The models of an ecosystem as one chain, in which a block is drawn from the model before it, and they take turns.

    Models 1 … m are the first ones, each fitted on real data; model gm + i + 1 is model i of generation g + 1, and
    reads the m blocks (g − 1)m + 2 … gm + 1, drawn from the models of generation g.
    """

    ecosystem: Ecosystem
    name: ClassVar[str] = "ecosystem in turns"

    def _turn(self, g: int) -> tuple[int, int]:
        """Generation and model, from 0, of model ``g`` of the chain."""
        return divmod(g - 1, self.ecosystem.models)

    def size(self, index: int | Expr) -> Expr:
        """The size of the blocks of the model that was drawn from; of real data the first model's."""
        if not isinstance(index, int):
            raise NotDerivedError(f"block {index} is symbolic: in an ecosystem blocks take turns.")
        first = ONE if self.ecosystem.same_start else self.ecosystem.block_sizes[0]
        return first if index == 1 else self.ecosystem.block_sizes[self._turn(index - 1)[1]]

    def weights(self, g: int) -> list[Expr]:
        """Row i of W on the m blocks of the generation before."""
        generation, who = self._turn(g)
        found: list[Expr] = [S.Zero] * g
        if generation == 0:
            found[0] = ONE if who == 0 or self.ecosystem.same_start else S.Zero
            return found
        begin = (generation - 1) * self.ecosystem.models + 1
        for model, weight in enumerate(self.ecosystem.table[who, :]):
            found[begin + model] = weight
        return found

    def fresh_weight(self, g: int | Expr) -> Expr:
        """λ_i; 1 for first models other than the first one, which are fitted on real data of their own."""
        if not isinstance(g, int):
            raise NotDerivedError(f"generation = {g} is symbolic: in an ecosystem models take turns.")
        generation, who = self._turn(g)
        if generation == 0:
            return S.Zero if who == 0 or self.ecosystem.same_start else ONE
        return self.ecosystem.shares[who]

    def fresh_size(self, g: int | Expr) -> Expr:
        """ρ_i; for first models their own size."""
        if not isinstance(g, int):
            raise NotDerivedError(f"generation = {g} is symbolic: in an ecosystem models take turns.")
        generation, who = self._turn(g)
        if self.fresh_weight(g) == 0:
            return S.Zero
        return self.ecosystem.block_sizes[who] if generation == 0 else self.ecosystem.real[who]

    @property
    def free_symbols(self) -> set[Any]:
        """Those of the ecosystem."""
        return self.ecosystem.free_symbols

    def subs(self, *args: Any, **kwargs: Any) -> InTurns:
        """The chain with symbols replaced."""
        return InTurns(self.ecosystem.subs(*args, **kwargs))


@dataclass(frozen=True)
class SymmetricEcosystem(Workflow):
    r"""m models that are alike: each keeps 1 − a for its own block and shares a among the m − 1 others'.

    With fresh real data of weight λ, :math:`W = (1-\lambda)\bigl((1-a) I + \tfrac{a}{m-1}(J - I)\bigr)`, J all
    ones. Two moments close, :math:`p = C_{ii} + (m-1) C_{ik}` and :math:`q = C_{ii} - C_{ik}`: with
    :math:`\mu = 1 - \tfrac{am}{m-1}`,

    .. math:: p_g = (1-\lambda)^2(p_{g-1} + e_g) + \lambda^2,\quad q_g = (1-\lambda)^2\mu^2(q_{g-1} + e_g) + \lambda^2,
              \quad C_{ii} = \tfrac{p + (m-1) q}{m},

    :math:`e_g = 1 + \kappa C_{ii,g-1}` the noise of a new block.

    Parameters
    ----------
    m : whole number, 2 or more, or symbol
    exchange : number or expression in [0, 1]
        a, what a model weighs of others' data among synthetic data.
    share : number or expression in [0, 1], default 0
        λ, the weight of fresh real data.
    block_size : amount, default 1
        Samples that each model generates, and fresh real ones, in units of n.
    same_start : bool, default False
        Whether the first models are all fitted on the same n real samples.

    Notes
    -----
    Derived here. Without fresh real data the ratio grows as G/m, whatever the exchange.

    Examples
    --------
    >>> from sympy import Symbol
    >>> from theory import Ecosystem, Regular, expected_risk
    >>> m = Symbol("m", integer=True, positive=True)
    >>> expected_risk(Regular(), Ecosystem.symmetric(m, exchange=1 - 1 / m)).ratio.closed_form
    Piecewise((1, Eq(G, 1)), (G/m, True))
    """

    m: Exact
    exchange: Exact
    share: Exact = S.Zero
    block_size: Exact = ONE
    same_start: bool = False
    name: ClassVar[str] = "symmetric-ecosystem"
    roles: ClassVar[dict[str, str]] = {"m": "count", "exchange": "probability", "share": "probability"}

    def __post_init__(self) -> None:
        m = exact("m", self.m)
        if m.is_number and not (is_positive_integer(m) and m >= 2):
            raise DomainError(f"m = {self.m} is not a number of models that read one another: give 2 or more.")
        object.__setattr__(self, "m", m)
        for name in ("exchange", "share"):
            object.__setattr__(self, name, _share(name, exact(name, getattr(self, name))))
        object.__setattr__(self, "block_size", verified_amount("block_size", self.block_size))
        object.__setattr__(self, "same_start", truth_value("same_start", self.same_start))

    @property
    def sizes(self) -> Expr:  # type: ignore[override]
        """Size of every block."""
        return self.block_size

    def size(self, index: int | Expr) -> Expr:
        """Size of every block; 1 for a real block that all share."""
        return ONE if self.same_start and index == 1 else self.block_size

    def ranges(self) -> dict[Symbol, Expr]:
        """Those of the roles; m from 2 on."""
        least = {self.m: at_least(Integer(2))} if isinstance(self.m, Symbol) else {}
        return {**super().ranges(), **least}

    def rows(self, g: int | Expr) -> Expr:
        """Samples that a model weighs, in units of n."""
        if g == 1:
            return self.size(1)
        own = S.Zero if self.exchange == 1 or self.share == 1 else ONE
        others = S.Zero if self.exchange == 0 or self.share == 1 else self.m - 1
        return (own + others + (S.Zero if self.share == 0 else ONE)) * self.block_size

    def fresh_weight(self, g: int | Expr) -> Expr:
        """λ from generation 2 on."""
        return S.Zero if g == 1 else self.share

    def fresh_size(self, g: int | Expr) -> Expr:
        """As many as a model generates, from generation 2 on."""
        return S.Zero if g == 1 else self.block_size

    def weights(self, g: int) -> list[Expr]:
        """Those of the first model alone, on real data; later ones weigh blocks of several models."""
        if g == 1:
            return [ONE]
        raise _several(self)

    @property
    def whole(self) -> Ecosystem:
        """The same with every model written out, for a number m."""
        if not self.m.is_Integer:
            raise NotDerivedError(f"m = {self.m} is symbolic: give the number of models, to write out all of them.")
        m = int(self.m)
        table = (1 - self.share) * ((1 - self.exchange) * eye(m) + self.exchange / (m - 1) * (ones(m, m) - eye(m)))
        return Ecosystem(table, None, self.block_size, 0, self.block_size, self.same_start)

    @property
    def chain(self) -> Workflow:
        """That of the models written out; itself for a symbolic m."""
        return self.whole.chain if self.m.is_Integer and self.m <= MOST_MODELS else self

    def place(self, g: int) -> int:
        """(g − 1)m + 1."""
        return (g - 1) * int(self.m) + 1 if self.m.is_Integer else g

    def dynamics(self) -> CovarianceDynamics:
        """The moments p along the mean of all models, and q across it."""
        m, size, kept = self.m, self.block_size, (1 - self.share) ** 2
        across = factor(1 - self.exchange * m / (m - 1)) ** 2
        fresh = self.share**2 / size
        first = Matrix([m, 0]) if self.same_start else Matrix([1 / size, 1 / size])
        risk = Matrix([[1 / m, (m - 1) / m]])
        return CovarianceDynamics(
            transition=Matrix([[kept, 0], [0, kept * across]]),
            noise=Matrix([kept / size, kept * across / size]),
            risks=risk,
            fresh=Matrix([fresh, fresh]),
            readout=risk,
            initial=first,
            fewest=(self.rows(1), self.rows(2)),
        )


def _several(workflow: Workflow) -> NotDerivedError:
    return NotDerivedError(
        f"workflow = {workflow.name} couples several models: it has no weights on the blocks of one chain; ask .chain."
    )


def _share(name: str, value: Expr) -> Expr:
    if value.is_real is False or is_probability(value) is False or sign(value) == -1:
        raise DomainError(f"{name} = {value} is not a weight: it must lie between 0 and 1.")
    return value


def _entries(name: str, given: object) -> list[Any]:
    """The numbers of a list, or of a text in which blanks separate them."""
    if isinstance(given, str):
        return given.split()
    if isinstance(given, MatrixBase):
        return list(given)
    if not isinstance(given, Iterable):
        raise DomainError(f"{name} = {quoted(given)} is not a list of numbers: give one for each model.")
    return list(given)


def _table(weights: object) -> ImmutableMatrix:
    if isinstance(weights, MatrixBase):
        rows: list[Any] = weights.tolist()
    elif isinstance(weights, str):
        rows = weights.split(";")
    elif isinstance(weights, Iterable):
        rows = list(weights)
    else:
        raise DomainError(f"weights = {quoted(weights)} is not a table: give one row of weights for each model.")
    read = [_entries(f"weights[{index}]", row) for index, row in enumerate(rows)]
    if not 1 <= len(read) <= MOST_MODELS:
        raise DomainError(f"weights has {len(read)} rows: an ecosystem has from 1 to {MOST_MODELS} models.")
    for index, row in enumerate(read):
        if len(row) != len(read):
            raise DomainError(
                f"weights[{index}] has {len(row)} entries: give one for each of the {len(read)} models, "
                f"such as '3/4 1/4; 1/4 3/4'."
            )
    return ImmutableMatrix(
        [[exact(f"weights[{i}][{k}]", value) for k, value in enumerate(row)] for i, row in enumerate(read)]
    )


def _shares(table: ImmutableMatrix, fresh: object) -> tuple[Expr, ...]:
    m = table.shape[0]
    if fresh is None:
        left = tuple(in_lowest_terms(1 - sum(table[row, :])) for row in range(m))
        for row, share in enumerate(left):
            if share.is_negative:
                raise DomainError(f"weights[{row}] sums to {1 - share}: what a model weighs must sum to 1 or less.")
        return left
    given = _entries("fresh", fresh)
    if len(given) != m:
        raise DomainError(f"fresh has {len(given)} entries: give one for each of the {m} models.")
    return tuple(_share(f"fresh[{row}]", exact(f"fresh[{row}]", value)) for row, value in enumerate(given))


def _amounts(name: str, given: object, m: int) -> tuple[Expr, ...]:
    listed = len(given.split()) > 1 if isinstance(given, str) else isinstance(given, Iterable)
    one = isinstance(given, Expr) or not listed
    values = [given] * m if one else _entries(name, given)
    if len(values) != m:
        raise DomainError(f"{name} has {len(values)} entries: give one amount, or one for each of the {m} models.")
    return tuple(verified_amount(name if one else f"{name}[{i}]", value) for i, value in enumerate(values))
