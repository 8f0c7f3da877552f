import json
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

import bayeskisl.inference
from bayeskisl.decision import (
    Criterion,
    Decision,
    KeptFacts,
    decide,
    decision_summary,
    decision_table,
    load_decision,
    question,
    save_prediction,
    sensitivity,
    write_record,
)
from bayeskisl.decision.criterion import Levels
from bayeskisl.decision.general_loss import fit_loss
from bayeskisl.decision.summary import regret_of_choice
from bayeskisl.errors import GateError, InputError, at_the_command_line
from bayeskisl.inference import Fit, load_fit
from bayeskisl.intervals import interval
from bayeskisl.laws import load_law
from bayeskisl.laws.falls import LOGISTIC, SMOOTH_BREAK
from bayeskisl.reporting.text import decision_rows, headline
from tests.decision.hand_made import FAILED, TOKENS, HandMadeFit, MixedFit, amount_curves, mixed_curves


def quick(fit, params=98_304, **options):
    return decide(fit, params, **{"sensitivity": False, **options})


def codes(decision):
    return [caveat.code for caveat in decision.caveats]


@pytest.fixture
def ratio(fit):
    return MixedFit(curves=mixed_curves("ratio"))


@pytest.fixture
def dose(fit):
    return MixedFit(curves=mixed_curves("dose"))


# The choice


@pytest.mark.parametrize("axis", ["amount", "ratio", "dose", "frequency"])
def test_choice_holds_its_risk_on_the_draws_and_rises_with_it(fit, axis):
    made = fit if axis == "amount" else MixedFit(curves=mixed_curves(axis))
    chosen = [quick(made, risk=risk) for risk in (0.02, 0.1, 0.4)]
    for decision, risk in zip(chosen, (0.02, 0.1, 0.4), strict=True):
        assert float((decision.data.admissible < decision.choice.value).mean()) <= risk
    values = [decision.choice.value for decision in chosen]
    assert values == sorted(values)


def test_choice_falls_with_what_must_be_kept(fit):
    strict = [quick(fit, keep=keep).choice.value for keep in (0.95, 0.9, 0.5)]
    assert strict == sorted(strict)


def test_mean_runs_allow_more_than_a_fresh_run(fit):
    assert quick(fit, kind="mean", risk=0.05).choice.value > quick(fit, kind="new_run", risk=0.05).choice.value


def test_shoulder_is_what_may_be_given_where_nine_tenths_are_kept(fit):
    data = quick(fit).data
    np.testing.assert_allclose(data.shoulder, data.admissible)


# Invariances


@pytest.mark.parametrize("axis", ["amount", "ratio", "dose"])
def test_points_for_the_eye_move_no_answer(fit, monkeypatch, axis):
    made = fit if axis == "amount" else MixedFit(curves=mixed_curves(axis))
    before = quick(made)
    monkeypatch.setattr(question, "_POINTS", 1_000)
    after = quick(made)
    for name in ("choice", "risk_neutral_choice", "optimum", "collapse", "near_optimal", "best_utility"):
        xr.testing.assert_equal(after.data[name], before.data[name])


def test_rescaled_facts_rescale_the_answer(fit):
    """Twice the tokens of a fact: half as many facts at the same exposures."""
    whole = quick(fit).data
    coarse = fit.curves.assign_coords(
        tokens_per_fact=2 * fit.curves.tokens_per_fact, exposures=fit.curves.exposures / 2
    )
    halved = quick(HandMadeFit(curves=coarse)).data
    for name in ("choice", "risk_neutral_choice", "optimum", "near_optimal", "best_mean_utility"):
        np.testing.assert_allclose(halved[name], whole[name] / 2, rtol=1e-5)


@pytest.mark.parametrize("axis", ["ratio", "dose"])
def test_order_of_groups_and_labels_of_runs_do_not_count(fit, axis):
    made = MixedFit(curves=mixed_curves(axis))
    turned = MixedFit(curves=made.curves.isel(group=[1, 0], run=slice(None, None, -1)))
    before, after = quick(made).data, quick(turned).data
    for name in ("choice", "risk_neutral_choice", "near_optimal", "optimum"):
        np.testing.assert_allclose(after[name], before[name])


