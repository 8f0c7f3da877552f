"""One definition, and all that is made of it: the same densities and gradients, without drawing a sample."""

import numpy as np
import pytest

pytest.importorskip("numpyro")

import jax
import jax.numpy as jnp
import pymc as pm
import pytensor.tensor as pt
from numpyro import handlers
from numpyro.infer.util import potential_energy
from scipy.special import expit
from scipy.stats import ks_2samp

from bayeskisl.inference import build_model, simulate, with_numpy, with_numpyro, with_pymc
from bayeskisl.inference.compiled import compiled_density
from bayeskisl.inference.data import prepare
from bayeskisl.inference.definition import define
from bayeskisl.inference.model import Model
from bayeskisl.inference.posterior import named_quantities
from bayeskisl.inference.prior import draw_prior
from bayeskisl.inference.simulate import design_curves
from bayeskisl.inference.with_numpy import replay, sample
from bayeskisl.inference.with_numpyro import double_precision, numpyro_model
from bayeskisl.laws import law_names, load_law

POINTS = 12
DESIGN = {"params": [6144, 13824, 24576], "facts": [60, 250, 1000], "seeds": 1}
TWO_GROUPS = ("infused", "infused_heldout")
# where the load matters
DOSE = {"params": [6144, 13824, 24576], "axis": "dose", "ratio": [0.1, 0.4, 0.8], "exposures": 300.0, "seeds": 1,
        "background_facts": 150, "background_share": 0.3, "groups": ("infused", "background")}  # fmt: skip


BY_STRUCTURE = {}
for each in map(load_law, law_names()):
    BY_STRUCTURE.setdefault(Model(prepare(design_curves(**DESIGN), each), each).structure, []).append(each)


def plain_name(name):
    """Of a variable that PyMC transforms."""
    return name.removesuffix("_log__").removesuffix("_logodds__")


# The default law; `tests/laws/falls` compares each fall in NumPy and in PyTensor by itself.
FEW = map(load_law, ("limits",))
OFTEN = {Model(prepare(design_curves(**DESIGN), law), law).structure for law in FEW}


@pytest.mark.parametrize(
    "kind",
    [each if each in OFTEN else pytest.param(each, marks=pytest.mark.slow) for each in BY_STRUCTURE],
    ids=str,
)
def test_densities_and_gradients_agree(kind):
    """For every shipped law; those of one structure share the compiled functions."""
    laws = BY_STRUCTURE[kind]
    agree(laws, DOSE if laws[0].knows_load else DESIGN, slopes=laws[0].has_limits)


@pytest.mark.slow
@pytest.mark.parametrize("kind", BY_STRUCTURE, ids=str)
def test_densities_and_gradients_agree_of_two_groups(kind):
    agree(BY_STRUCTURE[kind], {**DESIGN, "groups": TWO_GROUPS}, slopes=True)


def of_varying_scatter():
    content = load_law("collapse").to_dict()
    content["priors"]["sigma_run_exponent"] = {"mean": 0.1, "sd": 0.5}
    return type(load_law("collapse")).model_validate(content)


@pytest.mark.slow
def test_densities_and_gradients_agree_of_several_domains():
    agree([load_law("collapse")], {**DESIGN, "domains": ("legal", "medical")})


@pytest.mark.slow
def test_densities_and_gradients_agree_where_run_scatter_varies():
    agree([of_varying_scatter()], DESIGN)


@pytest.mark.slow
def test_densities_and_gradients_agree_of_two_groups_of_several_domains_where_run_scatter_varies():
    agree([of_varying_scatter()], {**DESIGN, "groups": TWO_GROUPS, "domains": ("legal", "medical")})


