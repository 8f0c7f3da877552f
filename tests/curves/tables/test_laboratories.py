"""Tables as laboratories have them: headers, cells, names of runs and states, each with its right value."""

import json
import shlex

import numpy as np
import pytest

from bayeskisl.curves import curves_from_table, describe_import
from bayeskisl.curves.tables.quantities import size_in_name
from bayeskisl.curves.tables.recognition import recognise
from bayeskisl.curves.tables.unpacked import unpacked
from bayeskisl.errors import InputError


@pytest.fixture
def read(tmp_path):
    def from_file(text, mapping=None, name="runs.csv", **options):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return curves_from_table(path, mapping, **options)

    return from_file


def lines(*each):
    return "\n".join(each) + "\n"


def table(header, cells=("70M", "160M")):
    """Two runs of 1,000 and 4,000 facts under a header of the size's column."""
    return lines(f"{header},facts,acc,n_samples", f"{cells[0]},1000,.9,400", f"{cells[1]},4000,.1,400")


def counts(curves):
    return curves.recalled.values.ravel().tolist()


def left_out(curves):
    return [place for place, _ in json.loads(curves.attrs["import_left_out"])["listed"]]


# headers


@pytest.mark.parametrize(
    "header",
    ["params (M)", "params [M]", "params_m", "params (1e6)", "params (×10^6)", "params (10⁶)", "params (Mio)",
     "Model size (M params)", "numParams (mln)", "params_millions", "params_mn"],
)  # fmt: skip
def test_units_of_sizes_in_headers(read, header):
    assert read(table(header, ("70", "160"))).params.values.tolist() == [70e6, 160e6]


@pytest.mark.parametrize("header", ["ratio (%)", "ratio_percent", "mixing ratio (%)", "ratio_pct", "ratio [%]"])
def test_ratios_in_percent_by_their_header_even_where_all_are_below_one(read, header):
    text = lines(f"params,{header},tokens,facts,acc,n_samples", "70M,0.1,20B,1000,.1,400", "70M,0.5,20B,1000,.9,400")
    assert read(text).ratio.values.tolist() == pytest.approx([0.001, 0.005])


def test_standard_errors_in_percent_by_their_header(read):
    curves = read(lines("params,facts,acc (%),stderr (%)", "70M,1000,90,1.5", "70M,4000,50,2.5"))
    assert curves.probed.values.ravel().tolist() == [400, 400]


@pytest.mark.parametrize("source", ["New facts (k)", '"New facts (k)"', '"New facts (k)" * 1000'])
def test_a_mapped_column_keeps_the_unit_of_its_header(read, source):
    curves = read(lines("params,New facts (k),acc,n_samples", "70M,1,.9,400", "70M,4,.1,400"), {"facts": source})
    assert curves.facts.values.tolist() == [1000, 4000]
    assert '"New facts (k)" * 1000' in describe_import(curves)


@pytest.mark.parametrize(
    ("field", "header", "cells", "read_as", "said"),
    [
        ("facts", "n_K", (50_000, 200_000), (50_000, 200_000), "n_K was read as it is"),
        ("facts", "n_K", (31, 62), (31, 62), "--map 'facts=\"n_K\" * 1000'"),
        ("tokens", "seen_B", (7_000_000, 8_000_000), (7e6, 8e6), "seen_B was read as it is"),
        ("params", "size_b", (0.07, 0.16), (70e6, 160e6), "size_b was read times 1,000,000,000"),
        ("params", "width in millions", (70_000, 160_000), (7e10, 16e10), "--map 'params=\"width in millions\" * 1'"),
    ],
)
def test_a_last_letter_is_the_unit_of_a_mapped_column_only_where_needed(read, field, header, cells, read_as, said):
    others = {"params": ("70M", "160M"), "facts": (1000, 4000), "acc": (0.9, 0.1), "n_samples": (400, 400)}
    table = {header: cells, **{name: value for name, value in others.items() if name != field}}
    text = lines(",".join(table), *(",".join(map(str, row)) for row in zip(*table.values(), strict=True)))
    curves = read(text, {field: header})
    assert curves[field].values.tolist() == pytest.approx(read_as)
    assert said in describe_import(curves)


def test_numbers_behind_a_spread_are_in_the_unit_of_their_column(read):
    text = lines("params,facts,score (%)", "70M,1000,90 ± 1.5", "70M,4000,50 ± 2.5")
    curves = read(text, {"accuracy": "score (%)", "standard_error": "score (%) ±"})
    assert curves.probed.values.ravel().tolist() == [400, 400]


@pytest.mark.parametrize(
    ("header", "rates", "errors", "probed"),
    [
        ("acc (%),stderr", ("90", "50"), ("1.5", "2.5"), 400),
        ("acc (%),stderr", ("90", "50"), ("0.015", "0.025"), 400),  # in percent they would be worth 4,000,000
        ("acc,stderr", ("90%", "50%"), ("0.3", "0.5"), 10_000),
        ("acc (%),stderr", ("90", "50"), ("0.0424", "0.0707"), 50),  # in percent they would be worth 500,000
        ("acc_pct,stderr", ("90", "50"), ("1.5%", "2.5%"), 400),
    ],
)
def test_standard_errors_are_in_the_unit_of_the_accuracy(read, header, rates, errors, probed):
    cells = [f"70M,{facts},{rate},{error}" for facts, rate, error in zip((1000, 4000), rates, errors, strict=True)]
    curves = read(lines(f"params,facts,{header}", *cells))
    assert curves.probed.values.ravel().tolist() == [probed] * 2
    said = "standard_error was taken as percent, like the accuracy beside it, and divided by 100"
    assert (said in json.loads(curves.attrs["import_notes"])) == (errors[0] in ("1.5", "0.3"))


def test_an_expression_states_the_unit_of_standard_errors(read):
    text = lines("params,facts,acc,std", "70M,1000,90,3", "70M,4000,50,5")
    curves = read(text, {"accuracy": "acc / 100", "standard_error": "std / 100 / SQRT(4)"})
    assert curves.probed.values.ravel().tolist() == [400, 400]


@pytest.mark.parametrize(("source", "probed"), [("stderr / 100", 50_000), ("stderr * 1", 5)])
def test_standard_errors_that_could_be_in_both_units_are_refused(read, source, probed):
    text = lines("params,facts,acc (%),stderr", "70M,1000,90,0.134164", "70M,4000,50,0.223607")
    remedies = r"""say --map 'standard_error="stderr" / 100' if .*, or --map 'standard_error="stderr" \* 1'"""
    with pytest.raises(InputError, match=remedies):
        read(text)
    stated = read(text, {"standard_error": source}, probed=probed)
    assert stated.probed.values.ravel() == pytest.approx(probed, rel=1e-3)


def test_standard_errors_worth_a_few_facts_are_refused_as_a_whole_unless_the_number_is_told(read):
    text = lines("params,facts,acc,stderr", "70M,1000,.9,.15", "70M,4000,.5,.25", "70M,8000,0,0")
    few = "lines 2 and 3: expected standard errors that are worth at least 10 probed .* with --probed N"
    with pytest.raises(InputError, match=few):
        read(text, skip_bad_rows=True)
    curves = read(text, probed=8)
    assert curves.probed.values.ravel().tolist() == [4, 4, 8]
    assert "standard errors are worth 4 probed facts, as a rule" in describe_import(curves)


