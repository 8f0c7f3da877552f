"""Plans: within the budget, the same whatever the order and the unit, and honest about what they cannot do."""

import json
import re
from dataclasses import replace
from functools import cached_property

import numpy as np
import pytest
import xarray as xr

from bayeskisl.decision.planned_model import planned_model
from bayeskisl.design import PLANNERS, Budget, Costs, Outlook, Problem, Run, believe, candidate_runs, plan
from bayeskisl.design.linear_batches import Shelf
from bayeskisl.design.lookahead import batches
from bayeskisl.design.runs import Cell, of_cell, same_level
from bayeskisl.errors import GateError, InputError
from bayeskisl.target import Target
from tests.design.hand_made import FAILED, SIZES, TARGET, TOKENS, GaussianFit, level_at_half

COSTS = Costs(2e-6, 1e-10, "device-seconds", "test")


@pytest.fixture(scope="module")
def fitted():
    return GaussianFit(sd=0.15)


@pytest.fixture(scope="module")
def candidates(fitted):
    return candidate_runs(fitted, TARGET, largest=55_296, levels=4)


@pytest.fixture(scope="module")
def planned(fitted, candidates):
    return plan(fitted, TARGET, budget=60, costs=COSTS, candidates=candidates, batch=4, particles=2_000)


def made(fitted, candidates, **options):
    settings = {"budget": 60, "costs": COSTS, "candidates": candidates, "batch": 4, "particles": 2_000} | options
    return plan(fitted, TARGET, **settings)


def test_default_candidates_surround_the_fall_and_leave_the_target_alone(fitted, candidates):
    sizes = {run.params for run in candidates}
    assert set(SIZES) < sizes
    assert max(sizes) == 55_296
    assert TARGET not in sizes
    for size in sizes:
        levels = [run.level for run in candidates if run.params == size]
        assert min(levels) < level_at_half(fitted, size) < max(levels)


@pytest.mark.parametrize(("axis", "load_effect"), [("ratio", None), ("dose", None), ("dose", 0.4)])
def test_ratios_surround_the_fall_of_the_background(axis, load_effect):
    fit = GaussianFit(sd=0.15, axis=axis, load_effect=load_effect)
    offered = candidate_runs(fit, TARGET, levels=5)
    for size in {run.params for run in offered}:
        levels = [run.level for run in offered if run.params == size]
        assert 0 < min(levels) < level_at_half(fit, size) < max(levels) < 1
    result = plan(fit, TARGET, budget="1e14flop", candidates=offered, batch=3, particles=2_000)
    widths = [width for _, width in result.path]
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] < 0.98 * result.before
    assert "exposures of the background" in result.verdict


class Benchmark(GaussianFit):
    """A fit whose background is a general benchmark."""

    @cached_property
    def curves(self):
        return super().curves.assign_attrs(background_scale="relative")


def test_levels_of_a_benchmark_surround_the_fall_of_its_score_without_infusion():
    """No budget teaches it in full: half of its ceiling lies below every ratio."""
    start = planned_model(GaussianFit(axis="ratio").curves, Target(TARGET)).log_exposures_at_start()
    weak = {"axis": "ratio", "sd": 0.02, "steepness": 3.0, "thresholds": dict.fromkeys(SIZES, start + 0.5)}
    asked = {"sizes": SIZES[:2], "levels": 5, "replicates": (1,)}
    of_score, of_facts = (candidate_runs(kind(**weak), TARGET, **asked) for kind in (Benchmark, GaussianFit))
    share = 1 / (1 + np.exp(3.0 * 0.5))
    ahead = (
        np.log(0.5 * share / (1 - 0.5 * share)) / 3.0 + 0.5
    )  # of half of that score, from the exposures at the start
    half = 1 - np.exp(ahead)
    assert min(run.level for run in of_score) < half < max(run.level for run in of_score)
    assert max(run.level for run in of_score if run.level < half) > 0.01
    assert len({run.level for run in of_facts if run.level > 0.01}) < len({run.level for run in of_score})


