"""What a workflow says of its pool is what its weights say, and the user's own is treated like a built-in one."""

from __future__ import annotations

import pytest
from sympy import Integer, Rational, oo

from theory import (
    Accumulate,
    DomainError,
    FreshReal,
    LinearRegression,
    Regular,
    Replace,
    SlidingWindow,
    Workflow,
    expected_risk,
    j,
)
from theory.design.order_of_collapse import order_of_collapse
from theory.workflows.base import ONE, pooled_blocks, pooled_weights


class Latest(Workflow):
    """The last three blocks, pooled, by weights alone."""

    def __init__(self, claimed, kept=3, sizes=ONE):
        self.claimed, self.kept, self.sizes = claimed, kept, sizes

    @property
    def pooled(self):
        return self.claimed

    def weights(self, g):
        return pooled_weights(self, max(1, g - self.kept + 1), g)


@pytest.mark.parametrize(
    ("workflow", "count"),
    [(Replace(), 1), (Accumulate(sizes=j), oo), (SlidingWindow(4, sizes=j), 4), (FreshReal(), None)],
)
def test_built_in_pools(workflow, count):
    assert pooled_blocks(workflow) == count


def test_an_own_pool_is_believed_where_its_weights_say_the_same():
    assert pooled_blocks(Latest(Integer(3))) == 3
    for claim in (Integer(2), Integer(4), oo):
        with pytest.raises(DomainError, match=rf"pooled = {claim} is not what Latest\.weights"):
            pooled_blocks(Latest(claim))


@pytest.mark.parametrize("sizes", [j, 2**j, 1 / j], ids=str)
def test_an_own_window_has_the_order_of_the_built_in_one(sizes):
    own = order_of_collapse(expected_risk(Regular(), Latest(Integer(3), sizes=sizes)).ratio)
    built = order_of_collapse(expected_risk(Regular(), SlidingWindow(3, sizes=sizes)).ratio)
    assert (own.kind, own.leading, own.bound) == (built.kind, built.leading, built.bound)
    silent = order_of_collapse(expected_risk(Regular(), Latest(None, sizes=sizes)).ratio)
    assert silent is None


@pytest.mark.parametrize("sizes", ["1/sqrt(j)", "sqrt(j)", "exp(1-j)", "2+(-1)**j", "1+log(j)"])
def test_a_pool_of_irrational_sizes_is_what_its_weights_say(sizes):
    """Weights with cleared roots are the same numbers as those that are not."""
    assert pooled_blocks(Accumulate(sizes=sizes)) == oo
    assert (
        expected_risk(LinearRegression(d=8, T=20), Accumulate(sizes=sizes)).at(1) == Rational(8, 11) or "exp" in sizes
    )
    with pytest.raises(DomainError, match=r"pooled = 2 is not what Latest\.weights\(3\)"):
        pooled_blocks(Latest(Integer(2), sizes=Accumulate(sizes=sizes).sizes))
