import json
import shlex
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from bayeskisl.cli.app import app
from bayeskisl.curves import curves_from_table, load_curves, read_runs
from bayeskisl.curves.tables.command import import_command
from bayeskisl.decision import (
    Decision,
    KeptFacts,
    decide,
    decision_summary,
    decision_table,
    predict,
    verify,
)
from bayeskisl.inference import load_fit
from bayeskisl.laws import load_law
from bayeskisl.reporting import describe_decision, describe_prediction, describe_verification
from bayeskisl.reporting.contents import command_lines, runs_behind, sensitivity_rows
from bayeskisl.reporting.numbers import three_digits
from bayeskisl.reporting.text import beside_it, decision_rows, domain_line, headline, utility_in_words
from bayeskisl.reporting.text.decisions import _of_the_best
from bayeskisl.reporting.text.tables import aligned
from bayeskisl.reporting.words import distance
from bayeskisl.target import Target
from tests.decision.hand_made import TOKENS, HandMadeFit, MixedFit, amount_curves, law_line, mixed_curves


def test_prediction_says_what_was_promised(fit):
    said = describe_prediction(predict(fit, 98_304))
    for word in ("98,304 non-embedding", "exponent of params: 0.", "predicted for a new run", "90 % interval",
                 "by the law 'power', weight 0.25", "held fixed: ratio 0.5"):  # fmt: skip
        assert word in said


def test_decision_says_the_choice_first_and_what_stands_beside_it(decision):
    said = describe_decision(decision)
    assert said.startswith(f"recommended: at most {three_digits(decision.choice.value, down=True)} facts")
    assert "verdict: good" in said
    for word in ("best on average", "within 1 % of that best", "from over-infusion", "sufficient ratio",
                 "do not depend on the ratio", "predicted for a new run", "held fixed: ratio 0.5"):  # fmt: skip
        assert word in said


def test_choices_and_predictions_stand_in_columns(decision, fit):
    for said in (describe_decision(decision), describe_prediction(predict(fit, 98_304))):
        blocks = [block.splitlines() for block in said.split("\n\n")]
        tables = [block for block in blocks if block[0].startswith(("choice, facts", "predicted for a new run, facts"))]
        assert tables
        for head, *rows in tables:
            ends = {len(row) for row in rows if row.startswith("  ")}
            assert len(ends) == 1
            assert len(head) <= max(ends) <= 80


def test_columns_hold_words_of_any_script_and_no_markup():
    rows = [("head", "number"), ("\N{CJK UNIFIED IDEOGRAPH-4E2D}[bold]", "1"), ("plain words", "1,000")]
    assert aligned(rows) == [
        "head           number",
        "  \N{CJK UNIFIED IDEOGRAPH-4E2D}[bold]          1",
        "  plain words   1,000",
    ]


def test_a_reason_that_the_verdict_states_is_not_stated_twice(fit):
    said = describe_decision(decide(HandMadeFit(curves=amount_curves(levels=(62, 80, 100))), 98_304, sensitivity=False))
    assert said.count("no run of the sweep lost half") == 1


def test_a_ratio_is_said_as_a_share_of_the_tokens(fit):
    said = describe_decision(decide(MixedFit(curves=mixed_curves("ratio")), 98_304, sensitivity=False))
    for word in ("of the tokens. At this level", "onset of infused facts", "background facts", "of too little"):
        assert word in said


def test_a_bound_is_said_with_its_reason_and_the_run_to_buy(fit):
    said = describe_decision(decide(HandMadeFit(curves=amount_curves(levels=(62, 80, 100))), 98_304, sensitivity=False))
    assert said.startswith("recommended: safe up to at least 100 facts")
    assert "infuse at least" not in said
    assert "verdict: USABLE WITH CARE, since no run of the sweep lost half" in said
    assert "next run to add: 24,576 parameters at infusions above 100 facts" in said


def test_no_optimum_is_said_where_there_is_none(fit):
    made = HandMadeFit(steepness=0.7, steepness_log_sd=0.01)
    said = describe_decision(decide(made, 98_304, sensitivity=False))
    assert "on average more is always worth more" in said


