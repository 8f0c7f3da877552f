"""Numbers, encodings and layouts as laboratories, spreadsheets and trackers write them."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayeskisl.curves import TableError, curves_from_table
from bayeskisl.curves.tables.quantities import header_unit, read_quantity, read_spread, size_in_name
from bayeskisl.errors import InputError

FRAME = pd.DataFrame(
    {"params": [2e6, 2e6, 8e6, 8e6], "facts": [100, 1000] * 2, "recalled": [365, 18, 386, 168], "probed": [400] * 4}
)


@pytest.fixture
def read(tmp_path):
    """Curves from the text, or bytes, of a file of some name."""

    def from_file(name, content, *arguments, **options):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return curves_from_table(path, *arguments, **options)

    return from_file


def rows(header, *lines, newline="\n"):
    return newline.join([header, *lines]) + newline


def told(curves, name):
    return json.loads(curves.attrs[f"import_{name}"])


def test_points_between_thousands(read):
    text = rows("params;facts;recalled;probed", "2M;100;365;400", "2M;1.000;18;400", "2M;10.000;0;400")
    curves = read("runs.csv", text)
    assert curves.facts.values.tolist() == [100, 1000, 10_000]
    assert "facts: points between thousands: 1.000 is 1,000" in told(curves, "notes")


def test_commas_before_decimals(read):
    text = rows("params;facts;accuracy;n_samples", "2M;100;0,912;400", "2M;1.000;0,045;400")
    curves = read("runs.csv", text)
    assert curves.recalled.values.ravel().tolist() == [365, 18]
    assert curves.facts.values.tolist() == [100, 1000]
    assert "accuracy: commas before decimals: 0,912 is 0.912" in told(curves, "notes")
    by_hand = read("runs.csv", text, {"accuracy": "CAST(REPLACE(accuracy, ',', '.') AS DOUBLE)"})
    assert by_hand.recalled.values.ravel().tolist() == [365, 18]


@pytest.mark.parametrize(
    ("delimiter", "cells", "readings"),
    [
        (";", ("150,000", "300,000"), {".": [150_000, 300_000], ",": [150, 300]}),
        ("\t", ("1.000", "2.000"), {".": [1, 2], ",": [1000, 2000]}),
        (",", ("1.000", "4.000"), {".": [1, 4], ",": [1000, 4000]}),
    ],
)
def test_numbers_open_to_two_readings_are_refused_and_the_remedy_works(read, delimiter, cells, readings):
    lines = [delimiter.join(["2M", cell, "30", "40"]) for cell in cells]
    text = rows(delimiter.join(["params", "facts", "recalled", "probed"]), *lines)
    with pytest.raises(InputError, match=r"one reading of the numbers in 'facts'.*--decimal \. or --decimal ,"):
        read("runs.txt", text)
    for mark, facts in readings.items():
        assert read("runs.txt", text, decimal=mark).facts.values.tolist() == facts


def test_a_mark_that_another_column_contradicts_is_not_offered(read):
    text = rows("params;facts;acc;n_samples", "2M;1.000;0.97;400", "2M;10.000;0.55;400")
    with pytest.raises(TableError, match="if it is 1, add --decimal \\. ") as caught:
        read("runs.csv", text)
    assert "if it is 1000, say --map 'facts=\"facts\" * 1000' too" in str(caught.value)
    assert "--decimal ," not in str(caught.value)
    assert len(caught.value.problems) == 1, "that facts seem to repeat follows from it"
    assert read("runs.csv", text, {"facts": '"facts" * 1000'}, decimal=".").facts.values.tolist() == [1000, 10_000]


@pytest.mark.parametrize(
    ("header", "cells", "problem"),
    [
        ("params,facts,Acc,acc,n_samples", ("2M,100,.9,.8,400", "2M,200,.5,.4,400"), "one column for accuracy"),
        ("n_params,model_size,facts,acc,n_samples", ("2M,3M,9,.9,400", "2M,3M,9,.5,400"), "one column for params"),
        ("params,tokens,ratio,acc,n_samples", ("2M,1B,<1%,.9,400", "2M,1B,10%,.5,400"), "numbers in 'ratio'"),
        ("params,tokens,ratio,acc", ("2M,1B,1%,.9", "2M,1B,10%,.5"), "a denominator for accuracy"),
    ],
)
def test_what_follows_from_a_problem_is_no_problem_of_its_own(read, header, cells, problem):
    with pytest.raises(TableError) as caught:
        read("a.csv", rows(header, *cells), axis="amount" if "facts" in header else None)
    (message,) = map(str, caught.value.problems)
    assert f"expected {problem}" in message


def test_facts_are_not_demanded_of_a_table_that_may_vary_a_ratio(read):
    with pytest.raises(InputError, match="the number of infused facts, a ratio or exposures that vary") as caught:
        read("a.csv", rows("params,share,acc,n_samples", "2M,1:9,.9,400", "2M,1:1,.5,400"))
    assert "--map facts=COLUMN, --map ratio=share or --map exposures=COLUMN" in str(caught.value)


def test_two_decimal_marks_in_one_column_are_refused(read):
    text = rows("params;facts;acc;n_samples", "2M;100;0.91;400", "2M;200;0,1;400")
    with pytest.raises(InputError, match=r"one reading of the numbers in 'acc'.*write all of them alike"):
        read("runs.csv", text)


def test_quoted_thousands_in_a_table_of_decimal_points(read):
    text = rows("params,facts,acc,n_samples", '2M,"150,000",0.9,400', '2M,"1,300,000",0.1,400')
    assert read("runs.csv", text).facts.values.tolist() == [150_000, 1_300_000]


@given(st.integers(1000, 999_999_999), st.sampled_from([".", ","]))
def test_grouped_whole_numbers_are_read_back(number, mark):
    grouped = f"{number:,}".replace(",", "." if mark == "," else ",")
    assert read_quantity(grouped, mark) == number


@given(st.floats(0, 1).map(lambda value: round(value, 4)))
def test_a_decimal_comma_is_a_decimal_point(value):
    text = f"{value:.4f}"
    assert read_quantity(text.replace(".", ","), ",") == read_quantity(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("160 million", 160e6), ("1.1 billion", 1.1e9), ("70M params", 70e6), ("20B tokens", 20e9), ("91.2 %", 0.912),
        ("0.91 ± 0.01", 0.91), ("91.2 ± 1.0 %", 0.912), ("0.91 +/- 0.01", 0.91), ("0.91 (0.01)", 0.91),
        ("1'000'000", 1e6), ("1\u202f000", 1000),
    ],
)  # fmt: skip
def test_reads_words_spreads_and_groups(text, value):
    assert read_quantity(text) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("org/model-70m-deduped", 70e6), ("Llama-3.2-1B", 1e9), ("opt-1.3b", 1.3e9), ("pythia-70m-step143000", 70e6),
        ("Mixtral-8x7B", None), ("Qwen2.5-0.5B-from-7B", None), ("gpt2", None),
    ],
)  # fmt: skip
def test_sizes_in_names_of_models(name, size):
    assert size_in_name(name) == size


def test_units_in_headers():
    assert header_unit("params (M)") == ("params", 1e6)
    assert header_unit("size_in_billions") == ("size", 1e9)
    assert header_unit("facts") == ("facts", 1.0)


def test_sizes_by_model_names_and_by_units_in_headers(read):
    by_name = read("a.csv", rows("model,facts,acc,n_samples", "org/m-70m,100,.9,400", "org/m-1.4b,200,.5,400"))
    assert by_name.params.values.tolist() == [70e6, 1.4e9]
    by_unit = read("b.csv", rows("params (M),facts,acc,n_samples", "70,100,.9,400", "1400,200,.5,400"))
    assert by_unit.params.values.tolist() == [70e6, 1.4e9]


def test_spreads_may_become_standard_errors(read):
    text = rows("params,facts,acc", "70M,100,0.91 ± 0.01", "70M,200,0.5 ± 0.02")
    assert read_spread("0.91 ± 0.01") == 0.01
    with pytest.raises(InputError, match="--map 'standard_error=\"acc ±\"'"):
        read("a.csv", text)
    curves = read("a.csv", text, {"standard_error": '"acc ±"'})
    assert curves.probed.values.ravel().tolist() == [819, 625]
    assert any("behind ± are not used" in note for note in told(read("a.csv", text, probed=400), "notes"))


@pytest.mark.parametrize("skip", [False, True])
def test_percent_is_judged_by_the_whole_column(read, skip):
    text = rows("params,facts,acc,n_samples", "70M,100,91,400", "70M,200,0.5,400")
    with pytest.raises(InputError, match=r"if these are percent, divide: --map 'accuracy=\(\"acc\"\) / 100'"):
        read("a.csv", text, skip_bad_rows=skip)
    assert read("a.csv", text, {"accuracy": '("acc") / 100'}).recalled.values.ravel().tolist() == [364, 2]
    with pytest.raises(InputError, match="percent in all cells of 'acc', or in none"):
        read("b.csv", text.replace("91", "91%"), skip_bad_rows=skip)


@pytest.mark.parametrize("skip", [False, True])
def test_sizes_without_a_unit_are_refused_as_a_whole(read, skip):
    text = rows("model_size,n_facts,acc,n_samples", "0.07,100,.91,400", "0.07,1000,.05,400", "1.0,100,.97,400",
                "1.0,1000,.9,400")  # fmt: skip
    with pytest.raises(InputError, match="--map 'params=\"model_size\" \\* 1e9'"):
        read("a.csv", text, skip_bad_rows=skip)
    assert read("a.csv", text, {"params": '"model_size" * 1e9'}).params.values.tolist() == [7e7, 7e7, 1e9, 1e9]
    small = read("b.csv", text.replace("0.07", "70").replace("1.0,", "1000,"))
    assert any("if the column counts millions" in sentence for sentence in told(small, "assumed"))


def test_rates_that_arithmetic_left_above_one(read):
    text = rows("params,facts,acc,n_samples", "70M,100,1.0000000000000002,400", "70M,200,-1e-17,400")
    assert read("a.csv", text).recalled.values.ravel().tolist() == [400, 0]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings_of_spreadsheets(read, encoding):
    text = rows("params\tfacts\tacc\tn_samples", "70M\t100\t0,9\t400", "70M\t200\t0,5\t400", newline="\r\n")
    assert read("a.txt", text.encode(encoding)).recalled.values.ravel().tolist() == [360, 200]


def test_headers_behind_a_hash_and_separators_in_words(read):
    numbers = "2.0e+06,1.0e+02,3.65e+02,4.0e+02\n2.0e+06,1.0e+03,1.8e+01,4.0e+02\n"
    for text in (
        f"# params,facts,recalled,probed\n{numbers}",
        f"# a comment, of two parts\n# params,facts,recalled,probed\n{numbers}",
        f"# params facts recalled probed\n{numbers.replace(',', ' ')}",
        f"sep=;\nparams;facts;recalled;probed\n{numbers.replace(',', ';')}",
        f"params,facts,recalled,probed,\n{numbers.replace(chr(10), ',' + chr(10))}",
    ):
        assert read("a.csv", text).recalled.values.ravel().tolist() == [365, 18]
    with pytest.raises(InputError, match="line 1: expected a line of column names, got numbers"):
        read("a.csv", numbers)


def test_line_separators_inside_texts_end_no_line(read):
    lines = [json.dumps({**row, "sample": "a\u2028b\u0085c"}, ensure_ascii=False) for row in FRAME.to_dict("records")]
    assert read("a.jsonl", "\n".join(lines)).sizes["run"] == 4
    cells = [f"2M,{facts},30,40,a\u2028b" for facts in (100, 200)]
    assert read("a.csv", rows("params,facts,recalled,probed,sample", *cells)).sizes["run"] == 2


@pytest.mark.parametrize("orient", ["split", "records", "index", "columns", "table"])
def test_json_of_pandas_in_every_orient(read, orient):
    assert read("a.json", FRAME.to_json(orient=orient)).recalled.values.ravel().tolist() == [365, 18, 386, 168]


def test_json_of_values_is_told_what_to_write(read):
    with pytest.raises(InputError, match="orient='records'"):
        read("a.json", FRAME.to_json(orient="values"))


def test_rows_inside_an_object(read):
    curves = read("a.json", json.dumps({"tokens": 1e9, "results": FRAME.to_dict("records")}))
    assert set(curves.tokens.values) == {1e9}


def test_non_embedding_counts_outrank_others(read):
    text = rows("model,params,non_embedding_params,facts,recalled,probed", "a,70426624,18915328,100,365,400",
                "a,70426624,18915328,1000,18,400")  # fmt: skip
    curves = read("a.csv", text)
    assert set(curves.params.values) == {18915328}
    assert set(curves.total_params.values) == {70426624}


def test_total_parameters_may_stand_for_others_by_either_name(read):
    text = rows("nb_params,facts,recalled,probed", "70M,100,365,400", "70M,1000,18,400")
    with pytest.raises(InputError, match="use --map params=nb_params if embeddings may count"):
        read("a.csv", text, {"total_params": "nb_params"})
    for params in ("nb_params", "total_params"):
        curves = read("a.csv", text, {"total_params": "nb_params", "params": params})
        assert set(curves.params.values) == set(curves.total_params.values) == {70e6}


def test_an_option_in_force_is_not_advised(read):
    text = rows("run,params,facts,recalled,probed,seed", "r1,20M,400,,100,1", "r2,20M,400,50,100,2",
                "r3,20M,400,52,100,3")  # fmt: skip
    with pytest.raises(TableError, match="facts, a ratio or exposures that vary, got one level") as caught:
        read("a.csv", text, skip_bad_rows=True)
    assert "--skip-bad-rows" not in str(caught.value)
    with pytest.warns(UserWarning, match="1 of 3 rows are left out"):
        assert read("a.csv", text, skip_bad_rows=True, axis="amount").sizes["run"] == 2


@pytest.mark.parametrize("axis", ["amount", "dose"])
def test_an_axis_that_nothing_varies_along_is_refused(axis):
    table = {
        "params": [2e6] * 2,
        "facts": [100] * 2,
        "ratio": [0.1, 0.5],
        "tokens": 1e9,
        "acc": [0.1, 0.5],
        "probed": 9,
    }
    with pytest.raises(InputError, match="one level of facts; omit --axis"):
        curves_from_table(table, axis=axis)
    assert curves_from_table(table).attrs["axis"] == "ratio"


def test_sizes_across(read):
    text = rows("facts,70M,160M,410M", "100,0.91,0.97,0.97", "1000,0.05,0.42,0.92")
    with pytest.raises(InputError, match="if they are levels of params, add --levels params"):
        read("a.csv", text, probed=400)
    curves = read("a.csv", text, probed=400, levels="params")
    assert curves.params.values.tolist() == [7e7, 1.6e8, 4.1e8] * 2
    assert curves.recalled.values.ravel().tolist() == [364, 388, 388, 20, 168, 368]


@pytest.mark.parametrize(
    ("header", "levels"),
    [
        ("facts,pythia-70m,pythia-160m-deduped", "params"),
        ("facts,recall_70M,recall_160M", "params"),
        ("params,seed_0,seed_1,facts", "seed"),
        ("params,acc_seed0,acc_seed1,facts", "seed"),
        ("params,acc@100,acc@1k", "facts"),
        ("params,0.1,0.2,facts", "ratio"),
    ],
)
def test_what_columns_are_levels_of_is_advised_rightly(read, header, levels):
    fields = {"facts": ["100", "200"], "params": ["70M", "160M"]}
    cells = [[fields.get(name, ["0.5"] * 2)[i] for name in header.split(",")] for i in range(2)]
    text = rows(header, *map(",".join, cells))
    given = {"tokens": 1e9} if levels == "ratio" else {}
    with pytest.raises(InputError, match=f"add --levels {levels}"):
        read("a.csv", text, given, probed=400)
    axis = {"axis": "ratio"} if levels == "ratio" else {"axis": "amount"}
    assert read("a.csv", text, given, probed=400, levels=levels, **axis).sizes["run"] == 4


def test_two_columns_of_one_size_are_refused_by_name(read):
    text = rows("facts,Llama-3.2-1B,OLMo-2-1B,Qwen2.5-0.5B", "100,0.91,0.80,0.77", "1000,0.55,0.42,0.30")
    with pytest.raises(InputError, match=r"one column for each level, got 'Llama-3\.2-1B' and 'OLMo-2-1B' for 1B"):
        read("a.csv", text, levels="params", probed=400)
    assert read("a.csv", text, levels="params", probed=400, ignore=["OLMo-2-1B"]).sizes["run"] == 4


def test_the_extremes_that_wandb_exports_beside_a_metric_are_no_levels(read):
    text = rows("facts,m-70m - acc,m-70m - acc__MIN,m-70m - acc__MAX,m-160m - acc", "100,0.9,0.8,1.0,0.95",
                "1000,0.1,0.0,0.2,0.5")  # fmt: skip
    assert read("a.csv", text, levels="params", probed=10).recalled.values.ravel().tolist() == [9, 10, 1, 5]


def test_a_row_of_a_gathered_table_names_its_size(read):
    text = rows("facts,70M,160M", "100,0.91,0.97", "1000,0.05,1.42")
    with pytest.raises(InputError, match="line 3 at 160M"):
        read("a.csv", text, levels="params", probed=400)


def test_several_metrics_across(read):
    text = rows("params,correct_100,correct_1000,probed_100,probed_1000", "70M,90,10,100,200", "1B,95,150,100,200")
    curves = read("a.csv", text, levels="facts")
    assert curves.recalled.values.ravel().tolist() == [90, 10, 95, 150]
    assert curves.probed.values.ravel().tolist() == [100, 200, 100, 200]


def test_losses_are_no_levels_and_everything_missing_is_told(read):
    text = rows("name,hidden_dim,val/ngram_1,val/ngram_5", "a,128,5.41,4.9", "b,256,5.1,4.6")
    with pytest.raises(TableError) as caught:
        read("a.csv", text)
    said = str(caught.value)
    for missing in ("non-embedding parameters", "the number of infused facts", "recalled facts, or an accuracy"):
        assert missing in said
    assert "--levels" not in said


def test_runs_that_did_not_finish_are_left_out_and_listed(read):
    text = rows("params,facts,acc,n_samples,State", "70M,100,.9,400,finished", "70M,200,.5,400,crashed",
                "1B,200,.6,400,finished")  # fmt: skip
    curves = read("a.csv", text)
    assert told(curves, "left_out") == {"count": 1, "listed": [["line 3", "its state is 'crashed'"]]}
    early = read("b.csv", rows("params,facts,acc,n_samples,step,max_steps", "70M,100,.9,400,1000,1000",
                               "70M,200,.5,400,400,1000", "1B,200,.6,400,999,1000"))  # fmt: skip
    assert told(early, "left_out") == {"count": 1, "listed": [["line 3", "it stopped at step 400 of 1,000"]]}


@pytest.mark.parametrize("name", ["recall_bpb", "eval/loss", "bios.perplexity", "bits per byte"])
def test_a_loss_is_no_accuracy(read, name):
    text = rows(f"params,facts,{name},n_samples", "70M,100,.9,400", "70M,200,.5,400")
    with pytest.raises(InputError, match=r"expected a share of right answers, got .*, a loss by its name"):
        read("a.csv", text, {"accuracy": name})
    stated = read("a.csv", text, {"accuracy": f'"{name}" * 1'})
    assert stated.recalled.values.ravel().tolist() == [360, 200]


@pytest.mark.parametrize("name", ["acc_at_best_val_loss", "em_lowest_ppl", "best_val_loss_acc"])
def test_an_accuracy_at_the_best_loss_is_an_accuracy(read, name):
    text = rows(f"params,facts,{name},n_samples", "70M,100,.9,400", "70M,200,.5,400")
    assert read("a.csv", text, {"accuracy": name}).recalled.values.ravel().tolist() == [360, 200]


def test_recall_of_facts_is_an_accuracy(read):
    curves = read("a.csv", rows("params,facts,Fact recall (%),n_samples", "70M,100,90,400", "70M,200,50,400"))
    assert curves.recalled.values.ravel().tolist() == [360, 200]


def test_a_column_that_has_sizes_is_not_offered_as_a_number_of_probed_facts(read):
    with pytest.raises(InputError, match=r"no known precision\.$"):
        read("a.csv", rows("size,facts,acc", "70M,100,.9", "70M,200,.5"))


def test_a_column_called_status_of_something_else_is_not_read(read):
    text = rows("params,facts,acc,n_samples,status", "70M,100,.9,400,public", "70M,200,.5,400,private")
    assert read("a.csv", text).sizes["run"] == 2


def test_runs_without_infusion_are_left_out(read):
    text = rows("params,facts,ratio,tokens,acc,n_samples", "70M,100,0,1e9,0,400", "70M,100,.1,1e9,.5,400",
                "70M,100,.5,1e9,.8,400")  # fmt: skip
    curves = read("a.csv", text)
    assert told(curves, "left_out") == {"count": 1, "listed": [["line 2", "nothing was infused"]]}


BENCHMARK = {
    "model": ["70M", "70M", "160M", "160M"], "ratio": [0.01, 0.4] * 2, "recall": [0.01, 0.8, 0.1, 0.95],
    "trivia": [0.28, 0.05, 0.45, 0.12],
}  # fmt: skip
GROUPS = {"accuracy.infused": "recall", "accuracy.background": "trivia"}


def test_a_general_benchmark_is_a_background_group():
    curves = curves_from_table(BENCHMARK, {**GROUPS, "tokens": "20B"}, probed={"infused": 1000, "background": 2000})
    assert curves.attrs["axis"] == "ratio"
    assert curves.attrs["exposure_scale"] == curves.attrs["background_scale"] == "relative"
    assert curves.recalled.sel(group="background").values.tolist() == [560, 100, 900, 240]
    assert curves.recalled.sel(group="infused").values.tolist() == [10, 800, 100, 950]
    assert {"facts", "background_facts", "background_share"} <= set(told(curves, "invented"))


def test_facts_that_a_range_of_ratios_rests_on_are_told():
    curves = curves_from_table(BENCHMARK, {**GROUPS, "tokens": "20B"}, probed={"infused": 1000, "background": 2000})
    said = "the lower end of the range rests on an assumed 1,000 facts; give --map facts=N"
    assert said in told(curves, "assumed")
    given = curves_from_table(BENCHMARK, {**GROUPS, "tokens": "20B", "facts": 50_000}, probed=1000)
    assert said not in told(given, "assumed")


def test_exposures_of_a_benchmark_are_those_of_the_general_corpus():
    from bayeskisl.curves import group_exposures

    curves = curves_from_table(BENCHMARK, {**GROUPS, "tokens": "20B"}, probed={"infused": 1000, "background": 2000})
    seen = group_exposures(curves).sel(group="background").values
    np.testing.assert_allclose(seen / (1 - curves.ratio), seen[0] / (1 - curves.ratio[0]), rtol=1e-12)
    assert 100 < seen.max() < 400  # where the laws' prior looks for the fall


def test_facts_are_not_assumed_beside_a_column_that_may_count_them():
    table = {**BENCHMARK, "bios": [100, 100, 200, 200]}
    with pytest.raises(InputError, match="the number of infused facts"):
        curves_from_table(table, {**GROUPS, "tokens": "20B"}, probed=100)


def test_a_column_left_out_makes_room_for_what_follows(read):
    text = rows("params,facts,recalled,probed,accuracy", "70M,100,365,400,0.5", "70M,200,18,400,0.5")
    with pytest.raises(InputError, match="leave one of them out with --ignore COLUMN"):
        read("a.csv", text)
    assert read("a.csv", text, ignore=["accuracy"]).sizes["run"] == 2


def test_rows_by_a_condition(read):
    text = rows("params,facts,recalled,probed,task", "70M,100,365,400,a", "70M,200,18,400,a", "70M,200,99,400,b")
    curves = read("a.csv", text, where="task = 'a'")
    assert curves.recalled.values.ravel().tolist() == [365, 18]
    assert "rows where task = 'a': 2 of 3" in told(curves, "notes")


def test_single_questions_are_counted(read):
    asked = [(facts, i, i < right) for facts, right in ((100, 30), (200, 7)) for i in range(40)]
    text = rows("params,facts,question,correct", *(f"70M,{facts},{i},{right}" for facts, i, right in asked))
    curves = read("a.csv", text, by=["facts"])
    assert curves.recalled.values.ravel().tolist() == [30, 7]
    assert curves.probed.values.ravel().tolist() == [40, 40]


def test_the_same_facts_more_and_less_often_are_a_sweep_of_frequency(read):
    cells = [f"{size},1000,{f},120,{y},400" for size, y in (("2M", 2), ("8M", 8)) for f in (1, 5, 20)]
    text = rows("params,facts,exposures,tokens_per_fact,recalled,probed", *cells)
    curves = read("a.csv", text)
    assert curves.attrs["axis"] == "frequency"
    assert curves.exposures.values.tolist() == pytest.approx([1, 5, 20] * 2)
    assert "tokens" in told(curves, "invented")
    for axis in ("amount", "ratio", "dose"):
        with pytest.raises(InputError, match="omit --axis"):
            read("a.csv", text, axis=axis)


def test_everything_trained_may_be_a_fact(read):
    curves = read("a.csv", rows("params,facts,ratio,recalled,probed", "2M,100,1,90,100", "2M,200,1,40,100"))
    assert set(curves.ratio.values) == {1}


def test_runs_that_saw_a_part_of_their_tokens_are_left_out(read):
    curves = read("a.csv", rows("params,facts,acc,n_samples,tokens_seen,tokens", "70M,100,.9,400,1e9,1e9",
                                "70M,200,.5,400,4e8,1e9", "1B,200,.6,400,1e9,1e9"))  # fmt: skip
    assert told(curves, "left_out")["listed"] == [["line 3", "it stopped at step 400,000,000 of 1,000,000,000"]]


def test_one_level_for_each_size_is_noted(read):
    curves = read("a.csv", rows("params,facts,acc,n_samples", "70M,100,.9,400", "1B,200,.6,400"))
    assert any("every cell has one level of facts" in note for note in told(curves, "notes"))


@pytest.mark.parametrize("steps", [True, False])
def test_tokens_seen_beside_steps_are_the_budget(read, steps):
    header = f"run,params,facts,{'step,' * steps}tokens_seen,recalled,probed"
    rows = [
        f"{start},{f'{step},' * steps}{step * 0.25:g}M,{recalled},400"
        for start, recalled in (("a,2M,100", 365), ("b,2M,1000", 18), ("c,8M,1000", 168))
        for step in (2500, 5000)
    ]
    curves = read("runs.csv", "\n".join([header, *rows]))
    assert curves.sizes["run"] == 3
    if steps:
        assert set(curves["tokens"].values) == {1.25e9}
        assert "tokens" not in json.loads(curves.attrs["import_invented"])


@pytest.mark.parametrize(
    ("name", "finished", "other"),
    [("Status", "fertig", "abgebrochen"), ("status", "Terminé", "Interrompu"), ("outcome", "success", "failed")],
)
def test_states_in_other_languages_and_outcomes(name, finished, other):
    table = {"params": 1e6, "facts": [100, 400, 800], "recalled": [90, 5, 10], "probed": 100,
             name: [finished, other, finished]}  # fmt: skip
    curves = curves_from_table(table)
    assert told(curves, "left_out")["count"] == 1
    assert curves.recalled.values.ravel().tolist() == [90, 10]


def test_tokens_read_before_are_not_offered_as_the_budget():
    table = {"params": 1e6, "ratio": [0.1, 0.4], "facts": 100, "recalled": [90, 5], "probed": 100,
             "tokens_before": 3e11, "cpt_tokens": 5e9}  # fmt: skip
    with pytest.raises(InputError, match="cpt_tokens") as refused:
        curves_from_table(table)
    assert "=tokens_before" not in str(refused.value)
