r"""The name of a symbol as LaTeX can set it, whatever characters it is made of."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_ESCAPED = {character: f"\\{character}" for character in "#$%&_{}"} | {
    "\\": r"\textbackslash{}", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
}  # fmt: skip
_SCRIPTS = {"RHO": "varrho", "THETA": "vartheta", "PHI": "phi", "PI": "varpi", "LUNATE EPSILON": "epsilon"}
#: Small and capital letters that LaTeX has under their names.
_SMALL = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi "
    "omega"
).split()
_CAPITAL = "gamma delta theta lambda xi pi sigma upsilon phi psi omega".split()
#: A letter, a word or the command of a letter, under an accent or not; and what may stand behind it.
_COMMANDS = "|".join([*(f"(?:var)?{name}" for name in _SMALL), *map(str.capitalize, _CAPITAL), "ell"])
_LETTER = rf"(?:[A-Za-z][A-Za-z0-9]*|\\(?:{_COMMANDS}))"
_SCRIPT = rf"[A-Za-z0-9,*\[\] +-]|\\(?:{_COMMANDS}|ast|dagger|infty|perp|prime|star|top|,)"
_PLAIN = re.compile(
    rf"(?:{_LETTER}|\\(?:bar|dot|hat|tilde|vec)\{{{_LETTER}\}})'*"
    rf"(?:[_^]+(?:[A-Za-z0-9,*]+|\{{(?:{_SCRIPT})*\}}))*"
)


#: Names of our own that are LaTeX already, whatever commands they hold.
_OWN: set[str] = set()


def set_as_they_are(names: Iterable[str]) -> None:
    """Let names that the library gives, and no user, be set as they are."""
    _OWN.update(names)


def is_plain(name: str) -> bool:
    r"""Whether SymPy's own way to write a name is fit to be set: letters and digits, or the command of a letter, with
    scripts behind _ and ^.

    >>> is_plain("theta_0"), is_plain(r"\hat{\theta}_{G - 1}"), is_plain(r"\input{x}"), is_plain("x&y")
    (True, True, False, False)
    """
    return name in _OWN or _PLAIN.fullmatch(name) is not None


def safe(name: str) -> str:
    r"""LaTeX for a name that is not plain: Greek letters by their commands, everything else as text.

    >>> safe("100 % real"), safe("ϱ"), safe("ϱ_i"), safe("naïve"), safe("数")
    ('\\text{100 \\% real}', '\\varrho', '\\varrho_{\\text{i}}', '\\text{naïve}', '\\text{u6570}')
    """
    base, _, index = name.partition("_")
    if greek(base):
        return greek(base) + (rf"_{{\text{{{_text(index)}}}}}" if index else "")
    return rf"\text{{{_text(name)}}}"


def greek(letter: str) -> str:
    """The command of a Greek letter; empty for anything else."""
    told = unicodedata.name(letter, "") if len(letter) == 1 else ""
    kind, _, name = told.removeprefix("GREEK ").rpartition(" LETTER ")
    if not told.startswith("GREEK "):
        return ""
    if told.endswith(" SYMBOL"):
        known = _SCRIPTS.get(told.removeprefix("GREEK ").removesuffix(" SYMBOL"))
        return f"\\{known}" if known else ""
    name = name.lower().replace("lamda", "lambda")
    if kind == "SMALL" and name in _SMALL:
        return f"\\{name}"
    if kind == "CAPITAL" and name in _CAPITAL:
        return f"\\{name.capitalize()}"
    return ""


def _text(name: str) -> str:
    return "".join(_character(character) for character in name)


def _character(character: str) -> str:
    """One character in text mode; what no Latin font has by its number."""
    if character in _ESCAPED:
        return _ESCAPED[character]
    if " " <= character <= "~" or "LATIN" in unicodedata.name(character, ""):
        return character
    command = greek(character)
    return f"${command}$" if command else f"u{ord(character):04X}"