def test_an_optimum_at_the_end_of_the_range_is_said_as_a_share_of_the_draws(fit):
    said = describe_decision(decide(HandMadeFit(), 98_304, at_most=100, sensitivity=False))
    (row,) = (line for line in said.splitlines() if line.startswith("  best infusion of a single run"))
    assert row.endswith("upper end of the range  in 100 % of the draws")
    assert "no bound" not in row


def test_a_regret_has_no_exponent():
    assert [_of_the_best(share) for share in (3.4e-9, 0.39, 23.0)] == ["0 % of the best", "39 % of the best",
                                                                        "23 times the best"]  # fmt: skip


def test_a_grid_is_said_in_rows(fit):
    head, first, second = decision_rows(decision_table(HandMadeFit(), [49_000, 98_304]))
    assert head[0] == "params"
    assert (first[0], second[0]) == ("49k", "98.3k")
    assert (head[3], first[-1], second[-1]) == ("choice, facts", "good", "good")
    prior_driven = decision_table(HandMadeFit(), [Target(49_000, 10 * TOKENS, prior_driven=True)])
    assert decision_rows(prior_driven)[1][-1] == "not usable: the target was never varied"
    bound = decision_rows(decision_table(HandMadeFit(curves=amount_curves(levels=(62, 80, 100))), [98_304]))[1]
    assert bound[3] == "at least 100"


def test_hit_and_miss_are_said_alike(decision, verification):
    assert "HIT: the measurement lies inside" in describe_verification(verification)
    assert "The interval is for the mean of many runs; a decision states" in describe_verification(verification)
    assert "for the mean of many runs" in verification._repr_html_()
    assert "the trained models kept the most facts, " in describe_verification(verification)
    far = amount_curves((98_304,), (1000, 2000, 4000, 8000), log_threshold=lambda n: law_line(n) - 1)
    assert "MISS: the measurement lies outside" in describe_verification(verify(decision, far))


def test_a_bound_decides_nothing(decision):
    low = amount_curves((98_304,), (100, 200, 400), rng=np.random.default_rng(0))
    said = describe_verification(verify(decision, low))
    assert "no run lost half" in said
    assert "UNDECIDED" in said


def test_the_commands_of_a_page_ask_the_same_question(fit):
    decision = decide(fit, 98_304, keep=0.8, keep_of="facts", kind="mean", at_most=900, sensitivity=False,
                      utility=KeptFacts(token_price=0.001))  # fmt: skip
    fit.tree.attrs["seed"] = 3
    of_fit, of_decision = command_lines(fit, decision, None)[1:3]
    assert of_fit == "bayeskisl fit curves.nc --law collapse --rival power --draws 300 --seed 3 --out fit.nc"
    for option in ("--keep 0.8", "--keep-of facts", "--kind mean", "--at-most 900", "--token-price 0.001"):
        assert option in of_decision
    usual = command_lines(fit, decide(fit, 98_304, sensitivity=False), None)[2]
    assert "--keep" not in usual
    assert "--kind" not in usual


def test_a_thinned_fit_is_made_again_with_the_draws_that_it_had(fit):
    shipped = load_fit("desk-four")  # every eighth of 1,000 draws, of a version that did not store their number
    assert command_lines(shipped, None, None)[1] == "bayeskisl fit curves.nc --law limits --out fit.nc"
    fit.tree.attrs["draws"] = 400  # its posterior holds 300
    assert " --draws 400 " in command_lines(fit, None, None)[1]


def test_a_law_that_does_not_ship_is_named_by_its_file(fit):
    assert " --law collapse --rival power " in command_lines(fit, None, None)[1]
    own = load_law("collapse").model_copy(update={"pooling": 0.5})
    changed = HandMadeFit(law=own)
    assert " --law collapse.toml --rival power " in command_lines(changed, None, None)[1]
    mine = load_fit("desk-four")
    mine.tree.attrs["laws"] = mine.tree.attrs["laws"].replace('"limits"', '"mine"')
    mine.tree.attrs["gates"] = mine.tree.attrs["gates"].replace('"limits"', '"mine"')
    mine.tree.attrs["weights"] = '{"mine": 1.0}'
    assert " --law mine.toml --out " in command_lines(mine, None, None)[1]


