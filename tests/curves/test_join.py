"""Several sweeps as one."""

import json

import numpy as np
import polars as pl
import pytest
import xarray as xr

from bayeskisl.curves import cell_table, curves_from_table, describe_import, group_exposures, join_curves, load_curves
from bayeskisl.curves.cells import told_apart
from bayeskisl.errors import InputError


@pytest.fixture(scope="module")
def curves():
    return load_curves("desk-amount")


def test_parts_of_a_sweep_join_to_the_whole(curves):
    small, large = curves.isel(run=slice(0, 100)), curves.isel(run=slice(100, None))
    joined = join_curves(small, large)
    xr.testing.assert_equal(joined.drop_attrs(), curves.drop_attrs())
    assert joined.attrs["axis"] == "amount"
    assert joined.attrs["sweeps"] == curves.attrs["sweeps"]


def test_a_run_in_two_sweeps_is_one_run(curves):
    joined = join_curves(curves.isel(run=slice(0, 60)), curves.isel(run=slice(40, 80)))
    assert joined.run.values.tolist() == curves.run.values[:80].tolist()


def test_a_group_that_one_sweep_lacks_has_nothing_probed(curves):
    other = curves.isel(run=[0, 1]).assign_coords(run=["a", "b"], group=["infused_heldout"])
    joined = join_curves(curves, other)
    assert joined.group.values.tolist() == ["infused", "infused_heldout"]
    assert joined.probed.sel(run=["a", "b"]).values.tolist() == [[0, n] for n in other.probed.values[:, 0].tolist()]
    np.testing.assert_array_equal(joined.guessing, 1 / 4096)
    assert joined.probed.dtype == curves.probed.dtype


def test_a_group_that_one_sweep_lacks_has_the_guessing_rate_of_the_other():
    free, choices = (imported([0.9, 0.2], [100, 400], run=names) for names in (["a", "b"], ["c", "d"]))
    choices = choices.assign(guessing=choices.guessing + 0.25).assign_coords(group=["infused_choice"])
    joined = join_curves(free, choices)
    assert joined.guessing.values.tolist() == [[0, 0.25]] * 4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.assign_attrs(axis="ratio"), "expected sweeps along one axis, got amount and ratio"),
        (
            lambda c: c.assign(recalled=c.recalled * 0),
            "expected one measurement of each run, got another one of recalled",
        ),
        (lambda c: c.assign_coords(tokens_before=0 * c.tokens + 7), "another one of tokens_before in 231 run"),
        (lambda c: c.assign(learning_rate=2 * c.learning_rate), "another one of learning_rate in 231 run"),
    ],
)
def test_what_does_not_belong_together_is_refused(curves, change, message):
    with pytest.raises(InputError, match=message):
        join_curves(curves, change(curves))


def imported(recall, levels, **more):
    rows = {"params": 10_000, "facts": levels, "accuracy": recall, "probed": 500, **more}
    return curves_from_table(rows)


def test_what_imports_assumed_stays_and_relative_exposures_get_one_unit():
    first, second = imported([0.9, 0.2], [100, 400], run=["a", "b"]), imported([0.9, 0.1], [800, 3200], run=["c", "d"])
    assert first.attrs["exposure_scale"] == second.attrs["exposure_scale"] == "relative"
    joined = join_curves(first, second)
    assert joined.attrs["exposure_scale"] == "relative"
    assert {"tokens", "tokens_per_fact"} <= set(json.loads(joined.attrs["import_invented"]))
    product = joined.exposures * joined.facts
    np.testing.assert_allclose(product, product[0])


def stating(exposures, params):
    rows = {"params": params, "facts": 1000, "exposures": exposures, "probed": 400}
    return curves_from_table(rows | {"recalled": [20, 100, 390], "run": [f"{params} {each}" for each in exposures]})


@pytest.mark.parametrize("order", [1, -1])
def test_stated_exposures_stay_where_each_import_made_up_a_budget(order):
    parts = [stating([1, 10, 100], 1_000_000), stating([10, 100, 1000], 4_000_000)][::order]
    joined = join_curves(*parts)
    assert joined.attrs["exposure_scale"] == "absolute"
    for exposures in (joined.exposures, group_exposures(joined).sel(group="infused")):
        np.testing.assert_allclose(exposures, np.concatenate([part.exposures for part in parts]))
    assert joined.ratio.max() < 1
    assert len(np.unique(joined.tokens)) == 1
    np.testing.assert_allclose(join_curves(joined, parts[0]).exposures, joined.exposures)


