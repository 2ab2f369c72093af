r"""One late value under a stationary window of many blocks over Q, without those before it.

The second moments of the k latest block means step by one matrix A over Q, k(k + 1)/2 + 1 wide with a 1 for what noise
adds. Of so many moments a product of matrices takes too long; but with D the common denominator of A, the risk is

.. math:: h A^t m = D^{-t} \sum_i c_i\, h (DA)^i m, \qquad y^t \equiv \sum_i c_i\, y^i \mod \chi_{DA}(y),

by the theorem of Cayley and Hamilton, for the characteristic polynomial χ, which is monic over Z: one power of
polynomials in place of one of matrices (Fiduccia 1985). Digits of a value of any generation come from a power of A in
balls, whose work grows as the number of digits of the generation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flint import acb, arb, arb_mat, fmpq, fmpq_mat, fmpz, fmpz_poly
from sympy import Expr, S

from theory.expressions.numerals import to_flint
from theory.workflows.base import Workflow
from theory.workflows.dynamics import LAG, LagWindow

#: Blocks of a window: the characteristic polynomial of longer ones takes minutes.
LONGEST = 20


@dataclass(frozen=True)
class WindowSystem:
    """The moments that carry a risk, in units of its noise: a step, a readout, and the moments at generation k.

    ``early``: the risks at generations 1 … k.
    """

    step: fmpq_mat
    readout: fmpq_mat
    state: fmpq_mat
    early: tuple[fmpq, ...]

    def at(self, generation: int) -> fmpq:
        """The exact moment at one generation."""
        if generation <= len(self.early):
            return self.early[generation - 1]
        steps = generation - len(self.early)
        whole, common = self.step.numer_denom()
        readout, above = self.readout.numer_denom()
        state, below = self.state.numer_denom()
        power = _power(whole.charpoly(), steps)
        total, vector = fmpz(0), state
        for index in range(power.degree() + 1):
            total += power[index] * (readout * vector)[0, 0]
            vector = whole * vector
        return fmpq(total, above * below * common**steps)

    def ball(self, generation: int) -> acb:
        """A ball around the moment, with the precision that is set."""
        if generation <= len(self.early):
            return acb(arb(self.early[generation - 1]))
        power = arb_mat(self.step) ** (generation - len(self.early))
        return acb((arb_mat(self.readout) * power * arb_mat(self.state))[0, 0])


def _power(modulus: fmpz_poly, exponent: int) -> fmpz_poly:
    """y^exponent modulo a monic polynomial over Z."""
    found, y = fmpz_poly([1]), fmpz_poly([0, 1])
    for bit in bin(exponent)[2:]:
        found = found * found % modulus
        if bit == "1":
            found = found * y % modulus
    return found


def window_system(window: LagWindow, workflow: Workflow, curvature: Expr) -> WindowSystem | None:
    """The system of a window of at most ``LONGEST`` blocks over Q; None for others, and where early weights differ."""
    if not window.length.is_Integer or window.length > LONGEST:
        return None
    k, size = int(window.length), workflow.size(1)
    weights = [window.weight.subs(LAG, lag) for lag in range(k)]
    if not all(entry.is_Rational for entry in (*weights, size, curvature)):
        return None
    if workflow.fresh_weight(k + 1) != 0 or [*reversed(weights)] != workflow.weights(k)[-k:]:
        return None
    lags = [to_flint(weight) for weight in weights]
    bend, noise = to_flint(curvature), 1 / to_flint(size)
    covariance, early = _first(workflow, k, bend, noise)
    pairs = [(a, b) for a in range(k) for b in range(a + 1)]
    place = {pair: index for index, pair in enumerate(pairs)}
    # From the oldest to the newest, and the lag of block k is 0.
    state = [covariance[k - 1 - a][k - 1 - b] for a, b in pairs]
    risk = _quadratic(place, lags)
    rows = []
    for a, b in pairs:
        row = [fmpq(0)] * (len(pairs) + 1)
        if b:
            row[place[a - 1, b - 1]] = fmpq(1)
        elif a:
            for lag, weight in enumerate(lags):
                row[place[max(lag, a - 1), min(lag, a - 1)]] += weight
        else:
            row = [(1 + bend * noise) * entry for entry in risk] + [noise]
        rows.append(row)
    rows.append([fmpq(0)] * len(pairs) + [fmpq(1)])
    wide = len(rows)
    return WindowSystem(
        fmpq_mat(wide, wide, [entry for row in rows for entry in row]),
        fmpq_mat(1, wide, [*risk, fmpq(0)]),
        fmpq_mat(wide, 1, [*state, fmpq(1)]),
        tuple(early),
    )


def _quadratic(place: dict[tuple[int, int], int], lags: Sequence[fmpq]) -> list[fmpq]:
    """The risk as a combination of moments."""
    row = [fmpq(0)] * len(place)
    for a, left in enumerate(lags):
        for b, right in enumerate(lags):
            row[place[max(a, b), min(a, b)]] += left * right
    return row


def _first(workflow: Workflow, k: int, bend: fmpq, noise: fmpq) -> tuple[list[list[fmpq]], list[fmpq]]:
    """Second moments of block means 1 … k, and the risks at generations 1 … k."""
    moments: list[list[fmpq]] = []
    risks: list[fmpq] = []
    before: list[fmpq] = []
    risk = fmpq(0)
    for g in range(1, k + 1):
        crossed = [sum((w * row[i] for w, row in zip(before, moments, strict=True)), fmpq(0)) for i in range(g - 1)]
        for row, entry in zip(moments, crossed, strict=True):
            row.append(entry)
        moments.append([*crossed, risk + (1 + bend * risk) * noise])
        before = [to_flint(S(weight)) for weight in workflow.weights(g)]
        risk = sum((a * b * moments[i][n] for i, a in enumerate(before) for n, b in enumerate(before)), fmpq(0))
        risks.append(risk)
    return moments, risks