def test_the_runs_behind_a_page_are_counted(fit):
    assert runs_behind(load_fit("desk-four")).startswith(
        "The page rests on 132 runs of 4 sizes, 3,456 to 24,576 parameters. "
    )
    one = HandMadeFit(curves=amount_curves((6_144,)))
    assert runs_behind(one).startswith("The page rests on 12 runs of one size, 6,144 parameters. ")


def test_the_command_of_an_import_maps_the_columns_as_it_did(fit):
    table = pl.DataFrame({"model_size": ["6144", "13824"], "amount": [60, 95], "acc": [0.95, 0.4], "n": [60, 95]})
    mapping = {"facts": "amount", "recalled": "round(acc*n)", "probed": "n", "ratio": 0.5}
    attrs = curves_from_table(table, mapping, guessing=0.25).attrs
    (command, *_) = command_lines(HandMadeFit(curves=fit.curves.assign_attrs(attrs)), None, None)
    options = [each for each in shlex.split(command) if "=" in each]
    again = curves_from_table(table, dict(each.split("=", 1) for each in options), guessing=0.25)
    assert again.attrs["import_mapping"] == attrs["import_mapping"]
    assert command.startswith("bayeskisl curves import TABLE --guessing 0.25 --map ")
    assert "params=" not in command
    earlier = {name: value for name, value in attrs.items() if name != "import_options"}
    (command, *_) = command_lines(HandMadeFit(curves=fit.curves.assign_attrs(earlier)), None, None)
    assert command.startswith("bayeskisl curves import TABLE --map 'facts=")
    assert " --map guessing=0.25 " in command
    joined = {name: value for name, value in attrs.items() if name != "import_columns"}  # parts that differ in cells
    assert command_lines(HandMadeFit(curves=fit.curves.assign_attrs(joined)), None, None)


ONE = {"params": ["70M", "70M"], "facts": [100, 400], "recalled": [98, 41], "probed": [100, 100]}
EVERY_OPTION = [
    ["--where", "recipe = 'good'", "--ignore", "my note", "--decimal", ".", "--skip-bad-rows"],
    ["--where", "recipe = 'good'", "--axis", "amount", "--guessing", "infused=0.02", "--replicates"],
    ["--where", "recipe='good' and seed != 3", "--probed", "90", "--ignore", "recalled", "--map", "accuracy=0.5"],
]


@pytest.mark.parametrize("options", EVERY_OPTION)
def test_the_command_of_a_page_reads_the_same_rows(options, fit, tmp_path):
    table = pl.concat([pl.DataFrame({**ONE, "recipe": each, "my note": "odd", "seed": 1}) for each in ("good", "old")])
    table.write_csv(tmp_path / "my runs.csv")
    arguments = ["curves", "import", str(tmp_path / "my runs.csv"), *options, "--out"]
    assert CliRunner().invoke(app, [*arguments, str(tmp_path / "a.nc")]).exit_code == 0
    first = load_curves(tmp_path / "a.nc")
    (command, *_) = command_lines(HandMadeFit(curves=fit.curves.assign_attrs(first.attrs)), None, None)
    said = shlex.split(command)
    assert said[:4] == ["bayeskisl", "curves", "import", "my runs.csv"]
    again = ["curves", "import", str(tmp_path / "my runs.csv"), *said[4:-1], str(tmp_path / "b.nc")]
    result = CliRunner().invoke(app, again)
    assert result.exit_code == 0, result.exception
    second = load_curves(tmp_path / "b.nc")
    assert second.identical(first)


def test_what_another_tool_wrote_is_read_by_its_reader_again(fit, tmp_path):
    for facts in (100, 200):
        folder = tmp_path / "evals" / f"facts={facts}"
        folder.mkdir(parents=True)
        content = {"results": {"probe": {"acc,none": 0.5}}, "n-samples": {"probe": {"effective": 40}}, "config": {}}
        (folder / "results_1.json").write_text(json.dumps(content))
    read = curves_from_table(read_runs(tmp_path / "evals", "lm-eval", "acc"), {"params": "70M"})
    (command, *_) = command_lines(HandMadeFit(curves=fit.curves.assign_attrs(read.attrs)), None, None)
    assert command.startswith("bayeskisl curves import evals --from lm-eval --metric acc --map params=70000000")


