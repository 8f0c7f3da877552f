"""What the curves of a fit do not determine is refused before a draw is read, and before a run is trained."""

import json
from importlib import import_module

import pytest
from typer.testing import CliRunner

import bayeskisl as bk
from bayeskisl.cli.app import app
from bayeskisl.errors import InputError
from bayeskisl.inference.simulate import simulate
from bayeskisl.workflow import loop
from tests.inference.test_domains import LAW, TRUTH

LOOP = import_module("bayeskisl.workflow.loop")  # the package has a function of this name


def refused(*arguments):
    """The sentence with which a command refuses its arguments."""
    found = CliRunner().invoke(app, [*map(str, arguments)]).exception
    assert isinstance(found, InputError), found
    return str(found)


@pytest.fixture
def broken(tmp_path):
    """Writes the shipped fit with draws that no command can read, and with curves of other attributes."""

    def write(**attrs):
        tree = bk.load_fit("desk-four").tree.copy()
        tree["posterior"] = tree["posterior"].to_dataset().drop_vars("ceiling")
        told = json.loads(tree["constant_data"].attrs["curves_attrs"]) | attrs
        tree["constant_data"].attrs["curves_attrs"] = json.dumps(told)
        return bk.Fit(tree).save(tmp_path / "fit.nc")

    return write


@pytest.mark.parametrize(("command", "more"), [
    ("predict", []), ("decide", []), ("plan", ["--budget", "1e15flop"]), ("compare", []),
])  # fmt: skip
@pytest.mark.parametrize(("options", "message"), [
    (["--tokens", "1B"], "tokens: expected the only token budget of the sweep, 614,400"),
    (["--hold", "ratio=0.9"], "ratio: expected the only value of ratio that was swept, 0.5"),
    (["--domain", "legal"], "domain: expected a fit of several domains"),
    ([], "a fit that knows the ceiling"),
])  # fmt: skip
def test_a_target_is_judged_before_draws_are_read(broken, command, more, options, message):
    assert message in refused(command, broken(), "--params", "98304", *more, *options)


@pytest.mark.parametrize(("options", "message"), [
    (["--keep", "background=0.9"], "levels of groups that were probed: infused, got background"),
    (["--facts", "500"], "a fit that knows the ceiling"),
])  # fmt: skip
def test_a_criterion_is_judged_before_draws_are_read(broken, options, message):
    assert message in refused("decide", broken(), "--params", "98304", *options)


def test_a_sweep_that_a_plan_needs_is_missed_before_draws_are_read(broken):
    asked = "plan", broken(sweeps="{}"), "--params", "98304", "--budget", "1e15flop"
    assert "--sweep beside a sweep file" in refused(*asked, "--out", "next.toml")
    assert "a fit that knows the ceiling" in refused(*asked, "--out", "next.csv")
    two = "plan", broken(sweeps='{"one": {}, "two": {}}'), *asked[2:]
    assert "the sweep's own TOML file, got runs of one, two" in refused(*two)


def test_costs_by_tokens_that_an_import_assumed_are_missed_before_draws_are_read(broken):
    assumed = broken(sweeps="{}", import_invented='["tokens"]')
    asked = "plan", assumed, "--params", "98304", "--budget", "1e15flop"
    assert "runs whose tokens are known" in refused(*asked)


def test_a_fit_that_is_none_is_refused_as_before(tmp_path):
    path = bk.save_curves(bk.load_curves("desk-amount"), tmp_path / "curves.nc")
    assert "expected a fit, got retention curves" in refused("predict", path, "--params", "98304")


def test_a_loop_misses_a_budget_before_it_trains(tmp_path, monkeypatch):
    monkeypatch.setattr(LOOP, "run_sweep", lambda *_, **__: pytest.fail("trained"))
    with pytest.raises(InputError, match="the token budget of the target, got none, and the sweep has"):
        loop("desk-tokens", 1_000_000, until=0.6, budget="1h", out=tmp_path)


def test_a_loop_misses_a_domain_before_it_fits(tmp_path, monkeypatch):
    monkeypatch.setattr(LOOP, "fit", lambda *_, **__: pytest.fail("fitted"))
    design = {"params": [6_144, 24_576], "facts": [50, 400], "seeds": 1, "domains": ("legal", "medical")}
    path = bk.save_curves(simulate(LAW, design, TRUTH, seed=1), tmp_path / "curves.nc")
    with pytest.raises(InputError, match="one domain among legal, medical"):
        loop(path, 98_304, until=0.6, budget="1e15flop", out=tmp_path / "loop")