def test_same_seed_same_decision(ratio):
    first, second = (quick(ratio, seed=3).data for _ in range(2))
    xr.testing.assert_equal(first, second)


# Utilities


def test_a_function_of_the_dataset_is_a_utility(ratio):
    def own(outcome):
        return outcome.kept_infused + 2 * outcome.kept_background

    mine, theirs = quick(ratio, utility=own), quick(ratio, utility=KeptFacts(background_weight=2))
    xr.testing.assert_allclose(mine.data.optimum, theirs.data.optimum)
    assert mine.data.attrs["utility_unit"] == "own"


def test_prices_lower_the_optimum(dose):
    free, dear, dearer = (
        quick(dose, utility=utility).data.risk_neutral_choice.item()
        for utility in (KeptFacts(), KeptFacts(loss_price=200), KeptFacts(loss_price=2000))
    )
    assert free > dear > dearer
    assert quick(dose, utility=KeptFacts(token_price=1e-4)).optimum.value < free


def test_weight_of_the_background_lowers_the_optimum(dose):
    optima = [quick(dose, utility=KeptFacts(weight)).optimum.value for weight in (1, 3, 10)]
    assert optima == sorted(optima, reverse=True)


def test_kept_facts_at_the_ends_are_those_of_one_group(ratio):
    """All draws keep nearly all 150 background facts at a ratio of next to nothing, and nearly no infused ones."""
    data = quick(ratio).data
    assert data.mean_kept_infused[0] == pytest.approx(0, abs=0.1)
    assert data.mean_kept_background[0] == pytest.approx(150, rel=0.01)
    assert data.mean_kept_background[-1] == pytest.approx(0, abs=1)


def test_negative_prices_and_unmeasured_loss_are_refused(fit):
    with pytest.raises(InputError, match="token_price: expected a number of at least 0"):
        KeptFacts(token_price=-1)
    with pytest.raises(InputError, match="loss_price: expected curves with the general loss"):
        quick(fit, utility=KeptFacts(loss_price=1))


def test_general_loss_is_recovered_where_it_is_linear_in_logs():
    curves = mixed_curves("ratio")
    law = fit_loss(curves)
    assert dict(zip(law.columns, law.coefficients[1:], strict=True)) == pytest.approx(
        {"params": -0.05, "params squared": 0, "general share": -0.1, "general share x params": 0}, abs=1e-9
    )
    noisy = curves.assign(general_loss=curves.general_loss * np.exp(0.01 * np.random.default_rng(0).normal(size=42)))
    covered = fit_loss(noisy)
    sd = np.sqrt(covered.residual / covered.freedom * np.sum(covered.root**2, axis=1))
    truth = np.array([np.log(curves.general_loss).mean(), -0.05, 0, -0.1, 0])
    assert np.all(np.abs(covered.coefficients - truth)[1:] < 4 * sd[1:])


# Regret and near-optimal infusions


@pytest.mark.parametrize("axis", ["amount", "ratio", "dose"])
def test_regret_is_split_into_too_much_and_too_little(fit, axis):
    data = quick(fit if axis == "amount" else MixedFit(curves=mixed_curves(axis))).data
    np.testing.assert_allclose(data.regret_of_too_much + data.regret_of_too_little, data.expected_regret, atol=1e-6)
    assert (data.expected_regret >= 0).all()
    assert data.regret_of_too_much[0] == 0
    assert data.regret_of_too_little[-1] == pytest.approx(0, abs=1e-6)


def test_regret_of_any_choice(ratio):
    decision = quick(ratio)
    table = decision.regret([0.01, 0.4, 0.99])
    assert table.loc[0.4, "percent"] < 1
    assert table.loc[0.01, "too_little"] > 100
    assert table.loc[0.99, "too_much"] > 100


def test_near_optimal_infusions_give_up_one_percent_at_their_ends(ratio):
    decision = quick(ratio)
    mean = np.interp(decision.near_optimal, decision.data.infusion, decision.data.mean_utility)
    np.testing.assert_allclose(mean, 0.99 * decision.data.best_mean_utility.item(), rtol=2e-3)


# Which ratio for a domain


