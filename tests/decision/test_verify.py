import json
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from bayeskisl.axes import AXES
from bayeskisl.decision import KeptFacts, decide, measure, measure_collapse, predict, verification_summary, verify
from bayeskisl.decision.measure import threshold_posterior
from bayeskisl.decision.verification import KeptByLevel, _kept_by_level
from bayeskisl.errors import InputError
from bayeskisl.intervals import HalfPoint, Interval
from bayeskisl.reporting.text import kept_at_choice
from tests.decision.hand_made import (
    GUESSING,
    RATIO,
    TOKENS,
    TOKENS_PER_FACT,
    HandMadeFit,
    MixedFit,
    amount_curves,
    law_line,
    mixed_curves,
)

LEVELS = (1000, 1400, 2000, 2800, 4000)


def target_runs(shift=0.0, levels=LEVELS, **options):
    return amount_curves((98_304,), levels, log_threshold=lambda n: law_line(n) - shift, **options)


def true_collapse(shift=0.0):
    return RATIO * TOKENS / (TOKENS_PER_FACT * np.exp(law_line(98_304) - shift))


def test_measures_the_crossing_that_interpolation_finds():
    runs = target_runs(levels=tuple(range(1000, 4001, 200)))
    half = np.interp(0.5, (runs.recalled / runs.probed).values[::-2, 0], np.log(runs.facts.values[::-2]))
    assert measure_collapse(runs).median == pytest.approx(np.exp(half), rel=0.02)


def test_dense_nodes_do_not_move_the_measurement(monkeypatch):
    runs = target_runs()
    before = measure_collapse(runs)
    monkeypatch.setattr(measure, "_SPACING", measure._SPACING / 3)
    after = measure_collapse(runs)
    assert [after.low, after.median, after.high] == pytest.approx([before.low, before.median, before.high], rel=3e-3)


def test_more_runs_measure_more_sharply():
    few, many = (measure_collapse(target_runs(seeds=range(n))) for n in (1, 6))
    assert many.high / many.low < few.high / few.low


def test_a_curve_that_never_fell_is_a_bound():
    measured = measure_collapse(target_runs(levels=(100, 200, 400)))
    assert measured.bound == "at least"
    assert np.isinf(measured.high)
    assert 400 < measured.low < true_collapse()
    assert "no run lost half" in measured.note


def test_a_curve_that_never_held_is_a_bound():
    measured = measure_collapse(target_runs(levels=(8_000, 16_000)))
    assert measured.bound == "at most"
    assert true_collapse() < measured.high < 8_000


def test_several_cells_are_refused():
    with pytest.raises(InputError, match=r"one model size.*3 cells"):
        measure_collapse(amount_curves())


def test_hit_and_miss_are_told(fit):
    ahead = predict(fit, 98_304)
    assert verify(ahead, target_runs()).verdict == "hit"
    miss = verify(ahead, target_runs(shift=-0.7))
    assert miss.verdict == "miss"
    assert miss.rank < 0.01
    assert json.loads(json.dumps(verification_summary(miss), allow_nan=False))["hit"] is False


def test_rank_is_the_place_in_the_predictive_distribution(fit):
    ahead = predict(fit, 98_304)
    verification = verify(ahead, target_runs(seeds=range(6)))
    below = float((ahead.collapse < verification.measured.median).mean())
    assert verification.rank == pytest.approx(below, abs=0.05)


@pytest.mark.parametrize(
    ("half_point", "outcome"),
    [(HalfPoint(2, 0, 9), "hit"), (HalfPoint(3, 2, 4), "hit"), (HalfPoint(0.9, 0, 9), "miss"),
     (HalfPoint(4, 4, np.inf, "at least"), "miss"), (HalfPoint(3, 3, np.inf, "at least"), "undecided"),
     (HalfPoint(0.5, 0, 0.5, "at most"), "miss"), (HalfPoint(1, 0, 1, "at most"), "undecided")],
)  # fmt: skip
def test_a_bound_is_missed_or_decides_nothing(half_point, outcome):
    assert half_point.outcome(Interval(median=2, low=1, high=3)) == outcome


def test_bounds_decide_only_what_they_can(fit):
    ahead = predict(fit, 98_304)
    assert verify(ahead, target_runs(levels=(100, 200, 400))).hit is None
    assert verify(ahead, target_runs(shift=2.0, levels=(4_000, 8_000))).hit is False


def test_other_sizes_in_the_curves_are_left_alone(fit):
    ahead = predict(fit, 98_304)
    alone, together = target_runs(), xr.concat([target_runs(), amount_curves()], dim="run")
    assert verify(ahead, together).measured.median == verify(ahead, alone).measured.median


