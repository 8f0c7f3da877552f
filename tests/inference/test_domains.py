"""Several domains in one fit: partly pooled, and each one a fit of its own afterwards."""

import json
from dataclasses import replace

import numpy as np
import pytest

from bayeskisl import schema
from bayeskisl.curves import capacity_of, cell_table, curves_from_table, join_curves, reference_load, validate
from bayeskisl.decision import decide, predict
from bayeskisl.design import plan
from bayeskisl.design.particles import believe
from bayeskisl.design.runs import Cell
from bayeskisl.errors import InputError
from bayeskisl.inference import Fit, fit, simulate
from bayeskisl.inference.compare import compare
from bayeskisl.inference.data import prepare
from bayeskisl.inference.extrapolate import extrapolate
from bayeskisl.inference.model import Model
from bayeskisl.inference.regime import regime
from bayeskisl.inference.simulate import design_curves
from bayeskisl.laws import load_law
from bayeskisl.target import Target

DOMAINS = ("legal", "medical")
DESIGN = {"params": [6_144, 13_824, 24_576, 55_296], "facts": [60, 120, 250, 500, 1000, 2000, 4000]}
TRUTH = {
    "intercept": 4.8, "exponent": 0.7, "curvature": 0.1, "tau": 0.05, "sigma_run": 0.08, "steepness_intercept": 1.6,
    "asymmetry": 1.0, "domain_intercept": {"legal": 0.4, "medical": -0.4},
}  # fmt: skip
LAW = load_law("collapse")


@pytest.fixture(scope="module")
def curves():
    """Legal answers are free, medical ones a choice among four."""
    guessing = {"legal": 1 / 4096, "medical": 0.25}
    return simulate(LAW, {**DESIGN, "seeds": 1, "domains": DOMAINS, "guessing": guessing}, TRUTH, seed=1)


@pytest.fixture(scope="module")
def both(curves):
    return fit(curves, LAW, rivals=())


def test_cells_of_domains_are_apart_and_named(curves):
    cells, cell_of_run = cell_table(curves)
    assert cells.sizes[schema.CELL] == 8
    assert cells[schema.CELL].values[0] == "6144p 1843200t legal"
    assert (cells[schema.CELL_DOMAIN].values[cell_of_run] == curves[schema.DOMAIN].values).all()


def test_each_domain_has_a_guessing_rate_and_no_more_than_one(curves, both):
    assert prepare(curves, LAW).guessing[:, 0].tolist() == [1 / 4096, 0.25] * 4
    assert (both.of_domain("medical").posterior["floor"] >= 0.25).all()
    assert (both.of_domain("legal").posterior["floor"] < 0.1).all()
    first = (curves[schema.RUN] == curves[schema.RUN][0]).broadcast_like(curves["guessing"])
    with pytest.raises(InputError, match="one guessing rate for each group of a domain, got 2 rates"):
        prepare(curves.assign(guessing=curves["guessing"].where(~first, 0.5)), LAW)


def test_one_domain_is_no_other_model():
    plain = design_curves(**DESIGN)
    named = design_curves(**DESIGN, domains=("legal",))
    one, other = Model(prepare(plain, LAW), LAW), Model(prepare(named, LAW), LAW)
    assert one.structure == other.structure
    np.testing.assert_array_equal(one.lines.threshold.design, other.lines.threshold.design)
    assert LAW.to_dict().get("domain_pooling") is None  # the hash of every law stays


def test_the_prior_of_a_domain_is_that_of_a_fit_without_domains_and_two_correlate(curves):
    line, alone = (Model(prepare(each, LAW), LAW).lines.threshold for each in (curves, design_curves(**DESIGN)))
    covariance = (line.design * line.sd**2) @ line.design.T
    legal, medical = covariance[::2, ::2], covariance[::2, 1::2]
    np.testing.assert_allclose(legal, (alone.design * alone.sd**2) @ alone.design.T)
    bend = alone.sd[2] ** 2 * np.outer(alone.design[:, 2], alone.design[:, 2])
    np.testing.assert_allclose(medical - bend, LAW.pooling * (legal - bend))


def test_truth_is_recovered(both):
    assert both.gate.passed
    assert both.domains == DOMAINS
    summary = both.summary()
    between = both.posterior[schema.DOMAIN_INTERCEPT]
    gap = between.sel(domain="legal", group="infused") - between.sel(domain="medical", group="infused")
    assert np.quantile(gap, 0.01) < 0.8 < np.quantile(gap, 0.99)
    assert summary.loc["domain_intercept[infused, legal]", "covered"]
    assert summary["covered"].mean() > 0.75