def test_sufficient_ratio_is_the_swept_ratio_at_the_admissible_number_of_facts(fit):
    data = quick(fit, facts=1_000).data
    np.testing.assert_allclose(data.sufficient_ratio, 0.5 * 1_000 / data.admissible)
    assert "do not depend on the ratio" in json.loads(data.attrs["assumes"])[0]


def test_domain_is_the_choice_rounded_down_unless_stated(fit):
    assert quick(fit).data.domain_facts == 1_000
    assert quick(fit, facts=120).data.domain_facts == 120


def test_a_ratio_sweep_answers_for_its_own_domain_and_refuses_another(ratio):
    decision = quick(ratio, facts=150)
    assert json.loads(decision.data.attrs["assumes"]) == []
    assert decision.data.least_sufficient < decision.choice.value
    assert float((decision.data.sufficient_ratio > decision.data.least_sufficient).mean()) <= 0.1
    with pytest.raises(InputError, match=r"a facts that was swept, 150 to 150|that was swept"):
        quick(ratio, facts=500)
    more = quick(ratio, facts=500, prior_driven=True)
    assert "number of facts" in json.loads(more.data.attrs["assumes"])[0]
    assert more.data.least_sufficient == pytest.approx(decision.data.least_sufficient * 500 / 150)


def test_a_dose_holds_its_facts_at_the_swept_exposures(dose):
    data = quick(dose, facts=300).data
    assert data.domain_ratio == pytest.approx(300 * 400 * 6 / TOKENS, rel=0.01)


# Edges


@pytest.mark.parametrize(
    ("change", "params", "code", "concerns"),
    [
        ({}, 20_000, "inside_data", "target"),
        ({}, 1_000, "below_data", "target"),
        ({"steepness": 0.9, "steepness_log_sd": 0.01}, 98_304, "no_interior_optimum", "optimum"),
        ({"curves": amount_curves(levels=(62, 80, 100))}, 98_304, "no_collapse", "choice"),
        ({"curves": amount_curves(levels=(4_000, 8_000))}, 98_304, "never_kept", "choice"),
    ],
)
def test_edges_are_typed_with_a_reason_and_the_run_to_buy(fit, change, params, code, concerns):
    decision = quick(HandMadeFit(**change), params)
    edge = next(edge for edge in decision.edges if edge.code == code)
    assert edge.concerns == concerns
    assert edge.buy
    assert code not in codes(quick(fit))
    if concerns != "target":
        answer = {"choice": decision.choice, "optimum": decision.optimum}[concerns]
        assert answer.is_bound
        assert (answer.at_least, answer.at_most) != (None, None)
        assert edge.message in answer.reasons


def test_a_bound_is_where_the_data_end(fit):
    never_fell = quick(HandMadeFit(curves=amount_curves(levels=(62, 80, 100))))
    assert (never_fell.choice.at_least, never_fell.choice.at_most) == (100, None)
    assert decision_summary(never_fell)["choice"]["value"] is None


def test_laws_apart_bound_the_choice_by_theirs(fit, monkeypatch):
    ours = bayeskisl.inference.extrapolate

    def far_apart(fit, params, tokens, *, law, **options):
        draws = ours(fit, params, tokens, law=law, **options)
        return draws.assign(log_critical_exposures=draws.log_critical_exposures - (law == "power"))

    monkeypatch.setattr(bayeskisl.inference, "extrapolate", far_apart)
    choice = quick(fit).choice
    assert choice.is_bound
    by_law = quick(fit).data.choice_by_law
    assert [choice.at_least, choice.at_most] == sorted(by_law.values.tolist())
    assert not quick(fit, apart=5).choice.is_bound


def test_beyond_the_swept_ratios_is_a_bound(fit):
    decision = quick(MixedFit(curves=mixed_curves("ratio", ratios=(0.02, 0.1, 0.3, 0.5, 0.7))))
    assert "no_collapse" in codes(decision)
    assert decision.choice.at_least == 0.7
    far = quick(
        MixedFit(curves=mixed_curves("dose", ratios=(0.3, 0.6, 0.9)), halves={"infused": 200, "background": 40})
    )
    assert "beyond_swept" in codes(far)
    assert far.choice.at_least == 0.9