def test_a_benchmark_beside_stated_exposures_keeps_its_own_where_the_budget_grows():
    def part(exposures, params):
        rows = {"params": params, "facts": 1000, "exposures": exposures, "recalled.infused": [20, 100, 390],
                "recalled.background": [300, 200, 100], "run": [f"{params} {each}" for each in exposures]}  # fmt: skip
        return curves_from_table(rows, probed=400)

    first, second = part([1, 10, 100], 1_000_000), part([10, 100, 1000], 4_000_000)
    joined = join_curves(first, second)
    assert joined.attrs["background_scale"] == "relative"
    before = (joined.background_share * joined.tokens / joined.background_facts).values
    np.testing.assert_allclose(before, (first.background_share * first.tokens / first.background_facts).values[0])


def test_exposures_without_a_unit_do_not_join_others():
    relative, told = imported([0.9, 0.2], [100, 400]), imported([0.9, 0.2], [100, 400], tokens=1e6, ratio=0.5,
                                                                 tokens_per_fact=6)  # fmt: skip
    with pytest.raises(InputError, match="tables that lack the same columns"):
        join_curves(relative, told)


def test_budgets_that_differ_by_rounding_are_one_cell():
    curves = imported([0.9, 0.8, 0.2], [100, 200, 400], tokens=[1e6, 1.003e6, 0.998e6], ratio=0.5, tokens_per_fact=6)
    assert cell_table(curves)[0].sizes["cell"] == 1


def test_runs_of_one_name_and_other_depths_are_refused(curves):
    with pytest.raises(InputError, match="another one of depth"):
        join_curves(*(curves.assign_coords(depth=0 * curves.params + layers) for layers in (2, 4)))


def test_runs_of_one_name_and_other_sizes_are_refused():
    small = imported([0.9, 0.2], [100, 400])
    with pytest.raises(InputError, match="another one of params"):
        join_curves(small, small.assign_coords(params=2 * small.params, total_params=2 * small.total_params))


def test_cells_that_differ_in_the_ratio_are_told_apart():
    both = join_curves(*(imported([0.9, 0.2], [100, 400], tokens=1e6, ratio=ratio, tokens_per_fact=6,
                                  run=[f"{ratio} {i}" for i in range(2)]) for ratio in (0.1, 0.5)))  # fmt: skip
    assert told_apart(cell_table(both)[0]) == [", ratio 0.1", ", ratio 0.5"]


def test_what_was_left_out_of_imports_is_counted():
    parts = [imported([0.9, 0.2], [100, 400], run=[name + "1", name + "2"]) for name in "ab"]
    joined = join_curves(*parts)
    assert json.loads(joined.attrs["import_left_out"]) == {"count": 0, "listed": []}
    assert "records_sha256" not in joined.attrs or joined.attrs["records_sha256"] != parts[0].attrs.get("table_sha256")
    assert describe_import(joined)


def test_runs_without_a_phase_before_have_read_none_then_and_are_no_replicates_of_runs_with_one():
    with_phase = load_curves("desk-replay").isel(run=slice(0, 4))
    without = with_phase.drop_vars("tokens_before").assign_coords(run=[f"other {run}" for run in range(4)])
    joined = join_curves(with_phase, without)
    assert joined["tokens_before"].values[-4:].tolist() == [0] * 4
    cells, cell_of_run = cell_table(joined)
    assert not set(cell_of_run[:4]) & set(cell_of_run[4:])
    assert told_apart(cells) == [", tokens before 0", ", tokens before 614400"]


def test_rows_of_two_frames_are_other_runs_and_those_of_one_are_the_same():
    small, large = imported([0.9, 0.2], [100, 400]), imported([0.9, 0.3], [100, 400])
    joined = join_curves(small, large, imported([0.9, 0.2], [100, 400]))
    assert joined.run.values.tolist() == [*small.run.values, *large.run.values]
    assert joined.sizes["run"] == 4


def test_tables_without_names_of_runs_are_joined(tmp_path):
    """Line 2 of one file is another run than line 2 of the other."""
    table = {
        "params": [1e6, 1e6],
        "tokens": [2e7] * 2,
        "ratio": [0.5] * 2,
        "facts": [100, 400],
        "tokens_per_fact": [6] * 2,
    }
    small = pl.DataFrame({**table, "acc": [0.9, 0.3]})
    small.write_csv(tmp_path / "small.csv")
    small.with_columns(params=pl.lit(4e6), acc=pl.lit(0.8)).write_csv(tmp_path / "large.csv")
    both = join_curves(*(curves_from_table(tmp_path / f"{name}.csv", probed=100) for name in ("small", "large")))
    assert both.run.values.tolist() == ["small.csv line 2", "small.csv line 3", "large.csv line 2", "large.csv line 3"]
