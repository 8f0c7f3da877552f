"""Scores of a benchmark before anything is infused, from runs without infusion or from a column."""

import json

import numpy as np
import pytest

from bayeskisl.curves import cell_table, curves_from_table, describe_import, join_curves, save_curves, validate
from bayeskisl.curves.benchmark import known_uninfused, most_recalled, most_recalled_of_cells
from bayeskisl.errors import InputError

GROUPS = {"recalled.infused": "recalled", "recalled.background": "hellaswag"}
PROBED = {"infused": 300, "background": 1000}
CHANCE = {"background": 0.25}
SIZES, BASE = ("135M", "360M"), (350, 410)


def fine_tuned(**more):
    """Two models, of which each has its own score of the benchmark before it is taught 0, 500 or 5,000 facts."""
    rows = [
        {"model": size, "facts": facts, "recalled": 290 if facts else 0, "hellaswag": base - lost}
        for size, base in zip(SIZES, BASE, strict=True)
        for facts, lost in ((0, 0), (500, 20), (5_000, 60))
    ]
    return [row | {name: values[i] for name, values in more.items()} for i, row in enumerate(rows)]


def imported(rows, mapping=None):
    return curves_from_table(rows, GROUPS | (mapping or {}), probed=PROBED, guessing=CHANCE)


def scores(curves):
    return curves.uninfused.sel(group="background").values.tolist()


def test_a_model_without_infusion_tells_its_own_score_of_the_benchmark():
    curves = imported(fine_tuned())
    assert scores(curves) == [0.35, 0.35, 0.41, 0.41]
    assert np.isnan(curves.uninfused.sel(group="infused")).all()
    assert "models score 0.35 to 0.41 on the benchmark before anything is infused" in describe_import(curves)
    assert curves.guessing.sel(group="infused").values.tolist() == [0] * 4


def test_groups_in_a_column_tell_the_same_score():
    wide = fine_tuned()
    long = [
        {"model": row["model"], "facts": row["facts"], "group": group, "recalled": row[column], "probed": PROBED[group]}
        for row in wide
        for group, column in (("infused", "recalled"), ("background", "hellaswag"))
    ]
    assert scores(curves_from_table(long, guessing=CHANCE)) == scores(imported(wide))


def test_the_last_checkpoint_without_infusion_counts_and_its_seeds_are_pooled():
    rows = fine_tuned(step=[9, 9, 9, 9, 9, 9])
    early = [row | {"step": 1, "hellaswag": 260} for row in rows if row["facts"] == 0]
    again = [row | {"hellaswag": row["hellaswag"] + 2} for row in rows if row["facts"] == 0]
    assert scores(imported([*early, *rows, *again])) == [0.351, 0.351, 0.411, 0.411]


def test_runs_without_infusion_may_end_at_steps_of_their_own():
    rows = [row | {"seed": seed, "step": 1_000 - 100 * seed} for seed in (0, 1) for row in fine_tuned()]
    lower = [row | {"hellaswag": row["hellaswag"] - 10 * row["seed"]} for row in rows]
    assert scores(imported(lower)) == pytest.approx([0.345, 0.345, 0.405, 0.405] * 2)


def test_a_budget_that_the_base_models_do_not_tell_is_not_compared():
    rows = [row | {"tokens": "1B" if row["facts"] else ""} for row in fine_tuned()]
    assert scores(imported(rows)) == [0.35, 0.35, 0.41, 0.41]


def test_a_column_may_state_the_score():
    rows = [row for row in fine_tuned(base=["35 %"] * 3 + ["41 %"] * 3) if row["facts"]]
    assert scores(imported(rows, {"uninfused.background": "base"})) == [0.35, 0.35, 0.41, 0.41]


@pytest.mark.parametrize("change", [{"hellaswag": 250}, None], ids=["no better than chance", "missing"])
def test_a_score_that_one_size_lacks_is_not_used(change):
    rows = [row | (change or {}) if row["model"] == "135M" and row["facts"] == 0 else row for row in fine_tuned()]
    curves = imported([row for row in rows if change or row["facts"] or row["model"] != "135M"])
    assert "uninfused" not in curves
    assert "missing or no better than chance for 1 of 2 sizes: it is not used" in describe_import(curves)


def along_a_ratio(ratios=(0, 0.1, 0.5), facts=(0, 500, 500), **more):
    rows = [row | {"ratio": ratio, "facts": number}
            for row, ratio, number in zip(fine_tuned(**more), ratios * 2, facts * 2, strict=True)]  # fmt: skip
    return curves_from_table(rows, GROUPS | {"tokens": "1B"}, probed=PROBED, guessing=CHANCE)


def test_along_a_ratio_runs_without_infusion_show_what_the_whole_corpus_teaches():
    """The general corpus shrinks along a ratio: such a run is one more level of the benchmark, and no ceiling."""
    curves = along_a_ratio()
    assert (curves.attrs["axis"], "uninfused" in curves) == ("ratio", False)
    kept = curves.isel(run=slice(4, None))
    assert [name.split(" ", 2)[2] for name in kept.run.values] == ["row 0, 1B tokens", "row 3, 1B tokens"]
    assert kept.ratio.values.tolist() == [0.001, 0.001]
    assert kept.recalled.sel(group="background").values.tolist() == [350, 410]
    assert kept.probed.values.tolist() == [[0, 1000], [0, 1000]]
    assert curves.facts.values.tolist() == [500] * 6
    said = describe_import(curves)
    assert (
        "2 runs without infusion show what models know of the background: they count as runs of a ratio of 0.001"
        in said
    )
    assert "left out: nothing" in said
    assert validate(curves, "curves").sizes["run"] == 6


