"""From tables of every shape to curves, and what is told when that cannot be."""

import json
import re

import numpy as np
import pandas as pd
import polars as pl
import pytest
import xarray as xr

from bayeskisl.curves import TableError, curves_from_table, describe_import, load_curves, save_curves
from bayeskisl.curves.tables.problems import Findings
from bayeskisl.errors import InputError

SWEEP = {
    "params": [6144, 6144, 13824, 13824],
    "tokens": [1_843_200] * 4,
    "ratio": [0.5] * 4,
    "facts": [125, 500, 125, 500],
    "tokens_per_fact": [6] * 4,
    "seed": [0, 0, 0, 0],
    "recalled": [115, 30, 124, 260],
    "probed": [125, 500, 125, 500],
    "guessing": [0.0] * 4,
    "total_params": [16_000, 16_000, 29_000, 29_000],
}


def without(*names, **changes):
    return {name: cells for name, cells in {**SWEEP, **changes}.items() if name not in names}


def told(curves, name):
    return json.loads(curves.attrs[f"import_{name}"])


def messages(*arguments, **options):
    with pytest.raises(TableError) as caught:
        curves_from_table(*arguments, **options)
    return [str(problem) for problem in caught.value.problems]


def test_a_complete_table_assumes_nothing():
    curves = curves_from_table(SWEEP)
    assert curves.attrs["axis"] == "amount"
    assert curves.attrs["exposure_scale"] == "absolute"
    assert told(curves, "assumed") == []
    assert curves.recalled.values[:, 0].tolist() == SWEEP["recalled"]
    assert curves.exposures.values == pytest.approx(0.5 * 1_843_200 / (np.array(SWEEP["facts"]) * 6))


def test_every_container_gives_the_same_curves(tmp_path):
    frame = pl.DataFrame(SWEEP)
    frame.write_csv(tmp_path / "t.csv")
    frame.write_csv(tmp_path / "t.tsv", separator="\t")
    frame.write_parquet(tmp_path / "t.parquet")
    frame.write_ndjson(tmp_path / "t.jsonl")
    (tmp_path / "columns.json").write_text(json.dumps(SWEEP))
    (tmp_path / "rows.json").write_text(json.dumps(frame.to_dicts()))
    (tmp_path / "semicolons.csv").write_text((tmp_path / "t.csv").read_text().replace(",", ";"))
    files = [path for path in tmp_path.iterdir() if path.is_file()]
    expected = curves_from_table(SWEEP)
    for source in [frame, frame.lazy(), frame.to_pandas(), frame.to_arrow(), frame.to_dicts(), *files]:
        curves = curves_from_table(source)
        xr.testing.assert_equal(curves.drop_vars("run"), expected.drop_vars("run"))


def test_rates_with_denominators_are_counts():
    table = without("recalled", "probed", acc=[0.92, 0.06, 0.99, 0.52], n=SWEEP["probed"])
    curves = curves_from_table(table, {"recalled": "round(acc*n)", "probed": "n"})
    np.testing.assert_array_equal(curves.recalled[:, 0], np.round(np.array(table["acc"]) * table["n"]))


def test_a_rate_without_denominator_is_refused_or_taken_at_your_word():
    table = without("recalled", "probed", accuracy=[0.92, 0.06, 0.99, 0.52])
    (message,) = messages(table)
    assert "a rate alone has no known precision" in message
    assert curves_from_table(table, probed=100).recalled.values[:, 0].tolist() == [92, 6, 99, 52]


def test_standard_errors_are_worth_the_binomial_count():
    rate, probed = np.array([0.9, 0.1, 0.5, 0.25]), np.array([100, 200, 400, 64])
    table = without("recalled", "probed", accuracy=rate, stderr=np.sqrt(rate * (1 - rate) / probed))
    assert curves_from_table(table).probed.values[:, 0].tolist() == probed.tolist()
    assert curves_from_table(table, probed=150).probed.values[:, 0].tolist() == [100, 150, 150, 64]


def test_more_probed_facts_than_a_count_holds_are_refused():
    (message, *_) = messages(without(probed=[125, 3_000_000_000, 125, 500]))
    assert message.startswith(
        "row 1: expected probed to be probed facts, a whole number from 0 to 2147483647, got 3e+09"
    )


def test_a_standard_error_worth_more_than_a_count_holds_is_refused():
    rates = without("recalled", "probed", acc=[0.9, 0.5, 0.7, 0.2], standard_error=[0.01, 1e-6, 0.01, 0.01])
    (message,) = messages(rates)
    assert message.startswith("row 1: expected a standard error that is worth at most 2,147,483,647 probed facts")


def test_a_standard_error_of_zero_needs_a_bound():
    table = without("recalled", "probed", accuracy=[0.0, 0.1, 0.5, 1.0], stderr=[0, 0.05, 0.05, 0])
    (message,) = messages(table)
    assert message.startswith("rows 0 and 3: expected a standard error above 0")
    assert curves_from_table(table, probed=50).probed.values[:, 0].tolist() == [50, 36, 50, 50]


@pytest.mark.parametrize("error", [5e-324, 1e-310, 1e-155, 1e-16])
def test_a_standard_error_too_small_to_reckon_with_is_refused(error):
    table = without("recalled", "probed", accuracy=[0.9, 0.1, 0.5, 0.25], stderr=[0.05, error, 0.05, 0.05])
    (message,) = messages(table)
    assert message.startswith("row 1: expected standard_error to be a standard error, 0 or from 1e-15, got")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (without("tokens", ratio=[1e-15] * 4, infused_tokens=[1e15] * 4), "expected tokens, as it follows from r D"),
        (without("tokens", "tokens_per_fact", ratio=[1e-15] * 4, facts=[10**15, 2, 3, 4]), "expected tokens, as it"),
        (without("facts", ratio=[1e-15] * 4, exposures=[1e15, 2, 1, 3]), "expected facts, as it follows from r D"),
    ],
)
def test_what_follows_is_held_to_the_same_ranges(table, message):
    with pytest.raises(TableError, match=message):
        curves_from_table(table)


