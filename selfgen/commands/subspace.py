"""``selfgen subspace``: how well a subspace of preference data is found, and by which method."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from sympy import CRootOf, Expr, Piecewise, factor, piecewise_fold

from numerics.subspaces import SubspaceCheck, check_subspace_error
from selfgen.commands.options import NotAllowed, Symbols, whole
from selfgen.values import shown, text
from theory import DomainError, NotDerivedError
from theory.expressions.arguments import declaring
from theory.subspaces import (
    FactorModel,
    SubspaceError,
    detection_threshold,
    keeping_threshold,
    label_noise_crossing,
    optimal_rank,
    required_pairs,
    subspace_error,
)
from theory.subspaces.error import number_of

#: What a reader calls the estimators.
_METHODS = {"svd": "singular vectors", "shrunken": "shrunken", "mean-difference": "mean difference"}


def command(
    strength: Annotated[
        list[str],
        typer.Option(metavar="L", help="Second moment of a factor, in units of the noise variance; repeatable."),
    ],
    pairs: Annotated[str, typer.Option(metavar="N", help="Preference pairs.")],
    dimension: Annotated[str, typer.Option(metavar="D", help="Dimension of the embeddings.")],
    flips: Annotated[str, typer.Option(metavar="SHARE", help="Fraction of flipped labels, 0 to 1/2.")] = "0",
    coherence: Annotated[
        list[str] | None,
        typer.Option(metavar="KAPPA", help="Squared mean of a factor over its second moment; repeatable; 1, then 0."),
    ] = None,
    error: Annotated[str, typer.Option(metavar="NUMBER", help="The error that the needed pairs are for.")] = "1/2",
    symbols: Symbols = None,
    check: Annotated[
        bool, typer.Option("--check", help="Also simulate; exit code 1: disagrees, 3: inconclusive.")
    ] = False,
    seed: Annotated[int, typer.Option(**whole("--seed", 0), help="Of the simulation.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Subspaces of preference pairs: error, threshold, best rank, pairs needed, and which method wins."""
    shares: Any = 1 if coherence is None else coherence[0] if len(coherence) == 1 else coherence
    with declaring(tuple(symbols or ())):
        model = FactorModel(strength, pairs, dimension, shares, flips)
        answers = _answers(model, error)
    if check and answers["free"]:
        raise NotAllowed(f"--check is not allowed with {', '.join(answers['free'])} as symbols: give numbers.")
    asked = answers["errors"] if check else {}
    checks = {name: check_subspace_error(found, 200, seed) for name, found in asked.items()}
    if as_json:
        typer.echo(json.dumps(_plain(answers, checks), ensure_ascii=False, indent=1))
    else:
        _print(answers, checks)
    verdicts = {found.verdict for found in checks.values()}
    if verdicts - {"agrees"}:
        raise typer.Exit(1 if "disagrees" in verdicts else 3)


def _answers(model: FactorModel, error: str) -> dict[str, Any]:
    errors = {name: subspace_error(model, name) for name in _METHODS}
    rank = optimal_rank(model)
    given = (*model.strengths, *model.coherence, model.pairs, model.dimension, model.flips)
    return {
        "model": model,
        "free": sorted({symbol.name for value in given for symbol in value.free_symbols}),
        "errors": errors,
        "threshold": detection_threshold(model),
        "keeping": keeping_threshold(model),
        "rank": rank,
        "error": error,
        "pairs": {name: _or_sentence(required_pairs, model, error, name) for name in ("svd", "mean-difference")},
        "crossing": _or_sentence(label_noise_crossing, model),
        "wins": _winner(model, errors, int(rank)) if rank.is_Integer else None,
    }


def _winner(model: FactorModel, errors: dict[str, SubspaceError], rank: int) -> tuple[str, Expr]:
    """The method with the least error, each at its best; removing nothing misses every factor."""
    at_best = subspace_error(model, rank=rank).closed_form
    candidates = {
        "removing nothing": subspace_error(model, rank=0).closed_form,
        "singular vectors": at_best,
        "mean difference": errors["mean-difference"].closed_form,
    }
    if rank == 0:
        del candidates["singular vectors"]
    # Of equal ones the first: less is removed.
    name = min(candidates, key=lambda one: number_of(candidates[one]))
    return name, candidates[name]


def _or_sentence(question: Any, *arguments: Any) -> Expr | str:
    try:
        found: Expr = question(*arguments)
    except NotDerivedError as error:
        return str(error)
    except DomainError as error:
        if arguments[-1] == "mean-difference":
            return str(error)
        raise
    return found


