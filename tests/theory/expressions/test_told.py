"""Results with a table: a short line, text, HTML that is escaped, a data frame where pandas is, a picture."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest
from any_generator import POOL, Mean, square
from matplotlib.figure import Figure

from numerics import RatioCheck, crosscheck, forecast, run_generations, simulate
from theory import Accumulate, GaussianMean, Poisson, Replace, compare, expected_risk
from theory.expressions.told import Told
from theory.subspaces import FactorModel, subspace_error


@pytest.fixture(scope="module")
def results():
    model = Poisson(rate=3, n=10)
    simulation = simulate(model, Replace(), generations=20, replicates=400)
    run = run_generations(Mean(), POOL, Replace(), 4, square, replicates=30, n=20)
    return {
        "run": run,
        "ratio": run.compare(expected_risk(GaussianMean(1, 20), Replace()), best=0.0),
        "simulation": simulation,
        "crosscheck": crosscheck(expected_risk(model, Replace()), simulation),
        "forecast": forecast([1.8, 1.9, 1.95, 2.0, 2.02], Accumulate(), horizon=15),
        "comparison": compare([Accumulate(), Replace()], model=model, upto=4),
        "subspace": subspace_error(FactorModel(3, pairs=100, dimension=100)),
    }


def test_all_are_told(results):
    for name, result in results.items():
        assert isinstance(result, Told), name
        assert repr(result).count("\n") == 0, name
        assert len(repr(result)) < 250, name
        columns = result.table()
        assert len({len(values) for values in columns.values()}) == 1
        head, *rows = result.summary().splitlines()
        assert head == result.headline()
        assert len(rows) == 1 + len(next(iter(columns.values())))
        html = result._repr_html_()
        assert html.count("<tr>") + html.count("<tr ") == html.count("</tr>")
        assert html.count("</tr>") == 1 + min(len(rows) - 1, 13)


def test_numbers_of_the_table(results):
    columns = results["simulation"].table()
    assert columns["mean"] == results["simulation"].mean.tolist()
    half = [(high - low) / 4 for low, high in zip(columns["lower"], columns["upper"], strict=True)]
    assert half == pytest.approx(columns["stderr"])
    assert results["crosscheck"].table()["z"] == results["crosscheck"].z.tolist()
    assert results["forecast"].table()["median"] == results["forecast"].median.tolist()
    columns, run = results["run"].table(), results["run"]
    assert (columns["mean"], columns["stderr"]) == (run.mean.tolist(), run.stderr.tolist())
    assert columns["lower"] == (run.mean - 2 * run.stderr).tolist()
    check = results["ratio"]
    assert isinstance(check, RatioCheck)
    columns = check.table()
    assert (columns["ratio"], columns["prediction"]) == (check.ratio.tolist(), check.prediction.tolist())
    assert [(r - low) / 2 for r, low in zip(columns["ratio"], columns["lower"], strict=True)] == pytest.approx(
        columns["stderr"]
    )
    missed, collateral, error = results["subspace"].table()["squared error"]
    assert missed + collateral == error


def test_html_is_escaped():
    class Odd(Told):
        def headline(self):
            return "<script>"

        def table(self):
            return {"<b>": ["&"]}

    assert "<script>" not in Odd()._repr_html_()
    assert "<th>&lt;b&gt;</th>" in Odd()._repr_html_()
    with pytest.raises(AttributeError, match="Odd has no picture"):
        Odd().plot()


def test_a_data_frame(results, monkeypatch):
    """pandas is optional: a stand-in sees what it is given, and its absence is said in a sentence."""
    monkeypatch.setitem(sys.modules, "pandas", SimpleNamespace(DataFrame=dict))
    assert results["simulation"].to_pandas() == results["simulation"].table()
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="to_pandas needs pandas, which is not installed"):
        results["simulation"].to_pandas()


def test_pictures(results):
    axes = Figure().subplots()
    assert results["forecast"].plot(axes) is axes
    (line,) = axes.lines
    assert list(line.get_ydata()) == results["forecast"].median.tolist()
    assert len(axes.collections) == 1
    assert axes.get_xlabel() == "generation"
    measured, predicted = results["ratio"].plot(Figure().subplots()).lines
    assert (list(measured.get_ydata()), list(predicted.get_ydata())) == (
        results["ratio"].ratio.tolist(),
        results["ratio"].prediction.tolist(),
    )
    assert list(results["run"].plot(Figure().subplots()).lines[0].get_ydata()) == results["run"].mean.tolist()
    assert results["subspace"].plot(Figure().subplots()).lines