def test_the_table_of_the_target_has_a_command_of_its_own(fit, decision):
    table = {"size": ["70M", "70M"], "facts": [100, 400], "acc": [0.9, 0.4], "n": [100, 100]}
    attrs = curves_from_table(table, {"params": "size", "probed": "n"}, guessing=0.1).attrs
    imported = HandMadeFit(curves=fit.curves.assign_attrs(attrs))
    verified = verify(decision, amount_curves((98_304,)))

    def made(verification):
        return command_lines(imported, decision, verification)[3].removesuffix(" --out verification.nc")

    of_target = curves_from_table(table, {"params": "size", "probed": 100}, where="facts > 10").attrs
    assert made(replace(verified, attrs=of_target)) == (
        "bayeskisl curves import TABLE_OF_THE_TARGET --where 'facts > 10' --map 'params=\"size\"' --map probed=100.0"
    )
    assert made(replace(verified, attrs={})) == "bayeskisl curves import TABLE_OF_THE_TARGET"
    assert made(replace(verified, attrs={"axis": "amount"})) == "bayeskisl curves build RUNS_OF_THE_TARGET"


def test_a_bound_from_above_is_no_advice(fit):
    made = MixedFit(curves=mixed_curves("ratio", ratios=(0.5, 0.7, 0.9), halves={"infused": 20, "background": 2_000}),
                    halves={"infused": 20, "background": 1_400})  # fmt: skip
    decision = decide(made, 98_304, sensitivity=False)
    assert decision.risk_at(0.5) > 0.9
    assert decision.advised is None
    assert headline(decision) == "no infusion from 0.5 of the tokens on is safe; what is safe below is not known"
    said = describe_decision(decision)
    assert "if a new run may have a 10 % chance of keeping less than" in said
    assert ", no infusion from 0.5 of the tokens on is safe; what is safe below is not known" in said
    assert not decision.window.is_empty
    assert "both sides: no infusion" not in said
    assert "of the tokens, where nothing was trained. In this range" in said
    assert decision_rows(decision_table(made, [98_304]))[1][3] == "below 0.5"


def test_a_range_beyond_the_advice_is_doubted_for_its_reason(decision):
    def with_edge(code):
        edge = {"code": code, "concerns": "choice", "message": "why", "buy": "more", "at_least": 0.1, "at_most": 0.4}
        attrs = {"warnings": json.dumps([edge]), "unit": "of the tokens", "coordinate": "ratio"}
        window = {"window": ("end", [0.2, 0.3]), "window_best": 0.25, "window_probability": 0.95}
        return Decision(decision.data.assign(window).assign_attrs(attrs))

    assert headline(with_edge("beyond_swept")) == "0.2 to 0.3 of the tokens, where nothing was trained"
    assert headline(with_edge("laws_apart")) == "0.2 to 0.3 of the tokens, which not every law calls safe"


def test_shares_of_the_best_are_plain_percentages(decision):
    best = float(decision.data.best_utility.mean())
    nearly_all = Decision(decision.data.assign(expected_regret=0 * decision.data.expected_regret + 0.9996 * best))
    assert "(100 % of the best)" in describe_decision(nearly_all)
    worthless = Decision(decision.data.assign(best_utility=0 * decision.data.best_utility - 5))
    assert "of the best)" not in describe_decision(worthless)
    assert np.isnan(worthless.regret(1_000)["percent"].item())


def test_costs_are_named_wherever_the_utility_is(decision):
    priced = Decision(decision.data.assign_attrs(prices='{"token_price": 0.001}'))
    weighted = Decision(decision.data.assign_attrs(prices='{"background_weight": 2.0}'))
    assert utility_in_words(priced.about) == "facts kept, above guessing, minus their cost"
    assert utility_in_words(weighted.about) == "facts kept, above guessing"
    assert "are best on average, costs subtracted" in beside_it(priced)
    assert "keep most on average" in beside_it(weighted)
    assert utility_in_words(replace(decision.about, utility_unit="own")) == "utility, own"


