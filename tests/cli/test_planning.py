"""The planning commands as a user types them: bad input is one sentence, and nothing is imported that has moved."""

import pandas as pd
import pytest
from typer.testing import CliRunner

from bayeskisl.cli.app import app
from bayeskisl.design import Costs, Run
from bayeskisl.errors import InputError
from tests.design.hand_made import TOKENS, GaussianFit


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["plan", "no.nc", "--params", "98304", "--budget", "1e12flop"], "a saved fit"),
        (["plan", "no.nc", "--params", "many", "--budget", "60"], "--params"),
        (["loop", "demo", "--params", "98304", "--until", "0.6", "--budget", "60", "--out", "x"], "width=W"),
        (
            ["loop", "demo", "--params", "98304", "--until", "width=1", "--budget", "2x", "--out", "x"],
            "a budget such as",
        ),
        (["replay", "no.nc", "--out", "x"], "curves"),
    ],
)
def test_bad_input_is_one_sentence(arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, arguments)
    assert isinstance(result.exception, InputError)
    assert message in str(result.exception)


class Stop(Exception):
    """Carries what the planner was asked."""


@pytest.fixture
def asked(monkeypatch):
    """What `plan` at the command line asks of a hand-made fit, as it reaches the planners."""

    def stop(outlook, candidates, costs, budget, count, *_, exact, **__):
        raise Stop({"candidates": candidates, "costs": costs, "runs": count if exact else None})

    fit = GaussianFit(draws=400)
    fit.curves = fit.curves.assign_attrs(sweeps="{}")
    monkeypatch.setattr("bayeskisl.inference.result.load_fit_if", lambda path, judge: fit)
    monkeypatch.setattr("bayeskisl.design.planning.Problem", stop)

    def ask(*options):
        problem = CliRunner().invoke(app, ["plan", "f.nc", "--params", "98304", *map(str, options)]).exception
        assert isinstance(problem, Stop | InputError), problem
        return problem.args[0]

    return ask


def test_costs_come_from_a_device_and_its_price(asked):
    assert asked("--budget", "5000h", "--device", "h100")["costs"] == Costs.on_device("h100")
    options = ("--budget", "5000h", "--device", "b200", "--utilisation", 0.3, "--price", 4)
    assert asked(*options)["costs"] == Costs.on_device("b200", 0.3).priced(4.0)


def test_costs_come_from_a_table(asked, tmp_path):
    (tmp_path / "costs.csv").write_text("params,hours\n6144,2\n24576,7\n")
    costs = asked("--budget", "50h", "--costs", tmp_path / "costs.csv")["costs"]
    assert costs.of(Run(24_576, TOKENS, 5.0)) == pytest.approx(7 * 3600)
    assert costs.source == "costs.csv, 2 sizes"


@pytest.mark.parametrize(("options", "message"), [
    (["--device", "h100", "--records", "x"], "one of --records, --costs and --device"),
    (["--price", "2"], "--device, --costs or --records beside --price"),
    (["--utilisation", "0.4"], "--device beside --utilisation"),
    (["--device", "h99"], "a device among a100"),
    (["--costs", "no.csv"], "no.csv"),
    ([], "costs beside a budget in device-seconds"),
])  # fmt: skip
def test_costs_that_cannot_be_are_one_sentence(asked, options, message):
    assert message in asked("--budget", "5h", *options)


def test_sizes_and_the_count_of_runs_are_the_users_own(asked):
    options = asked("--budget", "1e15flop", "--sizes", "6.1k,24_576,50k", "--runs", 4)
    # 6.1k is the trained size of 6,144
    assert {run.params for run in options["candidates"]} == {6_144, 24_576, 50_000}
    assert options["runs"] == 4
    capped = asked("--budget", "1e15flop", "--sizes", "6144,24576,50k", "--largest", "30k")
    assert {run.params for run in capped["candidates"]} == {6_144, 24_576}
    assert "a size below the target's 98,304" in asked("--budget", "1e15flop", "--sizes", "1B")
    assert "a positive whole number" in asked("--budget", "1e15flop", "--sizes", "small")


def test_a_largest_size_beyond_the_list_has_no_effect_and_a_note(monkeypatch):
    fit = GaussianFit(draws=1_000, sd=0.15)
    fit.curves = fit.curves.assign_attrs(sweeps="{}")
    monkeypatch.setattr("bayeskisl.inference.result.load_fit_if", lambda path, judge: fit)
    arguments = [
        "--params",
        "98304",
        "--budget",
        "1e14flop",
        "--sizes",
        "6144,24576",
        "--largest",
        "50K",
        "--runs",
        "1",
    ]
    result = CliRunner().invoke(app, ["plan", "f.nc", *arguments])
    assert result.exit_code == 0, result.exception
    assert "`--largest 50K` has no effect: the list of --sizes ends at 24,576 parameters." in result.stdout


def test_four_runs_of_named_sizes_are_a_table_of_four(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    fit = GaussianFit(draws=1_000, sd=0.15)
    fit.curves = fit.curves.assign_attrs(sweeps="{}")
    monkeypatch.setattr("bayeskisl.inference.result.load_fit_if", lambda path, judge: fit)
    arguments = ["--params", "98304", "--budget", "1h", "--device", "1e9", "--sizes", "6144,24576,50k", "--runs", "4"]
    result = CliRunner().invoke(app, ["plan", "f.nc", *arguments, "--out", "next.csv"])
    assert result.exit_code == 0, result.exception
    assert "Costs in device-seconds: 6 N D at 40 % of the 1B FLOP/s of 1e9." in result.stdout
    table = pd.read_csv("next.csv")
    assert table["replicates"].sum() == len(table) == 4
    assert set(table["params"]) <= {6_144, 24_576, 50_000}


def test_money_and_what_it_buys_fit_a_terminal_of_80_columns(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    fit = GaussianFit(draws=1_000, sd=0.15)
    fit.curves = fit.curves.assign_attrs(sweeps="{}")
    monkeypatch.setattr("bayeskisl.inference.result.load_fit_if", lambda path, judge: fit)
    arguments = ["--params", "98304", "--budget", "1e16flop", "--worth-of-fact", "1e12", "--cost-of-miss", "1e14"]
    result = CliRunner().invoke(app, ["plan", "f.nc", *arguments])
    assert result.exit_code == 0, result.exception
    rows = result.stdout.split("Frontier: ")[1].splitlines()[1:]
    assert rows[0].split() == ["runs", "spent", "factor", "90", "%", "regret", "risk", "loss"]
    tables = [row for row in result.stdout.splitlines() if "  " in row]
    assert len(tables) > 15
    assert max(map(len, tables)) <= 80
    assert "It ends here" in result.stdout
