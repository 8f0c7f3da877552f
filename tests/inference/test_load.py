"""Laws in which the load discounts exposures."""

import json
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from bayeskisl.axes import AXES, LoadEffect
from bayeskisl.curves import cell_table, group_exposures, load_of, reference_load
from bayeskisl.decision import decide, decision_summary
from bayeskisl.decision.criterion import Levels
from bayeskisl.decision.edges import _about_sides, _Supported, _Swept
from bayeskisl.decision.planned_model import planned_model
from bayeskisl.decision.prediction import Options, forecast
from bayeskisl.design import believe, plan
from bayeskisl.errors import InputError
from bayeskisl.inference import fit, simulate
from bayeskisl.inference.cautions import _load_ignored
from bayeskisl.inference.data import prepare, suited
from bayeskisl.inference.model import Model
from bayeskisl.inference.pointwise import integrate_run_effects
from bayeskisl.inference.prior import draw_prior
from bayeskisl.inference.simulate import design_curves
from bayeskisl.laws import load_law
from bayeskisl.reporting import describe_decision, plot_curves
from bayeskisl.target import Target
from tests.inference.conftest import TRUTH

GROUPS = ("infused", "background")
RATIOS = [0.02, 0.05, 0.15, 0.35, 0.5, 0.65, 0.8, 0.95]
BACKGROUND = {"background_facts": 150, "background_share": 0.3, "groups": GROUPS}
DOSE = {"params": [3456, 6144, 13_824, 24_576], "axis": "dose", "ratio": RATIOS, "exposures": 300.0, **BACKGROUND}
RATIO = {**DOSE, "axis": "ratio", "exposures": None, "facts": 150}
OWN_TRUTH = TRUTH | {"load_effect": 0.6, "run_correlation": 0.9, "exponent": 0.6}


@pytest.fixture(scope="module")
def dose():
    return simulate("common", DOSE, OWN_TRUTH, seed=7)


@pytest.fixture(scope="module")
def fitted(dose):
    return fit(dose, "common", rivals=(), draws=400, tune=400, retry=False, throw=False)


def test_along_a_dose_infused_facts_are_lost_to_the_load_alone(dose):
    exposures = group_exposures(dose).sel(group="infused")
    assert float(exposures.std() / exposures.mean()) < 0.02
    share = (dose["recalled"] / dose["probed"]).sel(group="infused")
    smallest = dose["params"] == 3456
    assert share[smallest & (dose["ratio"] < 0.1)].mean() > 0.75
    assert share[smallest & (dose["ratio"] > 0.9)].mean() < 0.2


def test_the_collapse_point_is_where_effective_exposures_are_critical(fitted, dose):
    cells, _ = cell_table(dose)
    posterior = fitted.posterior
    for group in GROUPS:
        load = LoadEffect(posterior["load_effect"].sel(group=group), reference_load(dose))
        collapse = posterior["collapse"].sel(group=group)
        inside = (collapse > 0) & (collapse < 1)
        there = AXES["dose"].exposures(collapse, group, {str(name): cells[name] for name in cells}, load)
        critical = posterior["critical_exposures"].sel(group=group)
        assert np.allclose((there / critical).where(inside, 1.0), 1.0, rtol=1e-6)
        assert inside.mean() > 0.4


def test_what_a_dose_says_of_the_load_is_recovered(fitted):
    names = ("load_effect", "exponent", "sigma_run", "collapse")
    table = fitted.summary()
    of_law = table[table.index.str.startswith(names)].dropna(subset=["truth"])
    assert len(of_law) >= 10
    # 14 dependent scalars of one sweep: 9 of this one, and 12, 12 and 13 of the sweeps of the next three seeds
    assert of_law["covered"].mean() >= 0.6
    assert float(fitted.posterior["load_effect"].std()) < 0.5


def test_where_the_load_stays_the_same_it_says_nothing():
    """On a ratio sweep the likelihood is that of the law without it, and its posterior is its prior."""
    curves = simulate("collapse", RATIO, {**TRUTH, "run_correlation": 0.9}, seed=5)
    assert np.ptp(load_of(curves)) == 0
    law = load_law("common")
    data = prepare(curves, law)
    named = draw_prior(Model(data, law), 20, np.random.default_rng(1))
    alone = load_law("collapse")
    assert np.allclose(
        integrate_run_effects(named, data, law).log_likelihood,
        integrate_run_effects(named, prepare(curves, alone), alone).log_likelihood,
        rtol=1e-10,
    )


def test_a_law_in_exposures_alone_is_told_what_it_misses(dose, fitted):
    alone = fitted.posterior.drop_vars("load_effect")
    (said,) = _load_ignored(alone, dose)
    assert said.code == "load_ignored"
    assert "common" in said.remedy
    assert not any(caution.code == "load_ignored" for caution in fitted.warnings)


def test_a_prediction_knows_that_infused_facts_fall_too(fitted):
    target = planned_model(fitted.curves, Target(3456))
    ahead = forecast(fitted, target, Levels(), Options(kind="mean"))
    there = fitted.posterior["collapse"].isel(cell=0)
    for group in GROUPS:
        predicted = np.median(ahead.prospect.keeping(0.5, group))
        assert predicted == pytest.approx(float(there.sel(group=group).median()), abs=0.1)
    shares = ahead.prospect.share_of_ceiling("infused", np.array([[0.1, 0.5, 0.9]])).mean(axis=0)
    assert shares[0] > shares[1] + 0.2 > shares[2] + 0.2
    harmed = [ahead.prospect.keeping(0.9, group) for group in GROUPS]
    assert (ahead.prospect.admissible(Levels(0.9)) == np.minimum(*harmed)).all()