def test_nothing_to_infuse_where_the_background_is_lost_anyway(fit):
    decision = quick(MixedFit(curves=mixed_curves("ratio"), halves={"infused": 200, "background": 9_000}))
    assert decision.choice.is_bound
    assert "none_admissible" in codes(decision)
    assert decision.choice.at_most < 0.01


def test_the_group_that_allows_no_infusion_is_named():
    def holding(levels, group):
        return np.full(10, {"infused": 1e-9, "background": 0.9}[group])

    groups = dict.fromkeys(("background", "infused"))
    prospect = SimpleNamespace(harmed=list(groups), holding=holding)
    options = SimpleNamespace(levels=Levels(0.9))
    assert (
        question.Question(
            SimpleNamespace(usual_reference="ceiling", group="background"), options, Criterion(risk=0.1)
        ).limiting_group(prospect)
        == "infused"
    )


def test_no_window_is_said(fit):
    decision = quick(MixedFit(curves=mixed_curves("ratio"), halves={"infused": 4_000, "background": 900}))
    assert "no_window" in codes(decision)


def test_the_end_of_a_plan_is_no_collapse_point(fit):
    decision = quick(fit, at_most=500)
    assert decision.choice.at_least == 500
    assert "whole_range" in codes(decision)
    with pytest.raises(InputError, match="at_most: expected"):
        quick(fit, at_most=0.5)


def test_a_cost_that_nothing_avoids_makes_nothing_as_good(fit):
    free, priced = quick(fit), quick(fit, utility=KeptFacts(token_price=1.0))
    assert priced.data.best_mean_utility < 0
    assert priced.near_optimal == pytest.approx(free.near_optimal, rel=1e-3)


def test_a_loss_price_at_one_ratio_is_told(fit):
    curves = amount_curves()
    curves = curves.assign(general_loss=("run", 2.4 * (curves.params.values / 13_824) ** -0.05))
    made, price = HandMadeFit(curves=curves), KeptFacts(loss_price=10.0)
    assert "loss_price_at_one_ratio" in codes(quick(made, utility=price))
    assert "loss_price_at_one_ratio" not in codes(quick(made))


def test_what_ends_a_range_is_no_run_to_add(fit, ratio, dose):
    def bought(decision):
        return next(edge.buy for edge in decision.edges if edge.code == "no_interior_optimum")

    assert bought(quick(fit, at_most=500)) == "nothing: your limit ends the range"
    assert bought(quick(dose, utility=KeptFacts(token_price=1.0))) == "nothing: the price ends the range"
    assert "where knowledge turns down" in bought(quick(HandMadeFit(steepness=0.7, steepness_log_sd=0.01)))


def test_ratio_above_one_and_levels_outside_are_warnings(fit):
    assert "ratio_above_one" in codes(quick(fit, facts=20_000))
    assert "outside_levels" in codes(quick(fit, 500))
    assert not quick(fit, 500).choice.is_bound


def test_prior_data_conflict_shows(fit):
    """Curves that collapsed elsewhere than the posterior says leave the choice outside the levels: it is said."""
    assert "outside_levels" in codes(quick(HandMadeFit(curves=amount_curves(levels=(4_000, 40, 8_000, 16_000))), 500))


# Options, table, sensitivity, files


@pytest.mark.parametrize(
    ("options", "name"),
    [({"risk": 0}, "risk"), ({"keep": 1.0}, "keep"), ({"facts": 0}, "facts"), ({"apart": 1}, "apart"),
     ({"kind": "median"}, "kind"), ({"ci_prob": 90}, "ci_prob"), ({"tokens": "much"}, "tokens")],
)  # fmt: skip
def test_bad_options_are_named(fit, options, name):
    with pytest.raises(InputError, match=f"^{name}: expected"):
        quick(fit, **options)


def test_failed_gate_is_refused_or_labelled(fit):
    fit.gate = FAILED
    with pytest.raises(GateError):
        quick(fit)
    assert "gate" in codes(quick(fit, throw=False))


def test_a_grid_gives_a_table(fit):
    both = xr.concat([amount_curves(), amount_curves(tokens=2 * TOKENS)], dim="run")
    table = decision_table(HandMadeFit(curves=both), ["50k", "98304"], [TOKENS, 2 * TOKENS])
    assert len(table) == 4
    assert table.choice[2] == quick(HandMadeFit(curves=both), 98_304, tokens=TOKENS).choice.value
    bound = decision_table(HandMadeFit(curves=amount_curves(levels=(62, 80, 100))), ["98304"])
    assert np.isnan(bound.choice.astype(float)[0])
    assert bound.choice_at_least[0] == 100
    assert "no_collapse" in bound.edges[0]


