"""Two sides: where recall of the infused facts and what is kept of the background hold together."""

import json
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from bayeskisl.cli.options import by_group
from bayeskisl.decision import Criterion, decide, decision_summary, load_decision
from bayeskisl.decision.criterion import Levels
from bayeskisl.decision.half_point import _half_points
from bayeskisl.decision.planned_model import of_target
from bayeskisl.decision.prediction import Options, forecast, predict
from bayeskisl.decision.prospect import kept_at_start, kept_uninfused
from bayeskisl.decision.two_sides import Sides, window_of
from bayeskisl.errors import InputError
from bayeskisl.laws import load_law
from bayeskisl.quantities import three_digits
from bayeskisl.reporting import describe_decision, plot_decision
from bayeskisl.reporting.text import answer, headline
from bayeskisl.reporting.text.predictions import with_interval
from bayeskisl.target import Target
from tests.decision.hand_made import HandMadeFit, MixedFit, amount_curves, extrapolate, mixed_curves


def quick(made, **options):
    return decide(made, 98_304, **{"sensitivity": False, **options})


@pytest.fixture
def ratio(fit):
    return MixedFit(curves=mixed_curves("ratio"))


@given(
    st.lists(st.tuples(st.floats(0.01, 0.9), st.floats(0.01, 0.9)), min_size=5, max_size=60),
    st.sampled_from([0.5, 0.8, 0.95]),
)
@settings(max_examples=60, deadline=None)
def test_a_window_is_what_counting_on_a_fine_grid_finds(pairs, probability):
    enough, most = (np.array(each) for each in zip(*pairs, strict=True))
    window = window_of(Sides(enough, most), 0.005, 0.95, probability)
    grid = np.unique(np.concatenate([np.linspace(0.005, 0.95, 400), enough, most]))
    share = ((enough <= grid[:, None]) & (grid[:, None] <= most)).mean(axis=1)
    assert window.probability == pytest.approx(share.max())
    assert window.is_empty == (share.max() < probability)
    if not window.is_empty:
        inside = (window.low <= grid) & (grid <= window.high)
        assert (share[inside] >= probability).all()


def test_in_the_range_both_levels_hold_with_the_stated_probability(ratio):
    decision = quick(ratio, keep={"infused": 0.9, "background": 0.95}, risk=0.1)
    window, data = decision.window, decision.data
    assert decision.levels == {"infused": 0.9, "background": 0.95}
    assert 0 < window.low < window.best < window.high < 1
    for place in (window.low, window.high):
        assert float(np.interp(place, data.infusion, data.both_hold)) >= 0.88
    wider = quick(ratio, keep={"infused": 0.8, "background": 0.9}).window
    assert wider.low < window.low
    assert wider.high > window.high


def test_the_range_is_the_headline_of_every_output(ratio, tmp_path):
    decision = quick(ratio, keep={"infused": 0.9, "background": 0.95})
    assert " to " in headline(decision)
    assert headline(decision) in answer(decision)
    assert "90 % of the infused and 95 % of the background facts that it could hold at best" in answer(decision)
    assert f"both sides: {answer(decision)}" in describe_decision(decision)
    found = decision_summary(load_decision(decision.save(tmp_path / "decision.nc")))
    assert found["both_sides"]["range"] == [decision.window.low, decision.window.high]
    assert found["choice"]["keep"] == {"infused": 0.9, "background": 0.95}
    assert "both sides hold" in {text.get_text() for text in plot_decision(decision).axes[0].get_legend().get_texts()}


def test_an_empty_range_says_what_would_have_to_give(fit):
    made = MixedFit(curves=mixed_curves("ratio"), halves={"infused": 4_000, "background": 900})
    decision = quick(made)
    assert decision.window.is_empty
    gives = decision.would_have_to_give
    assert gives["risk"] == pytest.approx(1 - decision.window.probability)
    assert set(gives) == {"risk", "keep", "facts"}
    for group, level in gives["keep"].items():
        assert not quick(made, keep={group: level}).window.is_empty
    assert not quick(made, facts=gives["facts"], prior_driven=True).window.is_empty
    said = describe_decision(decision)
    assert "no ratio holds both levels" in said
    assert "to give, each by itself: a risk of " in said
    json.dumps(decision_summary(decision), allow_nan=False)


def test_a_limit_that_ends_before_the_range_is_what_has_to_give(ratio):
    whole, limited = quick(ratio), quick(ratio, at_most=0.01)
    assert limited.window.is_empty
    assert limited.would_have_to_give["at_most"] == pytest.approx(whole.window.low)
    assert headline(limited) == "no ratio up to your limit of 0.01 holds both levels"
    caveat = next(caveat for caveat in limited.caveats if caveat.code == "limit_too_low")
    assert caveat.weight == "care"
    assert "raise `at_most` above" in caveat.remedy
    assert f"a limit of {three_digits(whole.window.low, up=True)} of the tokens" in describe_decision(limited)


