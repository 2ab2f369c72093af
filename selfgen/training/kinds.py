"""What can be trained, and on what: language models on texts, autoencoders on images, SMILES models on molecules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numerics.datasets import byte_pairs, characters, images, molecules, texts
from numerics.datasets.tokens import documents, windows
from numerics.run.rows import Documents
from selfgen.training.given import Loop, dealt
from selfgen.training.observed import ConformerObserver, Observer
from selfgen.training.pictures import ConformerPicture, ImagePicture, SmilesPicture
from theory import DomainError

#: Rows of a block, and of the test, where nothing is said.
USUAL = 1000
#: The molecule whose conformers are generated where none is given, and real ones to which others are compared.
IBUPROFEN, REAL = "CC(C)Cc1ccc(cc1)[C@@H](C)C(=O)O", 100


@dataclass(frozen=True, eq=False)
class Setting:
    """A generator with its data.

    Attributes
    ----------
    generator : not fitted
    pool, test : real rows to train on, and to measure the loss on
    n : rows of a block
    loop : how the loop goes
    observer : what is looked at beside the loss
    baseline : loss of a trivial model
    unit : of a loss
    source, licence : of the data
    picture : what an example looks like, None where it is a text
    """

    generator: Any
    pool: Any
    test: Any
    n: int
    loop: Loop
    observer: Any
    baseline: float
    unit: str
    source: str
    licence: str
    picture: Any = None


def setting(kind: str, data: str | None, given: Mapping[str, str], seed: int) -> Setting:
    """Data and generator of a kind, from the settings of the command line."""
    return KINDS[kind](data, given, seed)


def language(data: str | None, given: Mapping[str, str], seed: int) -> Setting:
    """Texts in rows of equal length, cut one after the other."""
    from numerics.neural import LanguageModel

    if data is None:
        raise DomainError("--data is missing: give a text file, a folder of .txt files, or bible.")
    takes = ("n", "test", "initial", "same_first", "stacked", "tokens", "vocabulary")
    loop, arguments = dealt(given, LanguageModel, ("self", "vocabulary"), takes)
    found = texts(data)
    whole = found.whole
    tokens = characters([whole]) if loop.tokens == "characters" else byte_pairs(found.documents, loop.vocabulary)
    generator = LanguageModel(tokens.vocabulary, **arguments)
    pool, test, n = _split(windows(tokens.encode(whole), generator.context), loop, seed)
    shares = np.bincount(pool.ravel(), minlength=tokens.vocabulary) + 0.5
    baseline = -float(np.log(shares / shares.sum())[test].mean())
    observer = Observer(tokens)
    return Setting(generator, pool, test, n, loop, observer, baseline, "nats a token", found.source, found.licence)


def finetune(data: str | None, given: Mapping[str, str], seed: int) -> Setting:
    """A pretrained language model, trained on texts in rows of equal length."""
    from numerics.neural import PretrainedLanguageModel

    if data is None:
        raise DomainError("--data is missing: give a text file, a folder of .txt files, or bible.")
    takes = ("n", "test", "initial", "same_first", "stacked")
    loop, arguments = dealt(given, PretrainedLanguageModel, ("self",), takes)
    generator = PretrainedLanguageModel(**arguments)
    found, tokens = texts(data), generator.tokens
    encoded = np.concatenate([tokens.encode(document) for document in found.documents])
    pool, test, n = _split(windows(encoded, generator.context), loop, seed)
    shares = np.bincount(pool.ravel(), minlength=generator.vocabulary) + 0.5
    baseline = -float(np.log(shares / shares.sum())[test].mean())
    return Setting(
        generator, pool, test, n, loop, Observer(tokens), baseline, "nats a token", found.source, found.licence
    )


def image(data: str | None, given: Mapping[str, str], seed: int) -> Setting:
    """Images, black and white unless the likelihood is that of numbers."""
    from numerics.neural import ImageVAE

    loop, arguments = dealt(given, ImageVAE, ("self", "side"), ("n", "test", "initial", "same_first", "stacked"))
    found = images("digits" if data is None else data)
    generator = ImageVAE(found.side, **arguments)
    grey = generator.likelihood == "gaussian"
    rows: NDArray[Any] = (found.rows / np.float32(255)).astype(np.float32) if grey else found.binary()
    pool, test, n = _split(rows, loop, seed)
    if grey:
        variance = pool.var(axis=0, dtype=np.float64).mean()
        each = 0.5 * np.log(2 * np.pi * variance) + (test - pool.mean(axis=0)) ** 2 / (2 * variance)
    else:
        share = (pool.sum(axis=0, dtype=np.int64) + 0.5) / (len(pool) + 1)
        each = -np.where(test == 1, np.log(share), np.log1p(-share))
    baseline = float(each.sum(axis=1).mean())
    picture = ImagePicture(found.side)
    return Setting(
        generator, pool, test, n, loop, Observer(), baseline, "nats an image", found.source, found.licence, picture
    )


def molecule(data: str | None, given: Mapping[str, str], seed: int) -> Setting:
    """SMILES, a document each, character by character; or with ``model=diffusion`` conformers of one molecule."""
    from numerics.neural import LanguageModel

    model = given.get("model", "smiles")
    given = {name: value for name, value in given.items() if name != "model"}
    if model == "diffusion":
        return _conformers(data, given, seed)
    if model != "smiles":
        raise DomainError(f"model = {model!r} is not allowed: it is smiles or diffusion.")
    takes = ("n", "test", "initial", "same_first", "stacked")
    loop, arguments = dealt(given, LanguageModel, ("self", "vocabulary"), takes)
    found = molecules("rdkit" if data is None else data, int(arguments.get("context", 64)))
    try:
        import rdkit  # noqa: F401
    except ImportError:
        raise DomainError("train molecule needs RDKit, to tell which molecules are valid: pip install rdkit.") from None
    tokens = characters(found.smiles)
    pool, test, n = _split(documents(found.smiles, tokens), loop, seed)
    generator = LanguageModel(tokens.vocabulary, **arguments)
    counts = np.bincount(pool.tokens, minlength=tokens.vocabulary + 1) + 0.5
    counts[-1] = len(pool)
    chances = -np.log(counts / counts.sum())
    baseline = float((chances[test.tokens].sum() + len(test) * chances[-1]) / (len(test.tokens) + len(test)))
    observer, picture = Observer(tokens, frozenset(tokens.decode(row) for row in pool)), SmilesPicture()
    return Setting(
        generator, pool, test, n, loop, observer, baseline, "nats a character", found.source, found.licence, picture
    )


def _conformers(smiles: str | None, given: Mapping[str, str], seed: int) -> Setting:
    """Torsion angles of conformers of one molecule, ``--data`` being its SMILES."""
    from numerics.datasets.conformers import conformers
    from numerics.neural import MoleculeDiffusion

    loop, arguments = dealt(given, MoleculeDiffusion, ("self",), ("n", "test", "initial", "same_first", "stacked"))
    generator = MoleculeDiffusion(**arguments)
    wanted = (loop.n or USUAL // 2) + (loop.test or USUAL // 2)
    found = conformers(IBUPROFEN if smiles is None else smiles, wanted, seed=seed + 1)
    pool, test, n = _split(found.rows, loop, seed)
    untrained = MoleculeDiffusion(**{**arguments, "steps": 0})
    untrained.fit(pool)
    baseline = -float(untrained.score_samples(test).mean())
    observer = ConformerObserver(found, test[:REAL])
    return Setting(
        generator,
        pool,
        test,
        n,
        loop,
        observer,
        baseline,
        "denoising loss",
        "conformers by ETKDG of RDKit",
        "BSD-3-Clause",
        ConformerPicture(found),
    )


def _split(rows: Any, loop: Loop, seed: int) -> tuple[Any, Any, int]:
    """Pool and test rows, and the rows of a block."""
    count = len(rows)
    held = loop.test or min(USUAL, count // 5)
    if not 0 < held < count:
        raise DomainError(f"test = {loop.test} is not allowed: there are {count} rows, of which some must be left.")
    order = np.random.default_rng(seed).permutation(count)
    pool, test = rows[order[held:]], rows[order[:held]]
    n = loop.n or min(USUAL, len(pool))
    if n > len(pool):
        raise DomainError(f"n = {n} is not allowed: there are {len(pool)} rows beside the {held} test rows.")
    if isinstance(pool, Documents) and not len(pool.tokens):
        raise DomainError("the data hold documents without a token.")
    return pool, test, n


KINDS = {"language": language, "finetune": finetune, "image": image, "molecule": molecule}