def test_a_table_at_the_command_line_offers_its_options(fit):
    with at_the_command_line(), pytest.raises(InputError, match="with `--prior-driven`"):
        decision_table(fit, [98_304], [9 * TOKENS])


def test_a_fleet_gives_one_table_and_one_that_cannot_answer_keeps_no_other_from_it(fit):
    failed = HandMadeFit()
    failed.gate = FAILED
    ratio = MixedFit(curves=mixed_curves("ratio"))
    fleet = {"amount": fit, "no gate": failed, "ratio": ratio, "missing": "nowhere.nc"}
    table = decision_table(fleet, [98_304], risks=[0.05, 0.2])
    assert table.table.tolist() == ["amount", "amount", "no gate", "no gate", "ratio", "ratio", "missing"]
    assert table.choice[1] == quick(fit, risk=0.2).choice.value > table.choice[0]
    assert table.verdict[2] == "not usable"
    assert table.rule[2] == "gate"
    assert "nowhere.nc" in table.problem[6]
    head, *rows = decision_rows(table)
    assert head[:2] == ("table", "risk")
    assert rows[4][:2] == ("ratio", "5 %")
    assert "of the tokens" in rows[4][5]
    by = Criterion(keep=0.8)
    assert (
        decision_table(fit, [98_304], risks=[0.2], criterion=by).choice[0]
        == quick(fit, risk=0.2, keep=0.8).choice.value
    )


def test_sensitivity_lists_every_law_and_weaker_priors(fit, monkeypatch):
    wide = HandMadeFit(exponent_sd=0.3)
    monkeypatch.setattr(sensitivity, "weaker_priors", lambda fit: {"prior variances doubled": wide})
    decision = decide(fit, 98_304)
    table = decision.sensitivity
    assert table.index.tolist() == ["as asked", "law 'collapse' alone", "law 'power' alone", "prior variances doubled"]
    assert table.choice["as asked"] == decision.choice.value
    assert table.risk["as asked"] == pytest.approx(0.1, abs=0.002)
    np.testing.assert_allclose(table.risk[1:3], list(decision.risk_by_law.values()))
    np.testing.assert_allclose(table.choice[1:3], decision.data.choice_by_law)
    spread = np.log(table.collapse_high / table.collapse_low)
    assert spread["prior variances doubled"] > spread["as asked"]
    half = decide(fit, 98_304, ci_prob=0.5)
    ends = half.sensitivity.loc["as asked", ["collapse_low", "collapse_high"]]
    np.testing.assert_allclose(ends.astype(float), np.quantile(half.data.collapse, [0.25, 0.75]), rtol=1e-3)
    json.dumps(decision_summary(decision), allow_nan=False)


def test_sensitivity_has_the_interval_that_was_asked_for(fit, monkeypatch):
    monkeypatch.setattr(sensitivity, "weaker_priors", lambda fit: {})
    decision = decide(fit, 98_304, ci_prob=0.5)
    asked = decision.sensitivity.loc["as asked", ["collapse_median", "collapse_low", "collapse_high"]]
    assert tuple(asked) == interval(decision.data.collapse.values, 0.5)


def test_a_refit_under_weaker_priors_is_made_once_and_saved_with_the_fit(tmp_path, monkeypatch):
    made = []
    monkeypatch.setattr(sensitivity, "refitted", lambda fit: made.append(fit) or Fit(fit.tree.copy()))
    asked = load_fit("desk-four")  # of a version that stored no densities of priors, which weights need
    for again in (lambda: asked, lambda: asked, lambda: load_fit(asked.save(tmp_path / "fit.nc"))):
        ((name, refit),) = sensitivity.weaker_priors(again()).items()
        assert name == "prior variances doubled"
        assert refit.law == asked.law
        xr.testing.assert_equal(refit.posterior, asked.posterior)
    assert len(made) == 1