def test_a_number_too_large_for_a_float_is_no_number():
    assert "mapping of tokens_per_fact" in messages(SWEEP, {"tokens_per_fact": 10**400})[0]


def test_units_are_read():
    curves = curves_from_table(without("total_params", params=["7B", "7B", "300M", "0.3B"], tokens="1.5T", ratio="50%"))
    assert curves.params.values.tolist() == [7e9, 7e9, 3e8, 3e8]
    assert set(curves.tokens.values) == {1.5e12}
    assert set(curves.ratio.values) == {0.5}


def test_a_unit_inside_an_expression_is_refused_and_not_misread():
    assert "write 7e9 for 7B" in messages(SWEEP, {"tokens": "seed + 7B"})[0]
    assert curves_from_table(SWEEP, {"tokens": "7B"}).tokens.values.tolist() == [7e9] * 4


def test_size_facts_and_counts_are_enough():
    curves = curves_from_table({name: SWEEP[name] for name in ("params", "facts", "recalled", "probed")})
    assert curves.attrs["exposure_scale"] == "relative"
    assert curves.exposures.values.tolist() == [300, 75, 300, 75]  # 150 at the geometric mean of the levels
    assert any("exposures are relative" in sentence for sentence in told(curves, "assumed"))
    assert "assumed: exposures are relative" in describe_import(curves)


def test_absolute_exposures_stay_absolute():
    exposures = [1228.8, 307.2, 1228.8, 307.2]
    curves = curves_from_table(without("tokens", "ratio", "tokens_per_fact", exposures=exposures))
    assert curves.attrs["exposure_scale"] == "absolute"
    np.testing.assert_allclose(curves.exposures, exposures)


@pytest.mark.parametrize("missing", ["tokens", "ratio", "facts", "tokens_per_fact", "exposures"])
def test_one_term_of_the_identity_may_be_missing(missing):
    full = {**SWEEP, "exposures": [1228.8, 307.2, 1228.8, 307.2]}
    curves = curves_from_table({name: cells for name, cells in full.items() if name != missing})
    np.testing.assert_allclose(curves[missing], full[missing])
    assert told(curves, "assumed") == []


def test_rounded_exposures_do_not_make_cells():
    curves = curves_from_table(without("tokens_per_fact", exposures=[1229, 307, 1230, 306]))
    assert len(np.unique(curves.tokens_per_fact)) == 1


def test_infused_tokens_stand_for_the_ratio():
    curves = curves_from_table(without("ratio", infused_tokens=[921_600] * 4))
    assert set(curves.ratio.values) == {0.5}


def test_everything_wrong_is_told_at_once_and_by_row():
    table = without(
        params=["6144", "small", "13824", "13824"], facts=[125, 500.5, 125, None], ratio=[0.5, 0.5, 0.5, 50],
        recalled=[115, 30, 126, 260],
    )  # fmt: skip
    found = messages(table)
    for message in (
        "row 1: expected numbers in 'params' for params, got 'small'",
        "row 1: expected facts to be infused facts, a whole number from 0 to 1e+15, got 500.5",
        "row 3: expected a value of facts, got an empty cell",
        "row 3: expected ratio to be an infusion ratio, 0 or in [1e-15, 1], got 50; if these are percent, divide",
        "row 2: expected at most as many recalled facts as probed ones, got 126 of 125",
    ):
        assert any(each.startswith(message) for each in found), message
    assert len(found) == 5


def test_lines_are_those_of_the_file(tmp_path):
    (tmp_path / "t.csv").write_text("# made by hand\nparams,K,recalled,probed\n1k,10,5,10\n\n1k,20,30,20\n1k,x,1,20\n")
    found = messages(tmp_path / "t.csv")
    assert [message.split(":")[0] for message in found] == ["line 6", "line 5"]


def test_a_broken_identity_is_told_by_row():
    (message,) = messages({**SWEEP, "exposures": [1228.8, 307.2, 1228.8, 100]})
    assert message.startswith(
        "row 3: expected ratio x tokens = facts x exposures x tokens_per_fact within 2 %, got 3.072 times"
    )


def test_mixed_axes_are_refused_unless_named():
    table = without(ratio=[0.5, 0.5, 0.2, 0.3])
    assert "expected one axis" in messages(table)[0]
    assert curves_from_table(table, axis="amount").attrs["axis"] == "amount"


def test_the_axis_is_seen():
    fixed = without("tokens_per_fact", facts=[100] * 4, ratio=[0.1, 0.4, 0.1, 0.4])
    assert curves_from_table({**fixed, "tokens_per_fact": 6}).attrs["axis"] == "ratio"
    dose = without(ratio=[0.125, 0.5, 0.125, 0.5])
    assert curves_from_table(dose).attrs["axis"] == "dose"


def repeats(**changes):
    """100 facts, repeated 50 and 500 times in a fixed budget."""
    return without("ratio", **{"facts": [100] * 4, "exposures": [50, 500] * 2, "probed": [100] * 4,
                               "recalled": [5, 90, 20, 99], **changes})  # fmt: skip


def test_repeats_of_the_same_facts_are_a_sweep_of_frequency():
    curves = curves_from_table(repeats())
    assert curves.attrs["axis"] == "frequency"
    assert curves.ratio.values == pytest.approx(100 * np.array([50, 500] * 2) * 6 / 1_843_200)
    assert curves_from_table(repeats(tokens=[1_843_200] * 2 + [18_432_000] * 2)).attrs["axis"] == "frequency"


def test_repeats_beside_a_named_ratio_are_a_sweep_of_the_ratio_unless_said():
    named = {**repeats(), "ratio": [100 * 50 * 6 / 1_843_200, 100 * 500 * 6 / 1_843_200] * 2}
    assert curves_from_table(named).attrs["axis"] == "ratio"
    assert curves_from_table(named, axis="frequency").attrs["axis"] == "frequency"


