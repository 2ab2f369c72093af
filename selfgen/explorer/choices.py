"""What the explorer offers: models and workflows with symbols for what a slider moves, and the sliders."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sympy import Symbol

from selfgen.explorer.formulas import mathml
from theory import (
    Accumulate,
    AccumulateSubsample,
    AgeWeighted,
    CappedReal,
    ContaminatedPool,
    Forgetting,
    FreshReal,
    LabelledPool,
    LinearRegression,
    RealAndSynthetic,
    RealPlusLatest,
    Replace,
    SlidingWindow,
    j,
)
from theory.latex import latex
from theory.models.base import Model
from theory.registry import EVERY_MODEL
from theory.workflows.base import Workflow

#: Symbols that a workflow's sliders move; none is a parameter of a model.
RHO, RATE, SHARE, REAL, SYNTHETIC, LABEL = (
    Symbol(name, positive=True) for name in ("rho", "q", "omega", "x_r", "x_s", "lambda")
)


#: The kinds of a regression, by what tells them apart.
LINEAR: dict[str, Model] = {
    "fresh design": LinearRegression(),
    "shared design": LinearRegression(design="shared"),
    "fresh design, d ≥ T + 2": LinearRegression(signal="B"),
    "shared design, d ≥ T + 2": LinearRegression(design="shared", signal="B"),
}


@dataclass(frozen=True)
class Choice:
    """A workflow of the list, in one of its settings.

    Attributes
    ----------
    name : as on the command line
    setting : what follows the name on the command line, empty where there is one setting only
    label : the setting in words
    workflow : with symbols for what sliders move
    real_share : the symbol of the real data in it, whose least value is looked for; empty where there is none
    """

    name: str
    setting: str
    label: str
    workflow: Workflow
    real_share: str = ""

    @property
    def key(self) -> str:
        """What the state in a link calls it."""
        return f"{self.name}:{self.setting}" if self.setting else self.name


def choices() -> list[Choice]:
    """Every workflow of the registry, with whole-numbered settings chosen and the others symbols."""
    draws = [
        Choice(
            "accumulate-subsample",
            f"budget={budget}{',replacement=true' if again else ''}",
            f"budget {budget}{', with replacement' if again else ''}",
            AccumulateSubsample(budget=budget, replacement=again),
        )
        for again in (False, True)
        for budget in (1, 2, 4)
    ]
    return [
        Choice("replace", "", "", Replace()),
        Choice("replace", "sizes=j", "growing blocks", Replace(sizes=j)),
        Choice("accumulate", "", "", Accumulate()),
        Choice("accumulate", "sizes=j", "growing blocks", Accumulate(sizes=j)),
        *draws,
        *(Choice("sliding-window", f"k={k}", f"{k} blocks", SlidingWindow(k=k)) for k in (2, 3)),
        Choice("real-plus-latest", "", "", RealPlusLatest(share=SHARE), SHARE.name),
        Choice("fresh-real", "", "pooled", FreshReal(real=REAL), REAL.name),
        Choice("fresh-real", "share", "weighted", FreshReal(share=SHARE), SHARE.name),
        Choice("capped-real", "", "", CappedReal(synthetic=SYNTHETIC)),
        Choice("real-and-synthetic", "", "", RealAndSynthetic(real=REAL, synthetic=SYNTHETIC), REAL.name),
        Choice("forgetting", "", "", Forgetting(rate=RATE)),
        Choice("age-weighted", "halves", "weights 1/2, 1/4, …", AgeWeighted("(1/2)**l")),
        Choice("age-weighted", "thirds", "weights 2/3, 2/9, …", AgeWeighted("2*(1/3)**l")),
        Choice("contaminated-pool", "", "", ContaminatedPool(real=RHO), RHO.name),
        Choice("labelled-pool", "", "", LabelledPool(real=RHO, share=LABEL), RHO.name),
    ]


def models() -> Iterator[tuple[str, Model]]:
    """Every model of the registry, and every kind of it, with symbols for its parameters."""
    for name, built in EVERY_MODEL.items():
        for kind, model in (LINEAR if built is LinearRegression else built.general()).items():
            yield f"{name}:{kind}" if kind else name, model


#: Where a parameter starts, and how far its slider goes: (least, most, start); by model and name, or by name alone.
_SPANS: dict[tuple[str, str] | str, tuple[float, float, float]] = {
    "n": (1, 10_000, 100),
    "p": (0.01, 0.99, 0.3),
    ("regular", "p"): (1, 1000, 3),
    ("linear-regression", "d"): (1, 200, 5),
    ("linear-regression", "T"): (2, 2000, 100),
    "d": (1, 200, 2),
    "T": (2, 2000, 100),
    "m": (0.01, 0.99, 0.5),
    ("binomial", "m"): (1, 100, 10),
    "K": (2, 1000, 10),
    "v_0": (-5, 5, 0),
    "v_1": (-5, 5, 1),
    "v_2": (-1, 1, 0.5),
    "mu": (0.1, 20, 2),
    ("hyperbolic-secant", "mu"): (-10, 10, 1),
    "h": (0.01, 2, 0.2),
    "tau": (0.0, 1.0, 0.9),
    "kappa": (0.1, 100, 5),
    "gamma": (0.01, 0.99, 0.5),
    RHO.name: (0.0, 1.0, 0.25),
    RATE.name: (0.01, 0.99, 0.5),
    SHARE.name: (0.0, 1.0, 0.5),
    LABEL.name: (0.01, 0.99, 0.5),
    REAL.name: (0.01, 10, 1),
    SYNTHETIC.name: (0.01, 10, 1),
}
#: By what a parameter is, where its name says nothing.
_BY_ROLE = {"probability": (0.01, 0.99, 0.5), "count": (1, 1000, 10), "positive": (0.01, 20, 1), "real": (-10, 10, 1)}

#: What the letters of workflows stand for.
_WORDS = {
    RHO.name: "real fraction of every later block",
    RATE.name: "weight kept at each step back",
    SHARE.name: "weight of real data",
    LABEL.name: "weight of a row labelled real",
    REAL.name: "real samples, in units of n",
    SYNTHETIC.name: "synthetic samples, in units of n",
}


def slider(symbol: Symbol, model_name: str, roles: dict[str, str]) -> dict[str, Any]:
    """The slider of a parameter: its span, its start, whether it steps by one or by factors."""
    name = symbol.name
    role = roles.get(name, "")
    whole = bool(symbol.is_integer)
    span = _SPANS.get(
        (model_name, name), _SPANS.get(name, _BY_ROLE.get("count" if whole else role, _BY_ROLE["positive"]))
    )
    least, most, start = span
    return {
        "name": name,
        "mathml": mathml(latex(symbol)),
        "words": _WORDS.get(name, ""),
        "least": least,
        "most": most,
        "start": start,
        "whole": whole,
        "factors": least > 0 and most / least >= 200,
    }