def test_the_group_that_allows_the_least_is_named_beside_every_groups_collapse(fitted):
    decision = decide(fitted, 3456, sensitivity=False, throw=False)
    about = decision.about
    (other,) = set(about.harmed) - {about.group}
    median, low, high = about.other_collapses[other]
    assert low < median < high
    found = decision_summary(decision)
    assert found["other_collapses"][other]["median"] == median
    assert found["choice"]["limited_by"] == about.limiting_group
    said = describe_decision(decision)
    assert f"  the {about.limiting_group} facts allow the least" in said
    assert f"  collapse of {other} facts  " in said


def test_a_group_that_never_fell_bounds_a_choice_only_where_it_allows_the_least(fitted):
    """The group whose collapse is predicted is known in every run here, and the other one collapses."""
    curves, about = fitted.curves, decide(fitted, 3456, sensitivity=False, throw=False).about
    (other,) = set(about.harmed) - {about.group}
    recalled = curves["recalled"].where(curves["group"] != about.group, curves["probed"])
    never = curves.assign(recalled=recalled.astype(int))
    target, draws = planned_model(curves, Target(3456)), _Supported(np.linspace(0.1, 0.9, 100), 0.1)
    for limiting, bounds in ((other, False), (about.group, True)):
        (edge,) = _about_sides(replace(about, limiting_group=limiting), target, never, _Swept.of(never), draws)
        assert edge.code == "no_collapse"
        assert (edge.concerns == "choice", edge.at_least is not None) == (bounds, bounds)


def test_a_decision_and_its_figure_are_made(fitted):
    decision = decide(fitted, 10_000, sensitivity=False, throw=False)
    assert 0.2 < float(decision.data["choice"]) < 0.6
    assert len(plot_curves(fitted).axes) == 3


def test_planning_knows_it(fitted):
    """Read at the load of its half-point, the target's line hangs less on the effect of the load."""
    result = plan(fitted, 98_304, budget="1e14flop", batch=3, particles=2_000, throw=False)
    assert all(0 < run.level < 1 for run in result.runs)
    assert result.purchases[-1].width < result.before
    beliefs = believe(fitted, Target(98_304), [], particles=2_000)
    moved = abs(np.corrcoef(beliefs.target_line - beliefs.target_at_load, beliefs.load_effect)[0, 1])
    assert abs(np.corrcoef(beliefs.target_line, beliefs.load_effect)[0, 1]) < moved


def test_exposures_are_designed_of_a_dose_alone():
    with pytest.raises(InputError, match="dose"):
        simulate("common", {**RATIO, "exposures": 100.0})


@pytest.mark.parametrize(
    ("design", "counts"),
    [
        (DOSE, True),  # the exposures of infused facts stay
        (RATIO, False),
        ({**DOSE, "axis": "amount", "exposures": None, "ratio": 0.5, "facts": [100, 400]}, True),  # background's stay
        ({"params": [3456, 6144], "axis": "amount", "facts": [100, 400]}, False),
    ],
)
def test_the_load_counts_where_exposures_of_a_group_stay(design, counts):
    curves, limits, common = design_curves(**design), load_law("limits"), load_law("common")
    assert suited(limits, curves).knows_load is counts
    assert suited(common, curves) is common


def test_the_default_law_learns_from_a_dose_why_infused_facts_are_lost(dose):
    fitted = fit(dose, rivals=(), draws=200, tune=300, retry=False, throw=False)
    effect = fitted.posterior["load_effect"]
    low, high = np.quantile(effect.sel(group="infused"), [0.05, 0.95])
    assert low < OWN_TRUTH["load_effect"] < high
    assert np.all(effect.sel(group="background") == 0)  # its exposures fall along the dose
    assert np.isfinite(fitted.posterior["collapse"].sel(group="infused")).all()
    assert not _load_ignored(fitted.posterior, dose)


AMOUNT = {**DOSE, "axis": "amount", "exposures": None, "ratio": 0.5, "facts": [100, 400, 1600], "tokens": 614_400}
BY_THE_LAW = {
    "tau": 0.0, "intercept": 5.0, "exponent": 0.6, "turn": 0.0, "minimum_exposures": 2.0, "bits_per_parameter": 1.0,
}  # fmt: skip


def test_probing_a_background_beside_them_does_not_change_the_law_of_infused_facts():
    """Along an amount more facts are fewer exposures of each: a load of their own would count them twice."""

    def truth(groups, **more):
        curves = simulate("limits", {**AMOUNT, "groups": groups}, BY_THE_LAW | more)
        return xr.Dataset.from_dict(json.loads(curves.attrs["truth"])).isel(group=0, drop=True)

    beside, alone = truth(GROUPS, load_effect=0.4), truth(GROUPS[:1])
    assert beside["load_effect"] == 0
    xr.testing.assert_allclose(beside["collapse"], alone["collapse"])