def test_a_share_of_all_facts_is_dearer_than_one_of_the_ceiling(ratio, fit, monkeypatch):
    """A ceiling of .995: 90 % of all facts is 90.5 % of what could be known."""
    relative, absolute = (quick(ratio, keep_of=of) for of in ("ceiling", "facts"))
    assert absolute.choice.value < relative.choice.value
    assert "of all background facts" in describe_decision(absolute)
    assert "that it could hold at best" not in answer(absolute)


def test_a_background_that_no_budget_teaches_in_full_is_held_to_its_level_without_infusion(fit, tmp_path):
    dear = MixedFit(curves=mixed_curves("ratio"), halves={"infused": 100.0, "background": 2_000.0})
    asked = {"keep": {"background": 0.95}, "at_most": 0.9}
    assert quick(dear, **asked).choice.is_bound  # almost no infusion leaves the background below its level
    decision = quick(dear, **asked, keep_of="uninfused")
    assert 0 < decision.choice.value < 0.1
    whole = decision.about.kept_uninfused
    assert 0.1 < whole < 0.95
    kept = decision_summary(load_decision(decision.save(tmp_path / "decision.nc")))["choice"]
    assert (kept["keep_of"], kept["kept_uninfused"]) == ("uninfused", whole)
    said = describe_decision(decision)
    assert "95 % of the background facts that it would hold without infusion" in said
    assert "90 % of the infused facts that it could hold at best" in said


@pytest.fixture
def benchmark():
    """A fit whose background is a general benchmark, which no budget of the sweep teaches in full."""
    curves = mixed_curves("ratio").assign_attrs(background_scale="relative")
    return MixedFit(curves=curves, halves={"infused": 100.0, "background": 2_000.0})


def test_levels_of_a_benchmark_refer_to_its_score_without_infusion_unless_another_reference_is_stated(fit, benchmark):
    decision = quick(benchmark, keep={"background": 0.95}, at_most=0.9)
    assert decision.about.keep_of == "uninfused"
    assert 0 < decision.choice.value < 0.1
    assert predict(benchmark, 98_304).attrs["keep_of"] == "uninfused"
    asked = quick(benchmark, keep={"background": 0.95}, at_most=0.9, keep_of="ceiling")
    assert (asked.about.keep_of, asked.choice.is_bound) == ("ceiling", True)
    assert quick(MixedFit(curves=mixed_curves("ratio"))).about.keep_of == "ceiling"


def test_where_the_ratio_stays_levels_of_a_benchmark_refer_to_the_fewest_facts_unless_its_base_score_is_known(fit):
    """Every run has lost the same share of the corpus, and the level without any would allow nothing."""
    curves = mixed_curves("amount").assign_attrs(background_scale="relative")
    there = Target(98_304, hold={"ratio": 0.5})
    _, planned = of_target(MixedFit(curves=curves), there)
    assert (planned.benchmarks, planned.usual_reference, planned.of_start) == (
        ("background",),
        "fewest",
        ("background",),
    )
    scored = xr.full_like(curves.guessing, np.nan).where(curves.group == "infused", 0.9)
    _, told = of_target(MixedFit(curves=curves.assign(uninfused=scored)), there)
    assert (told.usual_reference, told.of_start) == ("uninfused", ())


@pytest.fixture
def loaded():
    """A fit along an amount at a ratio of 0.5 whose benchmark loses by the number of facts alone."""
    curves = mixed_curves("amount").assign_attrs(background_scale="relative")
    limits, law = load_law("limits"), load_law("collapse")
    priors = law.priors.model_copy(update={"load_effect": limits.priors.load_effect})
    of_load = law.model_copy(update={"load": limits.load, "priors": priors})
    made = MixedFit(curves=curves, halves={"infused": 1.0, "background": 2_000.0}, load_effect=0.5, law=of_load)
    return made, {"hold": {"ratio": 0.5}}


def test_a_benchmark_along_an_amount_is_held_to_what_it_keeps_with_few_facts_at_the_same_ratio(fit, loaded, tmp_path):
    made, there = loaded
    decision = quick(made, keep={"background": 0.95}, **there)
    assert decision.about.keep_of == "fewest"
    assert decision.choice.value > 1
    said = describe_decision(decision)
    assert "95 % of the background score that it would hold with few infused facts" in said
    assert "background facts that" not in said
    risks = decision.risk_at([1, decision.choice.value, 1e5])
    assert risks[0] < risks[1] < risks[2]
    read = load_decision(decision.save(tmp_path / "decision.nc"))
    assert read.about.kept_uninfused == decision.about.kept_uninfused < 0.95
    assert quick(made, keep={"background": 0.95}, keep_of="ceiling", **there).choice.is_bound