def test_duplicates_are_refused_or_numbered():
    twice = {name: [*cells, cells[1]] for name, cells in SWEEP.items() if name != "seed"}
    (message,) = messages(twice)
    assert message.startswith("row 4: expected each run and group once, got a repetition of row 1; remove one, or")
    curves = curves_from_table(twice, replicates=True)
    assert curves.seed.values.tolist() == [0, 0, 0, 0, 1]
    assert "--replicates" not in messages({**twice, "seed": [1, 2, 3, 4, 2]})[0]


def test_a_repetition_is_no_faulty_row():
    twice = {name: [*cells, cells[1]] for name, cells in SWEEP.items() if name != "seed"}
    with pytest.raises(TableError, match="expected each run and group once"):
        curves_from_table(twice, skip_bad_rows=True)


@pytest.mark.parametrize(
    ("name", "cells", "remedy", "options"),
    [
        ("lr", ["3e-4", "1e-3"], '--where "lr = 0.0003"', {"where": "lr = 0.0003"}),
        ("model", ["pythia-6k", "olmo-6k"], "--where \"model = 'pythia-6k'\"", {"where": "model = 'pythia-6k'"}),
        ("attribute", ["name", "date"], "--map domain=attribute", {"mapping": {"domain": "attribute"}}),
        ("job_id", [1234567, 1234568], '--where "job_id = 1234567"', {"where": "job_id = 1234567"}),
        ("host name", ["a", "b"], "--where \"\\\"host name\\\" = 'a'\"", {"where": "\"host name\" = 'a'"}),
        ("data_seed2", [0, 1], "separate runs with --map seed=data_seed2", {"mapping": {"seed": "data_seed2"}}),
        ("Runtime", [1000, 2000], "with --replicates", {"replicates": True}),
        ("task", ["bios", "mmlu"], "--map \"group=CASE WHEN task = 'bios' THEN 'infused' ELSE 'background' END\"",
         {"mapping": {"group": "CASE WHEN task = 'bios' THEN 'infused' ELSE 'background' END"}}),
    ],
)  # fmt: skip
def test_columns_in_which_repetitions_differ_are_named_with_a_remedy_that_works(name, cells, remedy, options):
    table = {**{each: [value for value in values for _ in cells] for each, values in SWEEP.items() if each != "seed"},
             name: cells * 4}  # fmt: skip
    (message,) = messages(table)
    assert remedy in message
    assert "COLUMN" not in message
    assert ("with --replicates, or average them before the import." in message) == (name != "data_seed2")
    assert ("--map domain" in message) == (name == "attribute")
    assert "checkpoint" not in message
    assert set(curves_from_table(table, **options).facts.values) == {125, 500}


GROWING = [(facts, step) for facts in (100, 200) for step in (1000, 5000)]
TOKENS_BY_STEP = {"params": 6144, "facts": [facts for facts, _ in GROWING], "step": [step for _, step in GROWING],
                  "tokens": [2000 * step for _, step in GROWING], "recalled": [1, 9, 0, 5], "probed": 10}  # fmt: skip


def test_a_column_with_another_number_in_each_row_is_no_setting():
    twice = {name: cells * 2 for name, cells in SWEEP.items() if name != "seed"}
    (message,) = messages({**twice, "job": list(range(900, 908))})
    assert "'job'" not in message


def test_tokens_that_grow_with_the_checkpoint_are_refused_and_both_remedies_work():
    (message,) = messages(TOKENS_BY_STEP)
    assert "--ignore step;" in message
    assert "--map checkpoint=step" in message
    curves = curves_from_table(TOKENS_BY_STEP, {"checkpoint": "step"})
    assert (curves.recalled.values[:, 0].tolist(), set(curves.tokens.values)) == ([9, 5], {1e7})
    assert any("tokens grow with the checkpoint" in note for note in told(curves, "notes"))
    assert curves_from_table(TOKENS_BY_STEP, ignore=["step"]).sizes["run"] == 4


@pytest.mark.parametrize(
    "column",
    [{"State": ["finished"] * 4}, {"Name": ["a-D2M", "b-D10M", "c-D2M", "d-D10M"]}, {"id": list("abcd")},
     {"max_steps": TOKENS_BY_STEP["step"]}],
)  # fmt: skip
def test_runs_of_several_budgets_that_finished_or_have_names_are_all_kept(column):
    curves = curves_from_table({**TOKENS_BY_STEP, **column})
    assert curves.recalled.values[:, 0].tolist() == [1, 9, 0, 5]


def test_names_of_checkpoints_name_no_runs():
    names = [f"facts{facts}-step{step}" for facts, step in GROWING]
    assert "--map checkpoint=step" in messages({**TOKENS_BY_STEP, "model_name": names})[0]


@pytest.mark.parametrize(
    ("given", "tokens"), [({}, "'tokens=\"tokens\" * 1e9'"), ({"tokens": 300}, '"tokens=300 * 1e9"')]
)
def test_budgets_of_less_than_a_token_for_a_fact_are_refused(given, tokens):
    table = {"params": [6144] * 2, "tokens": [300] * 2, "facts": [1000, 2000], "recalled": [9, 5], "probed": 10}
    (message,) = messages(table, given)
    assert "at least one infused token for each fact, got 0.15 at most" in message
    assert f"if tokens are counted in billions, say --map {tokens}" in message
    few = told(curves_from_table({**table, "tokens": [20_000] * 2}, {}), "assumed")
    assert any("at most 10 tokens are infused for each fact" in sentence for sentence in few)


def test_sizes_that_may_be_logarithms_are_doubted():
    table = {"params": [7.8, 8.2], "facts": [100, 200], "recalled": [9, 5], "probed": 10}
    assert any("--map 'params=POWER(10, \"params\")'" in each for each in told(curves_from_table(table), "assumed"))
    curves = curves_from_table(table, {"params": 'POWER(10, "params")'})
    assert curves.params.values == pytest.approx(10 ** np.array([7.8, 8.2]))


