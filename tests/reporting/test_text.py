import shlex

import numpy as np
import polars as pl

from bayeskisl.curves import curves_from_table
from bayeskisl.decision import KeptFacts, decide, decision_table, predict, verify
from bayeskisl.reporting import describe_decision, describe_prediction, describe_verification
from bayeskisl.reporting.contents import command_lines
from bayeskisl.reporting.numbers import three_digits
from bayeskisl.reporting.text import decision_rows
from tests.decision.hand_made import HandMadeFit, MixedFit, amount_curves, law_line, mixed_curves


def test_prediction_says_what_was_promised(fit):
    said = describe_prediction(predict(fit, 98_304))
    for word in ("98,304 non-embedding", "exponent of params: 0.", "collapse of a new run", "90 % interval",
                 "law 'power' (weight 0.25)", "held fixed: ratio 0.5"):  # fmt: skip
        assert word in said


def test_decision_says_the_choice_first_and_what_stands_beside_it(decision):
    said = describe_decision(decision)
    assert said.startswith(f"recommended: at most {three_digits(decision.choice.value, down=True)} facts")
    assert "verdict: good" in said
    for word in ("risk-neutral", "within 1 % of the best", "from over-infusion", "sufficient ratio",
                 "do not depend on the ratio", "collapse of a new run", "held fixed: ratio 0.5"):  # fmt: skip
        assert word in said


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


def test_a_grid_is_said_in_rows(fit):
    head, first, second = decision_rows(decision_table(HandMadeFit(), [50_000, 98_304]))
    assert head[0] == "params"
    assert (first[0], second[0]) == ("50k", "98.3k")
    assert first[-2] == "good"
    bound = decision_rows(decision_table(HandMadeFit(curves=amount_curves(levels=(62, 80, 100))), [98_304]))[1]
    assert bound[3] == "at least 100"


def test_hit_and_miss_are_said_alike(decision, verification):
    assert "HIT: the measurement lies inside" in describe_verification(verification)
    assert "what was kept: most, " in describe_verification(verification)
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
    assert of_fit == "bayeskisl fit curves.nc --law collapse --rival power --seed 3 --out fit.nc"
    for option in ("--keep 0.8", "--keep-of facts", "--kind mean", "--at-most 900", "--token-price 0.001"):
        assert option in of_decision
    usual = command_lines(fit, decide(fit, 98_304, sensitivity=False), None)[2]
    assert "--keep" not in usual
    assert "--kind" not in usual


def test_the_command_of_an_import_maps_the_columns_as_it_did(fit):
    table = pl.DataFrame({"model_size": ["6144", "13824"], "amount": [60, 95], "acc": [0.95, 0.4], "n": [60, 95]})
    mapping = {"facts": "amount", "recalled": "round(acc*n)", "probed": "n", "ratio": 0.5}
    attrs = curves_from_table(table, mapping, guessing=0.25).attrs
    (command, *_) = command_lines(HandMadeFit(curves=fit.curves.assign_attrs(attrs)), None, None)
    options = [each for each in shlex.split(command) if "=" in each]
    again = curves_from_table(table, dict(each.split("=", 1) for each in options))
    assert again.attrs["import_mapping"] == attrs["import_mapping"]
    assert "params=" not in command
