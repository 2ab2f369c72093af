"""Molecules as SMILES: those that RDKit brings along, or a file of them, such as MOSES'."""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from pathlib import Path

from theory.errors import DomainError
from theory.expressions.arguments import quoted


@dataclass(frozen=True, eq=False)
class Molecules:
    """SMILES, canonical where RDKit read them.

    Attributes
    ----------
    smiles : one a molecule
    source, licence : where they come from, and on which terms
    """

    smiles: tuple[str, ...]
    source: str
    licence: str


def molecules(source: str | os.PathLike[str] = "rdkit", longest: int = 80) -> Molecules:
    """Read molecules.

    Parameters
    ----------
    source : "rdkit", or a path
        "rdkit" are the molecules of the NCI in RDKit's wheel (``first_5K.smi``), those that it can parse, canonical,
        each once. A path is a file of one SMILES a line, or a CSV with a column SMILES, as MOSES' ``train.csv`` (in the
        wheel of ``molsets``: pip download molsets --no-deps, and unzip it).
    longest : positive int
        Longer ones are left out.

    Raises
    ------
    DomainError
        When there is no such file, with a word on how to get it.

    Notes
    -----
    Read here; nothing is fetched.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> from numerics.datasets import molecules
    >>> path = Path(mkdtemp()) / "train.csv"
    >>> _ = path.write_text("SMILES,SPLIT\\nCCO,train\\nc1ccccc1,train\\n")
    >>> molecules(path).smiles
    ('CCO', 'c1ccccc1')
    """
    if source == "rdkit":
        return _rdkit(longest)
    path = Path(source)
    if not path.is_file():
        raise DomainError(
            f"data = {quoted(str(source))} is not there: give 'rdkit', a file of SMILES, or train.csv of MOSES, from "
            f"the wheel of molsets (pip download molsets --no-deps, and unzip it)."
        )
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DomainError(f"{path} cannot be read as text: {error}.") from None
    found = _column(lines) if path.suffix == ".csv" else [line.split()[0] for line in lines if line.strip()]
    kept = tuple(text for text in found if text and len(text) <= longest)
    if not kept:
        raise DomainError(f"{path} holds no SMILES of at most {longest} characters.")
    return Molecules(kept, str(path), "as of the file; MOSES: MIT, from ZINC")


def _column(lines: list[str]) -> list[str]:
    rows = list(csv.DictReader(lines))
    name = next((name for name in (rows[0] if rows else {}) if name and name.upper() == "SMILES"), None)
    if name is None:
        raise DomainError("the file has no column SMILES.")
    return [(row[name] or "").strip() for row in rows]


def _rdkit(longest: int) -> Molecules:
    try:
        from rdkit import Chem, RDConfig, rdBase
    except ImportError:
        raise DomainError("data = 'rdkit' needs RDKit: pip install rdkit.") from None
    path = Path(RDConfig.RDDataDir) / "NCI" / "first_5K.smi"
    with rdBase.BlockLogs():
        parsed = [Chem.MolFromSmiles(line.split()[0]) for line in path.read_text().splitlines() if line.strip()]
        canonical = [Chem.MolToSmiles(molecule) for molecule in parsed if molecule is not None]
    kept = tuple(dict.fromkeys(text for text in canonical if text and len(text) <= longest))
    return Molecules(kept, "NCI open database, first 5,000, as in RDKit", "public domain; RDKit BSD-3-Clause")