@pytest.mark.parametrize(
    ("size", "read"),
    [
        ({"model": ["m-70m", "m-1b"]}, ([70e6, 1e9], [400, 200])),
        ({"params": ["70M", "1B"]}, ([70e6, 1e9], [400, 200])),
        ({}, ([400, 200], [10, 10])),
    ],
)
def test_a_small_n_beside_named_sizes_counts_questions(size, read):
    table = {**size, "facts": [100, 200], "acc": [0.5, 0.25], "N": [400, 200]}
    curves = curves_from_table(table, probed=None if size else 10)
    assert (curves.params.values.tolist(), curves.probed.values.ravel().tolist()) == read
    assert any("N was taken as the number of probed facts" in each for each in told(curves, "assumed")) == bool(size)


def test_a_small_n_beside_counts_is_a_size():
    table = {"model": ["m-7k"] * 2, "facts": [100, 200], "acc": [0.5, 0.25], "N": 3456, "n_probes": 500}
    curves = curves_from_table(table)
    assert (curves.params.values.tolist(), curves.probed.values.ravel().tolist()) == ([3456] * 2, [500] * 2)


@pytest.mark.parametrize("millions", [(70, 410), (70, 70)])
def test_a_small_n_that_follows_the_sizes_is_no_denominator(millions):
    models = [f"m-{size}m" for size in millions]
    (message,) = messages({"model": models, "facts": [100, 200], "acc": [0.5, 0.25], "N": list(millions)})
    assert "expected a denominator for accuracy" in message


def test_groups_in_a_column_share_a_run():
    long = [
        {"params": 6144, "tokens": 1e6, "ratio": r, "facts": 100, "l": 6, "group": group, "recalled": y, "probed": 100}
        for r, counts in ((0.1, (5, 90)), (0.8, (99, 3)))
        for group, y in zip(("infused", "background"), counts, strict=True)
    ]
    given = {"tokens_per_fact": "l", "background_facts": 100, "background_share": 0.3}
    curves = curves_from_table(long, given)
    assert curves.sizes == {"run": 2, "group": 2}
    assert curves.recalled.sel(group="background").values.tolist() == [90, 3]
    some = [{**row, "background_facts": 100 * (row["ratio"] < 0.5), "background_share": 0.3} for row in long]
    (message,) = messages(some, {"tokens_per_fact": "l"})
    assert message.startswith("row 3: expected background_facts and background_share above 0")


def test_groups_in_columns_are_the_same_and_not_probed_is_no_row():
    wide = {
        "params": 6144, "tokens": 1e6, "ratio": [0.1, 0.8, 0.9], "facts": 100, "tokens_per_fact": 6, "probed": 100,
        "recalled_infused": [5, 99, 100], "background_recalled": [90, 3, None], "background_facts": 100,
        "background_share": 0.3,
    }  # fmt: skip
    curves = curves_from_table(wide)
    assert curves.recalled.sel(group="background").values.tolist() == [90, 3, 0]
    assert curves.probed.sel(group="background").values.tolist() == [100, 100, 0]
    assert "background was not probed in 1 of 3 rows" in told(curves, "notes")


TWO_GROUPS = {
    "params": 6144, "tokens": 1e6, "ratio": [0.1, 0.8], "facts": 100, "tokens_per_fact": 6, "probed": 100,
    "recalled_infused": [5, 99], "background_facts": 100, "background_share": 0.3,
}  # fmt: skip


def test_guessing_of_one_group_is_not_that_of_others():
    curves = curves_from_table({**TWO_GROUPS, "recalled_background": [90, 3], "guessing_infused": 0.1})
    assert curves.guessing.sel(group="infused").values.tolist() == [0.1, 0.1]
    assert curves.guessing.sel(group="background").values.tolist() == [0, 0]
    assert any("guessing was not in the table for every group" in sentence for sentence in told(curves, "assumed"))


def test_an_outcome_without_a_group_is_that_of_the_infused_facts_whose_number_may_be_named():
    unnamed = {name: cells for name, cells in TWO_GROUPS.items() if name not in ("recalled_infused", "probed")}
    curves = curves_from_table(
        {**unnamed, "recall": [0.05, 0.99], "trivia": [0.9, 0.03]},
        {"background": "trivia"},
        probed={"infused": 100, "background": 200},
    )
    assert curves.recalled.values.tolist() == [[5, 180], [99, 6]]
    assert curves.probed.values.tolist() == [[100, 200], [100, 200]]


def test_what_is_given_of_a_group_counts_in_its_rows_where_a_column_names_groups():
    long = [
        {**{name: TWO_GROUPS[name] for name in ("params", "tokens", "facts", "tokens_per_fact", "background_facts",
                                                "background_share")}, "ratio": r, "group": group, "accuracy": p}
        for r, rates in ((0.1, (0.05, 0.9)), (0.8, (0.99, 0.03)))
        for group, p in zip(("infused", "BG"), rates, strict=True)
    ]  # fmt: skip
    curves = curves_from_table(long, probed={"infused": 100, "background": 200}, guessing={"background": 0.25})
    assert curves.recalled.values.tolist() == [[5, 180], [99, 6]]
    assert curves.guessing.values.tolist() == [[0, 0.25], [0, 0.25]]


def test_groups_measured_in_different_ways_are_refused():
    (message,) = messages({**TWO_GROUPS, "accuracy_background": [0.9, 0.03]})
    assert message.startswith("rows 0 and 1: expected every group measured in the same way")


def test_a_background_share_too_small_to_reckon_with_is_refused():
    (message,) = messages({**TWO_GROUPS, "recalled_background": [90, 3], "background_share": 1e-310})
    assert "expected background_share to be a share, 0 or in [1e-15, 1), got 1e-310" in message


def test_levels_in_columns():
    table = {"params": ["6k", "14k"], "K=31": [1.0, 1], "K=62": [0.9, 1.0], "K=125": [0.4, 0.98]}
    curves = curves_from_table(table, levels="facts", probed=50)
    assert curves.facts.values.tolist() == [31, 62, 125] * 2
    assert curves.recalled.values[:, 0].tolist() == [50, 45, 20, 50, 50, 49]
    with pytest.raises(InputError, match="expected at least two columns named by levels"):
        curves_from_table(SWEEP, levels="facts")


