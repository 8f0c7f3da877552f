"""Curves with known truth."""

import pytest
import xarray as xr

from bayeskisl.errors import InputError
from bayeskisl.inference.simulate import design_curves, simulate

DESIGN = {"params": [6_144, 24_576], "facts": [100, 300]}


@pytest.mark.parametrize(
    ("truth", "message"),
    [
        ({"asymmetry": 0}, "asymmetry above 0"),
        ({"tau": -0.1}, "tau 0 or above"),
        ({"floor_excess": 1.0}, "floor_excess in"),
        ({"intercept": float("nan")}, "intercept finite"),
        ({"exponent": {"tokens": 1.0}}, "exponent by params"),
        ({"exponent": "steep"}, "numbers for exponent"),
    ],
)
def test_a_truth_that_cannot_be_is_refused(truth, message):
    with pytest.raises(InputError, match=message):
        simulate("collapse", DESIGN, truth)


@pytest.mark.parametrize(
    ("law", "truth"),
    [
        ("collapse", {"minimum_exposures": 20.0}),
        ("limits", {"curvature": 0.1}),
        ("logistic", {"asymmetry": 1.0}),
        ("power", {"load_effect": 0.5}),
        ("power", {"domain_intercept": 0.5}),
        ("power", {"sigma_run_exponent": -0.5}),
    ],
)
def test_a_truth_that_the_law_lacks_is_refused(law, truth):
    (name,) = truth
    with pytest.raises(InputError, match=rf"^truth: expected names among tau, .*got '{name}'"):
        simulate(law, DESIGN, truth)


def test_what_learning_demands_falls_with_size_under_limits():
    with pytest.raises(InputError, match="an exponent of params above 0"):
        simulate("limits", DESIGN, {"exponent": 0})


def test_of_a_design_that_was_measured_only_the_probes_are_kept():
    design = design_curves(**DESIGN)
    early, late = (design.assign_coords(tokens_seen=design["tokens"] // part) for part in (2, 1))
    measured = xr.concat([early, late], "checkpoint", data_vars=["recalled", "probed"], coords=["tokens_seen"])
    measured = measured.assign(answer_nats=0.0 * measured["probed"], general_loss=0.0 * measured["tokens_seen"])
    simulated = simulate("power", measured, seed=3)
    assert simulated.identical(simulate("power", design, seed=3))


def test_seeds_are_whole_numbers_from_zero():
    with pytest.raises(InputError, match="seed: expected a whole number of at least 0, got -1"):
        simulate("power", DESIGN, seed=-1)


def test_guessing_rates_name_every_domain():
    with pytest.raises(InputError, match="a guessing rate for each domain, a, b, got 'a'"):
        design_curves(**DESIGN, domains=("a", "b"), guessing={"a": 0.1})