def test_runs_at_the_choice_say_what_it_kept(fit):
    ahead = decide(fit, 98_304, sensitivity=False)
    choice = round(ahead.choice.value)
    at_choice = verify(ahead, target_runs(levels=(choice, 2500, 4000), seeds=(0, 1, 2))).at_choice
    assert at_choice.runs == 3
    assert at_choice.fell_short == 0
    assert at_choice.held


def test_levels_on_both_sides_of_the_choice_bound_what_it_kept(fit):
    ahead = decide(fit, 98_304, sensitivity=False)
    choice = ahead.choice.value
    beside, apart, below = (
        verify(ahead, target_runs(levels=levels)).at_choice
        for levels in ((choice / 1.2, choice * 1.1, 4000), (400, 4000), (100, 200))
    )
    assert beside.runs == apart.runs == 0
    assert beside.held
    assert kept_at_choice(beside).endswith("or more were kept, as promised")
    assert apart.held is None
    assert below.bounds["infused"][0] == 0
    assert "it stays open whether 90 % of the predicted ceiling were kept" in kept_at_choice(apart)
    lost = verify(ahead, target_runs(shift=-3.0, levels=(choice / 1.2, choice * 1.1))).at_choice
    assert lost.held is False
    assert kept_at_choice(lost).endswith("less than promised")