def test_sizes_in_columns_of_different_names_are_all_gathered():
    table = {"facts": [1000, 4000], "pythia-70m": [0.9, 0.1], "pythia-160m": [0.95, 0.5], "Llama-2-7b-hf": [0.99, 0.98]}
    curves = curves_from_table(table, levels="params", probed=100)
    assert set(curves.params.values) == {70e6, 160e6, 7e9}
    assert curves.sizes["run"] == 6


@pytest.mark.parametrize(
    "names", [("100", "1k", "10k (full)"), ("K=100", "K=1000", "10000"), ("K 100", "K 1k", "k 10k")]
)
def test_a_level_in_a_column_of_another_name_is_asked_for(names):
    columns = {name: [0.9, 0.8] for name in names}
    with pytest.raises(InputError, match=re.escape(f"named alike for all levels of facts, got {names[2]!r}; rename")):
        curves_from_table({"params": ["70M", "160M"], **columns}, levels="facts", probed=100)
    curves = curves_from_table({"params": ["70M", "160M"], **columns}, levels="facts", probed=100, ignore=[names[2]])
    assert set(curves.facts.values) == {100, 1000}


@pytest.mark.parametrize("column", ["mmlu 5", "10k", "lr 1e-4", "n=400"])
def test_other_columns_with_numbers_in_their_names_are_no_levels(column):
    table = {"params": ["70M", "160M"], "K=100": [0.9, 0.8], "K=1000": [0.8, 0.7], column: [0.3, 300]}
    assert set(curves_from_table(table, levels="facts", probed=100).facts.values) == {100, 1000}


SEEDS = pd.DataFrame([{"params": "70M", "facts": facts, "seed": seed, "acc": acc, "n_samples": 400}
                      for facts, acc in ((1000, 0.9), (4000, 0.1)) for seed in (0, 1)])  # fmt: skip


def test_an_index_beside_aggregates_keeps_its_names():
    frame = SEEDS.groupby(["params", "facts"])[["acc", "n_samples"]].agg(["mean", "std"])
    curves = curves_from_table(frame, {"accuracy": "acc.mean", "probed": "n_samples.mean"})
    assert curves.recalled.values.ravel().tolist() == [360, 40]


def test_columns_named_by_two_levels_are_refused_with_a_way_to_rows(tmp_path):
    wide = SEEDS.pivot_table(index="params", columns=["facts", "seed"], values="acc")
    with pytest.raises(InputError, match="expected columns named by one level, got 1000 and 0; make rows") as refused:
        curves_from_table(wide, levels="facts", probed=400)
    long = eval(str(refused.value).split("make rows of them: ")[1].rstrip("."), {"table": wide})
    assert curves_from_table(long, probed=400).seed.values.tolist() == [0, 1, 0, 1]
    wide.to_csv(tmp_path / "wide.csv")
    with pytest.raises(InputError, match="expected distinct column names"):
        curves_from_table(tmp_path / "wide.csv", levels="facts", probed=400)


def test_structs_are_columns(tmp_path):
    config = [{"params": "70M", "data": {"facts": facts}} for facts in (1000, 4000)]
    frame = pl.DataFrame({"config": config, "acc": [0.9, 0.1], "n_samples": [400, 400]})
    frame.write_parquet(tmp_path / "a.parquet")
    for table in (frame, frame.lazy(), tmp_path / "a.parquet"):
        curves = curves_from_table(table, {"facts": "config.data.facts"})
        assert (curves.params.values.tolist(), curves.facts.values.tolist()) == ([70e6, 70e6], [1000, 4000])


def test_only_the_last_checkpoint_counts_and_the_others_are_listed():
    table = {"run": ["a", "a", "b"], "step": [10, 20, 20], "params": 6144, "K": [10, 10, 20], "recalled": [1, 2, 3],
             "probed": 10}  # fmt: skip
    curves = curves_from_table(table)
    assert curves.recalled.values[:, 0].tolist() == [2, 3]
    assert told(curves, "left_out") == {"count": 1, "listed": [["row 0", "not the last checkpoint of its run"]]}


def test_a_run_whose_last_row_is_refused_is_left_out_and_not_counted_half_way():
    table = {"run": ["a", "a", "b", "b"], "step": [10, 20, 10, 20], "params": 6144, "K": [10, 10, 20, 20],
             "recalled": [3, 99, 2, 9], "probed": 10}  # fmt: skip
    with pytest.warns(UserWarning, match="left out"):
        curves = curves_from_table(table, skip_bad_rows=True)
    assert curves.recalled.values[:, 0].tolist() == [9]
    assert [row for row, _ in told(curves, "left_out")["listed"]] == ["row 0", "row 2", "row 1"]


def test_rows_of_one_run_must_agree():
    table = {**SWEEP, "run": ["a", "a", "b", "c"], "group": ["infused", "infused_heldout", "infused", "infused"]}
    assert any("row 1: expected one facts in all rows of a run, got 500" in message for message in messages(table))


def test_skipped_rows_are_counted_listed_and_warned_about():
    with pytest.warns(UserWarning, match="1 of 4 rows are left out"):
        curves = curves_from_table(without(recalled=[115, 30, None, 260]), skip_bad_rows=True)
    assert curves.sizes["run"] == 3
    assert told(curves, "left_out") == {"count": 1, "listed": [["row 2", "expected a value of recalled"]]}
    with pytest.raises(TableError):
        curves_from_table(without(recalled=[-1] * 4), skip_bad_rows=True)


def test_unused_columns_are_named():
    curves = curves_from_table({**SWEEP, "note": ["x"] * 4, "wall": [1, 2, 3, 4]})
    assert told(curves, "unused_columns") == ["note", "wall"]
    assert "columns not used: 'note', 'wall'" in describe_import(curves)


def test_two_columns_for_one_field_are_a_question():
    table = without("params", n_params=SWEEP["params"], model_size=[2 * size for size in SWEEP["params"]])
    assert messages(table)[0].startswith(
        "columns: expected one column for params, got 'n_params', 'model_size'; say which"
    )
    assert curves_from_table(table, {"params": "n_params"}).params.values.tolist() == SWEEP["params"]


