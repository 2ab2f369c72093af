"""What is derived of a case, in plain values: text, numbers and the certificate, but nothing that was simulated.

A case is derived once: the next run of the same library takes it from the user's cache, see :mod:`selfgen.kept`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
from pydantic import TypeAdapter, ValidationError

from numerics.loss_law import LossLaw, Spread
from selfgen.kept import keep, kept
from selfgen.study import Case
from theory.models.base import Model
from theory.workflows.base import Workflow

Floats = tuple[float, ...]


@dataclass(frozen=True)
class Scatter:
    """A :class:`numerics.loss_law.Spread` in plain values; its law without a covariance where the variance is all."""

    variance: Floats | None = None
    mean: Floats = ()
    covariance: tuple[Floats, ...] | None = None
    skewness: Floats = ()
    excess: Floats = ()

    @classmethod
    def of(cls, spread: Spread) -> Scatter:
        """The numbers of a spread."""
        law = spread.law
        if law is None:
            return cls(None if spread.variance is None else tuple(spread.variance.tolist()))
        rows = tuple(map(tuple, law.covariance.tolist()))
        mean, skewness, excess = (tuple(part.tolist()) for part in (law.mean, law.skewness, law.excess))
        return cls(None, mean, rows, skewness, excess)

    def spread(self) -> Spread:
        """As numerics takes it."""
        if self.covariance is None:
            return Spread(variance=None if self.variance is None else np.array(self.variance))
        mean, covariance, skewness, excess = map(np.array, (self.mean, self.covariance, self.skewness, self.excess))
        return Spread(LossLaw(mean, covariance, skewness, excess, known=True))


@dataclass(frozen=True)
class Derived:
    """The derived half of a :class:`selfgen.case_result.CaseResult`; and how to simulate it, and how its loss scatters.

    ``certificate`` is the text of the certificate, None where there is none.
    """

    method: str
    closed_form: str | None
    leading_order: str | None
    general_form: str | None
    symbolic_form: str | None
    ratio_limit: str | None
    ratio_limit_value: float | None
    ratio_limit_exactness: str
    ratio_bound: str | None
    ratio_bound_value: float | None
    limit: str | None
    growth: str | None
    bound: float | None
    domain: str
    exactness: str
    theorem: str
    certificate: str | None
    formula: Floats
    scatter: Scatter
    derivation: str


_KIND: TypeAdapter[Derived] = TypeAdapter(Derived)


def once(case: Case, model: Model, workflow: Workflow, derive: Callable[[], Derived]) -> Derived:
    """What is derived of a case: from the cache, or derived and left there.

    Models and workflows that are not the library's own may change without a trace, and are derived each time.
    """
    kinds = [type(part) for part in (model, workflow)]
    if not all(kind.__module__.startswith("theory.") for kind in kinds):
        return derive()
    # The seed is the simulation's alone, and so is where the case stands in a file.
    settings = case.model_dump(mode="json", exclude={"label", "seed", "grid"})
    key = json.dumps([[f"{kind.__module__}.{kind.__qualname__}" for kind in kinds], settings], sort_keys=True)
    found = kept("cases", key)
    if found is not None:
        try:
            return _KIND.validate_python(found)
        except ValidationError:
            pass
    derived = derive()
    keep("cases", key, asdict(derived))
    return derived