def test_units_in_a_row_of_their_own_and_a_title_above_the_names(read):
    rows = ("params,facts,acc,n_samples", "(M),(k),(%),", "70,1,90,400", "160,4,10,400")
    curves = read(lines(*rows))
    assert (curves.params.values.tolist(), curves.facts.values.tolist()) == ([70e6, 160e6], [1000, 4000])
    assert counts(curves) == [360, 40]
    titled = read(lines("Table 3: recall by size,,,", rows[0], "70M,1000,.9,400", "160M,4000,.1,400"))
    assert counts(titled) == [360, 40]


@pytest.mark.parametrize(
    "header", ["modelSize,nFacts,exactMatch,nSamples", "model.num_parameters,data.n_facts,acc,probes"]
)
def test_names_in_camel_case_and_below_others(read, header):
    assert counts(read(lines(header, "70M,1000,.9,400", "160M,4000,.1,400"))) == [360, 40]


def test_a_last_part_that_two_columns_share_identifies_none(read):
    text = lines("params,train.n_facts,data.n_facts,acc,n_samples", "70M,1,2,.9,400", "70M,3,4,.1,400")
    with pytest.raises(InputError, match="number of infused facts"):
        read(text)


# cells


@pytest.mark.parametrize(
    ("size", "facts"),
    [("7.0x10^7", "10^3"), ("7.0×10⁷", "1·10³"), ("7e7", "1_000"), ("70 million", "1 thousand"), ("7,00,00,000", "1K")],
)
def test_powers_of_ten_words_and_groups_of_two(read, size, facts):
    curves = read(lines("params;facts;acc;n_samples", f"{size};{facts};.9;400", f"{size};4000;.1;400"))
    assert (curves.params.values[0], curves.facts.values[0]) == (70e6, 1000)


@pytest.mark.parametrize("written", ["360/400", "360 / 400", "360 of 400", "360 out of 400"])
@pytest.mark.parametrize("name", ["acc", "recall", "correct"])
def test_fractions_are_counts(read, name, written):
    curves = read(lines(f"params,facts,{name}", f"70M,1000,{written}", "70M,4000,18/200"))
    assert (counts(curves), curves.probed.values.ravel().tolist()) == ([360, 18], [400, 200])


def test_the_uncertainty_of_the_last_digits(read):
    text = lines("params,facts,acc", "70M,1000,0.900(15)", "70M,4000,0.500(25)")
    assert read(text, {"standard_error": '"acc ±"'}).probed.values.ravel().tolist() == [400, 400]


def test_lists_over_seeds_are_runs(read):
    rows = [{"params": 7e7, "facts": facts, "acc": acc, "n_samples": 100} for facts, acc in
            ((1000, [0.9, 0.92]), (4000, [0.1, 0.12, 0.08]))]  # fmt: skip
    curves = read(json.dumps(rows), name="a.json")
    assert (counts(curves), curves.seed.values.tolist()) == ([90, 92, 10, 12, 8], [0, 1, 0, 1, 2])


def test_lists_of_levels_beside_lists_of_outcomes_are_rows(read):
    rows = [{"params": size, "facts": [1000, 2000, 4000], "recalled": [90, 50, 10], "probed": 100,
             "betas": [0.9, 0.95, 0.8]} for size in (7e7, 1e9)]  # fmt: skip
    curves = read(json.dumps(rows), name="a.json")
    assert (counts(curves), curves.facts.values.tolist()) == ([90, 50, 10] * 2, [1000, 2000, 4000] * 2)
    assert set(curves.seed.values) == {0}


def test_lists_of_checkpoints_and_of_seeds_are_read_as_such(read):
    row = {"params": 7e7, "recalled": [10, 90], "probed": 100}
    steps = [{**row, "facts": facts, "step": [500, 1000]} for facts in (1000, 4000)]
    assert counts(read(json.dumps(steps), name="a.json")) == [90, 90]
    seeds = [{**row, "facts": facts, "seed": [3, 7]} for facts in (1000, 4000)]
    curves = read(json.dumps(seeds), name="a.json")
    assert (counts(curves), curves.seed.values.tolist()) == ([10, 90] * 2, [3, 7] * 2)


@pytest.mark.parametrize("lists", [{"betas": [0.9, 0.95]}, {"resumed_at": [1200]}])
def test_lists_of_settings_are_no_runs(read, lists):
    rows = [{"params": 7e7, "facts": 1000, "acc": 0.9, "n_samples": 100},
            {"params": 7e7, "facts": 4000, "acc": 0.1, "n_samples": 100, **lists}]  # fmt: skip
    curves = read(json.dumps(rows), name="a.json")
    assert (counts(curves), curves.seed.values.tolist()) == ([90, 10], [0, 0])


def test_lists_over_seeds_beside_a_row_without_a_list_keep_every_row(read):
    rows = [{"params": 7e7, "facts": facts, "score": acc, "n_samples": 100} for facts, acc in
            ((1000, [0.9, 0.92]), (4000, None))]  # fmt: skip
    with pytest.raises(InputError, match="row 1 entry 0: expected a value of accuracy, got an empty cell"):
        read(json.dumps(rows), {"accuracy": "score"}, name="a.json")


@pytest.mark.parametrize(
    ("low", "high", "ratios"),
    [("10:90", "50:50", [0.1, 0.5]), ("1:9", "1 : 1", [0.1, 0.5]), ("1/10", "1 / 2", [0.1, 0.5]),
     ("1:3", "50%", [0.25, 0.5])],
)  # fmt: skip
def test_ratios_in_parts(read, low, high, ratios):
    text = lines("params,ratio,tokens,facts,acc,n_samples", f"70M,{low},1B,100,.1,400", f"70M,{high},1B,100,.9,400")
    curves = read(text)
    assert curves.ratio.values.tolist() == ratios
    said = f"ratio: {low} was taken as a share of {ratios[0]}, the first part of both together"
    assert (said in json.loads(curves.attrs["import_notes"])) == (":" in low)


@pytest.mark.parametrize("cells", [("1x", "10x"), ("1×", "10 ×"), ("x1", "×10")])
def test_exposures_in_times(read, cells):
    text = lines("params,facts,exposures,acc,n_samples", *(f"70M,100,{cell},.5,400" for cell in cells))
    assert read(text).exposures.values.tolist() == pytest.approx([1, 10])


@pytest.mark.parametrize(
    ("column", "cells", "remedy"),
    [
        ("ratio", ("few", "50%"), "write them as 0.05, 5%, 5:95 or 1/20, or leave such rows out"),
        ("ratio", ("few", "half"), "write them as 0.05, 5%, 5:95 or 1/20."),
        ("ratio", ("none", "0.5"), "fill it in, with 0 if nothing was infused, or leave such rows out"),
        ("exposures", ("rarely", "10"), "write them as 10 or 10x, or leave"),
        ("checkpoint", ("a", "b"), "if they name runs, say --map run=checkpoint; or leave them out with --ignore"),
    ],
)
def test_a_cell_that_is_no_number_is_answered_by_its_field(read, column, cells, remedy):
    text = lines(f"params,facts,{column},tokens,acc,n_samples", *(f"70M,100,{cell},1B,.5,400" for cell in cells))
    with pytest.raises(InputError) as caught:
        read(text, axis="amount")
    assert remedy in str(caught.value)