def test_a_run_at_the_choice_falls_short_if_any_harmed_group_does(fit):
    decision = decide(MixedFit(curves=mixed_curves("ratio")), 98_304, sensitivity=False)
    choice = decision.choice.value
    runs = mixed_curves("ratio", sizes=(98_304,), ratios=(choice, 0.5), seeds=(0, 1))
    runs = runs.assign_coords(run=[f"target {i}" for i in range(runs.sizes["run"])])
    cut = runs.assign(recalled=runs.recalled.where(runs.group != "infused", runs.recalled // 3))
    both = {"harmed": json.dumps(["background", "infused"]), "levels": json.dumps({"background": 0.9, "infused": 0.8})}
    asked = decision.data.assign_attrs(both)
    whole, short = (verify(asked, each).at_choice for each in (runs, cut))
    assert (whole.fell_short, short.fell_short) == (0, 2)
    assert kept_at_choice(short).startswith("0 of 2 runs kept at least 90 % (background) and 80 % (infused) of")
    earlier = {name: value for name, value in both.items() if name != "harmed"}
    assert verify(decision.data.assign_attrs(earlier), cut).at_choice.fell_short == 0


def test_a_level_relative_to_no_infusion_is_verified_against_what_was_predicted_there(fit):
    made = MixedFit(curves=mixed_curves("ratio"), halves={"infused": 100.0, "background": 2_000.0})
    decisions = {of: decide(made, 98_304, sensitivity=False, keep_of=of) for of in ("ceiling", "uninfused")}
    choice = decisions["uninfused"].choice.value
    runs = mixed_curves("ratio", sizes=(98_304,), ratios=(choice, 0.5), seeds=(0,))
    runs = runs.assign_coords(run=["target 0", "target 1"])
    kept = {of: verify(decision, runs).at_choice for of, decision in decisions.items()}
    assert kept["ceiling"].runs == 0  # nothing is safe, so that no run was trained there
    (share,) = kept["uninfused"].shares["background"]
    recalled, probed = (runs[name].sel(group="background").values[0] for name in ("recalled", "probed"))
    about = decisions["uninfused"].about
    floor, ceiling = about.floors_and_ceilings["background"]
    predicted = about.kept_uninfused * (ceiling - floor)
    assert share == pytest.approx((recalled / probed - floor) / predicted)
    assert kept_at_choice(kept["uninfused"]).endswith("of what was predicted without infusion")


def test_the_targets_own_runs_without_infusion_are_the_reference_where_there_are_any(fit):
    made = MixedFit(curves=mixed_curves("ratio"), halves={"infused": 100.0, "background": 2_000.0})
    decision = decide(made, 98_304, sensitivity=False, keep_of="uninfused")
    runs = mixed_curves("ratio", sizes=(98_304,), ratios=(0.001, decision.choice.value, 0.5), seeds=(0,))
    runs = runs.assign_coords(run=["without", "at the choice", "beyond"])
    kept = verify(decision, runs).at_choice
    floor, _ = decision.about.floors_and_ceilings["background"]
    known = (runs.recalled / runs.probed).sel(group="background").values - floor
    (share,) = kept.shares["background"]
    assert share == pytest.approx(known[1] / known[0], rel=1e-3)
    assert kept_at_choice(kept).endswith("of what was measured without infusion")


def test_shares_of_a_score_without_infusion_are_verified_against_the_targets_own(fit):
    decision = decide(MixedFit(curves=mixed_curves("ratio")), 98_304, sensitivity=False, keep_of="facts")
    runs = mixed_curves("ratio", sizes=(98_304,), ratios=(decision.choice.value, 0.5), seeds=(0,))
    runs = runs.assign_coords(run=["target 0", "target 1"])
    asked = decision.data.assign_attrs(of_uninfused=json.dumps(["background"]))
    with pytest.raises(InputError, match="the target's own score of the benchmark before anything is infused"):
        verify(asked, runs)
    of_all, of_scored = (
        verify(asked, runs.assign(uninfused=xr.full_like(runs.guessing, np.nan).where(runs.group == "infused", most)))
        for most in (1.0, 0.9)
    )
    floor = decision.about.floors_and_ceilings["background"][0]
    whole, part = (each.at_choice.shares["background"][0] for each in (of_all, of_scored))
    assert part / whole == pytest.approx((1 - floor) / (0.9 - floor))
    scored = runs.assign(uninfused=xr.full_like(runs.guessing, np.nan).where(runs.group == "infused", 0.9))
    assert verify(asked, scored.isel(run=[1])).at_choice.runs == 0  # none was trained at the choice


def test_a_decision_is_held_against_where_most_was_kept(fit):
    decision = decide(fit, 98_304, sensitivity=False)
    levels = (1_000, round(decision.choice.value), round(decision.optimum.value), 2_600, 4_000)
    verification = verify(decision, target_runs(levels=levels, seeds=(0, 1)))
    assert verification.optimum_hit is True
    assert verification.kept.given_up_at(decision.choice.value) == pytest.approx(
        1 - verification.kept.facts[1] / max(verification.kept.facts)
    )
    assert verification.kept.given_up_at(100.0) is None
    assert verification.kept.runs == (2,) * 5
    assert verify(decision, target_runs(levels=(100, 200))).optimum_hit is None
    assert verify(predict(fit, 98_304), target_runs()).optimum_hit is None
    json.dumps(verification_summary(verification), allow_nan=False)


@pytest.mark.parametrize("axis", ["ratio", "dose"])
def test_ratio_and_dose_are_verified(fit, axis):
    decision = decide(MixedFit(curves=mixed_curves(axis)), 98_304, sensitivity=False)
    runs = mixed_curves(axis, sizes=(98_304,), ratios=(0.5, 0.8, 0.9, 0.93, 0.95, 0.97, 0.99))
    runs = runs.assign_coords(run=[f"target {i}" for i in range(runs.sizes["run"])])
    verification = verify(decision, runs)
    assert verification.verdict == "hit"
    assert 0 < verification.measured.low < verification.measured.high < 1
    if axis == "dose":
        assert verification.optimum_hit


@pytest.mark.parametrize("change", [{"sizes": (50_000,)}, {"tokens": 2 * TOKENS}])
def test_curves_without_the_target_are_refused(fit, change):
    curves = amount_curves(**{"sizes": (98_304,), **change})
    with pytest.raises(InputError, match="as predicted"):
        verify(predict(fit, 98_304), curves)


def test_runs_that_the_fit_has_seen_are_refused(fit):
    with pytest.raises(InputError, match=r"has not seen.*12 of them"):
        verify(predict(fit, 24_576), fit.curves)


def test_runs_of_two_tables_may_have_one_name(fit):
    """Runs of a table without names are called by their lines; a size above all fitted ones was not in the fit."""
    target = target_runs()
    target = target.assign_coords(run=fit.curves["run"].values[: target.sizes["run"]])
    assert verify(predict(fit, 98_304), target).measured.runs


@pytest.mark.parametrize("ceiling", [0.995, 0.8, 0.6, 0.42])
def test_half_is_half_of_the_ceiling(ceiling):
    rng = np.random.default_rng(0)
    runs = target_runs(levels=(250, 500, 1000, 1500, 2000, 2500, 3000, 4000, 6000))
    recall = runs.recalled / runs.probed * ceiling / 0.995
    measured = measure_collapse(runs.assign(recalled=(runs.recalled.dims, rng.binomial(runs.probed, recall))))
    assert measured.bound == ""
    assert measured.median == pytest.approx(true_collapse(), rel=0.06)


@pytest.mark.parametrize("rates", [(0.0, 0.5), (0.5, 0.0)])
def test_each_run_is_measured_by_its_own_guessing_rate(rates):
    """Free answers and choices of two, of the same facts: the order of the runs changes nothing."""
    runs = target_runs(levels=tuple(range(1000, 4001, 500)))
    known = (runs.recalled / runs.probed - GUESSING) / (1 - GUESSING)
    guessing = runs.guessing * 0 + np.resize(rates, runs.sizes["run"])[:, None]
    recalled = np.round(runs.probed * (guessing + (1 - guessing) * known.clip(0, 1))).astype(int)
    measured = measure_collapse(runs.assign(recalled=recalled, guessing=guessing))
    assert measured.median == pytest.approx(true_collapse(), rel=0.06)


def test_two_near_levels_on_a_slow_fall_are_no_ceiling():
    runs = target_runs(levels=(1000, 1100, 2000, 4000, 8000), steepness=1.5)
    best = np.sort(runs.recalled.values[::2, 0] / runs.probed.values[::2, 0])[-2:]
    assert best[0] > 0.9 * best[1]
    assert measure.CellCounts.of(runs, "infused").most == 1


@pytest.mark.slow
def test_measurement_covers_the_truth_as_often_as_it_says():
    """The 90 % interval covers 81 to 98 % of 80 simulated cells; an exact one fails by chance in 1 %."""
    rng = np.random.default_rng(20)
    facts = np.array(LEVELS * 2)
    log_exposures, truth = np.log(RATIO * TOKENS / (TOKENS_PER_FACT * facts)), law_line(98_304)
    covered = []
    for _ in range(80):
        steepness, sigma_run = np.exp(rng.normal(np.log(8), 0.4)), np.exp(rng.normal(np.log(0.1), 0.5))
        own = truth + sigma_run * rng.standard_normal(facts.size)
        recall = GUESSING + (0.99 - GUESSING) / (1 + np.exp(-steepness * (log_exposures - own)))
        nodes, probability = threshold_posterior(
            log_exposures, rng.binomial(500, recall), np.full(facts.size, 500), GUESSING
        )
        low, high = np.interp([0.05, 0.95], np.cumsum(probability) - probability / 2, nodes)
        covered.append(low < truth < high)
    assert 0.81 <= np.mean(covered) <= 0.98


def test_facts_of_a_run_beyond_500_count_as_500():
    """They are no independent trials, and 131,072 of them took minutes."""
    log_exposures, share = np.linspace(3, 7, 9), np.array([0.0, 0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98, 1.0])
    few, many = (
        threshold_posterior(log_exposures, np.round(probes * share).astype(int), np.full(9, probes), 0.0)
        for probes in (500, 100_000)
    )
    np.testing.assert_allclose(few, many)


def benchmark_runs(best, ratios=(0.5, 0.8, 0.9, 0.93, 0.95, 0.97, 0.99)):
    """A general benchmark as the background: `best` of it is known at first, and less as the ratio rises."""
    curves = mixed_curves("ratio", sizes=(98_304,), ratios=ratios).assign_attrs(background_scale="relative")
    known = curves.recalled.sel(group="background") / curves.probed.sel(group="background")
    answers = np.round(best * known * 1000).astype(int).values
    counts = {name: curves[name].values.copy() for name in ("recalled", "probed")}
    counts["recalled"][:, 1], counts["probed"][:, 1] = answers, 1000
    return curves.assign({name: (("run", "group"), values) for name, values in counts.items()})


def test_half_of_a_benchmark_is_half_of_what_is_known_at_best():
    whole, part = (measure_collapse(benchmark_runs(best)) for best in (1.0, 0.4))
    assert whole.bound == part.bound == ""
    assert part.median == pytest.approx(whole.median, rel=0.02)


def test_an_onset_is_measured_and_verified(fit):
    ratios = (0.005, 0.01, 0.015, 0.02, 0.025, 0.03, 0.04, 0.6, 0.9)
    curves = mixed_curves("frequency", sizes=(98_304,), ratios=ratios).sel(group=["infused"])
    curves = curves.assign_coords(background_facts=0 * curves.background_facts, background_share=0.0 * curves.ratio)
    measured = measure_collapse(curves)
    assert measured.half_point == "onset"
    half = np.exp(np.log(200) - 0.7 * np.log(98_304 / 13_824)) * 6 / TOKENS * 1e6
    assert measured.median == pytest.approx(half, rel=0.02)
    high = curves.isel(run=np.flatnonzero(curves.ratio.values > 0.5))
    assert measure_collapse(high).bound == "at most"
    assert "every run knows half" in measure_collapse(high).note


def test_targets_that_kept_nothing_are_verified(fit):
    decision = decide(fit, 98_304, sensitivity=False)
    choice = round(decision.choice.value)
    lost = target_runs(levels=(choice, 2 * choice)).map(lambda counts: counts * (counts.name != "recalled"))
    assert verify(decision, lost).kept.given_up_at(choice) is None
    heldout = target_runs(levels=(choice, 2 * choice)).assign_coords(group=["infused_heldout"])
    assert max(verify(decision.data, heldout.assign_coords(group=["infused"])).kept.facts) > 0


def test_a_domain_is_verified_by_its_own_runs(fit):
    ahead = predict(fit, 98_304).assign_attrs(domain="law")
    ours = target_runs().assign_coords(domain=("run", ["law"] * 10))
    others = target_runs(shift=2.0).assign_coords(domain=("run", ["medicine"] * 10), run=[f"m{i}" for i in range(10)])
    assert verify(ahead, xr.concat([ours, others], dim="run")).measured.median == verify(ahead, ours).measured.median
    with pytest.raises(InputError, match="domain 'law'"):
        verify(ahead, others)


def test_each_law_is_judged_by_the_cell_as_the_verdict_is(fit):
    alone = predict(HandMadeFit(weights={"collapse": 1.0}), 98_304)
    np.testing.assert_array_equal(alone.collapse_of_cell_by_law.sel(law="collapse"), alone.collapse_of_cell)
    runs = target_runs(shift=-0.25)
    assert verify(alone, runs).hit_by_law == {"collapse": verify(alone, runs).hit}
    assert verify(alone.assign(collapse_by_law=1e9 * alone.collapse_by_law), runs).hit_by_law["collapse"] is not None
    assert verify(alone.drop_vars("collapse_of_cell_by_law"), runs).hit_by_law == {}


def test_levels_that_kept_the_same_are_one_best(fit):
    verification = verify(predict(fit, 98_304), target_runs())
    plateau = KeptByLevel((0.1, 0.3, 0.5, 0.7), (100, 300, 300, 50), (1,) * 4, AXES["ratio"])
    assert plateau.best == (0.3, 0.5)
    for interval, hit in {(0.4, 0.45): True, (0.48, 0.6): True, (0.55, 0.6): False}.items():
        assert replace(verification, kept=plateau, optimum_interval=interval).optimum_hit is hit
    flat = KeptByLevel((0.1, 0.3, 0.5), (100, 300, 300), (1,) * 3, AXES["ratio"])
    assert not flat.best_is_inside


def test_the_optimum_of_another_utility_is_not_held_against_facts_kept(fit):
    for utility in (KeptFacts(token_price=1e-4), lambda outcome: outcome.kept_infused**0.5):
        verification = verify(decide(fit, 98_304, utility=utility, sensitivity=False), target_runs())
        assert verification.kept.best_is_inside
        assert verification.optimum_hit is None


def test_runs_at_the_safe_end_of_a_bound_are_at_the_choice(fit):
    decision = decide(HandMadeFit(curves=amount_curves(levels=(62, 80, 100))), 98_304, sensitivity=False)
    verification = verify(decision, target_runs(levels=(100, 2_000, 4_000)))
    assert verification.choice == 100
    assert verification.at_choice.runs == 2
    assert verification.kept.given_up_at(verification.choice) > 0


def test_runs_that_left_out_a_group_keep_no_known_number_of_facts():
    runs = mixed_curves("ratio", sizes=(98_304,), ratios=(0.3, 0.5, 0.7), seeds=(0,))
    asked = runs.probed.where((runs.ratio != 0.5) | (runs.group != "background"), 0)
    about = AXES["ratio"], 1.0
    whole, part = (
        _kept_by_level(*about, each)
        for each in (runs, runs.assign(probed=asked, recalled=np.minimum(asked, runs.recalled)))
    )
    assert part.infusions == (whole.infusions[0], whole.infusions[2])
    assert part.facts == (whole.facts[0], whole.facts[2])
    none = _kept_by_level(
        *about, runs.assign(probed=runs.probed.where((runs.ratio > 0.4) == (runs.group == "infused"), 0))
    )
    assert none.facts == ()
    assert none.given_up_at(0.3) is None
    assert not none.best_is_inside


def test_a_verification_is_shown_in_one_line(fit):
    verification = verify(predict(fit, 98_304), target_runs())
    assert repr(verification).startswith(
        "<Verification for 98,304 parameters, 1,843,200 tokens: hit, collapse measured"
    )
    assert len(repr(verification)) < 150
    assert len(repr(verification.measured)) < 150
