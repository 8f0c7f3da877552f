import re

import numpy as np
import pymc as pm
import pytest
from scipy import stats

from bayeskisl.inference import compiled, density, simulate
from bayeskisl.inference.data import prepare
from bayeskisl.inference.load import effective_log_exposures
from bayeskisl.inference.model import Model
from bayeskisl.inference.posterior import name_quantities
from bayeskisl.laws import load_law

LAW = load_law("collapse")


@pytest.fixture(scope="module")
def data(curves):
    return prepare(curves, LAW)


@pytest.fixture(scope="module")
def model(data):
    return Model(data, LAW).in_pymc()


@pytest.fixture(scope="module")
def log_density(model):
    return natural_log_density(model)


@pytest.fixture
def point(model):
    return somewhere(model)


def natural_log_density(model):
    """Of natural parameters: no Jacobians of PyMC's transforms."""
    natural = model.logp(jacobian=False)
    compiled = model.compile_fn(natural, inputs=model.value_vars, mode="FAST_COMPILE", point_fn=True)
    return lambda point: float(compiled(point))


def somewhere(model):
    rng = np.random.default_rng(5)
    start = model.initial_point()
    return {name: value + 0.3 * rng.standard_normal(np.shape(value)) for name, value in start.items()}


def natural(point):
    """Values of PyMC's transformed variables, by their names."""
    undo = {"_log__": np.exp, "_logodds__": lambda x: 1 / (1 + np.exp(-x))}
    found = {}
    for name, value in point.items():
        ending = next((e for e in undo if name.endswith(e)), "")
        found[name.removesuffix(ending)] = undo[ending](value) if ending else value
    return found


def plain_log_density(point, data, law):
    """The model as one would write it on paper, for one group; changes of variables by their determinants."""
    model = Model(data, law)
    draws = {name: value[None, None] for name, value in natural(point).items()}
    named = {k: v[0, 0] for k, v in name_quantities(draws, model, np.random.default_rng(0)).quantities.items()}
    priors, lines = law.priors, model.lines
    total = sum(
        stats.lognorm.logpdf(named[n][0], getattr(priors, n).log_sd, scale=getattr(priors, n).median)
        for n in law.positive
    )
    lapse = priors.lapse
    log_odds = np.log(lapse.median / (1 - lapse.median))
    total += stats.norm.logpdf(named["lapse_intercept"][0], log_odds, lapse.log_sd)
    total += stats.beta.logpdf(named["floor_excess"][0], 1, priors.floor_excess.b)
    total += stats.norm.logpdf(draws["lapse_z"]).sum()
    unit = 1.0  # along the axis, of a typical step in effective exposures
    if law.knows_load:
        effect, share = named["load_effect"][0], data.load.share[:, 0]
        unit = 1 - share.mean() + effect * share.mean()
        total += np.log(unit)  # sigma_run is sampled in that unit
    for line, scatter, values, size in (
        (lines.threshold, named["tau"][0], np.log(named["critical_exposures"][:, 0]), unit),
        (lines.steepness, named["steepness_scatter"][0], np.log(named["steepness"][:, 0]), 1.0),
    ):
        law_part = line.design @ np.diag(line.sd**2) @ line.design.T
        covariance = law_part + scatter**2 * np.eye(len(values))
        total += stats.multivariate_normal.logpdf(values, line.design @ line.mean, covariance)
        # along each axis the sampled place is stretched by part of the root of its variance
        freedom = 1 / (1 + line.information[0] * (np.linalg.eigvalsh(law_part) + line.scatter**2))
        total += np.sum(freedom * np.log(np.sqrt(np.linalg.eigvalsh(covariance)) / size) + np.log(size))
    return total + log_density_of_counts(named, data, law)


def log_density_of_counts(named, data, law):
    """Of beta-binomial counts whose mean and variance are those over all effects that a run may have."""
    fall, cell = law.fall.of(named), data.cell_of_run
    ahead = effective_log_exposures(data.log_exposures, data.load, named) - np.log(named["critical_exposures"])[cell]
    z, weight = np.polynomial.hermite_e.hermegauss(7)
    share = fall.share(named["steepness"][cell][..., None] * (ahead[..., None] - named["sigma_run"][0] * z))
    weight = weight / weight.sum()
    floor, span = named["floor"][cell], named["ceiling"][cell] - named["floor"][cell]
    recall = floor + span * (share @ weight)
    of_effects = span**2 * ((share - (share @ weight)[..., None]) ** 2 @ weight)
    of_knowledge = ((recall - floor) * (1 - recall) - of_effects) / (1 + named["concentration"][0])
    of_guesses = ((1 - recall) / (1 - floor)) ** 2 * floor * (1 - floor) / (1 + named["guess_concentration"][0])
    alike = (of_effects + of_knowledge + of_guesses) / (recall * (1 - recall)) + 3e-6
    counts = (1 + 3e-6) / alike - 1
    return stats.betabinom.logpmf(data.recalled, data.probed, recall * counts, (1 - recall) * counts).sum()