@pytest.mark.parametrize("cell", ["—", "–", "#DIV/0!", "n.a."])
def test_signs_of_nothing(read, cell):
    text = lines("params,facts,acc,n_samples", f"70M,1000,{cell},400", "70M,2000,.5,400", "70M,4000,.1,400")
    with pytest.raises(InputError, match=r"value of accuracy, got an empty cell.*--skip-bad-rows"):
        read(text)
    with pytest.warns(UserWarning, match="1 of 3 rows are left out"):
        assert counts(read(text, skip_bad_rows=True)) == [200, 40]


@pytest.mark.parametrize("seeds", [("s0", "s1"), ("seed_0", "seed_1"), ("a", "b")])
def test_seeds_in_words(read, seeds):
    rows = [f"70M,{facts},{acc},400,{seed}" for facts, acc in ((1000, 0.9), (4000, 0.1)) for seed in seeds]
    assert read(lines("params,facts,acc,n_samples,seed", *rows)).seed.values.tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize("steps", [("step100", "step600"), ("checkpoint-100", "checkpoint-600"), ("100", "final")])
def test_checkpoints_in_words(read, steps):
    rows = [f"70M,{facts},{acc},400,{step}" for facts, accs in ((1000, (0.2, 0.9)), (4000, (0.05, 0.1)))
            for step, acc in zip(steps, accs, strict=True)]  # fmt: skip
    assert counts(read(lines("params,facts,acc,n_samples,checkpoint", *rows))) == [360, 40]


# names of runs


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (("pythia-70m_k1000_seed1", "pythia-160m_k4000_seed2"),
         {"params": [70e6, 160e6], "facts": [1000, 4000], "seed": [1, 2]}),
        (("N=70M-K=1000-s0", "N=70M-K=4000-s0"), {"params": [70e6] * 2, "facts": [1000, 4000]}),
        (("160m_r0.05_D20B_facts500", "160m_r0.1_D20B_facts500"),
         {"ratio": [0.05, 0.1], "tokens": [20e9] * 2, "facts": [500] * 2}),
        (("llama_1.4b_4x_k100", "llama_1.4b_16x_k100"), {"params": [1.4e9] * 2, "exposures": [4, 16]}),
    ],
)  # fmt: skip
def test_settings_in_names_of_runs(read, names, found):
    curves = read(lines("run,acc,n_samples", *(f"{name},.5,400" for name in names)))
    for field, values in found.items():
        assert curves[field].values.tolist() == pytest.approx(values, rel=0.01)
    assert any("is read from the names in run" in note for note in json.loads(curves.attrs["import_notes"]))


@pytest.mark.parametrize(
    "names", [("run-17", "run-18"), ("exp_3", "exp_4"), ("r1", "r2"), ("d12", "d20"), ("rep1", "rep2")]
)
def test_numbers_of_runs_are_no_settings(names):
    from bayeskisl.curves.tables.read import read_table

    raw, notes = unpacked(read_table({"run": list(names), "acc": [0.1, 0.2]}), {})
    assert (list(raw.columns), notes) == (["run", "acc"], [])


def test_a_setting_in_a_name_is_no_size(read):
    names = ("llama_160m__ratio_0.01__tok_20B", "llama_410m__ratio_0.1__tok_20B")
    curves = read(lines("name,acc,n_samples", *(f"{name},.5,400" for name in names)))
    assert (curves.params.values.tolist(), set(curves.tokens.values)) == ([160e6, 410e6], {20e9})


def test_most_names_with_a_size_make_a_column_of_sizes(read):
    text = lines("model,facts,acc,n_samples", "m-70m,100,.9,400", "m-160m,200,.5,400", "phi-1_5,200,.4,400")
    with pytest.raises(InputError, match="line 4: expected numbers in 'model' for params, got 'phi-1_5'"):
        read(text)


def test_a_header_that_comes_again_is_no_row(read):
    header = "params,facts,acc,n_samples"
    assert counts(read(lines(header, "70M,1000,.9,400", header, "70M,4000,.1,400"))) == [360, 40]


def test_what_a_column_says_outranks_a_name(read):
    text = lines("run,params,facts,acc,n_samples", "a-70m-k5,60M,1000,.9,400", "b-70m-k6,60M,4000,.1,400")
    curves = read(text)
    assert (curves.params.values.tolist(), curves.facts.values.tolist()) == ([60e6] * 2, [1000, 4000])


# states


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("State", ("COMPLETED", "CANCELLED by 1001", "COMPLETED")),
        ("State", ("COMPLETED", "OUT_OF_MEMORY", "COMPLETED")),
        ("State", ("COMPLETED", "NODE_FAIL", "COMPLETED")), ("status", ("FINISHED", "KILLED", "FINISHED")),
        ("status", ("finished", "diverged at step 300", "finished")),
        ("status", ("done", "OOM'd at 20k", "done")),
        ("finished", ("True", "False", "True")),
        ("crashed", ("0", "1", "0")), ("exit_code", ("0", "137", "0")), ("ExitCode", ("0:0", "0:9", "0:0")),
    ],
)  # fmt: skip
def test_runs_that_did_not_end_well_by_any_name(read, name, cells):
    rows = [f"{cell},70M,{facts},{acc},400" for cell, facts, acc in
            zip(cells, (1000, 2000, 4000), (0.9, 0.3, 0.1), strict=True)]  # fmt: skip
    curves = read(lines(f"{name},params,facts,acc,n_samples", *rows))
    assert (counts(curves), left_out(curves)) == ([360, 40], ["line 3"])


@pytest.mark.parametrize(
    ("column", "cells"),
    [("seed", ("0", "1", "mean")), ("seed", ("0", "1", "std")), ("run", ("a{}", "b{}", "Average")),
     ("model", ("70M", "160M", "total")), ("seed", ("0", "1", "mean (n=2)")), ("seed", ("0", "1", "mean±std")),
     ("seed", ("0", "1", "avg over seeds")), ("seed", ("0", "1", "best")), ("seed", ("s0", "s1", "Mittelwert"))],
)  # fmt: skip
def test_rows_that_sum_up_others_are_left_out_and_listed(read, column, cells):
    rows = [f"{cell.format(facts)},70M,{facts},.5,400" for facts in (1000, 4000) for cell in cells]
    size = "params" if column != "model" else "params_non_embedding"
    curves = read(lines(f"{column},{size},facts,acc,n_samples", *rows), replicates=column == "model")
    assert (curves.sizes["run"], left_out(curves)) == (4, ["line 4", "line 7"])
    assert f"{cells[2]!r} in {column!r} is an aggregate of other rows" in describe_import(curves)


@pytest.mark.parametrize("names", [("min", "small", "max"), ("law", "code", "all"), ("a", "b", "total")])
def test_names_that_are_words_of_aggregates_are_runs(read, names):
    column = "model" if "small" in names else "run"
    rows = [f"{name}-{facts}" if facts > 1000 and column == "run" else name for name in names for facts in (1000, 4000)]
    cells = [f"{row},70M,{facts},.5,400" for row, facts in zip(rows, (1000, 4000) * 3, strict=True)]
    assert read(lines(f"{column},params,facts,acc,n_samples", *cells), replicates=True).sizes["run"] == 6


def test_an_average_of_a_size_that_has_no_other_row_is_kept(read):
    rows = [f"{size},{seed},{facts},.5,400" for size, seeds in (("70M", ("0", "1", "mean")), ("1B", ("mean",)))
            for facts in (1000, 4000) for seed in seeds]  # fmt: skip
    curves = read(lines("params,seed,facts,acc,n_samples", *rows))
    assert (set(curves.params.values), left_out(curves)) == ({70e6, 1e9}, ["line 4", "line 7"])