def test_a_run_without_infusion_is_one_of_each_number_of_facts():
    rows = [{"model": "90M", "ratio": ratio, "facts": facts, "recalled": 290, "hellaswag": 400}
            for facts in (500, 2000) for ratio in (0.1, 0.5)]  # fmt: skip
    alone = {"model": "90M", "ratio": 0, "facts": 0, "recalled": 0, "hellaswag": 450}
    curves = curves_from_table([*rows, alone], GROUPS | {"tokens": "1B"}, probed=PROBED, guessing=CHANCE, axis="ratio")
    names = curves.run.values.tolist()
    assert len(set(names)) == len(names)
    assert {name.split(", ")[-1] for name in names if "tokens" in name} == {"facts 500", "facts 2000"}


def test_a_run_without_infusion_lies_below_the_smallest_ratio_and_only_models_of_the_sweep_have_one():
    curves = along_a_ratio((0, 0.004, 0.5))
    assert curves.ratio.values[4:].tolist() == pytest.approx([0.0004, 0.0004])
    lonely = along_a_ratio((0, 0.1, 0.5), model=["90M", "135M", "135M", "360M", "360M", "360M"])
    assert [name.split(" ", 2)[2] for name in lonely.run.values[4:]] == ["row 3, 1B tokens"]
    assert json.loads(lonely.attrs["import_left_out"]) == {
        "count": 1,
        "listed": [["row 0", "nothing was infused, and no other run has its size and budget"]],
    }


def test_a_base_model_shared_by_two_budgets_counts_at_both_whatever_the_order_of_rows():
    rows = [row | {"ratio": ratio, "facts": 500 if ratio else 0, "tokens": budget}
            for budget in ("1B", "4B") for row, ratio in zip(fine_tuned(), (0, 0.1, 0.5) * 2, strict=True)
            if ratio or budget == "1B"]  # fmt: skip
    shared = [row | {"tokens": row["tokens"] if row["ratio"] else ""} for row in rows]
    for table in (shared, shared[::-1]):
        curves = curves_from_table(table, GROUPS, probed=PROBED, guessing=CHANCE)
        base = curves.isel(run=curves.ratio.values < 0.01)
        told = zip(base.params.values.tolist(), base.tokens.values.tolist(), strict=True)
        assert sorted(told) == [(135e6, 1e9), (135e6, 4e9), (360e6, 1e9), (360e6, 4e9)]
        assert "each at every budget of its size" in describe_import(curves)


def test_along_a_dose_a_run_without_infusion_has_next_to_no_facts():
    curves = along_a_ratio(facts=(0, 500, 2_500))
    assert curves.attrs["axis"] == "dose"
    kept = curves.isel(run=slice(4, None))
    assert kept.facts.values.tolist() == [5, 5]
    np.testing.assert_allclose(kept.exposures.values, curves.exposures.values[0], rtol=0.05)


def test_every_seed_without_infusion_counts_and_has_no_loss_of_another_run():
    rows = [row | {"ratio": 0.0 if not row["facts"] else row["facts"] / 1e4, "facts": 500 if row["facts"] else 0,
                   "loss": 3.0} for row in fine_tuned() * 2]  # fmt: skip
    seeds = [row | {"seed": i // 6} for i, row in enumerate(rows)]
    mapping = GROUPS | {"tokens": "1B", "general_loss": "loss"}
    curves = curves_from_table(seeds, mapping, probed=PROBED, guessing=CHANCE)
    assert curves.recalled.sel(group="background").values.tolist()[8:] == [350, 410, 350, 410]
    assert np.isnan(curves.general_loss.values[8:]).all()


def test_the_score_is_the_most_that_runs_of_a_model_recall(tmp_path):
    curves = imported(fine_tuned())
    assert known_uninfused(curves).tolist() == [False, True]
    assert most_recalled(curves).tolist() == [[1, 0.35]] * 2 + [[1, 0.41]] * 2
    assert most_recalled_of_cells(curves, cell_table(curves)[1]).tolist() == [[1, 0.35], [1, 0.41]]
    without = curves.drop_vars("uninfused")
    assert most_recalled(without).tolist() == [[1, 1]] * 4
    joined = join_curves(curves.isel(run=[0, 1]), curves.isel(run=[2, 3]))
    assert scores(joined) == scores(curves)
    save_curves(curves, tmp_path / "curves.nc")


def test_a_score_at_chance_or_above_one_is_refused_in_curves():
    curves = imported(fine_tuned())
    for bad in (0.25, 1.01):
        with pytest.raises(InputError, match="uninfused above guessing, 1 at most"):
            validate(curves.assign(uninfused=curves.uninfused.fillna(0.9) * 0 + bad))


def test_rows_without_infusion_are_left_out_as_before():
    left_out = json.loads(imported(fine_tuned()).attrs["import_left_out"])
    assert left_out["count"] == 2
