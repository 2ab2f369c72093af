"""Seeds as NumPy's users give them: the same seed makes the same run, whatever it is and wherever it is taken."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from numpy.random import SeedSequence, default_rng
from sympy import Integer

from numerics import crosscheck, evaluate, limit_process, run_generations, simulate
from numerics.seeds import seed_number
from theory import Accumulate, Bernoulli, DomainError, Replace, expected_risk


class _Mean:
    """A generator for rows of numbers: a Gaussian about their mean."""

    def fit(self, X: Any) -> None:
        self.mean = X.mean(axis=0)

    def sample(self, n: int, rng: np.random.Generator) -> Any:
        return self.mean + rng.standard_normal((n, len(self.mean)))


def _loss(model: _Mean, data: Any) -> float:
    return float(((data - model.mean) ** 2).mean())


_MODEL = Bernoulli("1/3", 5)
_ROWS = np.random.default_rng(5).standard_normal((20, 2))
#: Everything of numerics that takes a seed, as a function of it.
TAKERS: dict[str, Callable[[Any], Any]] = {
    "simulate": lambda seed: simulate(_MODEL, Accumulate(), 3, 5000, seed=seed).mean,
    "simulate raw": lambda seed: simulate(_MODEL, Accumulate(), 3, 500, seed=seed, method="raw").mean,
    "paths": lambda seed: limit_process(Accumulate(), 2, 4).paths(3, seed=seed),
    "probability": lambda seed: limit_process(Replace(), 1, 4).probability_above(3.0, 50, seed=seed).value,
    "run_generations": lambda seed: (
        run_generations(_Mean(), _ROWS, Accumulate(), 3, loss=_loss, test_data=_ROWS, seed=seed).losses
    ),
}


def _spawned() -> SeedSequence:
    return SeedSequence(3).spawn(2)[1]


@pytest.mark.parametrize("taker", TAKERS)
@pytest.mark.parametrize("make", [lambda: SeedSequence(3), _spawned, lambda: default_rng(3)])
def test_the_same_seed_makes_the_same_run(taker: str, make: Callable[[], Any]) -> None:
    run = TAKERS[taker]
    first, second, other = run(make()), run(make()), run(4)
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_a_sequence_of_a_number_is_that_number_and_a_child_is_another() -> None:
    run = TAKERS["simulate"]
    assert np.array_equal(run(SeedSequence(3)), run(3))
    assert not np.array_equal(run(_spawned()), run(3))
    state = _spawned().generate_state(4).astype("<u4").tobytes()
    assert seed_number(_spawned()) == int.from_bytes(state, "little")
    # Not one of the streams that the run with the number makes for itself.
    assert seed_number(_spawned()) != seed_number(SeedSequence(3).spawn(1)[0])


def test_a_sequence_is_not_changed_and_a_generator_is() -> None:
    sequence, generator = SeedSequence(3), default_rng(3)
    assert seed_number(sequence) == seed_number(sequence)
    assert sequence.n_children_spawned == 0
    drawn = [seed_number(generator) for _ in range(3)]
    assert len(set(drawn)) == 3
    assert all(number < 2**128 for number in drawn)
    assert max(number.bit_length() for number in drawn) > 100


def test_the_number_of_a_run_makes_it_again() -> None:
    run = simulate(_MODEL, Accumulate(), 3, 500, seed=default_rng(3))
    assert isinstance(run.seed, int)
    assert np.array_equal(run.mean, simulate(_MODEL, Accumulate(), 3, 500, seed=run.seed).mean)
    with ThreadPoolExecutor(2) as executor:
        apart = simulate(_MODEL, Accumulate(), 3, 500, seed=default_rng(3), executor=executor)
    assert np.array_equal(run.covariance, apart.covariance)


@pytest.mark.parametrize("seed", [5, np.int64(5), np.uint8(5), Integer(5), 5.0, np.array(5), "5"])
def test_whole_numbers_are_themselves(seed: Any) -> None:
    assert seed_number(seed) == 5


@pytest.mark.parametrize(
    "seed",
    [
        None, -1, 1.5, True, np.True_, [1, 2], (1,), np.array([1, 2]), "word", np.random.RandomState(0), np.random, 1j,
        np.random.PCG64(0), float("nan"), object(),
    ],
)  # fmt: skip
@pytest.mark.parametrize("taker", TAKERS)
def test_anything_else_is_refused(taker: str, seed: Any) -> None:
    with pytest.raises(DomainError, match=r"seed = .* must be a whole number, 0 or more, a numpy.random.SeedSequence"):
        TAKERS[taker](seed)


# -- other arguments ---------------------------------------------------------------------------------------

_ODD: list[Any] = [
    np.array([2, 3]), [1], (1, 2), {1: 2}, None, True, np.True_, "word", "", b"1", float("nan"), float("inf"), 1j,
    np.complex64(1), object(), int, 10**5000, -1,
]  # fmt: skip
_RISK = expected_risk(_MODEL, Accumulate())
_RUN = simulate(_MODEL, Accumulate(), 2, 50)
_CALLS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "simulate": (
        simulate,
        {
            "model": _MODEL,
            "workflow": Accumulate(),
            "generations": 2,
            "replicates": 5,
            "method": "raw",
            "loss": "squared",
        },
    ),
    "crosscheck": (crosscheck, {"risk": _RISK, "simulation": _RUN, "level": 0.01}),
    "evaluate": (evaluate, {"risk": _RISK, "generations": 2}),
    "limit_process": (limit_process, {"workflow": Accumulate(), "dimension": 1, "generations": 3}),
    "paths": (limit_process(Accumulate(), 1, 3).paths, {"replicates": 2}),
    "probability": (limit_process(Accumulate(), 1, 3).probability_above, {"level": 1.0, "replicates": 5}),
}


@pytest.mark.parametrize("name", _CALLS)
def test_every_argument_refuses_what_it_cannot_use(name: str) -> None:
    function, ordinary = _CALLS[name]
    function(**ordinary)
    for argument in ordinary:
        for place, value in enumerate(_ODD):
            whole = place < 3 and argument == "generations" and name == "evaluate"
            large = place == 16 and argument == "level" and name == "evaluate"
            if whole or large:
                continue
            with pytest.raises(DomainError) as caught:
                function(**{**ordinary, argument: value})
            assert "\n" not in str(caught.value), (argument, place)


def test_methods_take_numbers_of_any_kind_and_refuse_the_rest() -> None:
    process = limit_process(Accumulate(), 1, 30)
    asked = [process.first_above(2.0, probability) for probability in (0.2, "1/5", np.float32(0.2))]
    assert asked[0] is not None
    assert len(set(asked)) == 1
    for value in (10**5000, "word", np.array([1j]), [1, 2], object()):
        with pytest.raises(DomainError, match="metric = "):
            process.risk_law(2, metric=value)