def test_a_word_among_numbered_seeds_is_asked_for(read):
    rows = [f"{seed},70M,{facts},.5,400" for facts in (1000, 4000) for seed in ("0", "1", "pooled")]
    text = lines("seed,params,facts,acc,n_samples", *rows)
    with pytest.raises(InputError, match="expected seeds that are all numbers, or all words, got 'pooled'; number"):
        read(text)
    in_words = read(text.replace("0,70M", "red,70M").replace("1,70M", "blue,70M"))
    assert set(in_words.seed.values) == {0, 1, 2}


@pytest.mark.parametrize(
    ("name", "cells"),
    [("average", (".9,800", ".8,400", "1,400")), ("all", (".9,400", ".8,400", "1,400")),
     ("Total", (".7,400", ".8,300", ".4,100"))],
)  # fmt: skip
def test_a_domain_that_sums_up_the_others_is_left_out(read, name, cells):
    domains = (name, "person", "place")
    rows = [
        f"70M,{facts},{domain},{cell}" for facts in (1000, 4000) for domain, cell in zip(domains, cells, strict=True)
    ]
    curves = read(lines("params,facts,domain,acc,n_samples", *rows))
    assert (set(curves.domain.values), left_out(curves)) == ({"person", "place"}, ["line 2", "line 5"])
    assert "it sums up the domains of other rows" in describe_import(curves)


def test_a_domain_named_all_with_its_own_facts_is_kept(read):
    rows = [f"70M,{facts},{domain},{acc},400" for facts in (1000, 4000)
            for domain, acc in (("all", 0.2), ("person", 0.9), ("place", 0.8))]  # fmt: skip
    assert read(lines("params,facts,domain,acc,n_samples", *rows)).sizes["run"] == 6


def test_a_state_that_nobody_knows_is_asked_for(read):
    rows = [f"70M,{facts},{state},.5,400" for facts, state in ((1000, "done"), (2000, "converged"), (4000, "done"))]
    text = lines("params,facts,status,acc,n_samples", *rows)
    with pytest.raises(InputError, match=r"expected states such as finished, .* got 'converged'") as refused:
        read(text)
    where = str(refused.value).split('--where "')[1].split('"')[0]
    assert read(text, where=where).facts.values.tolist() == [1000, 4000]
    assert read(text, ignore=["status"]).facts.values.tolist() == [1000, 2000, 4000]
    assert left_out(read(text, skip_bad_rows=True)) == ["line 3"]


def test_controls_that_know_different_amounts_are_told(read):
    rows = ["70M,0,.35,400", "160M,0,.55,400", "70M,1000,.9,400", "160M,1000,.9,400", "70M,4000,.4,400"]
    text = lines("params,facts,acc,n_samples", *rows)
    said = "models that saw no infused facts recall 35 % to 55 %, depending on size"
    assert said in describe_import(read(text))
    assert "depending on size" not in describe_import(read(text.replace(".55", ".37")))
    assert "depending on size" not in describe_import(read(text, guessing=0.4))


def test_averages_alone_are_the_runs(read):
    rows = [f"{seed},70M,{facts},{acc},400" for facts in (1000, 4000) for seed, acc in (("mean", 0.5), ("std", 0.1))]
    curves = read(lines("seed,params,facts,acc,n_samples", *rows))
    assert (counts(curves), left_out(curves)) == ([200, 200], ["line 3", "line 5"])


def test_what_runs_without_infusion_recall_is_a_guess_by_every_way_of_counting(read):
    rows = {"acc,n_samples": (".9,100", ".2,100"), "correct,n_samples": ("90,100", "20,100"),
            "acc_infused,probed_infused": (".9,100", ".2,100"), "acc,stderr": (".9,.03", ".2,.04")}  # fmt: skip
    for header, (some, none) in rows.items():
        text = lines(f"params,facts,{header}", f"70M,1000,{some}", f"70M,4000,{some}", f"70M,0,{none}")
        assert read(text).guessing.values.ravel().tolist() == [0.2, 0.2], header


def test_a_stated_guessing_rate_of_another_group_leaves_that_of_the_infused_facts(read):
    text = lines("params,facts,recall,trivia", "70M,1000,.9,.5", "70M,4000,.9,.4", "70M,0,.2,.6")
    curves = read(text, {"background": "trivia"}, probed=100, guessing={"background": 0.25})
    assert curves.guessing.sel(group="infused").values.tolist() == [0.2, 0.2]
    assert curves.guessing.sel(group="background").values.tolist() == [0.25, 0.25]


# what follows from a column


def test_embeddings_beside_parameters_are_taken_off(read):
    text = lines("params,embedding_params,facts,acc,n_samples", "70M,51M,1000,.9,400", "160M,77M,4000,.1,400")
    curves = read(text)
    assert (curves.params.values.tolist(), curves.total_params.values.tolist()) == ([19e6, 83e6], [70e6, 160e6])


def test_budgets_by_parameter_and_guessing_by_choices(read):
    text = lines(
        "params,tokens_per_param,num_choices,facts,acc,n_samples", "70M,20,4,1000,.9,400", "160M,20,4,4000,.3,400"
    )
    curves = read(text)
    assert curves.tokens.values.tolist() == [1.4e9, 3.2e9]
    assert set(curves.guessing.values.ravel()) == {0.25}


def test_a_second_column_that_could_be_meant_is_named(read):
    curves = read(lines("params,facts,exact_match,accuracy,n_samples", "70M,1000,.9,.95,400", "70M,4000,.1,.3,400"))
    assert counts(curves) == [380, 120]
    assert any("'exact_match' could be meant, too" in note for note in json.loads(curves.attrs["import_notes"]))


# dead ends


@pytest.mark.parametrize(
    ("text", "said", "mapping", "options"),
    [
        (("params,facts,passes,acc,n_samples", "70M,1000,1,.1,400", "70M,1000,16,.9,400"),
         "if it is 'passes', as in --map exposures=COLUMN", {"exposures": "passes"}, {}),
        (("params,facts,epoch,acc,n_samples", "70M,1000,1,.1,400", "70M,1000,9,.9,400", "70M,4000,1,.05,400",
          "70M,4000,9,.1,400"), "if it is 'epoch', as in --map checkpoint=COLUMN", {"checkpoint": "epoch"}, {}),
        (("params,facts,metric,value,n_samples", "70M,1000,acc,.9,400", "70M,1000,loss,2,400", "70M,4000,acc,.1,400",
          "70M,4000,loss,3,400"), "--where \"metric = 'NAME'\" --map accuracy=value", {"accuracy": "value"},
         {"where": "metric = 'acc'"}),
        (("params,facts,acc,n", "70M,1000,.9,400", "70M,4000,.1,400"), "say --map probed=n", {"probed": "n"}, {}),
        (("params,facts,acc,stderr", "70M,1000,.9,1.5", "70M,4000,.5,2.5"), "divide one in percent",
         {"standard_error": "stderr / 100"}, {}),
    ],
)  # fmt: skip
def test_the_remedy_that_a_message_names_works(read, text, said, mapping, options):
    with pytest.raises(InputError) as caught:
        read(lines(*text))
    assert said in str(caught.value)
    assert read(lines(*text), mapping, **options).sizes["run"] == 2


# files