def _written(answer: Expr | str) -> str:
    if isinstance(answer, str):
        return answer
    if answer.free_symbols:
        return _by_cases(answer)
    return f"≈ {float(answer):.10g}" if answer.has(CRootOf) else shown(answer)


def _by_cases(answer: Expr) -> str:
    """An expression in symbols, case by case."""
    folded = piecewise_fold(answer)
    if not isinstance(folded, Piecewise):
        return text(factor(folded))
    # Of cases the first that holds counts.
    parts = [f"{text(factor(value))}{'' if holds == True else f' where {text(holds)}'}" for value, holds in folded.args]  # noqa: E712
    return ", else ".join(parts)


def _number(value: Expr) -> str:
    return _by_cases(value) if value.free_symbols else f"{float(value):.6g}"


def _print(answers: dict[str, Any], checks: dict[str, SubspaceCheck]) -> None:
    model: FactorModel = answers["model"]
    factors = ", ".join(
        f"strength {text(strength)} of coherence {text(share)}"
        for strength, share in zip(model.strengths, model.coherence, strict=True)
    )
    lines = {"factors": factors, "pairs, dimension": f"{model.pairs}, {model.dimension}; flips {text(model.flips)}"}
    for name, label in _METHODS.items():
        found = answers["errors"][name]
        parts = f"; missed {_number(found.missed)}, collateral {_number(found.collateral)}"
        lines[f"error, {label}"] = _written(found.closed_form) + parts
    lines |= {
        "detection threshold": _written(answers["threshold"]),
        "worth removing above": _written(answers["keeping"]),
        "best rank": _written(answers["rank"]) if answers["rank"].free_symbols else str(answers["rank"]),
    }
    for name, needed in answers["pairs"].items():
        lines[f"pairs, {_METHODS[name]}"] = f"{_written(needed)}, for an error of {answers['error']}"
        if isinstance(needed, str):
            lines[f"pairs, {_METHODS[name]}"] = needed
    lines |= {
        "flips where vectors win": _crossing(answers["crossing"]),
        "wins": _wins(answers),
        "loss": "‖F − P‖², F what is removed: 1 is a direction missed, or one destroyed",
        "exactness": answers["errors"]["svd"].exactness,
    }
    for label, line in lines.items():
        typer.echo(f"{label:<25}{line}")
    for name, found in checks.items():
        seen = f"{found.simulation.error:.6g} ± {found.simulation.standard_error:.2g}"
        typer.echo(f"{'simulated, ' + _METHODS[name]:<25}{seen}: {found.verdict}")


def _wins(answers: dict[str, Any]) -> str:
    if answers["wins"] is None:
        return f"that depends on {', '.join(answers['free'])}: give numbers"
    name, least = answers["wins"]
    return f"{name}, at an error of {_written(least)}"


def _crossing(answer: Expr | str) -> str:
    if not isinstance(answer, str) and answer == 0:
        return "any"
    if not isinstance(answer, str) and 2 * answer == 1:
        return "none: the factor is below the detection threshold"
    return answer if isinstance(answer, str) else f"above {_written(answer)}"


def _plain(answers: dict[str, Any], checks: dict[str, SubspaceCheck]) -> dict[str, Any]:
    model: FactorModel = answers["model"]

    def value(answer: Expr) -> float | None:
        return None if answer.free_symbols else float(answer)

    def plain(answer: Expr | str) -> Any:
        return {"reason": answer} if isinstance(answer, str) else {"exact": text(answer), "value": value(answer)}

    content: dict[str, Any] = {
        "strengths": [text(strength) for strength in model.strengths],
        "coherence": [text(share) for share in model.coherence],
        "pairs": text(model.pairs),
        "dimension": text(model.dimension),
        "flips": text(model.flips),
        "errors": {
            name: plain(found.closed_form) | {"missed": value(found.missed), "collateral": value(found.collateral)}
            for name, found in answers["errors"].items()
        },
        "detection_threshold": plain(answers["threshold"]),
        "keeping_threshold": plain(answers["keeping"]),
        "optimal_rank": int(answers["rank"]) if answers["rank"].is_Integer else text(answers["rank"]),
        "required_pairs": {"error": answers["error"]}
        | {name: plain(needed) for name, needed in answers["pairs"].items()},
        "label_noise_crossing": plain(answers["crossing"]),
        "wins": None
        if answers["wins"] is None
        else dict(zip(("method", "error"), (answers["wins"][0], float(answers["wins"][1])), strict=True)),
        "exactness": answers["errors"]["svd"].exactness,
    }
    if checks:
        content["check"] = {
            name: {
                "verdict": found.verdict,
                "simulated": found.simulation.error,
                "standard_error": found.simulation.standard_error,
            }
            for name, found in checks.items()
        }
    return content
