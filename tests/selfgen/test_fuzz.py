"""Hostile input: texts, names, studies, losses, certificates and models, mutated at random, are read or refused.

2000 of them here; ``make fuzz`` reads as many as INPUTS says, and stops at the first that ends otherwise, takes more
than ten seconds or takes the process over 1 GiB.
"""

from __future__ import annotations

import os
import random
import resource
import signal
import sys
import tempfile
import warnings
from functools import cache
from pathlib import Path

import pytest
from small_models import llama_tensors, write_folder

from numerics.editing.llama import llama_of_folder
from selfgen.loss_table import read_losses
from selfgen.study import load
from theory import Accumulate, DomainError, NotDerivedError, Regular, expected_risk
from theory.expressions.parser import parse
from theory.names import build, settings
from theory.proof import Certificate, CertificateError, check, prove

INPUTS = int(os.environ.get("INPUTS", "2000"))
SEED = int(os.environ.get("SEED", "1"))
MOST_SECONDS, MOST_KILOBYTES = 10, 2**20

TOKENS = (
    "oo ∞ nan inf -1 0 1e400 9**9**9 1/0 0.1 sqrt log exp ( ) [ ] { } , ; : = == ** ^ j G g l t n p T d lambda "
    "\u0000 \\ \" ' # \n true null [[case]] sizes=j replace accumulate bernoulli k=2 ..\\..\\etc __import__ "
    "j**j**j 1_0 ٣ é 💥 %s ${HOME} <b> -- 100000000000000000000000 1e-400 .5. 0x10 1j lambda: {}"
).split(" ")  # fmt: skip

TEXTS = ["1/3", "2^j + 1", "sqrt(2)/n", "j**2", "3*n - log(2)", "(1/2)**l", "exp(-1)", "0.25"]
PAIRS = [
    ("bernoulli", "accumulate", "p=1/3,n=10"),
    ("gamma:shape=2", "sliding-window:k=2", "n=9,mean=1"),
    ("biased-sampler:model=bernoulli,fidelity=9/10,target=1/2", "replace", "n=5"),
    ("linear-regression", "fresh-real:share=1/2", "d=3,T=9"),
    ("regular", "weighted:1/g", "n=3,p=2"),
    ("categorical", "ecosystem:3/4 1/4; 1/4 3/4", "probabilities=zipf(4)"),
]
STUDY = """title = "t"
[defaults]
generations = 3
replicates = "1000/n"
[[case]]
model = ["bernoulli", "gamma:shape=2"]
workflow = ["replace", "sliding-window:k=2"]
parameters = { n = 10 }
grid = { sizes = [1, "j"] }
seed = [1, 2]
[[case]]
model = "categorical"
workflow = "accumulate"
parameters = { probabilities = [0.5, "1/2"], sizes = [1, 2] }
paired = { n = [3, 4] }
"""
LOSSES = [
    "generation,loss,stderr\n1,0.5,0.1\n2,0.75,0.1\n3,0.9,0.1\n",
    '[{"generation": 1, "loss": 2.5, "seed": 1}, {"generation": 2, "loss": 3, "seed": 1}]',
    '{"generation": [1, 2, 3], "loss": [1, 2.5, 3e1]}',
]


def mutated(text: str, draw: random.Random) -> str:
    """The text with one to four places deleted, doubled, replaced or filled."""
    for _ in range(draw.randint(1, 4)):
        start = draw.randint(0, len(text))
        end = min(len(text), start + draw.choice((0, 1, 1, 3, 10)))
        filled = draw.choice((draw.choice(TOKENS), text[start:end] * 2, "", chr(draw.randint(1, 0x2FF)), "(" * 50))
        text = text[:start] + filled + text[end:]
    return text


@cache
def certificate() -> str:
    return prove(expected_risk(Regular(), Accumulate())).json()


def arithmetic(draw: random.Random, folder: Path) -> None:
    parse(mutated(draw.choice(TEXTS), draw), "sizes", draw.choice((None, ("j", "n"))))


def command_line(draw: random.Random, folder: Path) -> None:
    model, workflow, given = draw.choice(PAIRS)
    which = draw.randrange(3)
    model = mutated(model, draw) if which == 0 else model
    workflow = mutated(workflow, draw) if which == 1 else workflow
    given = mutated(given, draw) if which == 2 else given
    build(model, workflow, settings(given.split(",")), draw.choice(((), ("c",), (mutated("c", draw),))))


def study_file(draw: random.Random, folder: Path) -> None:
    path = folder / "study.toml"
    path.write_bytes(mutated(STUDY, draw).encode("utf-8", "surrogatepass"))
    load(path)


def loss_file(draw: random.Random, folder: Path) -> None:
    path = folder / f"losses{draw.choice(('.csv', '.json', '.jsonl'))}"
    path.write_bytes(mutated(draw.choice(LOSSES), draw).encode("utf-8", "surrogatepass"))
    read_losses(path)


def certificate_file(draw: random.Random, folder: Path) -> None:
    path = folder / "certificate.json"
    path.write_bytes(mutated(certificate(), draw).encode("utf-8", "surrogatepass"))
    check(Certificate.load(path))


@cache
def model() -> dict[str, bytes]:
    """A small model in two shards, as the files of its folder."""
    with tempfile.TemporaryDirectory() as folder:
        made = write_folder(Path(folder) / "model", llama_tensors(), shards=2)
        return {path.name: path.read_bytes() for path in made.iterdir()}


def model_folder(draw: random.Random, folder: Path) -> None:
    """One file of it mutated: of weights the header, which tells where they lie, or a few bytes."""
    content = dict(model())
    name = draw.choice(sorted(content))
    head = content[name][:1500]
    if draw.random() < 0.2:
        hurt = bytes(draw.randrange(256) if draw.random() < 0.01 else byte for byte in head)
    else:
        hurt = mutated(head.decode("latin-1"), draw).encode("latin-1", "ignore")
    content[name] = hurt + content[name][1500:]
    for each, data in content.items():
        (folder / each).write_bytes(data)
    llama_of_folder(folder)


READERS = {arithmetic: 8, command_line: 6, study_file: 1, loss_file: 3, certificate_file: 1, model_folder: 1}
REFUSED = (DomainError, CertificateError, NotDerivedError)


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
def test_hostile_input_is_read_or_refused(reader, tmp_path) -> None:
    share = INPUTS * READERS[reader] // sum(READERS.values())
    signal.signal(signal.SIGALRM, _late)
    for number in range(share):
        draw = random.Random(f"{SEED} {reader.__name__} {number}")
        signal.alarm(MOST_SECONDS)
        said = ""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                reader(draw, tmp_path)
        except REFUSED as error:
            said = str(error)
        except BaseException as error:
            raise AssertionError(f"input {number} of {reader.__name__}, SEED={SEED}: {error!r}") from error
        finally:
            signal.alarm(0)
        assert len(said) < 5000, f"input {number} of {reader.__name__} is refused at length"
        assert said.isprintable(), f"input {number} of {reader.__name__} is not refused on one line: {said!r}"
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert sys.platform != "linux" or INPUTS <= 2000 or used < MOST_KILOBYTES


def _late(*_: object) -> None:
    raise TimeoutError(f"more than {MOST_SECONDS} s")
