"""The data's own diagnosis: each fault of a table is found, and a sweep without one is left alone."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bayeskisl.curves import Finding, Side, check, curves_from_table, curves_of_cells, load_curves
from bayeskisl.curves.curve import Curve, monotone
from bayeskisl.inference.simulate import design_curves
from bayeskisl.reporting import plot_check
from tests.decision.hand_made import amount_curves, mixed_curves


def codes(curves):
    return {found.code for found in check(curves).findings}


def changed(curves, rows, change):
    recalled = curves.recalled.values.copy()
    recalled[rows] = change(recalled[rows], curves.probed.values[rows])
    return curves.assign(recalled=(("run", "group"), recalled))


@pytest.mark.parametrize("name", ["desk-amount", "desk-ratio", "desk-dose"])
def test_real_sweeps_are_left_alone(name):
    assert all(found.severity == "note" for found in check(load_curves(name)).findings)


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_chance_alone_is_no_finding(seed):
    found = check(amount_curves(rng=np.random.default_rng(seed))).findings
    assert {each.severity for each in found} <= {"note"}


@given(st.integers(0, 10_000), st.integers(0, 35))
@settings(max_examples=30, deadline=None)
def test_a_row_typed_wrongly_is_named(seed, row):
    """All for nothing, and nothing for all; beside the fall, either of two replicates may be the wrong one."""
    curves = amount_curves(rng=np.random.default_rng(seed))
    share = float((curves.recalled / curves.probed).values[row, 0])
    wrong = changed(curves, [row], lambda recalled, probed: probed - recalled)
    named = check(wrong).rows
    if share > 0.98 or share < 0.02:
        assert str(curves.run.values[row]) in named
    assert len(named) <= 2


def test_neighbours_say_which_of_two_replicates_is_wrong():
    """The next level keeps a third of its facts, so that the replicate without any is the wrong one."""
    curves = amount_curves(rng=np.random.default_rng(2005))
    wrong = changed(curves, [30], lambda recalled, probed: probed - recalled)
    assert check(wrong).rows == (str(curves.run.values[30]),)


def test_every_wrong_row_in_ten_is_named():
    curves = amount_curves(rng=np.random.default_rng(1))
    rows = [0, 13, 25]  # one in each size
    found = check(changed(curves, rows, lambda recalled, probed: probed - recalled))
    assert set(found.rows) == {str(curves.run.values[row]) for row in rows}
    assert "stand out" in found.text


def test_a_curve_that_rises_where_it_should_fall_is_serious():
    (found,) = check(changed(amount_curves(), slice(None), lambda recalled, probed: probed - recalled)).serious
    assert found.code == "wrong_way"
    assert "3 of 3 curves" in found.message
    assert "more draws do not help" in found.remedy


def test_a_table_that_rises_a_little_at_every_size_is_wrong_as_a_whole():
    """No size by itself tells enough, and no row of it is at fault."""
    wrong = changed(amount_curves(), slice(None), lambda recalled, probed: probed * 4 // 5 - recalled * 3 // 5)
    (found,) = check(wrong).findings
    assert found.code == "wrong_way"
    assert "3 of 3 curves" in found.message


def test_a_hump_turns_back():
    curves = amount_curves(levels=(62, 88, 125, 177, 250, 354, 500, 707, 1000, 1414))
    low = (curves.facts < 150).values
    assert "turns_back" in codes(changed(curves, low, lambda recalled, probed: recalled // 4))


def test_curves_of_two_domains_are_told_apart():
    curves = design_curves(params=[1e6, 4e6], facts=[100, 200, 400, 800, 1600], seeds=4, domains=("law", "medicine"))
    share = np.where(curves["facts"].isin([400, 1600]), 0.05, 0.9)[:, None]
    humps = curves.assign(recalled=(("run", "group"), np.round(share * curves["probed"].values).astype(int)))
    (found,) = [found for found in check(humps).findings if found.code == "turns_back"]
    assert "1M parameters of law" in found.message
    assert "1M parameters of medicine" in found.message


def repeated(lost, scatter=0.004):
    """Ten thousand facts in up to 1 % of the tokens, and a benchmark that loses a share of its score."""
    rng = np.random.default_rng(1)
    rows = []
    for params, score in ((7e7, 0.2), (4e8, 0.5)):
        for exposures in (2, 4, 8, 16, 32, 64, 128, 256, 512):
            for _ in range(2):
                kept = score * (1 - lost * np.log(exposures / 2) / np.log(256)) + scatter * rng.standard_normal()
                learned = 900 / (1 + (40 / exposures) ** 2)
                rows.append({"params": params, "tokens": 2e10, "facts": 10_000, "tokens_per_fact": 40,
                             "exposures": exposures, "recalled_infused": round(learned), "probed_infused": 1000,
                             "recalled_background": round(5000 * kept), "probed_background": 5000})  # fmt: skip
    return curves_from_table(rows, replicates=True)


def test_a_loss_that_exposures_cannot_explain():
    (found,) = [found for found in check(repeated(0.2)).findings if found.group == "background"]
    assert (found.code, found.severity) == ("unexplained_loss", "serious")
    assert "where infusion takes 1 % of its exposures away" in found.message
    assert not {"unexplained_loss"} & codes(repeated(0.0))
    assert not {"unexplained_loss"} & codes(repeated(0.0, scatter=0.05))


@pytest.mark.parametrize("name", ["desk-ratio", "memory-ratio", "memory-dose", "words-ratio", "words-choice"])
def test_shipped_sweeps_lose_what_their_exposures_explain(name):
    assert "unexplained_loss" not in codes(load_curves(name))


def test_no_signal_above_guessing():
    silent = changed(amount_curves(), slice(None), lambda recalled, probed: 0 * recalled)
    assert [found.code for found in check(silent).findings] == ["no_signal"]


def test_what_never_moves_and_what_never_was():
    assert "never_moves" in codes(amount_curves(levels=(31, 62)))
    assert "all_lost" in codes(amount_curves(levels=(1_000, 1_400, 2_000), sizes=(6_144, 13_824)))


def test_a_size_off_the_line_of_the_others():
    sizes = (6_144, 13_824, 24_576, 55_296, 98_304)
    odd = amount_curves(
        sizes,
        (31, 62, 125, 250, 500, 1000, 2000, 4000, 8000),
        log_threshold=lambda n: np.log(250) - 0.7 * np.log(n / 13_824) + 1.8 * (n == 24_576),
    )
    (found,) = [found for found in check(odd).findings if found.code == "sizes_disagree"]
    assert "24,576 parameters by a factor of 5.7" in found.message


def test_all_or_nothing_counts_want_a_level_between():
    steep = amount_curves(steepness=200.0)
    assert "few_in_the_fall" in codes(steep)


@pytest.mark.parametrize("axis", ["ratio", "dose"])
def test_a_group_that_does_not_move_is_left_alone(axis):
    assert not any(found.severity == "serious" for found in check(mixed_curves(axis)).findings)


def test_a_low_ceiling_is_no_loss():
    """A benchmark that is solved to a third by the best runs falls through half of that third."""
    curves = amount_curves()
    third = changed(curves, slice(None), lambda recalled, probed: recalled // 3)
    shown = curves_of_cells(third, "infused")
    assert {curve.side for curve in shown} == {Side.CROSSED}
    assert all(0.3 < curve.ceiling < 0.35 for curve in shown)


def test_half_points_are_those_of_the_curves():
    levels = tuple(np.geomspace(31, 4000, 15).round().astype(int).tolist())
    curves = amount_curves(levels=levels)
    for curve in curves_of_cells(curves, "infused"):
        assert curve.half_point == pytest.approx(np.log(250) - 0.7 * np.log(curve.params / 13_824), abs=0.1)


@pytest.mark.parametrize("means", [[0.0, 0.1, 0.55, 0.35], [0.0, 0.05, 0.62, 0.3, 0.33]])
def test_a_half_point_is_never_where_nothing_is_known(means):
    """The levels that cross are pooled below half: then it is the level that kept half."""
    levels = np.log(10 * 2.0 ** np.arange(len(means)))
    names = np.array([f"run {i}" for i in range(len(means))])
    curve = Curve("infused", "here", 1e6, 1e9, names, levels, levels, np.array(means), np.full(len(means), 1e-3), True)
    assert curve.side == Side.CROSSED
    assert curve.half_point == levels[np.argmax(means)]


def test_monotone_leaves_what_rises_and_pools_what_does_not():
    assert monotone(np.array([0.1, 0.5, 0.9]), np.ones(3)).tolist() == [0.1, 0.5, 0.9]
    assert monotone(np.array([0.1, 0.9, 0.5]), np.array([1.0, 1.0, 1.0])).tolist() == pytest.approx([0.1, 0.7, 0.7])


def test_order_of_runs_does_not_count():
    curves = changed(amount_curves(rng=np.random.default_rng(3)), [0], lambda recalled, probed: 0 * recalled)
    assert check(curves.isel(run=slice(None, None, -1))).to_dict() == check(curves).to_dict()


def test_the_figure_rings_what_stands_out():
    wrong = changed(amount_curves(rng=np.random.default_rng(0)), [0], lambda recalled, probed: 0 * recalled)
    rings = [line for line in plot_check(wrong).axes[0].lines if line.get_markersize() == 13]
    assert len(rings) == 1


def test_runs_below_guessing_are_named():
    """No run recalls less than guesses rarely undercut, unless it answers in another form."""
    curves = amount_curves().assign(guessing=(("run", "group"), np.full((36, 1), 0.25)))
    raised = changed(curves, slice(None), lambda recalled, probed: np.maximum(recalled, probed // 4))
    assert "below_guessing" not in codes(raised)
    (found,) = [each for each in check(changed(raised, [3], lambda recalled, probed: 0)).findings
                if each.code == "below_guessing"]  # fmt: skip
    assert found.rows == (str(curves.run.values[3]),)
    assert found.rows[0] in str(found)


@pytest.mark.parametrize("more", [{}, {"group": "infused", "rows": ("a", "b")}])
def test_a_finding_is_read_as_it_was_written(more):
    found = Finding("outlying_rows", "warning", "It is so.", "Mend it.", **more)
    written = json.loads(json.dumps(found.to_dict()))
    assert Finding.from_dict(written) == found
    assert Finding.from_dict({**written, "since": "a later version"}) == found
    assert written.keys() == {"code", "severity", "message", "remedy", *more}


def test_a_budget_that_follows_the_size_is_told():
    curves = amount_curves()
    followed = curves.assign_coords(tokens=("run", 20 * curves.params.values))
    (found,) = (each for each in check(followed).findings if each.code == "budget_follows_size")
    assert found.message.startswith("Every run has 20 tokens per parameter: ")
    assert "budget_follows_size" not in codes(curves)
    apart = followed.tokens.values.copy()
    apart[0] *= 2
    assert "budget_follows_size" not in codes(followed.assign_coords(tokens=("run", apart)))


def test_a_row_that_stands_out_makes_no_level_informative():
    """All runs are at their ceiling or at chance, but for one typed wrongly: its level stays uninformative."""
    curves = changed(amount_curves(steepness=200.0), [0], lambda recalled, probed: probed // 8)
    (found,) = [found for found in check(curves).findings if found.code == "silent_levels"]
    levels = len(np.unique(curves.facts))
    assert found.message.startswith(f"At {levels} of {levels} levels")