def test_a_domain_is_a_fit_of_its_own(both):
    legal = both.of_domain("legal")
    assert legal.domains == ()
    assert set(legal.curves[schema.DOMAIN].values) == {"legal"}
    cells, cell_of_run = cell_table(legal.curves)
    assert legal.posterior[schema.CELL].values.tolist() == cells[schema.CELL].values.tolist()
    assert legal.tree["constant_data"]["cell_of_run"].values.tolist() == cell_of_run.tolist()
    ours = both.posterior[schema.CRITICAL_EXPOSURES].isel(cell=slice(0, None, 2)).values
    np.testing.assert_array_equal(legal.posterior[schema.CRITICAL_EXPOSURES].values, ours)
    np.testing.assert_array_equal(legal.tree["log_likelihood"].to_dataset().sizes["run"], 28)


def test_the_line_of_a_domain_is_the_one_that_was_fitted(both):
    data, posterior = prepare(both.curves, both.law), both.posterior
    names = ("intercept", "exponent", "curvature", "domain_intercept", "domain_exponent")
    coefficients = data.size_law.join(*(posterior[name].values for name in names))
    for index, domain in enumerate(DOMAINS):
        view = both.of_domain(domain)
        still = view.tree.copy()
        still["posterior"] = still["posterior"].to_dataset().assign(tau=0 * view.posterior["tau"])
        for params in (6_144, 200_000):
            at = np.array([params, index == 0, index == 1], dtype=float)
            line = data.size_law.log_critical_exposures(coefficients, at)
            there = extrapolate(still, params, 1_843_200, as_new=True)["log_critical_exposures"]
            np.testing.assert_allclose(there.values, line)


def test_a_fit_of_several_must_be_asked_for_one(both):
    for ask in (lambda: predict(both, 98_304), lambda: decide(both, 98_304), lambda: compare([both])):
        with pytest.raises(InputError, match="one domain among legal, medical"):
            ask()
    with pytest.raises(InputError, match="a domain among legal, medical, got 'tax'"):
        both.of_domain("tax")
    with pytest.raises(InputError, match="one domain of a fit of several"):
        compare([both.of_domain("legal")])
    with pytest.raises(InputError, match="a fit of several domains"):
        both.of_domain("legal").of_domain("legal")


def test_a_plan_for_one_domain_counts_what_the_others_show(both):
    ask, alone = Target(98_304, domain="legal"), both.of_domain("legal")
    cells = [Cell(size, 1_843_200.0, "legal") for size in (6_144.0, 9_600.0, 55_296.0)]
    unnamed = [cell._replace(domain="") for cell in cells]
    whole, part = believe(both, ask, cells, seed=1), believe(alone, replace(ask, domain=None), unnamed, seed=1)
    assert whole.target_variance.mean() < 0.97 * part.target_variance.mean()
    assert [place.seen for place in whole.places.values()] == [True, False, True]
    assert list(whole.places) == cells
    for place, same in zip(whole.places.values(), part.places.values(), strict=True):
        if place.seen:
            np.testing.assert_array_equal(place.log_threshold, same.log_threshold)
    planned = plan(both, ask, budget="1e13flop", runs=2, particles=1_000)
    assert len(planned.runs) == 2
    assert not any("domain" in note for note in planned.notes)
    told = plan(alone, 98_304, budget="1e13flop", runs=1, particles=1_000).notes
    assert any("cut down to one domain" in note for note in told)
    with pytest.raises(InputError, match="one domain among legal, medical"):
        plan(both, 98_304, budget="1e13flop")


def test_the_truth_of_a_domain_is_its_own(both):
    whole = both.truth
    own = whole[schema.DOMAIN_INTERCEPT].sel(domain="medical") + whole["intercept"]
    of_cells = whole[schema.CRITICAL_EXPOSURES].isel(cell=slice(1, None, 2))
    view = both.of_domain("medical")
    assert view.truth["intercept"].item() == pytest.approx(own.item())  # both domains have the same sizes
    np.testing.assert_array_equal(view.truth[schema.CRITICAL_EXPOSURES].values, of_cells.values)
    table = view.summary()
    np.testing.assert_allclose(table.filter(like="critical_exposures[", axis=0)["truth"], of_cells.values[:, 0])
    lost = both.tree.copy()
    attrs = json.loads(lost["constant_data"].attrs["curves_attrs"])
    told = whole.isel(run=slice(1, None), cell=slice(1, None))
    lost["constant_data"].attrs["curves_attrs"] = json.dumps(attrs | {"truth": json.dumps(told.to_dict())})
    assert Fit(lost).of_domain("medical").truth is None


