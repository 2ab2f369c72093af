"""The form of a certificate: its keys, and the type of what each holds. Nothing else may stand in one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

# fmt: off
if TYPE_CHECKING or __package__:
    from theory.proof.algebra import require
else:
    from algebra import require
# fmt: on

#: str or int; [form of every item]; {key: form}, with "?" behind a key that may be missing, "" for any key; for one of
#: two forms, a pair: a plain one, and that of an object.
Form = Any

REGIME = {"start": str, "matrix": [[str]], "forcing": [str], "readout": [str], "shift": str}
SEQUENCE = {"scale": str, "offset": str, "early": [str], "initial": [str], "regimes": [REGIME]}
ABOUT = dict.fromkeys(("model", "workflow", "loss", "quantity", "exactness"), str)
CLAIM = {"statement": str, "sequences": [int], "bound?": str, "since?": int}
CERTIFICATE = {
    "format": str, "version": int, "claim": CLAIM, "about": [ABOUT], "parameters": {"": str}, "positive": [str],
    "sequences": [SEQUENCE], "steps": [{"": None}], "witnesses": [str],
}  # fmt: skip
FORMULA = {"zeros": [str], "poles": [str], "origin": int, "first": int, "begin": str, "head": str, "upper": [str],
           "lower": [str]}  # fmt: skip
CONSTANT = {"since?": int, "below?": str, "above?": str, "digits?": int, "decimals?": int, "formula?": FORMULA}
STEPS: dict[str, Form] = {
    "solution": {"sequence": int, "moments": [[str]], "value": [str], "early": [str]},
    "annihilator": {"sequence": int, "annihilator": [str], "value": [str], "early": [str],
                    "roots": [{"polynomial": [str], "summand": [str]}]},
    "cone": {"shape": str, "sequences": [int], "since": int, "risks": [[str]], "forms": [[str]],
             "multipliers": [[str]], "rests": [str], "weights": [str], "rest": str, "bound?": str},
    "limit": {"sequence": int, "limit": str},
    "shrinking": {"sequence": int, "order": [int], "limits": [str], "limit": str, "risks": [str]},
    "growth": {"sequence": int, "growth": str, "shape?": str},
    "power": {"sequence": int, "shape": str, "power": str, "logs": int, "coefficient": (str, CONSTANT), "risks": [str],
              "centre?": str},
    "driven": {"sequence": int, "driver": int, "power": str, "logs": int, "coefficient": str, "zeros": [str],
               "poles": [str], "risks": [str]},
    "remainder": {"sequence": int, "expansion": str, "bound": str, "since": int, "constant?": str},
}  # fmt: skip


def formed(data: Any) -> None:
    """Refuse data that is not of the form of a certificate."""
    require(isinstance(data, dict), "this is no certificate of version 1.")
    told = data.get("format"), data.get("version")
    require(told == ("selfgen certificate", 1), "this is no certificate of version 1.")
    fits(CERTIFICATE, data, "the certificate")
    for number, step in enumerate(data["steps"], start=1):
        name = step.get("rule")
        require(isinstance(name, str) and name in STEPS, f"step {number} ({str(name)[:40]}): no rule of {[*STEPS]}.")
        fits({"rule": str, **STEPS[name]}, step, f"step {number} ({name})")


def fits(form: Form, value: Any, place: str) -> None:
    """Refuse a value of another form; numbers are told from truth values, and whole numbers from others."""
    match form:
        case None:
            return
        case tuple():
            fits(form[type(value) is dict], value, place)
        case list():
            require(type(value) is list, f"{place} is malformed: it is no list.")
            for item in value:
                fits(form[0], item, place)
        case {"": inner}:
            require(type(value) is dict, f"{place} is malformed: it is no object.")
            for key, item in value.items():
                require(type(key) is str, f"{place} is malformed: a key is no text.")
                fits(inner, item, place)
        case dict():
            require(type(value) is dict, f"{place} is malformed: it is no object.")
            needed = {key for key in form if not key.endswith("?")}
            missing, known = needed - set(value), {key.rstrip("?") for key in form}
            require(not missing, f"{place} is malformed: it says nothing of {', '.join(sorted(missing))}.")
            unknown = [repr(key)[:40] for key in value if key not in known]
            require(not unknown, f"{place} is malformed: it has the unknown key {', '.join(unknown)}.")
            for key, item in value.items():
                fits(form.get(key, form.get(f"{key}?")), item, f"{place}, {key},")
        case _:
            kind = {str: "text", int: "whole number"}[form]
            require(type(value) is form, f"{place} is malformed: a {kind} is expected, not {str(value)[:40]!r}.")