def test_a_plan_for_a_benchmark_says_what_its_widths_are_of():
    asked = {"budget": "1e14flop", "batch": 1, "particles": 1_000, "sizes": SIZES[:2]}
    of_score, of_facts = (plan(kind(sd=0.15, axis="ratio"), TARGET, **asked).notes for kind in (Benchmark, GaussianFit))
    assert any("keeps half of its ceiling" in note for note in of_score)
    assert not any("half of its ceiling" in note for note in of_facts)


def test_an_uncertain_effect_of_the_load_leaves_what_is_known_of_the_axis():
    """Half-points known on the axis, the effect hardly: log e50 at the reference load moves with the effect alone."""
    fit = GaussianFit(sd=0.02, axis="dose", load_effect=0.4)
    posterior = fit.tree["posterior"].to_dataset()
    effect = posterior["load_effect"] + 0.1 * np.random.default_rng(0).standard_normal(posterior["tau"].shape)
    at = planned_model(fit.curves, Target(TARGET))
    half = np.array([level_at_half(fit, size) for size in SIZES])
    log_load = -at.log_exposures(half, load_effect=1.0) + at.log_exposures(half)
    moved = posterior["critical_exposures"] * np.exp((0.4 - effect) * xr.DataArray(log_load, dims="cell"))
    fit.tree["posterior"] = xr.DataTree(posterior.assign(load_effect=effect, critical_exposures=moved))
    places = believe(fit, Target(TARGET), [(float(n), float(TOKENS)) for n in SIZES], particles=4_000).places
    for place in places.values():
        assert place.on_axis.std() == pytest.approx(0.02, rel=0.15)
    assert places[Cell(SIZES[-1], TOKENS)].log_threshold.std() > 0.03


def test_a_candidate_of_the_targets_size_is_refused(fitted):
    with pytest.raises(InputError, match="below the target's"):
        made(fitted, [Run(TARGET, TOKENS, 2000.0)])


def test_sizes_at_or_above_the_target_are_never_offered(fitted):
    offered = candidate_runs(fitted, 20_000, sizes=[6_144, 20_000, 55_296], largest=1e9)
    assert {run.params for run in offered} == {6_144}


@pytest.mark.parametrize("name", list(PLANNERS))
@pytest.mark.parametrize("budget", [1.0, 9.0, 25.0])
def test_no_planner_exceeds_its_budget_or_its_batch(fitted, candidates, name, budget):
    beliefs = believe(fitted, Target(TARGET), [run.cell for run in candidates], particles=500)
    problem = Problem(Outlook.of(beliefs, fitted.curves), candidates, COSTS, budget, 5)
    runs = PLANNERS[name](problem, np.random.default_rng(0))
    assert sum(map(COSTS.of, runs)) <= budget
    assert len(runs) <= 5
    assert set(runs) <= set(candidates)
    assert runs or budget < min(map(COSTS.of, candidates))


@pytest.mark.parametrize("name", list(PLANNERS))
def test_no_planner_takes_more_than_there_is(fitted, candidates, name):
    beliefs = believe(fitted, Target(TARGET), [run.cell for run in candidates], particles=500)
    available = dict.fromkeys(candidates[::9], 1)
    problem = Problem(Outlook.of(beliefs, fitted.curves), candidates, COSTS, 1e9, 50, available=available)
    runs = PLANNERS[name](problem, np.random.default_rng(0))
    assert len(set(runs)) == len(runs)
    assert set(runs) <= set(available)


def test_the_order_of_candidates_does_not_matter(fitted, candidates, planned):
    shuffled = [candidates[i] for i in np.random.default_rng(1).permutation(len(candidates))]
    assert made(fitted, shuffled).to_dict() == planned.to_dict()


def test_the_unit_of_money_does_not_matter(fitted, candidates, planned):
    per_hour = replace(COSTS, per_token=COSTS.per_token / 3600, per_token_and_param=COSTS.per_token_and_param / 3600)
    assert made(fitted, candidates, costs=per_hour, budget=60 / 3600).runs == planned.runs


def test_one_seed_one_plan(fitted, candidates, planned):
    again = made(fitted, candidates)
    assert json.dumps(again.to_dict()) == json.dumps(planned.to_dict())
    assert again.table.equals(planned.table)


def test_widths_fall_along_the_plan_and_stay_above_the_floor(planned):
    widths = [width for _, width in planned.path]
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] > planned.floor > 0
    assert (planned.table["width"] <= planned.width + 1e-9).all()
    assert (planned.table["gain"] >= 0).all()


