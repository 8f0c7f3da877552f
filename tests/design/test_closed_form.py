"""On a linear law with Gaussian thresholds the value of a run is known: cov^2 / (variance + noise)."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bayeskisl.decision.planned_model import planned_model
from bayeskisl.design import Outlook, Run, believe
from bayeskisl.design.outlook import kept_at
from bayeskisl.target import Target
from tests.design.hand_made import TARGET, TOKENS, GaussianFit, level_at_half

PARTICLES = 60_000
FEW = 6_000  # where no closed form is met to 2 %
FEWEST = 1_000  # where what is compared comes from the same draws


@cache
def many_draws(axis="amount", load_effect=None):
    """A fit whose Monte Carlo error lies below 1 %."""
    return GaussianFit(sd=0.15, draws=PARTICLES, axis=axis, load_effect=load_effect)


def noise(fit, run, probed=500):
    """Run scatter, and 500 binomial answers near one half on the scale of log exposures."""
    return (fit.sigma_run**2 + 4 / (probed * fit.steepness**2)) / run.replicates


def outlook(fit, runs, particles=PARTICLES):
    beliefs = believe(fit, Target(TARGET), [run.cell for run in runs], particles=particles)
    return Outlook.of(beliefs, fit.curves)


def test_gain_of_one_run():
    fit = many_draws()
    runs = [
        Run(params, TOKENS, level_at_half(fit, params), replicates)
        for params in (3_456, 9_600, 24_576, 55_296)
        for replicates in (1, 3)
    ]
    gains_are_known(fit, runs)


@pytest.mark.parametrize(("axis", "load_effect"), [("ratio", None), ("dose", None), ("ratio", 0.4), ("dose", 0.4)])
def test_gain_on_other_axes_is_that_of_the_group_that_falls(axis, load_effect):
    fit = many_draws(axis, load_effect)
    runs = [Run(params, TOKENS, level_at_half(fit, params)) for params in (3_456, 24_576, 55_296)]
    gains_are_known(fit, runs, probed=250)


@cache
def two_groups(correlation):
    fit = GaussianFit(sd=0.15, draws=FEWEST, axis="ratio", between_groups=correlation)
    sizes = (3_456, 6_144, 9_600, 24_576, 55_296)
    return fit, believe(fit, Target(TARGET), [(float(n), float(TOKENS)) for n in sizes], particles=FEWEST)


def test_gain_of_a_run_that_measures_two_groups():
    fit = GaussianFit(sd=0.15, draws=PARTICLES, axis="ratio", between_groups=0.8)
    threshold = fit.size_law.design_matrix(np.array([24_576.0])) @ fit.size_law.mean
    run = Run(24_576, TOKENS, float(planned_model(fit.curves, Target(24_576)).infusion(threshold, "infused")))
    view = outlook(fit, [run])
    variance, covariance = fit.moments(run.params)
    both = variance * np.array([[1.0, 0.8], [0.8, 1.0]]) + np.diag(view.linear.noise(run))
    across = covariance * np.array([1.0, 0.8])
    assert view.linear.v_gain(run) == pytest.approx(across @ np.linalg.solve(both, across), rel=0.03)
    alone = Outlook.of(replace(view.beliefs, others=()), fit.curves).gain(run)
    share = 1 - (fit.line_variance() - across @ np.linalg.solve(both, across)) / (
        fit.line_variance() - covariance**2 / both[0, 0]
    )
    assert view.gain(run) == pytest.approx(alone + share * (view.reducible - alone), rel=0.02)
    assert view.gain(run) > 1.2 * alone


@given(
    correlation=st.sampled_from([0.0, 0.5, 0.9]),
    plan=st.lists(st.tuples(st.integers(0, 4), st.floats(0.05, 0.95), st.integers(1, 3)), min_size=1, max_size=3),
)
@settings(max_examples=10, deadline=None)
def test_information_never_falls_when_counts_of_another_group_are_added(correlation, plan):
    fit, beliefs = two_groups(correlation)
    cells = list(beliefs.places)
    runs = [Run(cells[at].params, cells[at].tokens, level, replicates) for at, level, replicates in plan]
    with_other, alone = (Outlook.of(each, fit.curves) for each in (beliefs, replace(beliefs, others=())))
    for run in runs:
        for score in ("variance", "information"):
            assert with_other.gain(run, score) >= alone.gain(run, score) * with_other.left_by_others - 1e-12
        with_other, alone = (each.after(run, np.random.default_rng(0)) for each in (with_other, alone))
        assert with_other.removed >= alone.removed - 1e-12
        assert with_other.width() <= alone.width() + 1e-12


def gains_are_known(fit, runs, probed=500):
    view = outlook(fit, runs)
    for run in runs:
        variance, covariance = fit.moments(run.params)
        expected = covariance**2 / (variance + noise(fit, run, probed))
        assert view.gain(run) == pytest.approx(expected, rel=0.02), run


def test_reducible_variance():
    fit = many_draws()
    assert outlook(fit, []).reducible == pytest.approx(fit.line_variance(), rel=0.02)


def test_two_runs_of_a_new_size():
    fit = many_draws()
    run = Run(55_296, TOKENS, level_at_half(fit, 55_296))
    variance, covariance = fit.moments(run.params)
    both = covariance**2 / (variance + noise(fit, run) / 2)
    after = outlook(fit, [run]).after(run, np.random.default_rng(0))
    after = after.after(run, np.random.default_rng(1))
    assert after.removed == pytest.approx(both, rel=0.05)


def test_runs_of_two_new_sizes():
    fit = many_draws()
    runs = [Run(n, TOKENS, level_at_half(fit, n)) for n in (3_456, 55_296)]
    rows = fit.size_law.design_matrix(np.array([[3_456], [55_296], [TARGET]], dtype=float))
    joint = rows @ fit._coefficients()[0] @ rows.T
    joint[:2, :2] += np.eye(2) * (fit.tau**2 + noise(fit, runs[0]))
    expected = joint[2, :2] @ np.linalg.solve(joint[:2, :2], joint[:2, 2])
    after = outlook(fit, runs)
    for run in runs:
        after = after.after(run, np.random.default_rng(0))
    assert after.removed == pytest.approx(expected, rel=0.05)


def test_information_is_that_of_two_correlated_normals():
    fit = many_draws()
    run = Run(55_296, TOKENS, level_at_half(fit, 55_296))
    variance, covariance = fit.moments(run.params)
    share = covariance**2 / (variance + noise(fit, run)) / fit.line_variance()
    found = outlook(fit, [run]).gain(run, "information")
    # eight bins of the target's line keep a little less than all of it
    assert 0.85 < found / (-0.5 * np.log1p(-share)) < 1.01


@pytest.mark.parametrize("axis", ["amount", "ratio", "dose"])
def test_scores_agree_on_what_is_worth_most(axis):
    fit = GaussianFit(sd=0.15, axis=axis)
    runs = [Run(n, TOKENS, level_at_half(fit, n)) for n in (3_456, 9_600, 24_576, 55_296)]
    view = outlook(fit, runs, FEW)
    best = {score: max(runs, key=lambda run: view.gain(run, score)) for score in ("variance", "information", "regret")}
    assert set(best.values()) == {runs[-1]}


@pytest.mark.parametrize(("axis", "load_effect"), [("ratio", None), ("dose", None), ("ratio", 0.4), ("dose", 0.4)])
def test_a_choice_keeps_facts_of_both_groups(axis, load_effect):
    fit = GaussianFit(sd=0.15, axis=axis, load_effect=load_effect)
    view = outlook(fit, [], FEW)
    threshold = view.beliefs.target_line + view.beliefs.target_fresh
    choices, kept = kept_at(view.beliefs, threshold, slice(None), threshold, 48)
    kept = kept.mean(axis=0)
    least, most = planned_model(fit.curves, Target(TARGET)).range
    assert choices.min() >= least * (1 - 1e-9)
    assert choices.max() <= most * (1 + 1e-9)
    assert kept[0] == pytest.approx(250, rel=0.02)  # the least infusion: the background alone
    assert kept.max() > 1.2 * kept[0]
    assert kept.max() > 1.02 * kept[choices.argmax()]  # the most: the background is lost


def test_infused_facts_count_up_to_their_ceiling():
    fit = GaussianFit(sd=0.15, axis="ratio")
    view = outlook(fit, [], FEW)
    beliefs, threshold = view.beliefs, view.beliefs.target_line + view.beliefs.target_fresh
    low = replace(beliefs.infused.typical, ceiling=0.6)
    lower = replace(beliefs, infused=replace(beliefs.infused, typical=low))
    nothing = replace(beliefs, infused=replace(beliefs.infused, log_threshold=beliefs.infused.log_threshold + 1e3))
    full, part, none = (kept_at(each, threshold, slice(None), threshold, 48)[1] for each in (beliefs, lower, nothing))
    floor = low.floor
    np.testing.assert_allclose(part - none, (full - none) * (0.6 - floor) / (0.9999 - floor), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("axis", ["amount", "ratio", "dose"])
def test_regret_removed_is_at_most_that_of_knowing_everything(axis):
    fit = GaussianFit(sd=0.15, axis=axis)
    run = Run(55_296, TOKENS, level_at_half(fit, 55_296))
    view = outlook(fit, [run], FEW)
    kept = view._kept.astype(float)
    everything = kept.max(axis=1).mean() - kept.mean(axis=0).max()
    assert 0 < view.gain(run, "regret") < everything


def test_copies_of_a_draw_count_once():
    fit = GaussianFit(draws=100)
    run = Run(24_576, TOKENS, level_at_half(fit, 24_576))
    view = outlook(fit, [run], 800)
    assert view.effective_draws == pytest.approx(100)
    by_hand = [
        1 / sum(each[view.beliefs.draw == draw].sum() ** 2 for draw in range(100))
        for each in view.after(run, np.random.default_rng(0)).weight.astype(float)
    ]
    assert view.after(run, np.random.default_rng(0)).effective_draws == pytest.approx(np.median(by_hand), rel=1e-4)


def test_halves_share_no_draw():
    beliefs = outlook(GaussianFit(draws=102), [], 800).beliefs
    one, other = beliefs.halves
    assert not set(beliefs.draw[one]) & set(beliefs.draw[other])
    assert len(one) + len(other) == 800
    assert abs(len(one) - len(other)) < 20


def test_outcomes_that_tell_nothing_gain_nothing_even_if_the_draws_are_few():
    fit = GaussianFit(draws=100)
    run = Run(24_576, TOKENS, level_at_half(fit, 24_576))
    view, rng = outlook(fit, [run], 800), np.random.default_rng(0)
    mean = view.beliefs.mean_knowing(view.beliefs.places[run.cell])
    mean = mean - mean.mean()
    found, squared = [], []
    for _ in range(40):
        likelihood = rng.dirichlet(np.ones(20), 100)[view.beliefs.draw].astype(np.float32)
        found.append(view._variance(run, likelihood))
        squared.append(np.sum((mean @ likelihood) ** 2 / likelihood.sum(axis=0)) / 800)
    assert np.mean(found) < 0.25 * np.mean(squared)