def test_log_density_is_the_model_on_paper(log_density, point, data):
    assert log_density(point) == pytest.approx(plain_log_density(point, data, LAW), rel=1e-9)


def test_so_is_that_of_a_law_that_knows_the_load():
    """On a dose, where the load alone moves what is infused, and on an amount sweep, where it moves with exposures."""
    law = load_law("common")
    for design in (
        {
            "axis": "dose",
            "ratio": [0.1, 0.4, 0.8],
            "exposures": 300.0,
            "background_facts": 150,
            "background_share": 0.3,
        },
        {"facts": [60, 250, 1000], "background_facts": 150, "background_share": 0.3},
    ):
        curves = simulate(law, {"params": [6144, 13_824, 24_576], **design}, seed=2)
        data = prepare(curves, law)
        model = Model(data, law).in_pymc()
        point = somewhere(model)
        assert natural_log_density(model)(point) == pytest.approx(plain_log_density(point, data, law), rel=1e-9)


def test_order_of_runs_does_not_matter(model, log_density, point, data, curves):
    before = log_density(point)
    order = np.random.default_rng(1).permutation(data.shape[0])
    shuffled = Model(prepare(curves.isel(run=order), LAW), LAW).given.flat()
    try:
        with model:
            pm.set_data(shuffled)
        assert log_density(point) == pytest.approx(before, rel=1e-12)
    finally:
        with model:
            pm.set_data(Model(data, LAW).given.flat())


def test_runs_that_were_not_probed_say_nothing(curves):
    silent = curves.copy(deep=True)
    silent["recalled"][:5] = 0
    silent["probed"][:5] = 0
    model = Model(prepare(silent, LAW), LAW).in_pymc()
    of_runs = model.logp(vars=model.observed_RVs, sum=False)[0]
    terms = model.compile_fn(of_runs, inputs=model.value_vars, mode="FAST_COMPILE")
    np.testing.assert_allclose(terms(model.initial_point())[:5], 0.0, atol=1e-9)


def test_padding_does_not_change_the_real_part(data):
    padded = data.resized(data.shape[0] + 3, data.shape[2] + 2)
    narrow, wide = Model(data, LAW).given.flat(), Model(padded, LAW).given.flat()
    cells = data.shape[2]
    for name in ("threshold_mean", "threshold_freedom", "steepness_freedom", "guessing"):
        np.testing.assert_allclose(wide[name][: len(narrow[name])], narrow[name])
    rotation = wide["threshold_rotation"]
    np.testing.assert_allclose(rotation[:cells, :cells], narrow["threshold_rotation"])
    np.testing.assert_array_equal(rotation[cells:, :cells], 0)
    np.testing.assert_array_equal(wide["threshold_own_scatter"], [1] * cells + [0, 0])


def test_power_is_collapse_with_no_curvature(curves):
    content = LAW.to_dict()
    content["priors"]["curvature"]["params"] = {"mean": 0.0, "sd": 0.0}
    straight, power = type(LAW).model_validate(content), load_law("power")
    one, other = (Model(prepare(curves, law), law) for law in (straight, power))
    assert one.structure == other.structure
    for name, value in one.given.flat().items():
        np.testing.assert_array_equal(value, other.given.flat()[name])


def test_without_a_compiler_there_is_no_density_in_c_and_it_is_said(curves, monkeypatch, tmp_path):
    monkeypatch.setenv("CC", "false")
    monkeypatch.setenv("BAYESKISL_CACHE", str(tmp_path))
    monkeypatch.setattr(compiled, "_loaded", {})
    monkeypatch.setattr(density, "write_density", lambda model: ("no matter", density.Layout({}, [], {}, {}, {})))
    law, told = load_law("collapse"), []
    assert compiled.compiled_density(Model(prepare(curves, law), law), told.append) is None
    assert re.search(r"could not be compiled as C: .*false failed", told[-1])