def test_widened_doubles_every_variance_but_that_of_the_asymmetry():
    law = load_law("collapse")
    wide, twice = law.to_dict()["priors"], sensitivity.widened(law).to_dict()["priors"]
    assert twice["tau"] == {"median": wide["tau"]["median"], "log_sd": pytest.approx(2**0.5 * wide["tau"]["log_sd"])}
    assert twice["exponent"]["params"]["sd"] == pytest.approx(2**0.5 * wide["exponent"]["params"]["sd"])
    assert all(twice[name] == wide[name] for name in ("floor_excess", "asymmetry"))


@pytest.mark.parametrize("name", ["risk_neutral_choice", "sensitivity_risk_neutral_choice", "sensitivity_risk"])
def test_a_choice_that_there_is_not_comes_back_from_a_file(fit, tmp_path, monkeypatch, name):
    """Where more is always worth more under another prior, or nothing is recommended."""
    monkeypatch.setattr(sensitivity, "weaker_priors", lambda fit: {})
    decision = decide(fit, 98_304)
    decision.data[name].values.flat[-1] = np.nan
    again = load_decision(decision.save(tmp_path / "decision.nc"))
    assert np.isnan(again.data[name].values.flat[-1])


@pytest.mark.parametrize("axis", ["amount", "ratio", "dose", "frequency"])
def test_save_load_and_summary(fit, axis, tmp_path):
    decision = quick(fit if axis == "amount" else MixedFit(curves=mixed_curves(axis)))
    again = load_decision(decision.save(tmp_path / "decision.nc"))
    assert isinstance(again, Decision)
    assert again.data.identical(decision.data)
    summary = json.loads(json.dumps(decision_summary(again), allow_nan=False))
    assert {"choice", "risk_neutral", "optimum", "utility", "collapse", "laws", "held_fixed", "sensitivity",
            "extrapolation_decades", "warnings"} <= summary.keys()  # fmt: skip
    assert next(iter(summary)) == "choice"


def test_summary_of_draws_without_an_optimum_is_still_json(fit):
    summary = decision_summary(quick(HandMadeFit(steepness=0.8)))
    assert summary["optimum"]["median"] is None
    json.dumps(summary, allow_nan=False)


def test_a_budget_far_from_those_tried_is_labelled(fit):
    curves = xr.concat([amount_curves(), amount_curves(tokens=2 * TOKENS)], dim="run")
    two = HandMadeFit(curves=curves)
    assert "far_budget" not in codes(decide(two, 98_304, tokens=3 * TOKENS, sensitivity=False))
    far = codes(decide(two, 24_000, tokens=50 * TOKENS, sensitivity=False))
    assert "far_budget" in far
    assert "inside_data" not in far, "a size within, but no budget"
    # tokens a parameter as in the sweep, whose sizes were trained at two budgets each: no budget follows the size
    assert "far_budget" in codes(decide(two, 10 * 98_304, tokens=10 * 3 * TOKENS, sensitivity=False))


def test_a_level_of_a_group_that_was_not_probed_is_refused(fit):
    with pytest.raises(InputError, match="levels of groups that were probed: infused, got background"):
        decide(fit, 98_304, keep={"background": 0.98}, sensitivity=False)


def test_a_law_that_never_falls_bounds_nothing(fit, tmp_path):
    decision = decide(NeverFalling(), 98_304, sensitivity=False)
    assert "laws_apart" in codes(decision)
    assert decision.choice.at_most is None
    write_record(decision, decision.save(tmp_path / "decision.nc"))


class NeverFalling(HandMadeFit):
    """A rival under which retention does not depend on exposures."""

    @property
    def laws(self):
        return {"collapse": self.law, "power": load_law("none")}


def test_no_window_is_not_said_of_ones_own_limit(fit):
    decision = decide(MixedFit(curves=mixed_curves("ratio")), 98_304, at_most=0.001, sensitivity=False)
    assert "no_window" not in codes(decision)


def test_an_answer_that_is_never_enough_has_no_upper_end(fit):
    edges = [
        {"code": "none_sufficient", "concerns": "choice", "message": "short", "at_least": 1.0, "buy": "more"},
        {"code": "laws_apart", "concerns": "choice", "message": "apart", "at_least": 0.2, "at_most": 1.0, "buy": ""},
    ]
    decision = decide(fit, 98_304, sensitivity=False)
    data = decision.data.assign(choice=1.0).assign_attrs(warnings=json.dumps(edges))
    assert Decision(data).choice.at_most is None