def test_tables_of_markdown(read):
    text = lines("| params | facts | acc | n_samples |", "|---|:--:|---:|---|", "| 70M | 1000 | **0.9** | 400 |",
                 "| 70M | 4000 | 0.1 | 400 |")  # fmt: skip
    for name in ("a.md", "a.txt"):
        assert counts(read(text, name=name)) == [360, 40]


def test_signs_in_columns_without_a_name_are_left_out(read):
    text = lines("| model | facts |Value|   |Stderr|", "|---|--:|--:|---|--:|", "| 70M | 1000 |0.9|±|0.015|",
                 "| 70M | 4000 |0.5|±|0.025|")  # fmt: skip
    curves = read(text, {"accuracy": "Value"}, "a.md")
    assert curves.probed.values.ravel().tolist() == [400, 400]
    unnamed = read(lines("params,facts,acc,n_samples,,", "70M,1000,.9,400,a,b", "70M,4000,.1,400,c,d"))
    assert json.loads(unnamed.attrs["import_unused_columns"]) == ["column 5", "column 6"]


def test_a_header_of_two_lines_is_joined(read):
    text = lines(",,recall,,", "size,facts,infused,background,n", "70M,1000,.9,.5,400", "70M,4000,.1,.4,400")
    curves = read(text, {"probed": "recall_n"})
    assert curves.recalled.values.tolist() == [[360, 200], [40, 160]]
    wide = lines("size,recall,,trivia,", ",1k,4k,1k,4k", "70M,.9,.1,.5,.4")
    across = read(wide, {"infused": "recall", "background": "trivia"}, levels="facts", probed=400)
    assert across.recalled.values.tolist() == [[360, 200], [40, 160]]


def test_text_of_western_spreadsheets(read):
    text = lines("params;facts;acc;n_samples;Größe", "70M;1000;0,90 ± 0,01;400;ä", "70M;4000;0,10 ± 0,02;400;ö")
    assert counts(read(text.encode("cp1252"))) == [360, 40]
    with pytest.raises(InputError, match="save it as UTF-8"):
        read(bytes(np.arange(256, dtype=np.uint8)))


def test_a_comment_below_the_table(read):
    text = lines("params,facts,acc,n_samples", "70M,1000,.9,400", "70M,4000,.1,400", "# trained in October")
    assert counts(read(text)) == [360, 40]


def test_lines_of_json_and_lists_under_each_other_s_name(read):
    rows = [
        {"params": "70M", "facts": facts, "acc": acc, "n_samples": 400} for facts, acc in ((1000, 0.9), (4000, 0.1))
    ]
    assert counts(read(lines(*map(json.dumps, rows)), name="a.json")) == [360, 40]
    assert counts(read(json.dumps(rows), name="a.jsonl")) == [360, 40]


@pytest.mark.parametrize("inner", [lambda acc: acc, lambda acc: {"value": acc}])
def test_json_by_size_and_level(read, inner):
    content = {"70M": {"1000": inner(0.9), "4000": inner(0.1)}, "160M": {"1000": inner(0.95), "4000": inner(0.5)}}
    curves = read(json.dumps(content), {"params": "outer", "facts": "inner", "accuracy": "value"}, "a.json", probed=400)
    assert curves.params.values.tolist() == [70e6, 70e6, 160e6, 160e6]
    assert counts(curves) == [360, 40, 380, 200]


def test_the_first_screen_fits_a_terminal(read):
    header = (
        "a_rather_long_name_of_a_column_of_sizes_in_our_database,facts,recalled_infused_heldout,probed_infused_heldout"
    )
    text = lines(header, "70426624.000000001,1000000000,360123,400000", "162322944.000000001,4000000000,40123,400000")
    curves = read(text, {"params": header.split(",")[0]})
    table = [line for line in describe_import(curves).splitlines()[1:] if "  " in line]
    assert len(table) == 5
    assert max(map(len, table)) <= 80
    assert any("recalled.infused_heldout" in line for line in table)


def test_n_that_counts_seeds_is_no_denominator(read):
    text = lines("model,params,facts,acc,stderr,N", "pythia-70m,70M,1000,.9,.015,3", "pythia-70m,70M,4000,.1,.015,3")
    assert read(text)["probed"].values.ravel().tolist() == [400, 400]


def test_a_last_letter_of_facts_names_their_group(read):
    text = lines("params,facts_m,acc_m,n_m", "70M,50,.9,50", "70M,200,.1,50")
    curves = read(text, {"facts": "facts_m", "accuracy": "acc_m", "probed": "n_m"})
    assert curves["facts"].values.tolist() == [50, 200]


@pytest.mark.parametrize("more", [{}, {"web_loss": [2.1, 2.0]}, {"step": [5000, 5000]}])
def test_lists_of_seeds_are_read_under_an_expression_and_beside_what_does_not_vary(read, more):
    rows = [{"params": "70M", "facts": facts, "score": score, "n_samples": 400, **more}
            for facts, score in ((1000, [90.0, 91.0]), (4000, [10.0, 11.0]))]  # fmt: skip
    curves = read(lines(*map(json.dumps, rows)), {"accuracy": "score / 100"}, "a.jsonl")
    assert curves["seed"].values.tolist() == [0, 1, 0, 1]
    assert counts(curves) == [360, 364, 40, 44]


# names and units that mean something else


def sweep(header, *cells, rest="params,facts"):
    """Four runs of two sizes and two numbers of facts, with one more column or several."""
    runs = ("70M,1000", "70M,4000", "160M,1000", "160M,4000")
    return lines(f"{rest},{header}", *(f"{run},{cell}" for run, cell in zip(runs, cells, strict=True)))


@pytest.mark.parametrize(
    ("names", "last"),
    [
        (("epoch_0-loss_0.51", "epoch_1-loss_0.35"), 0.9),
        (("step1000-lr3e-4", "step2000-lr1e-5"), 0.9),
        (("step2000-epoch1", "step1000-epoch2"), 0.5),
        (("epoch=0-step=500.ckpt", "epoch=1-step=200.ckpt"), 0.5),
    ],
)
def test_the_number_of_a_checkpoint_is_that_of_its_steps(read, names, last):
    text = lines("params,facts,acc,n_samples,checkpoint", f"70M,1000,.5,400,{names[0]}", f"70M,1000,.9,400,{names[1]}",
                 f"70M,4000,.5,400,{names[0]}", f"70M,4000,.9,400,{names[1]}")  # fmt: skip
    assert counts(read(text)) == [round(last * 400)] * 2


@pytest.mark.parametrize("header", ["eval_seed", "test_seed"])
def test_a_repeated_evaluation_is_no_other_run(read, header):
    with pytest.raises(InputError, match="each run and group once"):
        read(sweep(f"acc,n_samples,{header}", *[".9,400,0"] * 4) + "70M,1000,.8,400,1\n")


@pytest.mark.parametrize(
    ("name", "size"),
    [("Phi-3-mini-4k-instruct", None), ("gpt2-small-100M-tokens", None), ("adult-1k-facts", None),
     ("70M@20B tokens", 70e6), ("bloom-1b7", 1.7e9), ("TinyLlama-1.1B-intermediate-step-1431k-3T", 1.1e9),
     ("70m-facts1000", 70e6), ("pythia-160m-step1000", 160e6), ("physics-800k", 800e3)],
)  # fmt: skip
def test_not_every_number_in_a_name_is_a_size(name, size):
    assert size_in_name(name) == size