def test_a_decision_on_one_domain_leaves_the_others_alone(both):
    decision = decide(both.of_domain("legal"), 98_304)
    assert decision.sensitivity.index[0] == "as asked"
    assert both.domains == DOMAINS


@pytest.mark.slow
def test_a_domain_of_few_runs_borrows_from_the_other(curves):
    few = curves.isel(run=(curves[schema.DOMAIN] == "legal").values | (curves[schema.PARAMS] < 20_000).values)
    own = few.isel(run=(few[schema.DOMAIN] == "medical").values)
    posteriors = fit(few, LAW, rivals=(), throw=False).of_domain("medical"), fit(own, LAW, rivals=(), throw=False)
    collapses = [np.log(predict(each, 221_184, throw=False)[schema.COLLAPSE]) for each in posteriors]
    width, width_alone = (np.ptp(np.quantile(each, [0.05, 0.95])) for each in collapses)
    assert width < 0.95 * width_alone


@pytest.mark.slow
def test_domains_share_what_a_model_can_hold_and_each_has_its_own_learning(curves):
    result = fit(curves, "limits", rivals=())
    assert result.gate.passed
    data, coefficients = prepare(result.curves, result.law), result.posterior["coefficients"]
    between = result.posterior[schema.DOMAIN_INTERCEPT].sel(group="infused")
    gap = between.sel(domain="legal") - between.sel(domain="medical")
    assert np.quantile(gap, 0.01) < 0.8 < np.quantile(gap, 0.99)
    for index, domain in enumerate(DOMAINS):
        alone = result.of_domain(domain)
        still = alone.tree.copy()
        still["posterior"] = still["posterior"].to_dataset().assign(tau=0 * alone.posterior["tau"])
        one_bit = capacity_of(alone.curves).exposures_at(200_000, 1_843_200)
        at = np.array([200_000, index == 0, index == 1, one_bit], dtype=float)
        there = extrapolate(still, 200_000, 1_843_200, as_new=True)["log_critical_exposures"]
        line = data.size_law.log_critical_exposures(coefficients.values, at)
        np.testing.assert_allclose(there.values, line)
        assert regime(alone).sizes[schema.CELL] == 4
        assert np.isfinite(predict(alone, 98_304)[schema.COLLAPSE]).all()
    assert believe(alone, Target(98_304), [(98_304.0, 1_843_200.0)])


def test_a_column_of_a_table_names_domains():
    rows = [
        {"params": params, "facts": facts, "recalled": 5, "probed": 10, "domain": domain}
        for params in (1_000, 2_000)
        for facts in (10, 20)
        for domain in DOMAINS
    ]
    curves = curves_from_table(rows)
    assert curves[schema.DOMAIN].values.tolist() == [row["domain"] for row in rows]
    assert curves.sizes[schema.RUN] == 8


def test_sets_of_curves_name_their_domains_all_or_none():
    legal, tax = (design_curves(**DESIGN, domains=(name,)) for name in ("legal", "tax"))
    tax = tax.assign_coords(run=[f"tax {i}" for i in range(tax.sizes[schema.RUN])])
    assert set(join_curves(legal, tax)[schema.DOMAIN].values) == {"legal", "tax"}
    with pytest.raises(InputError, match="a domain in all sets of curves or in none"):
        join_curves(legal, tax.drop_vars(schema.DOMAIN))
    with pytest.raises(InputError, match="the name of a domain for every run"):
        validate(tax.assign_coords({schema.DOMAIN: (schema.RUN, [""] * tax.sizes[schema.RUN])}))


def test_a_domain_keeps_the_load_and_the_bits_that_the_draws_refer_to(both):
    of_all = capacity_of(both.curves)
    for index, name in enumerate(DOMAINS):
        ours = both.of_domain(name).curves
        assert reference_load(ours) == pytest.approx(reference_load(both.curves))
        np.testing.assert_allclose(capacity_of(ours).exposures_of_cells, of_all.exposures_of_cells[index::2])