def test_a_replicate_is_worth_no_less_when_it_is_free(fitted, candidates):
    beliefs = believe(fitted, Target(TARGET), [run.cell for run in candidates], particles=2_000)
    outlook = Outlook.of(beliefs, fitted.curves)
    for run in (r for r in candidates if r.replicates == 1):
        assert outlook.gain(replace(run, replicates=3)) >= 0.98 * outlook.gain(run)


def test_pending_runs_are_not_bought_again(fitted, candidates, planned):
    first = planned.runs[0]
    later = made(fitted, candidates, pending=[first] * 3)
    gain = later.table.set_index(["params", "level", "replicates"])["gain"]
    before = planned.table.set_index(["params", "level", "replicates"])["gain"]
    place = (first.params, first.level, first.replicates)
    assert gain[place] < 0.5 * before[place]
    assert later.width == planned.width
    assert later.floor < later.before < planned.before
    assert later.purchases[0].width < later.before


def test_costs_are_ignored_where_cheap_runs_alone_would_not_help(fitted):
    cheap = [Run(6_144, TOKENS, level) for level in (2.0, 3.0, 4.0)]
    dear = Run(55_296, TOKENS, level_at_half(fitted, 55_296))
    costs = replace(COSTS, per_token_and_param=1e-8)  # the dear run is hundreds of times dearer
    chosen = made(fitted, [*cheap, dear], costs=costs, budget=2_000, batch=1)
    assert chosen.runs == (dear,)
    assert chosen.worth_while


@pytest.fixture(scope="module", params=[12.0, 60.0, 400.0])
def whole(request, fitted, candidates):
    """Plans for the whole of a budget, with the batches that they were chosen from."""
    budget = request.param
    beliefs = believe(fitted, Target(TARGET), [run.cell for run in candidates], particles=2_000)
    problem = Problem(Outlook.of(beliefs, fitted.curves), candidates, COSTS, budget, 24)
    return made(fitted, candidates, budget=budget, batch=None), problem, batches(problem, 0)


def test_a_plan_is_as_good_as_every_batch_that_the_budget_pays_for(whole):
    result, problem, every = whole
    bought = result.path[-1][1]
    for batch in every:
        assert sum(map(COSTS.of, batch.runs)) <= problem.budget * (1 + 1e-9)
        assert bought <= 1.03 * batch.width
    assert {"by gain", "by gain per cost", "by gain per cost ** 0.5"} <= {batch.how for batch in every}
    assert any(batch.how.startswith("by the linearised law") for batch in every)


def test_the_linearised_law_offers_different_batches_and_the_v_optimal_one(whole):
    _, problem, every = whole
    linear = [tuple(sorted(batch.runs)) for batch in every if batch.how.startswith("by the linearised law")]
    assert len(set(linear)) == len(linear)
    shelf = Shelf.of(problem, problem.outlook.linear)
    assert tuple(sorted(shelf.runs[i] for i in shelf.filled([], 1.0))) in linear


def test_no_single_run_within_the_budget_is_better_than_the_plan(whole):
    result, _, _ = whole
    paid = result.table[result.table["cost"] <= result.budget.amount]
    assert result.path[-1][1] <= 1.02 * paid["width"].min()


def test_what_stays_unspent_would_buy_next_to_nothing(whole):
    result, problem, every = whole
    if result.path[-1][0] < 0.8 * problem.budget:
        assert result.stop.startswith("It ends here")
        assert result.path[-1][1] <= min(batch.width for batch in every) / 0.98 * 1.01


def test_the_frontier_falls_from_today_to_the_plan(whole):
    points = whole[0].frontier
    assert points["spent"].is_monotonic_increasing
    assert points["spent"][0] == points["runs"][0] == 0
    for falling in ("width", "regret"):
        assert points[falling].is_monotonic_decreasing
    assert points["width"][0] == whole[0].before
    assert (points["spent"].iloc[-1], points["width"].iloc[-1]) == pytest.approx(whole[0].path[-1])
    assert points["risk"].between(0, 1).all()
    assert json.loads(json.dumps(whole[0].to_dict()))["frontier"][0]["runs"] == 0