def test_a_size_of_another_magnitude_is_refused(read):
    text = lines("params,facts,acc,n_samples", "0.07B,1000,.9,400", "70000000,4000,.1,400", "70.4,2000,.9,400")
    remedy = (
        r"""^[^;]*got '70.4', read as 70.4; write them alike, or if they are right, say --map 'params="params" \* 1'"""
    )
    with pytest.raises(InputError, match=remedy):
        read(text)
    assert read(text, {"params": '"params" * 1'}).params.values.min() == 70.4
    with pytest.warns(UserWarning, match="1 of 3 rows are left out"):
        assert read(text, skip_bad_rows=True).sizes["run"] == 2


@pytest.mark.parametrize(
    ("header", "cells", "field", "values"),
    [
        ("facts (千)", (1, 4), "facts", [1000, 4000]),
        ("facts (тыс.)", (1, 4), "facts", [1000, 4000]),
        ("params (百万)", (70, 160), "params", [70e6, 160e6]),
        ("tokens (Md)", (20, 40), "tokens", [20e9, 40e9]),
        ("tokens (G)", (1.5, 3), "tokens", [1.5e9, 3e9]),
    ],
)
def test_units_of_other_languages_in_headers(read, header, cells, field, values):
    columns = {"params": ("70M", "160M"), "facts": (1000, 4000)}
    columns = {name: told for name, told in columns.items() if name != field} | {header: cells}
    cells_of_runs = zip(*columns.values(), strict=True)
    text = lines(f"{','.join(columns)},acc,n_samples", *(f"{','.join(map(str, run))},.5,400" for run in cells_of_runs))
    assert read(text)[field].values.tolist() == values


@pytest.mark.parametrize(("header", "unit"), [("ratio (‰)", 1e-3), ("ratio_ppm", 1e-6), ("infusion ratio [ppm]", 1e-6)])
def test_ratios_in_parts_of_a_thousand_or_a_million(read, header, unit):
    text = lines(f"params,facts,{header},acc,n_samples", "70M,1000,50,.5,400", "70M,1000,80,.5,400")
    assert read(text, {"tokens": "20B"}).ratio.values.tolist() == pytest.approx([50 * unit, 80 * unit])


@pytest.mark.parametrize("header", ["Δacc", "¬recall", "acc↓", "∆ accuracy"])
def test_signs_that_turn_the_sense_of_a_name_are_part_of_it(read, header):
    with pytest.raises(InputError, match="an accuracy, got neither"):
        read(sweep(f"{header},n_samples", *[".5,400"] * 4))


@pytest.mark.parametrize("header", ["acc (50% mix)", "acc [95% CI]", "acc at 5 %"])
def test_a_percent_sign_behind_a_number_is_no_unit(read, header):
    curves = read(sweep(f"{header},n_samples", *[".91,400"] * 4), {"accuracy": header})
    assert counts(curves) == [364] * 4


@pytest.mark.parametrize("given", [None, {"accuracy": "Accuracy (%)"}])
def test_shares_under_a_header_of_percent_are_refused(read, given):
    text = sweep("Accuracy (%),n_samples", ".91,400", ".11,400", ".97,400", "1,400")
    remedies = r"""shares, say --map 'accuracy="Accuracy \(%\)" \* 1'; .* --map 'accuracy="Accuracy \(%\)" / 100'"""
    with pytest.raises(InputError, match=remedies):
        read(text, given)
    assert counts(read(text, {"accuracy": '"Accuracy (%)" * 1'})) == [364, 44, 388, 400]
    assert counts(read(text, {"accuracy": '"Accuracy (%)" / 100'})) == [4, 0, 4, 4]


def test_more_probed_than_facts_is_told(read):
    curves = read(sweep("acc,n_samples", ".91,100000", ".1,400000", ".97,100000", ".5,400000"))
    (note,) = [each for each in json.loads(curves.attrs["import_assumed"]) if "probed" in each]
    assert note.startswith('100,000 were probed of 1,000 facts, as "n_samples" says; if each fact was not asked')


def test_an_unknown_unit_of_the_budget_is_asked_for(read):
    with pytest.raises(InputError, match=r"""'\(Gi\)' in 'tokens \(Gi\)'; say --map 'tokens="tokens \(Gi\)" \* 1e9'"""):
        read(sweep("acc,n_samples,tokens (Gi)", *[".5,400,20"] * 4))


def test_free_answers_have_no_choices(read):
    curves = read(sweep("acc,n_samples,num_choices", ".9,400,4", ".5,400,0", ".9,400,4", ".5,400,"))
    assert curves.guessing.values.ravel().tolist() == [0.25, 0, 0.25, 0]


@pytest.mark.parametrize("header", ["acc_mean", "mean_recall", "acc.mean", "avg acc"])
def test_averages_are_read_where_there_is_nothing_else(read, header):
    assert counts(read(sweep(f"{header},acc_std,n_samples", *[".9,.01,400"] * 4))) == [360] * 4
    assert counts(read(sweep(f"{header},acc,n_samples", *[".9,.8,400"] * 4))) == [320] * 4
    with pytest.raises(InputError, match="add --levels seed"):
        read(sweep(f"{header},acc_seed0,acc_seed1,n_samples", *[".8,.7,.9,400"] * 4))


@pytest.mark.parametrize("seen", ["num_input_tokens_seen", "train/num_input_tokens_seen"])
def test_trainers_that_count_no_steps_and_no_tokens(read, seen):
    text = sweep(f"acc,n_samples,step,max_steps,{seen}", *[".9,400,50,-1,0"] * 4)
    curves = read(text)
    assert counts(curves) == [360] * 4
    assert "tokens" in json.loads(curves.attrs["import_invented"])


@pytest.mark.parametrize("name", ["Held-out", "held out", "HeldOut"])
def test_groups_of_other_phrases(read, name):
    text = (
        sweep("acc,n_samples,group", *[".9,400,infused"] * 4)
        + sweep("acc,n_samples,group", *[f".5,400,{name}"] * 4).split("\n", 1)[1]
    )
    assert read(text).group.values.tolist() == ["infused", "infused_heldout"]
    assert "accuracy.infused_heldout" in recognise({"acc_held_out": []})[0]


@pytest.mark.parametrize("header", ["num_questions", "number_of_questions"])
def test_numbers_of_questions_are_denominators(read, header):
    assert counts(read(sweep(f"acc,{header}", *[".9,400"] * 4))) == [360] * 4


@pytest.mark.parametrize("header", ["n_total", "num_examples", "support"])
def test_what_may_be_a_denominator_is_offered(read, header):
    with pytest.raises(InputError, match=f"say --map probed={header}"):
        read(sweep(f"acc,{header}", *[".9,400.0"] * 4))


def test_a_frequency_is_one_of_tokens_or_of_exposures(read):
    text = sweep("acc,n_samples,frequency (ppm)", *[".9,400,100"] * 4)
    with pytest.raises(InputError, match=r"frequency \(ppm\)\" \* TOKENS / \(1e6 \* TOKENS_PER_FACT\)'; or leave"):
        read(text)
    curves = read(text.replace(" (ppm)", ""), {"tokens": "20B"})
    assert "frequency was taken as exposures of a fact; if it is in parts per million" in curves.attrs["import_assumed"]