def test_mixed_falls_are_read_back(fit, tmp_path):
    decision = decide(fit, 98_304, sensitivity=False)
    shape, own = decision.data["asymmetry"].shape, SMOOTH_BREAK.name
    logistic = np.arange(np.prod(shape)).reshape(shape) % 2 == 0
    mixed = decision.data.assign(asymmetry=decision.data["asymmetry"].where(~logistic)).assign_coords(
        fall=(("chain", "draw"), np.where(logistic, LOGISTIC.name, own))
    )
    assert load_decision(save_prediction(mixed, tmp_path / "mixed.nc")).data["asymmetry"].isnull().any()
    with pytest.raises(InputError, match="asymmetry positive and finite"):
        load_decision(save_prediction(mixed.assign_coords(fall=(("chain", "draw"), np.full(shape, own))),
                                  tmp_path / "broken.nc"))  # fmt: skip


def test_one_question_without_an_answer_leaves_the_others(fit):
    table = decision_table({"one": HandMadeFit(), "two": HandMadeFit()}, [24_576, 98_304], tokens=[None, 5 * TOKENS])
    assert table["choice"].notna().sum() == 4
    unanswered = table[table["problem"].notna()]
    assert unanswered["params"].tolist() == [24_576, 98_304] * 2
    assert (unanswered["tokens"] == 5 * TOKENS).all()


def test_the_curves_hold_the_advice_wherever_it_lies(fit):
    decision = quick(HandMadeFit(curves=amount_curves(levels=(2, 4, 8))))
    assert decision.advised == 8
    grid = decision.data.infusion.values
    assert 8 in grid
    at_advice = decision.data.expected_regret.sel(infusion=8.0).item()
    assert regret_of_choice(decision)["regret"] == pytest.approx(at_advice)
    assert at_advice > 1.2 * decision.data.expected_regret.values[grid > 300][0]


def test_a_law_by_which_nothing_is_safe_leaves_no_advice(fit, monkeypatch):
    ours = bayeskisl.inference.extrapolate

    def hopeless(fit, params, tokens, *, law, **options):
        draws = ours(fit, params, tokens, law=law, **options)
        return draws.assign(log_critical_exposures=draws.log_critical_exposures + 20 * (law == "power"))

    monkeypatch.setattr(bayeskisl.inference, "extrapolate", hopeless)
    decision = quick(fit, risk=0.4)
    assert decision.choice.at_least == 0
    assert decision.advised is None
    assert headline(decision) == "no infusion is safe by every law"


def test_no_law_allows_more_than_was_planned(fit):
    assert quick(fit, at_most=500).data.choice_by_law.max() == 500


def test_a_plan_that_ends_before_collapse_is_not_said_to_collapse(fit):
    wide = HandMadeFit(exponent_sd=0.6)
    said = [next(each.message for each in decision.caveats if each.code == "wide")
            for decision in (quick(wide), quick(wide, at_most=500))]  # fmt: skip
    assert float((quick(wide, at_most=500).data.collapse < 500).mean()) < 0.5
    assert ["more likely collapse" in message for message in said] == [True, False]


def test_caveats_name_units_and_no_infinite_place(fit):
    frequency = MixedFit(curves=mixed_curves("frequency"))
    inside = next(edge for edge in quick(frequency, 20_000).edges if edge.code == "inside_data")
    assert inside.buy.endswith(" parts per million")
    never = NeverFalling(weights={"power": 1.0})
    buys = [each.buy for each in quick(never, 20_000).caveats]
    assert not any("inf" in buy.replace("infus", "") for buy in buys)


def test_a_group_that_no_run_probed_changes_no_answer(fit):
    curves = mixed_curves("ratio")
    unprobed = curves.assign(probed=curves.probed.where(curves.group != "background", 0))
    decision = quick(MixedFit(curves=unprobed.assign(recalled=np.minimum(unprobed.probed, curves.recalled))))
    assert decision.is_least
    assert "mean_kept_background" not in decision.data
    assert list(decision.levels) == ["infused"]