def test_few_facts_at_the_same_ratio_keep_less_than_no_infusion(fit, loaded):
    made, there = loaded
    _, planned = of_target(made, Target(98_304, **there))
    prospect = forecast(made, planned, Levels(of="fewest"), Options()).prospect
    fall, few = prospect.falls["background"], np.full((1, 1), 1e-6)
    with_few = prospect.share_of_ceiling("background", few)[:, 0]
    np.testing.assert_allclose(kept_at_start(fall, planned), with_few, rtol=1e-3)
    assert (kept_at_start(fall, planned) < kept_uninfused(fall, planned)).all()
    there = prospect.share_of_ceiling("background", prospect.keeping(0.5, "background")[:, None])[:, 0]
    np.testing.assert_allclose(there, 0.5 * kept_at_start(fall, planned), rtol=1e-6)


def test_a_level_with_the_fewest_facts_needs_an_amount(fit, benchmark):
    with pytest.raises(InputError, match="expected curves along an amount, where the ratio stays, got those along the "
                                         "ratio; ask for `keep_of='uninfused'`"):  # fmt: skip
        quick(benchmark, keep_of="fewest")


def test_next_to_no_infusion_costs_a_benchmark_nothing(fit, benchmark):
    """The luck of a single run is the same with and without infusion, so that the risk begins at none."""
    decision = quick(benchmark, keep={"background": 0.95}, at_most=0.9)
    risks = decision.risk_at([1e-6, 0.1, 0.8])
    assert risks[0] == 0
    assert risks[0] < risks[1] < risks[2]


def test_runs_that_lost_what_a_level_allows_measure_the_choice_though_none_lost_half(fit, benchmark):
    """A benchmark seldom loses half; a level of 95 % lies inside the levels that were swept all the same."""
    gentle = benchmark.curves.copy()
    group = gentle.get_index("group").get_loc("background")
    lost = 0.3 * gentle.ratio.values / gentle.ratio.values.max()
    recalled = gentle.recalled.values.copy()
    recalled[:, group] = np.round((1 - lost) * 0.4 * gentle.probed.values[:, group])
    made = MixedFit(curves=gentle.assign(recalled=(gentle.recalled.dims, recalled)), halves=benchmark.halves)
    for level, bound in ((0.95, False), (0.6, True)):
        decision = quick(made, keep={"background": level}, at_most=0.9)
        edge = next(caveat for caveat in decision.caveats if caveat.code == "no_collapse")
        assert (edge.concerns == "choice", decision.choice.is_bound) == (bound, bound)


def test_a_benchmark_collapses_where_half_of_its_score_without_infusion_is_lost(fit, benchmark):
    _, planned = of_target(benchmark, Target(98_304))
    found = forecast(benchmark, planned, Levels(), Options())
    prospect, without = found.prospect, np.full((1, 1), 1e-12)
    collapse = found.ahead["collapse"].values.ravel()
    assert (collapse > 0).all()
    there = prospect.share_of_ceiling("background", collapse[:, None])
    np.testing.assert_allclose(there, 0.5 * prospect.share_of_ceiling("background", without), rtol=1e-6)
    half_of_ceiling = forecast(benchmark, replace(planned, benchmarks=()), Levels(), Options()).ahead["collapse"]
    assert np.median(half_of_ceiling) < np.median(collapse)


def test_a_backtest_and_a_prediction_expect_one_half_point_of_a_benchmark(fit, benchmark):
    _, planned = of_target(benchmark, Target(98_304))
    ahead = extrapolate(benchmark, planned.params, planned.tokens, kind="mean")
    log_exposures = _half_points(ahead, planned)
    of_cell = forecast(benchmark, planned, Levels(), Options()).ahead["collapse_of_cell"].values.ravel()
    expected = np.quantile(planned.infusion(log_exposures), [0.1, 0.5, 0.9])
    np.testing.assert_allclose(np.quantile(of_cell, [0.1, 0.5, 0.9]), expected, rtol=0.05)