def agree(laws, design, *, slopes=False):
    """Of PyMC, NumPyro and C, at random points: densities and what is deterministic; C's gradient with its density.

    With `slopes` NumPyro's gradient as well, which takes three times as long to compile as its density. PyMC's own,
    which C is written from, takes longer than all else together: a slow test has it.
    """
    curves = simulate(laws[0], design, seed=3)
    models = [Model(prepare(curves, law), law) for law in laws]
    in_pymc, value_in_pymc = compiled_in_pymc(models[0])
    order, start, rng = [each.name for each in in_pymc.value_vars], in_pymc.initial_point(), np.random.default_rng(5)
    with double_precision():
        density, quantities = compiled_in_numpyro(models[0], slopes)
        for model in models:
            with in_pymc:
                pm.set_data(model.given.flat())
            in_c = compiled_density(model, print)
            for _ in range(POINTS):
                point = {k: v + 0.5 * rng.standard_normal(np.shape(v)) for k, v in start.items()}
                natural = {plain_name(k): undone(k, v) for k, v in point.items()}
                value, deterministic = value_in_pymc(point)
                at = flat(point, order)
                in_numpyro = density({plain_name(k): v for k, v in point.items()}, model.given)
                third, gradient = in_c.value_and_gradient(at)
                assert third == pytest.approx(float(value), rel=1e-9)
                slope_agrees(in_c, at, gradient, rng.standard_normal(len(at)))
                if slopes:
                    in_numpyro, theirs = in_numpyro
                    theirs = flat(theirs, map(plain_name, order))
                    np.testing.assert_allclose(theirs, gradient, rtol=1e-5, atol=1e-5 * np.abs(gradient).max())
                assert float(in_numpyro) == pytest.approx(float(value), rel=1e-6)
            replays_agree(model, natural, deterministic, quantities(natural, model.given))


def flat(values, order):
    return np.concatenate([np.ravel(values[name]) for name in order])


def slope_agrees(density, at, gradient, direction, step=1e-5):
    """Along a direction, with central differences: their error is of the order of the step's square."""
    (above, _), (below, _) = (density.value_and_gradient(at + sign * step * direction) for sign in (1, -1))
    accuracy = 1e-6 * np.linalg.norm(gradient) * np.linalg.norm(direction)
    assert (above - below) / (2 * step) == pytest.approx(gradient @ direction, rel=1e-5, abs=accuracy)


def compiled_in_pymc(model):
    """The model in PyMC, and a function to its log density and to what is deterministic in it."""
    language = recorded(with_pymc._PyMC)(sizes_of(model))
    with pm.Model(coords=model.labels) as in_pymc:
        define(language, model.given.map(lambda name, value, dims: pm.Data(name, value, dims=dims)), model.law)
    deterministic = in_pymc.replace_rvs_by_values([pt.as_tensor(each) for each in language.found.values()])
    outputs = [in_pymc.logp(), *deterministic]
    of_point = in_pymc.compile_fn(outputs, inputs=in_pymc.value_vars, mode="FAST_COMPILE", point_fn=True)

    def value(point):
        density, *others = of_point(point)
        return density, dict(zip(language.found, others, strict=True))

    return in_pymc, value


def compiled_in_numpyro(model, slopes):
    """Its log density, with its gradient or not, and what is deterministic in it, for any law of one structure."""
    quickly = {"xla_backend_optimization_level": 0}  # compiled: half as long, and evaluated a few times

    def density(at, given):
        return -potential_energy(numpyro_model(model.law), (given,), {}, at)

    def quantities(natural, given):
        language = recorded(with_numpyro._NumPyro)(sizes_of(model))
        with handlers.seed(rng_seed=0), handlers.substitute(data=natural):
            define(language, jax.tree.map(jnp.asarray, given), model.law)
        return language.found

    first = jax.value_and_grad(density) if slopes else density
    return (jax.jit(each, compiler_options=quickly) for each in (first, quantities))