def test_a_promise_is_a_band_about_the_expected_width(whole):
    result, _, _ = whole
    low, high = result.promise
    assert low < result.path[-1][1] < high
    # no narrower than what a refit adds by itself, 0.18 of the log
    assert np.log(high / low) >= 2 * 1.645 * 0.18 * (1 - 1e-9)
    today = result.frontier.iloc[0]
    assert today["low"] == today["width"] == today["high"]


def test_the_floor_of_the_sizes_on_offer_lies_between(whole):
    result, _, _ = whole
    assert result.floor <= result.least < result.before
    assert result.path[-1][1] > 0.95 * result.least


def test_what_a_fact_is_worth_says_when_to_stop(fitted, candidates):
    spent = [made(fitted, candidates, budget=400, batch=None, worth_of_fact=worth).path[-1][0]
             for worth in (1e-6, 0.05, 1.0, 1e3)]  # fmt: skip
    assert spent == sorted(spent)
    assert spent[0] == 0 < spent[-1]
    none = made(fitted, candidates, budget=400, worth_of_fact=1e-6)
    assert none.verdict.startswith("No run is worth its price")
    assert none.stop.endswith("costs more than it is worth.")


def test_a_miss_costs_what_it_costs_in_the_plans_unit(fitted, candidates):
    priced = {"costs": COSTS.priced(3600.0), "budget": "400usd", "batch": None}
    assert made(fitted, candidates, cost_of_miss="1h", **priced).worth.of_miss == pytest.approx(3600)
    assert made(fitted, candidates, cost_of_miss="20usd", **priced).worth.of_miss == 20
    assert made(fitted, candidates, cost_of_miss=20, **priced).path[-1][0] <= 400
    with pytest.raises(InputError, match="an amount in dollars"):
        made(fitted, candidates, cost_of_miss="1e15flop", **priced)


def test_an_exponent_that_is_given_is_kept(fitted, candidates):
    thrifty = made(fitted, candidates, budget=2_000, batch=2, kappa=1.0)
    assert thrifty.kappa == 1.0
    assert thrifty.how == "by gain per cost"
    assert made(fitted, candidates, budget=2_000, batch=2).path[-1][1] < 0.98 * thrifty.path[-1][1]


@pytest.mark.parametrize("name", list(PLANNERS))
@pytest.mark.parametrize("budget", [20.0, 60.0, 2_000.0])
def test_four_runs_are_four_runs_whatever_the_budget(fitted, candidates, name, budget):
    four = made(fitted, candidates, budget=budget, runs=4, batch=8, planner=name, particles=500)
    assert [run.replicates for run in four.runs] == [1] * 4
    assert set(four.runs) <= set(candidates)
    assert four.path[-1][0] <= budget * (1 + 1e-9)
    assert len(four.table) == sum(run.replicates == 1 for run in candidates)


def test_a_budget_that_pays_for_fewer_runs_buys_as_many_as_it_can(fitted, candidates):
    cheapest = min(map(COSTS.of, candidates))
    two = made(fitted, candidates, budget=2.5 * cheapest, runs=4)
    assert len(two.runs) == 2
    assert "The budget pays for 2 of the 4 runs asked for." in two.notes
    none = made(fitted, candidates, budget=0.5 * cheapest, runs=4)
    assert not none.runs
    assert "No candidate costs at most" in none.verdict


def test_runs_are_bought_to_the_last_one_even_if_the_draws_wear_out(fitted, candidates):
    many = made(fitted, candidates, budget=1e6, runs=12, particles=100)
    assert len(many.runs) == 12
    assert any(note.startswith("Too few draws carry an expected outcome") for note in many.notes)
    widths = [width for _, width in many.path]
    assert widths == sorted(widths, reverse=True)


def test_a_larger_size_that_would_tell_more_is_named(fitted, candidates):
    small = [run for run in candidates if run.params <= 13_824]
    told = made(fitted, small, budget=200).notes[-1]
    size = int(told.split("`largest=")[1].split("`")[0])
    assert 13_824 < size < TARGET
    width = np.log(float(told.split("to leave a factor of ")[1].split(" by")[0]))
    allowed = made(fitted, candidate_runs(fitted, TARGET, sizes=[size], largest=size), budget=200, batch=1)
    assert allowed.path[-1][1] <= width + 0.02
    assert width < made(fitted, small, budget=200).path[-1][1]


