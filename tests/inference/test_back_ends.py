"""One definition, and all that is made of it: the same densities and gradients, without drawing a sample."""

import numpy as np
import pytest

pytest.importorskip("numpyro")

import jax
import pymc as pm
from numpyro.infer.util import potential_energy

from bayeskisl.inference import build_model, simulate
from bayeskisl.inference.compiled import compiled_density
from bayeskisl.inference.data import prepare
from bayeskisl.inference.model import model_inputs, structure
from bayeskisl.inference.simulate import design_curves
from bayeskisl.inference.with_numpyro import double_precision, numpyro_model
from bayeskisl.laws import law_names, load_law

POINTS = 200
DESIGN = {"params": [6144, 13824, 24576], "facts": [60, 250, 1000], "seeds": 1}
TWO_GROUPS = ("infused", "infused_heldout")


BY_STRUCTURE = {}
for each in map(load_law, law_names()):
    BY_STRUCTURE.setdefault(structure(prepare(design_curves(**DESIGN), each), each), []).append(each)


def plain_name(name):
    """Of a variable that PyMC transforms."""
    return name.removesuffix("_log__").removesuffix("_logodds__")


@pytest.mark.parametrize("kind", BY_STRUCTURE, ids=str)
def test_densities_and_gradients_agree(kind):
    """For every shipped law; those of one structure share the compiled functions."""
    agree(BY_STRUCTURE[kind], DESIGN)


@pytest.mark.slow
@pytest.mark.parametrize("kind", BY_STRUCTURE, ids=str)
def test_densities_and_gradients_agree_of_two_groups(kind):
    agree(BY_STRUCTURE[kind], {**DESIGN, "groups": TWO_GROUPS})


def test_densities_and_gradients_agree_of_several_domains():
    agree([load_law("collapse")], {**DESIGN, "groups": TWO_GROUPS, "domains": ("legal", "medical")})


def test_densities_and_gradients_agree_where_run_scatter_varies():
    content = load_law("collapse").to_dict()
    content["priors"]["sigma_run_exponent"] = {"mean": 0.1, "sd": 0.5}
    agree([type(load_law("collapse")).model_validate(content)], {**DESIGN, "groups": TWO_GROUPS})


def agree(laws, design):
    """Of PyMC, NumPyro and C, at random points."""
    curves = simulate(laws[0], design, seed=3)
    model = build_model(curves, laws[0])
    outputs = [model.logp(), model.dlogp()]
    in_pymc = model.compile_fn(outputs, inputs=model.value_vars, mode="FAST_COMPILE", point_fn=True)
    start, rng = model.initial_point(), np.random.default_rng(5)
    order = [variable.name for variable in model.value_vars]

    def density(at, inputs):
        return -potential_energy(numpyro_model(laws[0]), (inputs,), {}, at)

    quickly = {"xla_backend_optimization_level": 0}  # compiled: half as long, and evaluated a few hundred times
    in_numpyro = jax.jit(jax.value_and_grad(density), compiler_options=quickly)
    with double_precision():
        for point in range(POINTS):
            point_of = {k: v + 0.5 * rng.standard_normal(np.shape(v)) for k, v in start.items()}
            if point % (POINTS // len(laws)) == 0:
                law = laws[min(point * len(laws) // POINTS, len(laws) - 1)]
                data = prepare(curves, law)
                inputs, in_c = model_inputs(data, law), compiled_density(data, law, print)
                with model:
                    pm.set_data(inputs)
            value, gradient = in_pymc(point_of)
            other, slopes = in_numpyro({plain_name(k): v for k, v in point_of.items()}, inputs)
            assert float(other) == pytest.approx(float(value), rel=1e-6)
            flat = np.concatenate([np.ravel(slopes[plain_name(k)]) for k in order])
            np.testing.assert_allclose(flat, gradient, rtol=1e-5, atol=1e-5 * np.abs(gradient).max())
            third, slopes = in_c.value_and_gradient(np.concatenate([np.ravel(point_of[k]) for k in order]))
            assert third == pytest.approx(float(value), rel=1e-9)
            np.testing.assert_allclose(slopes, gradient, rtol=1e-7, atol=1e-9 * np.abs(gradient).max())


def test_importing_changes_no_precision():
    assert not jax.config.jax_enable_x64


def test_sweeps_may_be_stacked_and_mapped_over():
    law = load_law("collapse")
    several = [simulate(law, DESIGN, seed=seed) for seed in range(3)]
    with double_precision():
        inputs = [model_inputs(prepare(curves, law), law) for curves in several]
        stacked = {name: np.stack([each[name] for each in inputs]) for name in inputs[0]}
        at = {plain_name(k): v for k, v in build_model(several[0], law).initial_point().items()}

        def density(one):
            return potential_energy(numpyro_model(law), (one,), {}, at)

        apart = [jax.jit(density)(one) for one in inputs]
        np.testing.assert_allclose(jax.jit(jax.vmap(density))(stacked), apart, rtol=1e-9)