@pytest.mark.parametrize(
    ("columns", "field"),
    [
        ({"run_id": ["a1", "b2", "c3", "d4"], "run_name": ["one", "two", "three", "four"]}, "run"),
        ({"step": [100, 200, 100, 200], "tokens_seen": ["1M", "2M", "1M", "2M"]}, "checkpoint"),
        ({"model_size": ["6.1k", "6.1k", "13.8k", "13.8k"], "num_params": SWEEP["params"]}, "params"),
        ({"n_facts": SWEEP["facts"], "num_facts": SWEEP["facts"]}, "facts"),
    ],
)
def test_columns_that_say_the_same_are_one(columns, field):
    table = {name: cells for name, cells in SWEEP.items() if name != field}
    notes = told(curves_from_table({**table, **columns}), "notes")
    assert any(f"{field} is read from one of several columns that say the same" in note for note in notes)


@pytest.mark.parametrize(
    "columns",
    [
        {"run_id": ["a1", "b2", "c3", "d4"], "run_name": ["one", "one", "two", "two"]},
        {"step": [100, 200, 100, 200], "tokens_seen": [2e6, 1e6, 2e6, 1e6]},
        {"n_facts": SWEEP["facts"], "num_facts": [*SWEEP["facts"][:3], 501]},
    ],
)
def test_columns_that_say_different_things_are_a_question(columns):
    table = {name: cells for name, cells in SWEEP.items() if name != "facts" or "n_facts" not in columns}
    with pytest.raises(TableError, match="expected one column for"):
        curves_from_table({**table, **columns})


