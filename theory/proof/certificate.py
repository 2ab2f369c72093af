"""A certificate: a claim, and everything needed to check it, as plain data."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from theory.errors import DomainError
from theory.proof.plain import UnreadableError, plain_file
from theory.whole_file import write_text


@dataclass(frozen=True)
class Certificate:
    """A claim and its proof, as JSON data that :func:`theory.proof.check` verifies.

    Attributes
    ----------
    data : mapping
        ``claim``; ``about`` (names of model, workflow and loss); ``parameters`` (their ranges, in variables that run
        over [0, ∞), those listed under ``positive`` over (0, ∞)); ``sequences`` (the moment recurrences); ``steps``
        (one rule each); ``witnesses`` (the polynomials whose signs the steps rest on).

    Notes
    -----
    The format is this library's own: :mod:`theory.proof.form`.

    Examples
    --------
    >>> from theory import Accumulate, Regular, expected_risk
    >>> from theory.proof import LeastBound, check, prove
    >>> certificate = prove(LeastBound(expected_risk(Regular(), Accumulate()).ratio))
    >>> check(certificate)
    True
    >>> print(certificate)
    for every g >= 1: the ratio of regular under accumulate (leading order) never exceeds pi**2/6, the least such number
      increasing, each step tells by itself
      value of the ratio: harmonic(g, 2)
      limit: pi**2/6
    """

    data: Mapping[str, Any]

    def json(self) -> str:
        """The certificate as a text."""
        return json.dumps(self.data, indent=1, ensure_ascii=False)

    def save(self, path: str | Path) -> None:
        """Write the text to a file, whole or not at all.

        Raises
        ------
        DomainError
            When it cannot be written.
        """
        write_text(Path(path), self.json() + "\n")

    @classmethod
    def load(cls, path: str | Path) -> Certificate:
        """Read a file that :meth:`save` wrote; nothing is checked beyond its being JSON.

        Raises
        ------
        DomainError
            When the file is missing, larger or more deeply nested than a certificate can be, or holds no JSON object.
        """
        try:
            data = plain_file(path)
        except UnreadableError as error:
            raise DomainError(f"{str(path)!r} is no certificate: {error}.") from None
        if not isinstance(data, dict):
            raise DomainError(f"{str(path)!r} is no certificate: it holds no JSON object.")
        return cls(data)

    def __str__(self) -> str:
        # A file may hold anything: only what can be read is printed.
        try:
            lines = _lines(self.data)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):
            return "a certificate that is not of the form of one: check says what is amiss"
        return "\n".join("".join(c if c.isprintable() else "?" for c in _shortened(line)) for line in lines)


def _shortened(line: str) -> str:
    """With whole numbers that nobody reads to their end by their ends: the file has all of them."""
    return re.sub(r"\d{121,}", lambda run: f"{run[0][:10]}…{run[0][-10:]} ({len(run[0])} digits)", line)


#: The claims in words, about one risk or two.
_WORDS = {
    "closed form": "{0} has the value below",
    "limit": "{0} tends to the limit below",
    "growth": "{0} diverges as said below",
    "decay": "{0} tends to zero as said below",
    "increasing": "{0} never falls",
    "decreasing": "{0} never rises",
    "least upper bound": "{0} never exceeds {bound}, the least such number",
    "remainder": "{0} has the expansion below",
    "never above": "{0} is never above {1}",
    "lower limit": "{0} settles below {1}",
}


def _lines(data: Mapping[str, Any]) -> list[str]:
    claim, about = data["claim"], data["about"]
    names = [
        f"the {item['quantity']} of {item['model']} under {item['workflow']}"
        + ("" if item["loss"] == "squared" else f", loss {item['loss']}")
        + ("" if item["exactness"] == "exact" else f" ({item['exactness']})")
        for item in about
    ]
    lines = ["for every g >= 1: " + _WORDS[claim["statement"]].format(*names, bound=claim.get("bound"))]
    lines += [f"  {parameter} = {over}" for parameter, over in data["parameters"].items()]
    variables = [f"{name} {'>' if name in data['positive'] else '>='} 0" for name in _variables(data)]
    lines += [f"  {', '.join(variables)}"] if variables else []
    return lines + [f"  {_told(step, about)}" for step in data["steps"]]


def _variables(data: Mapping[str, Any]) -> list[str]:
    named = re.findall(r"[A-Za-z]\w*", " ".join(data["parameters"].values()))
    return list(dict.fromkeys(named))


def _told(step: Mapping[str, Any], about: list[Mapping[str, str]]) -> str:
    match step["rule"]:
        case "solution" | "annihilator":
            sums = ["sums over the roots of a polynomial"] if step.get("roots") else []
            first = [f"{text} at {g}" for g, text in enumerate(step["early"], start=1)]
            return f"value of the {about[step['sequence']]['quantity']}: " + "; ".join([*first, *step["value"], *sums])
        case "cone":
            forms = [" + ".join(_term(x, i, len(row)) for i, x in enumerate(row) if x != "0") for row in step["forms"]]
            forms = [form for form in forms if form]
            kept = "by forms that stay nonnegative: " + ", ".join(forms) if forms else "each step tells by itself"
            shape = f"{step['shape']} {step['bound']}" if "bound" in step else step["shape"]
            return f"{shape}, {kept}"
        case "remainder":
            bound = f"|{step['bound']}|" if "constant" in step else step["bound"]
            return f"|value - ({step['expansion']})| <= {bound} for g >= {step['since']}"
        case "shrinking":
            return f"limit, as the steps shrink like 1/g: {step['limit']}"
        case "power":
            return f"{step['shape']}: {_leading(step)}"
        case "driven":
            return f"growth, as a product drives the sum: {_leading(step)}"
        case rule:
            return f"{step.get('shape', rule)}: {step[rule]}"


def _leading(step: Mapping[str, Any]) -> str:
    """The leading term, its constant rounded to the digits that are proved."""
    constant, told = step["coefficient"], ""
    if not isinstance(constant, str):
        formula, digits = constant.get("formula"), constant.get("digits")
        if formula is not None:
            zeros, poles = (
                "*".join(f"gamma({formula['origin']} - ({x}))" for x in formula[key]) or "1"
                for key in ("zeros", "poles")
            )
            series = f"F({', '.join(formula['upper'])}; {', '.join(formula['lower'])}; 1)"
            told = f"({poles})/({zeros})*({formula['begin']} + ({formula['head']})*{series})"
        constant = f"C with C = {told or _decimal(digits, constant['decimals'])}"
        if told and digits is not None:
            constant += f" = {_decimal(digits, step['coefficient']['decimals'])}, rounded"
        return f"C*g**(-({step['power']})), {constant[7:]}"
    logs = "*log(g)" if step["logs"] else ""
    return f"({constant})*g**(-({step['power']})){logs}"


def _decimal(digits: int, decimals: int) -> str:
    sign, whole = "-" if digits < 0 else "", str(abs(digits)).rjust(decimals + 1, "0")
    return f"{sign}{whole[: len(whole) - decimals]}.{whole[len(whole) - decimals :]}"


def _term(coefficient: str, index: int, size: int) -> str:
    if index == size - 1:
        return coefficient
    return f"m_{index}" if coefficient == "1" else f"({coefficient})*m_{index}"