def replays_agree(model, natural, *theirs):
    """Every deterministic quantity of PyMC, NumPyro and NumPy, at one point."""
    draws = {k: np.asarray(v)[None, None] for k, v in natural.items()}
    ours = replay(draws, model, np.random.default_rng(0)).named
    for found in theirs:
        assert set(ours) == set(found)
        for name, value in ours.items():
            other = np.broadcast_to(found[name], value.shape[2:])
            np.testing.assert_allclose(value[0, 0], other, rtol=1e-9, atol=1e-9, err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("law", ["common", "limits"])
def test_gradients_in_c_are_those_of_pymc(law):
    law = load_law(law)
    model = Model(prepare(simulate(law, {**DESIGN, "groups": TWO_GROUPS}, seed=3), law), law)
    in_pymc, in_c = model.in_pymc(), compiled_density(model, print)
    theirs = in_pymc.compile_fn(in_pymc.dlogp(), inputs=in_pymc.value_vars, mode="FAST_COMPILE", point_fn=True)
    start, rng = in_pymc.initial_point(), np.random.default_rng(5)
    for _ in range(POINTS):
        point = {k: v + 0.5 * rng.standard_normal(np.shape(v)) for k, v in start.items()}
        _, gradient = in_c.value_and_gradient(flat(point, [each.name for each in in_pymc.value_vars]))
        np.testing.assert_allclose(gradient, theirs(point), rtol=1e-7, atol=1e-9 * np.abs(gradient).max())


def undone(name, value):
    """The value of a variable that PyMC transforms."""
    return np.exp(value) if name.endswith("_log__") else expit(value) if name.endswith("_logodds__") else value


def sizes_of(model):
    return {dim: len(names) for dim, names in model.labels.items()}


def recorded(language):
    """A language that keeps what deterministic quantities are."""

    class Recorded(language):
        def deterministic(self, name, value, dims):
            together = self.xp.stack(value, axis=-1) if isinstance(value, list) else value
            self.found = {**getattr(self, "found", {}), name: together}
            return value

    return Recorded


class Forward(with_numpy._Sample):
    """The prior, variable by variable: places first, and the coefficients from their conditional."""

    line = with_numpy._Replay.line

    def rotated_normal(self, name, mean, rotation, scale, dims):
        return rotation @ (mean + scale * self.rng.standard_normal(self.shape(dims)))


@pytest.mark.parametrize("law", law_names())
def test_draws_of_the_prior_have_the_declared_distribution(law):
    """Of each scalar, 2,000 draws with the coefficients first and 2,000 with them integrated out: Kolmogorov-Smirnov.

    One failure in 1,000 laws by chance: the smallest of some hundred p values against 1e-5.
    """
    law = load_law(law)
    model = Model(prepare(design_curves(**DESIGN, groups=TWO_GROUPS, background_facts=50), law), law)
    forward = Forward(model, (1, 2000), np.random.default_rng(1), {})
    define(forward, model.given, law)
    ours = named_quantities(sample(model, 2000, np.random.default_rng(2)), model.data)
    theirs = named_quantities(forward.found, model.data)
    assert list(ours) == list(theirs)
    for name in ours:
        columns = (each[name][0].reshape(2000, -1).T for each in (ours, theirs))
        for one, other in zip(*columns, strict=True):
            assert np.allclose(one, other) or ks_2samp(one, other).pvalue > 1e-5, name


def test_what_is_fixed_holds_and_what_follows_follows():
    law = load_law("common")
    model = Model(prepare(design_curves(**DESIGN, groups=TWO_GROUPS), law), law)
    truth = {
        "tau": 0.0, "intercept": 5.0, "exponent": [0.7], "curvature": [0.0], "sigma_run": 0.0, "run_correlation": 0.5,
        "load_effect": 0.0,
    }  # fmt: skip
    fixed = {name: np.array(value) for name, value in truth.items()}
    named = draw_prior(model, 50, np.random.default_rng(0), fixed)
    assert not named["tau"].any()
    assert not named["sigma_run"].any()
    np.testing.assert_allclose(named["run_effect"], 0, atol=1e-9)
    np.testing.assert_allclose(named["run_correlation"], 0.5)
    line = 5.0 - 0.7 * model.data.log_size
    np.testing.assert_allclose(np.log(named["critical_exposures"]), np.broadcast_to(line[:, None], (1, 50, 3, 2)))


def test_importing_changes_no_precision():
    assert not jax.config.jax_enable_x64


def test_sweeps_may_be_stacked_and_mapped_over():
    law = load_law("collapse")
    several = [simulate(law, DESIGN, seed=seed) for seed in range(3)]
    with double_precision():
        inputs = [Model(prepare(curves, law), law).given for curves in several]
        stacked = jax.tree.map(lambda *each: np.stack(each), *inputs)
        at = {plain_name(k): v for k, v in build_model(several[0], law).initial_point().items()}

        def density(one):
            return potential_energy(numpyro_model(law), (one,), {}, at)

        apart = [jax.jit(density)(one) for one in inputs]
        np.testing.assert_allclose(jax.jit(jax.vmap(density))(stacked), apart, rtol=1e-9)