def test_total_parameters_are_not_taken_for_others():
    (message,) = messages(without("params"))
    assert "use --map params=total_params" in message


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        (
            {"colour": "params"},
            "mapping: expected a field among infused, infused_heldout, infused_choice, background, run, group, domain, "
            "state, params",
        ),
        ({"recalled.novel": "params"}, r"expected a measured field .* of a group"),
        ({"recalled": "read_csv('/etc/passwd')"}, "expected an SQL expression"),
        ({"recalled": "__import__('os').system('true')"}, "expected an SQL expression"),
        ({"recalled": "(SELECT 1)"}, "mapping of recalled"),
        ({"recalled": "missing * 2"}, "expected columns of the table .* got 'missing'"),
        ({"recalled": "+".join(["1"] * 1000)}, "at most 500 characters"),
        (
            {"recalled": "generate_series(1,1000000000000)"},
            r"expected an SQL expression of the functions .*GENERATE_SERIES",
        ),
        ({"recalled": "length(lpad('a', 2000000000, 'b'))"}, r"functions .*LPAD"),
        ({"recalled": "replace(seed, 'a', 'bbbbbbbbbbbbbbbbbbbbbbbbbb')"}, "at most 16 times the length"),
        ({"recalled": "replace(seed, '', 'b')"}, "REPLACE.* with two texts"),
        ({"recalled": '"^.*$"'}, "expected columns of the table"),
        ({"recalled": "params -- comment"}, "starts a comment"),
        ({"recalled": "params AS facts"}, "without a new name|an SQL expression"),
        ({"recalled": object()}, "mapping of recalled"),
        ({"recalled": True}, "mapping of recalled|0 or 1|recalled"),
    ],
)
def test_bad_mappings_are_told(mapping, message):
    with pytest.raises(TableError, match=message):
        curves_from_table({**SWEEP, "probed": [0] * 4} if True in mapping.values() else SWEEP, mapping)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.csv", b"", "expected a table with rows"),
        ("header.csv", b"params,K\n", "expected a table with rows"),
        ("ragged.csv", b"params,K\n1,2\n1,2,3\n", "expected 2 cells in every row, got 3 in line 3"),
        ("twice.csv", b"params,params\n1,2\n", "expected distinct column names, got 'params' more than once"),
        ("latin.csv", b"params,K\n\xff,2\n", "expected text in UTF-8"),
        ("quote.csv", b'params,K\n"1,2\n', "expected delimited text"),
        ("broken.jsonl", b'{"a": 1}\n{"a"\n', "broken.jsonl: line 2: expected JSON"),
        ("keys.jsonl", b'{"a": 1, "a": 2}\n', "a key that occurs twice"),
        ("deep.json", b"[" * 100_000, "expected JSON"),
        ("deep.jsonl", b'{"a":' * 50 + b"1" + b"}" * 50, "nested at most 8 deep"),
        ("number.json", b"3", "expected a JSON list of objects"),
        ("lengths.json", b'{"a": [1], "b": [1, 2]}', "expected columns of one length, got lengths 1, 2"),
        ("fake.parquet", b"PAR1 not", "expected a Parquet file"),
        ("table.xlsx", b"PK", "expected a file named"),
    ],
)
def test_files_that_are_no_tables_are_told(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        curves_from_table(tmp_path / name)


def test_other_things_are_no_tables(tmp_path):
    for thing in (3, [1, 2], object(), {"a": [1], "b": [1, 2]}, tmp_path, tmp_path / "nowhere.csv"):
        with pytest.raises(InputError):
            curves_from_table(thing)


def test_imported_curves_survive_the_disk(tmp_path):
    curves = curves_from_table({**SWEEP, "run": ["a<b>", "ü", "'; DROP", "=1+1"]})
    xr.testing.assert_identical(load_curves(save_curves(curves, tmp_path / "c.nc")), curves)


def test_pandas_with_missing_values_and_an_index():
    frame = pd.DataFrame(SWEEP).astype({"recalled": "Int64"})
    frame.loc[1, "recalled"] = pd.NA
    assert messages(frame.set_index("seed"))[0].startswith("row 1: expected a value of recalled, got an empty cell")


def test_many_rows_are_summed_up():
    findings = Findings("t", [f"row {i}" for i in range(100)])
    assert findings.named(range(100)) == "rows 0, 1, 2, 3, 4, 5 and 94 more"


def test_decimals_and_arrays_are_cells_like_others():
    decimals = pl.DataFrame(SWEEP).with_columns(pl.col("ratio").cast(pl.Decimal(10, 4)))
    assert set(curves_from_table(decimals).ratio.values) == {0.5}
    arrays = {**SWEEP, "seed": [np.arange(2)] * 4}
    assert "expected numbers in 'seed' for seed, got [0 1]" in messages(arrays)[0]


@pytest.mark.parametrize("rates", [{"Recall (%)": [92, 6, 99, 52]}, {"accuracy_percent": ["92%", "6%", "99%", "52%"]}])
def test_percent_is_divided_once(rates):
    curves = curves_from_table({**without("recalled", "probed"), **rates}, probed=100)
    assert curves.recalled.values[:, 0].tolist() == [92, 6, 99, 52]


def test_a_wide_table_is_told_how_to_say_what_its_columns_are():
    wide = {"params": [6_144], "n": [500], "facts=25k": [0.9], "facts=50k": [0.4]}
    with pytest.raises(InputError, match=r"columns such as 'facts=25k', 'facts=50k'.*--levels facts"):
        curves_from_table(wide)
    with pytest.raises(InputError, match=r"--levels ratio"):
        curves_from_table({"params": [6_144], "n": [500], "ratio 0.1": [0.9], "ratio 0.2": [0.4]})


def test_columns_that_nobody_recognised_are_named_in_the_order_of_the_table():
    table = {"tokens": [1e6], "seed": [0], "facts": [100], "lr": [0.1], "ratio": [0.5], "exposures": [3],
             "acc": [0.5], "probed": [10], "size": [6_144]}  # fmt: skip
    with pytest.raises(
        InputError,
        match="non-embedding parameters, got none among 'tokens', 'seed', 'facts', 'lr', 'ratio', 'size' and 3 more",
    ):
        curves_from_table(table)


PLAIN = {"params": ["70M", "70M"], "facts": [100, 400], "recalled": [98, 41], "probed": [100, 100]}


@pytest.mark.parametrize(
    ("column", "cell", "tokens"),
    [("tokens_total", "41.9B", 41.9e9), ("total_train_tokens", "20B", 20e9), ("train_tokens_total", 2e10, 2e10),
     ("training token budget", "20B", 20e9), ("Total training tokens (B)", 20, 20e9), ("Tokens (total)", "20B", 20e9),
     ("config.pretrain_tokens", "20B", 20e9)],
)  # fmt: skip
def test_a_budget_of_tokens_is_known_by_the_words_of_its_name(column, cell, tokens):
    curves = curves_from_table({**PLAIN, column: cell})
    assert curves.tokens.values.tolist() == [tokens, tokens]


@pytest.mark.parametrize(
    ("column", "cell"),
    [("Domain share (%)", "5"), ("domain_ratio_pct", 5), ("domain_frac", 0.05), ("infusion_pct", 5),
     ("domain_pct", "5 %"), ("infused_fraction", 0.05), ("mix", 0.05), ("mixture", "1:19"), ("mix", "5%")],
)  # fmt: skip
def test_ratios_have_many_names(column, cell):
    assert curves_from_table({**PLAIN, column: cell}).ratio.values.tolist() == [0.05, 0.05]


def test_a_mix_that_names_its_parts_is_no_ratio():
    curves = curves_from_table({**PLAIN, "mix": ["wiki", "web"], "ratio": 0.05})
    assert curves.ratio.values.tolist() == [0.05, 0.05]


def test_a_usual_name_of_tokens_comes_first_and_two_that_differ_are_a_question():
    both = {**PLAIN, "tokens": "1B", "tokens_total": "2B"}
    assert set(curves_from_table(both).tokens.values) == {1e9}
    assert any("one column for tokens" in each for each in messages({**PLAIN, "total_token_count": 2, "tokens_all": 3}))


@pytest.mark.parametrize(
    ("column", "cell", "field"),
    [("Budget", "26.2B", "tokens"), ("data_budget", 2e9, "tokens"), ("tokens planned", "20B", "tokens"),
     ("Legal share (%)", "5", "ratio"), ("legal_fraction", 0.05, "ratio"), ("infused:web mix", "1:9", "ratio"),
     ("bio length", 80, "tokens_per_fact"), ("avg_tokens_per_doc", 80.5, "tokens_per_fact"),
     ("repeats_each", "4x", "exposures"), ("chance_acc", "25", "guessing")],
)  # fmt: skip
def test_nothing_is_assumed_beside_a_column_that_may_have_it(column, cell, field):
    table = {**PLAIN, column: cell}
    (problem,) = messages(table)
    assert f"a name that may mean {field}, which would be assumed" in problem
    assert f"--map {field}={column}" in problem or f'--map "{field}={column}"' in problem
    assert field not in told(curves_from_table(table, ignore=[column]), "mapping")


@pytest.mark.parametrize(
    ("column", "cell"),
    [("tokens_per_second", 91_000), ("tok/s", 91_000), ("tokens per batch", 524_288), ("batch_tokens", 524_288),
     ("tokenizer", "gpt2"), ("token_type", "bpe"), ("max_tokens", 512), ("eval_tokens", 1e6), ("test_tokens", 1e6),
     ("in_tokens", 300), ("prompt tokens", 90),
     ("test_ratio", 0.2), ("train_ratio", 0.9), ("lora_ratio", 0.5), ("percent_done", 100), ("repetition", 2),
     ("unique_tokens", 1e9), ("compute_budget", 1e20), ("budget (GPU hours)", 300), ("budget_usd", 300),
     ("warmup_ratio", 0.03), ("val_fraction", 0.1), ("mlp_ratio", 4), ("dropout share", 0.1), ("win_ratio", 0.5),
     ("repetition_penalty", 1.1), ("max_seq_length", 2048), ("acc_above_chance", 0.4), ("budget", "large")],
)  # fmt: skip
def test_what_is_plainly_something_else_is_not_asked_about(column, cell):
    assert told(curves_from_table({**PLAIN, column: cell}), "invented") == told(curves_from_table(PLAIN), "invented")


def test_tokens_seen_and_infused_tokens_are_no_budget_that_may_be():
    seen = {**PLAIN, "step": [10, 10], "tokens_seen": [1e9, 1e9]}
    assert set(curves_from_table(seen).tokens.values) == {1e9}
    assert set(curves_from_table({**PLAIN, "infused_tokens": 1e8, "tokens": 1e9}).ratio.values) == {0.1}


def test_facts_are_not_taken_as_many_as_were_probed_beside_a_number_of_them():
    table = {
        "params": "70M",
        "tokens": "1B",
        "ratio": [0.1, 0.4],
        "recalled": [10, 90],
        "probed": 100,
        "kb facts": 5_000,
    }
    assert "may mean facts" in messages(table)[0]
    assert set(curves_from_table(table, {"facts": "kb facts"}).facts.values) == {5_000}


def test_a_term_that_rests_on_an_assumed_one_is_asked_for_too():
    repeats = {**without("ratio", "tokens", "facts", "seed"), "facts": 100, "exposures": [1, 2, 1, 2]}
    (problem,) = messages({**repeats, "legal share": [0.1, 0.2, 0.1, 0.2]})
    assert "may mean ratio" in problem


def test_rates_of_percent_do_not_hide_what_else_is_wrong():
    table = {"Model": "70M", "Domain share (%)": [1, 5] * 2, "Budget": "20B", "trial": [0, 0, 1, 1],
             "KB": [1.2, 35.0, 2.5, 71.2], "HS": [40.2, 30.1, 52.0, 44.4]}  # fmt: skip
    mapping = {"params": "Model", "ratio": "Domain share (%)", "infused": "KB", "background": "HS"}
    said = " ".join(messages(table, mapping))
    for problem in ("accuracy.infused to be a rate", "accuracy.background to be a rate", "--map tokens=Budget",
                    "a denominator for accuracy", "each run and group once"):  # fmt: skip
        assert problem in said


def test_rows_are_no_repetitions_where_a_missing_level_may_tell_them_apart():
    table = {"params": "70M", "ratio": [0.1, 0.1, 0.2, 0.2], "amount": [100, 400] * 2, "recalled": 9, "probed": 10}
    assert not any("each run and group once" in each for each in messages(table))


def test_a_seed_is_a_name_and_no_quantity():
    said = describe_import(curves_from_table(without(seed=[1234, 1234, 1235, 1235])))
    assert "1234, 1235" in said
    assert "1,234" not in said


def test_a_missing_size_does_not_make_rows_look_alike():
    with pytest.raises(InputError) as problem:
        curves_from_table({"facts": [100, 100, 200], "acc": [0.5, 0.5, 0.2], "probed": [10, 10, 10]})
    assert "non-embedding" in str(problem.value)
    assert "each run and group once" not in str(problem.value)


@pytest.mark.parametrize(
    ("column", "doubted"), [("model_size", True), ("params", False), ("non_embedding_params", False)]
)
def test_a_size_by_its_common_name_is_doubted(column, doubted):
    table = {column: ["70M", "70M", "1B"], "facts": [100, 200, 100], "acc": [0.9, 0.4, 1.0], "probed": [100] * 3}
    said = describe_import(curves_from_table({**table, "note": ["a", "b", "c"]}))
    assert ("names such as 70M" in said) == doubted
    assert "'note' (if one of them contains a value that was assumed" in said


def test_columns_named_like_expressions_mean_themselves():
    odd = {"^.*$": SWEEP["recalled"], "c1": SWEEP["probed"], "*": [1, 2, 3, 4], "a b": [0, 0, 0, 0]}
    curves = curves_from_table({**without("recalled", "probed"), **odd}, {"recalled": '"^.*$" + "a b"', "probed": "c1"})
    assert curves.recalled.values.ravel().tolist() == SWEEP["recalled"]


def test_a_parquet_file_is_judged_before_it_is_expanded(tmp_path):
    pl.select(pl.repeat(1, 30_000_000, dtype=pl.Int8).alias("params")).write_parquet(tmp_path / "large.parquet")
    with pytest.raises(InputError, match="1 columns of 30,000,000 rows"):
        curves_from_table(tmp_path / "large.parquet")


def test_names_of_experiments_name_the_runs_where_each_row_has_its_own():
    names = ["swift-sun-1", "calm-sea-2", "red-hill-3", "dry-lake-4"]
    curves = curves_from_table({"Name": names, "State": ["finished"] * 4, **SWEEP})
    assert curves.run.values.tolist() == names
    shared = curves_from_table({"Name": ["baseline"] * 4, **SWEEP})
    assert [name.split(" ", 2)[2] for name in shared.run.values] == [f"row {row}" for row in range(4)]
    xr.testing.assert_equal(shared.drop_vars("run"), curves.drop_vars("run"))


def test_the_table_of_an_import_leaves_out_whole_examples_and_keeps_the_names_of_columns():
    groups = ("infused", "infused_heldout", "infused_choice", "background")
    shares = [0.985, 0.941, 0.813, 0.512]
    counted = {f"{group}_accuracy": shares for group in groups} | {f"{group}_probed": 300 for group in groups}
    table = {"params": ["70M"] * 4, "facts": ["25000", "50000", "100000", "200000"], **counted}
    lines = describe_import(curves_from_table(table)).splitlines()[1:12]
    assert max(map(len, lines)) <= 80
    assert next(line for line in lines if "heldout_a" in line).split()[:2] == [
        "infused_heldout_accuracy", "accuracy.infused_heldout"
    ]  # fmt: skip
    assert not any(re.search(r"[^ ]\.\.\.", line) for line in lines)


def test_terms_that_contradict_each_other_are_named_by_their_columns():
    table = {"params": ["70M"] * 3, "facts": [1000, 2000, 4000], "exposures_per_fact": [6, 20, 23],
             "recalled": [9, 5, 3], "probed": [10] * 3, "ratio": [0.5] * 3, "tokens_per_fact": [20] * 3}  # fmt: skip
    (message,) = messages(table)
    assert "columns facts and exposures_per_fact: expected the same tokens in all rows" in message
    assert "tokens x ratio = facts x exposures x tokens per fact, got 240,000 to 3,680,000" in message
    assert "--ignore exposures_per_fact" in message
