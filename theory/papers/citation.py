"""BibTeX of the papers a risk rests on: those that state something of the same model under the same workflow."""

from __future__ import annotations

import re
from collections.abc import Iterator

from theory.models.exponential_family import ExponentialFamily
from theory.papers.paper import Paper
from theory.risk import Risk

_MEANS = ("bernoulli", "exponential", "gamma", "gaussian-mean", "poisson", "quadratic-variance", "regular")
_FITS = ("gaussian-fit", "kernel-density")

#: The pairs of model and workflow, by name, that a paper's statements are of.
ABOUT: dict[str, tuple[tuple[str, str], ...]] = {
    "gerstgrasser2024": (("linear-regression", "accumulate"), ("linear-regression", "replace")),
    "dey2024": (*((name, "accumulate") for name in _MEANS), ("regular", "replace")),
    "kazdan2024": (
        *((name, workflow) for name in _FITS for workflow in ("accumulate", "replace")),
        ("regular", "accumulate-subsample"),
    ),
    "shumailov2023": (("gaussian-fit", "replace"),),
    "alemohammad2024": (("gaussian-fit", "replace"),),
    "dohmatob2024": (("linear-regression", "replace"), ("ridge-regression", "replace")),
    "ferbach2024": (("biased-sampler", "fresh-real"), ("biased-sampler", "replace")),
    "jangjoo2025": (
        *((name, "replace") for name in ("bernoulli", "poisson", "posterior-mean")),
        ("bernoulli", "fresh-real"),
    ),
    "yi2025": (("biased-sampler", "accumulate"), ("biased-sampler", "replace")),
    "garg2025": (("linear-regression", "fresh-real"), ("regular", "fresh-real")),
}


def citations(risk: Risk, papers: dict[str, Paper]) -> str:
    """BibTeX of selfgen, of every paper that states something of this pair, and of the family's variance function."""
    return "\n\n".join(entry(key, papers[key]) for key in _keys(risk)) + "\n"


def _keys(risk: Risk) -> Iterator[str]:
    yield "selfgen"
    yield from (key for key, pairs in ABOUT.items() if (risk.model.name, risk.workflow.name) in pairs)
    if isinstance(risk.model, ExponentialFamily):
        yield "morris1982"


def entry(key: str, paper: Paper) -> str:
    r"""One entry of BibTeX; authors by their full names where the paper's record has them.

    >>> from theory.papers import PAPERS
    >>> print(entry("morris1982", PAPERS["morris1982"]))
    @article{morris1982,
      title = {{Natural exponential families with quadratic variance functions}},
      author = {Morris},
      year = {1982},
      journal = {Ann. Statist.},
      volume = {10},
      pages = {65--80},
    }
    """
    kind = "software" if key == "selfgen" else "misc"
    fields = {
        "title": f"{{{_latin(paper.title)}}}",
        "author": paper.names or _latin(paper.authors).replace(", ", " and "),
        "year": str(paper.year),
    }
    in_journal = re.fullmatch(r"(.+?) (\d+), (\d+)-(\d+)", paper.reference)
    number = re.search(r"arXiv:(\d+\.\d+)", paper.reference)
    if in_journal:
        kind = "article"
        fields |= {"journal": in_journal[1], "volume": in_journal[2], "pages": f"{in_journal[3]}--{in_journal[4]}"}
    elif number:
        fields |= {"eprint": number[1], "archiveprefix": "arXiv"}
        where = paper.reference.partition(", arXiv")[0]
        fields |= {} if where.startswith("arXiv") else {"note": where}
    if key == "selfgen":
        fields["author"] = f"{{{paper.authors}}}"
    lines = "\n".join(f"  {name} = {{{value}}}," for name, value in fields.items())
    return f"@{kind}{{{key},\n{lines}\n}}"


def _latin(text: str) -> str:
    return text.replace("π²/6", r"$\pi^2/6$")