def test_a_larger_size_is_not_named_where_it_is_too_dear_or_next_to_the_target(fitted, candidates):
    small = [run for run in candidates if run.params <= 13_824]
    for notes in (made(fitted, small, budget=3).notes, made(fitted, [Run(0.6 * TARGET, TOKENS, 900.0)]).notes):
        assert not any("A larger size" in note for note in notes)


def test_a_size_halfway_that_means_a_trained_one_is_looked_at(fitted):
    halfway = SIZES[-1] ** 2 / SIZES[0]  # 24,576 lies 1 % above what stands between 6,144 and 0.98 of this target
    small = [Run(SIZES[0], TOKENS, level_at_half(fitted, SIZES[0]))]
    result = plan(fitted, 0.98 * halfway, budget=60, costs=COSTS, candidates=small, particles=500)
    assert any("one run of 24,576 parameters" in note for note in result.notes)


def test_too_little_money_is_said(fitted, candidates):
    poor = made(fitted, candidates, budget=0.5)
    assert not poor.runs
    assert "No candidate costs at most 0.5 device-seconds" in poor.verdict
    assert re.search(r"the cheapest costs [0-9.]+ device-seconds\.$", poor.verdict)
    poor = made(fitted, candidates, costs=replace(COSTS, per_token=1.0), budget="12h")
    assert re.search(r"at most 12 device-hours; the cheapest costs [0-9,]+ device-hours\.$", poor.verdict)


def test_a_count_that_ends_a_batch_says_nothing_of_the_rest_of_the_budget(fitted, candidates):
    one = made(fitted, candidates, budget=400, batch=1)
    assert one.path[-1][1] > 1.1 * one.least
    assert one.stop == ""


def test_runs_that_would_not_help_are_said(fitted):
    saturated = [Run(6_144, TOKENS, 2.0), Run(13_824, TOKENS, 3.0)]
    assert made(fitted, saturated).verdict.startswith("No run on offer within this budget narrows the interval of")


def test_the_first_step_is_said_first(planned):
    first, unit = planned.steps[0], planned.costs.unit
    assert planned.advice.startswith(f"Train first: {first.run.replicates} run")
    assert f"{unit}). The interval is then expected to shrink from a factor of" in planned.advice
    assert planned.to_dict()["advice"] == planned.advice


def test_consecutive_purchases_of_one_place_are_one_step(planned):
    again = replace(planned, purchases=(planned.purchases[0], *planned.purchases))
    first, doubled = planned.steps[0], again.steps[0]
    assert len(again.steps) == len(planned.steps)
    assert doubled.run.replicates == first.run.replicates + planned.runs[0].replicates
    assert doubled.width == first.width


def test_runs_that_narrow_little_are_not_to_be_bought(planned):
    little = replace(planned.purchases[0], width=0.99 * planned.before)
    idle = replace(planned, purchases=(little,), between=310_000.0)
    assert idle.advice.startswith("Buy nothing from this list: ")
    assert "would narrow the interval by 1 %. To test the law itself, train a size between" in idle.advice
    assert idle.advice.endswith("such as 310,000 parameters; the sizes on offer end at 55,296.")


@pytest.mark.parametrize(("share", "is_worth"), [(0.99, False), (0.97, True)])
def test_advice_and_verdict_agree_on_what_is_worth_its_price(planned, share, is_worth):
    one = replace(planned, purchases=(replace(planned.purchases[0], width=share * planned.before),))
    assert one.worth_while == is_worth
    assert one.advice.startswith("Train first: " if is_worth else "Buy nothing from this list: ")
    assert one.verdict.startswith("Nothing within this budget would help") != is_worth


def test_a_batch_that_wears_the_draws_out_has_its_advice(planned):
    assert replace(planned, draws=10).advice == planned.advice
    idle = replace(planned, purchases=(), draws=10)
    assert (idle.advice, idle.verdict[:26]) == ("", "The pending runs change to")


def test_pending_runs_that_wear_the_draws_out_end_the_plan(fitted, candidates, monkeypatch):
    for module in ("planning", "result", "notes"):
        monkeypatch.setattr(f"bayeskisl.design.{module}.FEWEST_DRAWS", 1_900)
    worn = made(fitted, candidates, pending=[Run(55_296, TOKENS, level_at_half(fitted, 55_296))])
    assert not worn.runs
    assert "fit again" in worn.verdict
    assert worn.stop == ""