def test_at_the_level_relative_to_no_infusion_every_draw_keeps_that_share_of_it(fit):
    made = MixedFit(curves=mixed_curves("ratio"))
    _, planned = of_target(made, Target(98_304))
    levels = Levels({"background": 0.95}, "uninfused")
    prospect = forecast(made, planned, levels, Options()).prospect
    almost_none = np.full((1, 1), 1e-12)
    without = prospect.share_of_ceiling("background", almost_none)[:, 0]
    np.testing.assert_allclose(kept_uninfused(prospect.falls["background"], planned), without, rtol=1e-9)
    there = prospect.share_of_ceiling("background", prospect.admissible(levels)[:, None])[:, 0]
    np.testing.assert_allclose(there, 0.95 * without, rtol=1e-6)


def test_a_level_is_a_share_of_what_was_measured_without_infusion(fit):
    made = MixedFit(curves=mixed_curves("ratio"))
    _, planned = of_target(made, Target(98_304))
    levels = Levels({"background": 0.9}, "uninfused")
    prospect = forecast(made, replace(planned, knows_uninfused=True), levels, Options()).prospect
    place = prospect.holding(levels, "background")[:, None]
    best = prospect.falls["background"].known_at_best()
    np.testing.assert_allclose(prospect.share_of_ceiling("background", place)[:, 0] * best, 0.9, rtol=1e-6)


def test_what_infusion_costs_a_benchmark_at_once_is_never_allowed_by_fewer_facts(fit):
    curves = mixed_curves("ratio")
    scored = xr.full_like(curves.guessing, np.nan).where(curves.group == "infused", 1.0)
    made = MixedFit(curves=curves.assign(uninfused=scored))
    decision = quick(made, keep={"background": 0.999}, keep_of="uninfused")
    assert decision.about.above_ceiling == ["background"]
    assert decision.about.of_uninfused == ["background"]
    edge = next(caveat for caveat in decision.caveats if caveat.code == "none_admissible")
    assert edge.message.startswith("any infusion at all may cost the background more than the required share allows")
    assert edge.buy == "nothing: fewer facts do not undo it"


def test_infused_facts_have_no_level_without_infusion(fit):
    with pytest.raises(InputError, match="keep_of: expected background facts in the curves"):
        quick(fit, keep_of="uninfused")


def test_what_the_ceiling_does_not_allow_is_never_safe(fit):
    whole = quick(HandMadeFit(), keep=0.999, keep_of="facts")
    assert whole.choice.is_bound
    edge = next(caveat for caveat in whole.caveats if caveat.code == "none_admissible")
    assert "the ceiling of the infused facts may lie below the required share" in edge.message
    assert "`keep_of='ceiling'`" in edge.remedy
    said = describe_decision(whole)
    assert "fewer facts would do" not in said
    assert "with more infused exposures" not in said


def test_one_side_alone_has_no_range(fit):
    assert quick(fit).window is None


def test_levels_are_read_and_refused_at_the_door():
    assert by_group(["0.9"], "--keep", "0.9") == 0.9
    assert by_group(["infused=.9", "background=.98"], "--keep", "0.9") == {"infused": 0.9, "background": 0.98}
    for bad in (["high"], ["0.9", "infused=0.8"]):
        with pytest.raises(InputError, match=r"^--keep: expected"):
            by_group(bad, "--keep", "0.9")
    with pytest.raises(InputError, match="keep: expected a group among"):
        Criterion(keep={"foreground": 0.9})
    with pytest.raises(InputError, match="keep of infused: expected"):
        Criterion(keep={"infused": 1.2})
    with pytest.raises(InputError, match="keep_of: expected"):
        Criterion(keep_of="budget")


def test_what_lies_beyond_all_infusions_is_named_so():
    entry = {"median": 0.0, "eti90": [0.0, 0.0]}
    assert with_interval(entry, 0.9, "of the tokens") == "below every infusion"
    assert with_interval({"median": 1.0, "eti90": [1.0, 1.0]}, 0.9, "of the tokens") == "above every infusion"
    assert with_interval({"median": 0.1, "eti90": [0.01, 0.6]}, 0.9, "facts") == "below one fact"
    assert with_interval({"median": 0.0, "eti90": [0.0, 0.2]}, 0.9, "of the tokens").startswith("0 of the tokens (90 %")


def test_a_few_draws_without_an_optimum_do_not_decide_the_mean(fit):
    """With a steepness below 1 in a few draws, more facts are worth more without end there."""
    made = HandMadeFit(curves=amount_curves(), steepness=2.0, steepness_log_sd=0.35)
    decision = quick(made)
    shallow = float((decision.data["steepness"] < 1).mean())
    assert 0.005 < shallow < 0.05
    collapse = float(decision.data["collapse"].median())
    assert decision.optimum.value < 3 * collapse
    assert decision.near_optimal[1] < 5 * collapse
