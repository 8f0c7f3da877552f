"""Examples of the reference: every public function has one, and it runs as it stands."""

import doctest
import inspect

import pytest

import bayeskisl as bk
from bayeskisl.inference.data import suited
from bayeskisl.laws import load_law

# Functions whose work takes minutes, a cluster, a notebook or files that only a user has.
WITHOUT = {
    "backtest", "build_curves", "compare", "demo", "estimate_sweep", "explore", "export_sweep", "fit_many", "loop",
    "plot_backtest", "plot_plan", "read_exported", "read_runs", "replay", "run_sweep", "sweep_status",
}  # fmt: skip
FUNCTIONS = [name for name in bk.__all__ if inspect.isroutine(getattr(bk, name))]
EXAMPLES = {name: getattr(bk, name).__doc__ for name in bk.__all__ if ">>>" in (getattr(bk, name).__doc__ or "")}
SLOW = ("load_fit", "plot_", "prior_predictive")  # seconds each, together with what they import


def marked(name):
    return pytest.param(name, marks=pytest.mark.slow) if any(word in EXAMPLES[name] for word in SLOW) else name


def test_every_function_has_an_example_or_a_reason():
    assert set(FUNCTIONS) - set(EXAMPLES) == WITHOUT


@pytest.mark.parametrize("name", [marked(name) for name in EXAMPLES])
def test_an_example_runs(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = doctest.DocTestParser().get_doctest(EXAMPLES[name], {}, name, None, 0)
    said = []
    failed = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(found, out=said.append).failed
    assert not failed, "".join(said)


def test_the_fit_that_ships_has_the_default_law_of_today():
    fit, curves = bk.load_fit("desk-four"), bk.load_curves("desk-amount")
    assert fit.law.sha256 == suited(load_law("limits"), curves).sha256, "remake it: python scripts/example_fit.py"