@pytest.fixture
def of_benchmark(fit):
    """The number of whose background facts an import made up."""
    curves = mixed_curves("ratio").assign_attrs(import_invented='["background_facts", "background_share"]')
    return MixedFit(curves=curves)


def test_a_benchmark_without_a_value_has_no_best_amount(of_benchmark):
    decision = decide(of_benchmark, 98_304, sensitivity=False)
    said = describe_decision(decision)
    assert said.count("No value of the benchmark was given") == 1
    for word in ("risk-neutral", "1 % of that best", "best infusion", "expected regret", "best on average  "):
        assert word not in said
    assert "risk-neutral choice" not in decision._repr_html_()
    assert decision_summary(decision)["risk_neutral"] == {"value": None, "near_optimal": None}
    assert decision_rows(decision_table(of_benchmark, [98_304]))[1][4:6] == ("not shown", "not shown")


def test_a_benchmark_with_a_value_has_a_best_amount(of_benchmark):
    said = describe_decision(decide(of_benchmark, 98_304, utility=KeptFacts(background_weight=3), sensitivity=False))
    assert "best on average" in said
    assert "No value of the benchmark" not in said


def test_a_decision_says_nothing_twice(decision, fit):
    said = describe_decision(decision)
    assert "as asked" not in said
    assert "4 times the largest trained size" in said
    alone = HandMadeFit(weights={"collapse": 1.0})
    assert "by the law" not in describe_prediction(predict(alone, 98_304))
    assert "by the law" in said


@pytest.mark.parametrize(
    ("times", "said"),
    [(1, "the largest trained size"), (1.86, "1.9 times the"), (0.5, "0.5 times the"), (71_208, "71,208 times the")],
)
def test_a_distance_is_a_multiple_of_the_largest_size(times, said):
    assert distance(np.log10(times)).startswith(said)


def test_the_limit_of_a_plan_is_said_as_such(fit):
    said = describe_decision(decide(fit, 98_304, at_most=500, sensitivity=False))
    assert "safe up to at least 500 facts" in said
    assert "this is your limit, and more may be safe" in said


def test_a_domain_that_no_mixture_holds_has_no_ratio(fit):
    decision = decide(MixedFit(curves=mixed_curves("dose")), 98_304, facts=1_000, sensitivity=False)
    assert decision.data.domain_ratio > 1
    assert domain_line(decision) == [
        "a domain of 1,000 facts: no mixture of the budget holds it at the exposures of the sweep"
    ]
    assert decision_summary(decision)["domain"] == {"facts": 1_000, "ratio": None}
    assert "ratio_above_one" in {caveat.code for caveat in decision.caveats}
    assert " --facts 1000 " in command_lines(fit, decision, None)[2]


def test_the_commands_name_what_the_sweep_would_not_give(fit):
    decision = decide(fit, 98_304, hold={"tokens_per_fact": 6.2}, apart=3, sensitivity=False)
    asked = command_lines(fit, decision, None)[2]
    assert "--hold tokens_per_fact=6.2" in asked
    assert "--apart 3" in asked
    usual = command_lines(fit, decide(fit, 98_304, sensitivity=False), None)[2]
    assert "--hold" not in usual
    assert "--apart" not in usual


def test_no_choice_is_none_on_the_page_too(decision):
    rows = {"choice": 0.0, "risk_neutral_choice": 900.0, "collapse_median": 1.0, "collapse_low": 1.0,
            "collapse_high": 1.0}  # fmt: skip
    under = {f"sensitivity_{name}": ("assumption", [value]) for name, value in rows.items()}
    found = Decision(decision.data.assign(under).assign_coords(assumption=["law 'power' alone"]))
    assert sensitivity_rows(found)[0]["choice"] == "none"


def test_the_command_of_an_import_repeats_options_in_words():
    table = {"params": ["70M", "160M"], "facts": [10, 1000], "recalled": [8, 10], "n": [10, 10]}
    curves = curves_from_table(table, probed="n", guessing={"infused": "1/4"})
    command = import_command(curves.attrs)
    assert "--guessing infused=1/4" in command
    assert "--probed n" in command