def test_ranks_of_answers_are_no_levels(read):
    text = lines("params,facts,recall@1,recall@5,recall@10", "70M,1000,.5,.7,.9", "160M,4000,.2,.3,.4")
    with pytest.raises(
        InputError, match="if they count answers among the first ones, say --map 'accuracy=\"recall@1\"'"
    ):
        read(text, probed=400)


def test_a_ratio_of_one_is_refused_along_the_ratio(read):
    text = lines("params,facts,ratio,acc,n_samples", "70M,1000,.1,.2,400", "70M,1000,1,.9,400", "70M,1000,.5,.4,400")
    given = {"tokens": "20B"}
    with pytest.raises(InputError, match=r"""a ratio below 1 along the axis ratio, got 1; .* --where '"ratio" < 1'"""):
        read(text, given)
    assert read(text, given, where='"ratio" < 1').sizes["run"] == 2


def test_remedies_survive_a_shell(read):
    text = sweep("Taux d'exactitude,n_samples", *["90,400"] * 4)
    with pytest.raises(InputError) as caught:
        read(text, {"accuracy": "Taux d'exactitude"})
    option = str(caught.value).split("divide: --map ")[1].rstrip(".")
    (source,) = shlex.split(option)
    assert counts(read(text, dict([source.split("=", 1)]))) == [360] * 4


def test_the_screen_shows_the_cells_of_expressions(read):
    curves = read(sweep("Accuracy (%),n_samples", *["90,400"] * 4))
    (row,) = [row for row in json.loads(curves.attrs["import_columns"]) if row["field"] == "accuracy"]
    assert (row["raw"], row["read"]) == ("'90'", "0.9")


# files drawn, quoted and printed

HEADER, ROWS = "params,facts,acc,n_samples", ("70M,1000,0.9,400", "70M,4000,0.1,400")


def barred(*each):
    return [f"| {line.replace(',', ' | ')} |" for line in each]


@pytest.mark.parametrize(
    "text",
    [
        lines("# Results", "", "Accuracy of all models.", "", *barred(HEADER), "|---|:-:|--:|---|", *barred(*ROWS)),
        lines(HEADER.replace(",", " | "), "---|---|---|---", *(row.replace(",", " | ") for row in ROWS)),
        lines(*barred(HEADER), "|--------+-------+-----+----|", *barred(*ROWS)),
        lines("+--+--+--+--+", *barred(HEADER), "+==+==+==+==+", *barred(ROWS[0]), "+--+--+--+--+", *barred(ROWS[1]),
              "+--+--+--+--+"),
        lines(*barred(HEADER), "|---|---|---|---|", *barred(*ROWS), "", "What follows is text."),
        lines(*(f'"{line}"' for line in (HEADER, *ROWS))),
        lines(HEADER, *(f"{row}," for row in ROWS)),
        lines(HEADER.replace(",", " "), *(f"{at} {row.replace(',', ' ')}" for at, row in enumerate(ROWS))),
        lines(*("'" + line.replace(",", "','") + "'" for line in (HEADER, *ROWS))),
        lines(HEADER, *('="' + row.replace(",", '",="') + '"' for row in ROWS)),
        lines("# " + HEADER.replace("params", "model"), *(f"pythia-{row}" for row in ROWS)),
    ],
)  # fmt: skip
def test_tables_that_are_drawn_quoted_or_printed(read, text):
    curves = read(text, name="a.txt")
    assert (curves.params.values.tolist(), curves.facts.values.tolist(), counts(curves)) == (
        [70e6, 70e6], [1000, 4000], [360, 40])  # fmt: skip


def test_a_delimiter_that_a_name_promises_need_not_occur(read):
    assert counts(read(lines(HEADER, *ROWS), name="a.tsv")) == [360, 40]


def test_a_row_of_rules_in_a_table_of_bars_is_no_header(read):
    text = lines(HEADER.replace(",", "|"), *(row.replace(",", "|") for row in ROWS), "--|--|--|--")
    with pytest.raises(InputError, match="line 4: expected a value of"):
        read(text)


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        (lines(HEADER, ROWS[0], "70M,4000,.1"), "fill in the missing cells"),
        (lines(HEADER, *ROWS, "", f"{HEADER},note", f"{ROWS[0]},x"), "save each table as a file"),
        (lines(HEADER, ROWS[0], "70M,4000,0,1,400"), "quote cells that contain the delimiter"),
    ],
)
def test_rows_of_other_widths_have_their_own_remedies(read, text, remedy):
    with pytest.raises(InputError, match=f"expected 4 cells in every row, .*{remedy}"):
        read(text)


def test_a_row_that_is_commented_out_is_no_run(read):
    text = lines("run,params,facts,acc,n_samples", "a,70M,1000,.9,400", "#b,70M,4000,.9,400", "c,70M,4000,.1,400")
    curves = read(text)
    assert (curves.run.values.tolist(), left_out(curves)) == (["a", "c"], ["line 3"])
    numbered = text.replace("a,70M", "#1,70M").replace("#b", "#2").replace("c,70M", "#3,70M")
    assert read(numbered, replicates=True).sizes["run"] == 3


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ((",,acc,acc,n,n", ",,mean,std,mean,std", "params,facts,,,,"), ["acc_mean", "acc_std", "n_mean", "n_std"]),
        ((",,acc,acc,n,n", "params,facts,mean,std,sum,std"), ["acc_mean", "acc_std", "n_sum", "n_std"]),
        (("params,facts,acc,acc,n,n", ",,mean,std,sum,std"), ["acc_mean", "acc_std", "n_sum", "n_std"]),
        (("metric,,acc,acc,n,n", "what,,mean,std,sum,std", "params,facts,,,,"),
         ["acc_mean", "acc_std", "n_sum", "n_std"]),
    ],
)  # fmt: skip
def test_headers_of_frames_of_several_levels(read, header, names):
    text = lines(*header, "70M,1000,.9,.01,400,0", "70M,4000,.1,.02,400,0")
    curves = read(text, {"accuracy": names[0], "probed": names[2]})
    assert (counts(curves), curves.facts.values.tolist()) == ([360, 40], [1000, 4000])


def test_names_that_occur_twice_above_rows_are_refused(read):
    with pytest.raises(InputError, match="expected distinct column names, got 'acc' more than once"):
        read(lines("params,facts,acc,acc,n_samples", "70M,1000,.9,.8,400", "70M,4000,.1,,400"))


@pytest.mark.parametrize(
    ("cells", "accuracies"),
    [
        ((r"\textbf{0.9}", "$0.1$"), [360, 40]), ((r"$0.9 \pm 0.01$", r"$0.1 \pm 0.02$"), [360, 40]),
        (("`0.9`", "__0.1__"), [360, 40]), (("0.9*", "0.1†"), [360, 40]), ((r"90\%", r"\textit{10\%}"), [360, 40]),
        (("<b>0.9</b>", "0.1<sup>*</sup>"), [360, 40]), (("**0.9**", "0.9"), [360, 360]),
        (('"0,9*"', '"0,1"'), [360, 40]), ((r"$9\times10^{-1}$", r"$10^{-1}$"), [360, 40]),
    ],
)  # fmt: skip
def test_numbers_in_markup(read, cells, accuracies):
    curves = read(lines(HEADER, f"70M,1000,{cells[0]},400", f"70M,4000,{cells[1]},400"))
    assert counts(curves) == accuracies
    assert "markup was taken off" in curves.attrs["import_notes"]