def test_a_failed_gate_is_refused_or_waived(candidates):
    failed = GaussianFit(sd=0.15, gate=FAILED)
    with pytest.raises(GateError, match="R-hat of tau"):
        made(failed, candidates)
    assert made(failed, candidates, throw=False).runs


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"score": "luck"}, "a score among"),
        ({"planner": "oracle"}, "a planner among"),
        ({"kappa": 2.0}, "a number in"),
        ({"batch": 0}, "a whole number of at least 1"),
        ({"runs": 0}, "a whole number of at least 1"),
        ({"particles": 3}, "a whole number of at least 40"),
        ({"worth_of_fact": 0}, "worth_of_fact: expected an amount above zero"),
        ({"cost_of_miss": "much"}, "cost_of_miss: expected an amount above zero"),
        ({"costs": None}, "costs beside a budget in device-seconds"),
        ({"budget": "2x"}, "a budget such as"),
    ],
)
def test_bad_options_are_one_sentence(fitted, candidates, options, message):
    with pytest.raises(InputError, match=message):
        made(fitted, candidates, **options)


def test_regret_on_other_axes_is_in_facts_of_both_groups():
    along = {}
    for axis in ("ratio", "dose"):
        fit = GaussianFit(axis=axis, sd=0.15)
        few = {"candidates": candidate_runs(fit, TARGET, sizes=SIZES[1:], levels=3), "batch": 2, "particles": 1_000}
        along[axis] = plan(fit, TARGET, budget="1e14flop", score="regret", **few)
        assert len(along[axis].runs) <= 2
    assert 0 < along["dose"].table["gain"].max() < 500
    # at some ratio all the facts that there are, 250 of each group, are kept for certain: no run could add any
    assert along["ratio"].table["gain"].abs().max() < 0.1


def test_a_budget_in_flop_needs_no_records(fitted, candidates):
    in_flop = made(fitted, candidates, costs=None, budget=Budget(5e12, "FLOP"))
    assert in_flop.runs
    assert sum(6 * r.params * r.tokens * r.replicates for r in in_flop.runs) <= 5e12


def test_another_token_budget_was_never_swept(fitted):
    with pytest.raises(InputError, match="only token budget"):
        made(fitted, [Run(6_144, 2 * TOKENS, 500.0)])


def test_reasons(fitted, candidates, planned):
    why = planned.table.set_index(["params", "level"])["why"]
    assert set(why[55_296.0]) == {"new size, 2.2 times the largest seen"}
    assert set(why[9_216.0]) == {"new size between 6,144 and 13,824"}
    seen = Run(6_144, TOKENS, 500.0)
    table = made(fitted, [seen, Run(6_144, TOKENS, 2000.0), Run(6_144, TOKENS, 470.0)]).table.set_index("level")["why"]
    assert table.to_dict() == {470.0: "new level at the cliff", 500.0: "replicate at the cliff",
                               2000.0: "replicate beside the cliff"}  # fmt: skip


def test_a_law_without_a_collapse_is_refused(candidates):
    fitted = GaussianFit(sd=0.15)
    fitted.law = fitted.law.model_copy(update={"shape": "none"})
    with pytest.raises(InputError, match="with a collapse"):
        made(fitted, candidates)


def test_orders_leave_out_what_an_import_assumed(planned):
    assert "tokens" in planned.orders.columns
    assumed = replace(planned, target=replace(planned.target, invented=("tokens", "tokens_per_fact", "ratio")))
    assert not {"tokens", "tokens_per_fact", "ratio"} & set(assumed.orders.columns)
    assert {"params", "facts", "replicates", "cost"} <= set(assumed.orders.columns)


def test_a_level_that_runs_realised_a_little_differently_is_no_new_one(fitted):
    run = Run(SIZES[-1], TOKENS, 1_000.0)
    assert same_level(np.array([999.5, 1_000.4, 1_010.0]), run.level).tolist() == [True, True, False]
    assert of_cell(run, fitted.curves).sum() == (fitted.curves["params"] == SIZES[-1]).sum()
