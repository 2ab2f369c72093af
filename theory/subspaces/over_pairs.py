"""An error at several numbers of pairs: a table, and a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from theory.expressions.told import Told


@dataclass(frozen=True)
class ErrorOverPairs(Told):
    r"""The squared error of a subspace at several numbers of pairs N, and its two parts.

    Loss: :math:`\|F - P\|_F^2` without a unit; 1 is a direction missed, or one destroyed.

    Attributes
    ----------
    estimator, exactness : str
        As of the :class:`theory.subspaces.SubspaceError` that it is of.
    pairs : tuple of int
    error, missed, collateral : tuple of float
        At each of them.

    Notes
    -----
    Nothing is derived here.

    Examples
    --------
    >>> from theory.subspaces import FactorModel, subspace_error
    >>> subspace_error(FactorModel(3, 100, 100)).over_pairs([50, 100, 200]).error
    (1.0666666666666667, 0.6666666666666666, 0.38095238095238093)
    """

    estimator: str
    exactness: str
    pairs: tuple[int, ...]
    error: tuple[float, ...]
    missed: tuple[float, ...]
    collateral: tuple[float, ...]

    _drawn = (("error", None, None), ("missed", None, None), ("collateral", None, None))

    def headline(self) -> str:
        """What is estimated, from how many pairs."""
        return (
            f"squared error of the subspace by {self.estimator} at {len(self.pairs)} numbers of pairs, {self.exactness}"
        )

    def table(self) -> dict[str, list[Any]]:
        """A row for each number of pairs."""
        return {
            "pairs": list(self.pairs),
            "error": list(self.error),
            "missed": list(self.missed),
            "collateral": list(self.collateral),
        }

    def plot(self, ax: Any = None) -> Any:
        """Draw error, missed and collateral over the pairs, on Matplotlib axes, and return them."""
        axes = super().plot(ax)
        for line in axes.lines:
            line.set(marker="", linestyle="-" if line.get_label() == "error" else "--")
        axes.set(xscale="log", ylabel="squared error", title=f"{self.estimator}, {self.exactness}")
        axes.legend(frameon=False)
        return axes

    def __repr__(self) -> str:
        return Told.__repr__(self)