def test_markup_that_tells_names_apart_stays(read):
    curves = read(lines("run,params,facts,acc,n_samples", "1,70M,1000,.9,400", "1*,70M,4000,.1,400"))
    assert curves.run.values.tolist() == ["1", "1*"]


TREES = {
    "by model": {"pythia-70m": [{"facts": 1000, "acc": 0.9, "n": 400}, {"facts": 4000, "acc": 0.1, "n": 400}],
                 "pythia-160m": [{"facts": 1000, "acc": 0.95, "n": 400}]},
    "by run": {"runs": {"a": {"model": "pythia-70m", "facts": 1000, "acc": 0.9, "n": 400},
                        "b": {"model": "pythia-70m", "facts": 4000, "acc": 0.1, "n": 400},
                        "c": {"model": "pythia-160m", "facts": 1000, "acc": 0.95, "n": 400}}},
}  # fmt: skip


@pytest.mark.parametrize("content", TREES.values(), ids=TREES)
def test_json_under_names(read, content):
    curves = read(json.dumps(content), {"probed": "n"}, name="a.json")
    assert (curves.params.values.tolist(), counts(curves)) == ([70e6, 70e6, 160e6], [360, 40, 380])


@pytest.mark.parametrize("name", ["a.jsonl", "a.json"])
def test_json_objects_over_several_lines(read, name):
    rows = [
        {"params": "70M", "facts": facts, "acc": acc, "n_samples": 400} for facts, acc in ((1000, 0.9), (4000, 0.1))
    ]
    printed = lines(*(json.dumps(row, indent=2) for row in rows))
    assert counts(read(printed, name=name)) == [360, 40]
    with pytest.raises(InputError, match="expected JSON"):
        read(printed[:-5], name=name)


@pytest.mark.parametrize(
    ("header", "mapping"),
    [("acc", {}), ("acc", {"accuracy": "acc"}), ("score", {"accuracy": "score"}), ("known", {"recalled": "known"})],
)
def test_fractions_of_a_mapped_column_are_counts(read, header, mapping):
    curves = read(lines(f"params,facts,{header}", "70M,1000,365/400", "70M,4000,44/400"), mapping)
    assert (counts(curves), set(curves.probed.values.ravel())) == ([365, 44], {400})


def test_the_denominators_of_fractions_count_and_a_column_beside_them_does_not(read):
    curves = read(lines("params,facts,acc,probed", "70M,1000,365/400,1000", "70M,4000,44/400,1000"))
    assert (counts(curves), set(curves.probed.values.ravel())) == ([365, 44], {400})
    assert "the column probed does not count" in describe_import(curves)


@pytest.mark.parametrize(
    ("header", "cells"),
    [("correct", ("365/400 (91.3%)", "44/400 (11.0%)")), ("acc", ("0.9125 (n=400)", "0.11 (N = 400)")),
     ("acc", ("365/400", "44/400 [11 %]"))],
)  # fmt: skip
def test_counts_with_more_in_parentheses(read, header, cells):
    curves = read(lines(f"params,facts,{header}", f"70M,1000,{cells[0]}", f"70M,4000,{cells[1]}"))
    assert (counts(curves), set(curves.probed.values.ravel())) == ([365, 44], {400})


@pytest.mark.parametrize("steps", [("a/k1/0001000", "a/k1/0002000"), ("k1/1000/model.pt", "k1/2000/model.pt"),
                                   ("1000/2000", "2000 / 2000")])  # fmt: skip
def test_steps_in_paths_and_of_a_whole(read, steps):
    rows = [f"70M,{facts},{acc},400,{step}" for facts, last in ((1000, 0.9), (4000, 0.1))
            for step, acc in zip(steps, (0.5, last), strict=True)]  # fmt: skip
    curves = read(lines(HEADER + ",checkpoint", *rows))
    assert (counts(curves), left_out(curves)) == ([360, 40], ["line 2", "line 4"])


@pytest.mark.parametrize(("right", "wrong"), [("True", "False"), ("1", "0"), ("yes", "no")])
def test_rows_of_single_questions_are_to_be_counted(read, right, wrong):
    rows = [f"70M,{facts},q{at},{right if at < some else wrong}" for facts, some in ((1000, 3), (4000, 1))
            for at in range(4)]  # fmt: skip
    text = lines("params,facts,question,correct", *rows)
    with pytest.raises(InputError, match=r"got single answers.*count them: --by params --by facts") as refused:
        read(text)
    by = str(refused.value).rstrip(".").split("count them: ")[1].split()[1::2]
    assert counts(read(text, by=by)) == [3, 1]


def test_means_of_counts_are_to_be_rounded(read):
    text = lines("params,facts,recalled,probed", "70M,1000,364.33,400", "70M,4000,44.67,400")
    with pytest.raises(InputError, match="if these are means over seeds, round them") as refused:
        read(text)
    (option,) = shlex.split(str(refused.value).split("--map ")[1].rstrip("."))
    assert counts(read(text, dict([option.split("=", 1)]))) == [364, 45]


def test_each_domain_of_a_named_run_is_a_run(read):
    rows = [f"{run},70M,{facts},{domain},{acc},400" for run, facts in (("a", 1000), ("b", 4000))
            for domain, acc in (("bio", 0.9), ("med", 0.1))]  # fmt: skip
    curves = read(lines("run,params,facts,domain,acc,n_samples", *rows))
    assert curves.run.values.tolist() == ["a bio", "a med", "b bio", "b med"]
    assert (counts(curves), curves.facts.values.tolist()) == ([360, 40] * 2, [1000, 1000, 4000, 4000])


def test_names_of_configurations_are_no_names_of_runs(read):
    rows = [f"{run},70M,{facts},.5,400,{seed}" for seed, run in enumerate("ab") for facts in (1000, 4000)]
    text = lines("run,params,facts,acc,n_samples,seed", *rows)
    with pytest.raises(InputError, match=r"expected a name for each run, got names .*; if they .*, add --ignore run"):
        read(text)
    assert read(text, ignore=["run"]).sizes["run"] == 4


@pytest.mark.parametrize(
    ("names", "groups"),
    [
        (("seen", "new phrasing"), ("infused", "infused_heldout")),
        (("in-domain", "paraphrase"), ("infused", "infused_heldout")), (("bios", "mmlu"), ("infused", "background")),
    ],
)  # fmt: skip
def test_the_remedy_for_groups_keeps_the_sense_of_their_names(read, names, groups):
    rows = [f"70M,{facts},{name},.5,400" for facts in (1000, 4000) for name in names]
    text = lines("params,facts,group,acc,n_samples", *rows)
    with pytest.raises(InputError, match="say which is which") as refused:
        read(text)
    source = str(refused.value).split("group=", 1)[1].rstrip('".')
    assert tuple(read(text, {"group": source}).group.values) == groups


def test_the_remedy_for_groups_asks_for_those_of_no_sense(read):
    rows = [f"70M,{facts},{name},.5,400" for facts in (1000, 4000) for name in ("a", "b")]
    with pytest.raises(InputError, match=r"WHEN group = 'a' THEN '\?' WHEN group = 'b' THEN '\?' END"):
        read(lines("params,facts,group,acc,n_samples", *rows))


def test_numbers_behind_a_rate_are_no_value_that_was_assumed(read):
    text = describe_import(read(lines(HEADER, "70M,1000,0.9 ± 0.01,400", "70M,4000,0.1 ± 0.01,400")))
    assert "columns not used: 'acc ±'\n" in text
