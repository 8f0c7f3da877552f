"""The law with limits: monotone, bounded, and with the simpler laws as its special cases."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayeskisl.curves.capacity import NO_CAPACITY
from bayeskisl.laws import LimitsLaw, load_law
from bayeskisl.laws.files import parse_law
from bayeskisl.laws.limits import LEAST_EXPOSURES

SIZES = np.array([6144.0, 24576.0, 98304.0])
SUPPLY = 1e8  # exposures at one bit per parameter, times parameters
VALUES = np.stack([SIZES, SUPPLY / SIZES], axis=1)
LAWS = ("limits", "saturating", "softmin")


def law_of(name="limits", values=VALUES):
    return LimitsLaw.of(load_law(name), ("params",), values)


def coefficients(exponent=0.9, turn=0.0, level=150.0, minimum=1e-9, bits=2.0, sharpness=5.0):
    return np.array([np.log(level), np.log(exponent), turn, np.log(minimum), np.log(bits), np.log(sharpness)])


def place(params, one_bit=NO_CAPACITY):
    return np.stack(np.broadcast_arrays(np.asarray(params, dtype=float), one_bit), axis=-1)


def test_the_power_law_is_a_special_case():
    sizes = np.geomspace(1e3, 1e5, 7)
    line = law_of().log_critical_exposures(coefficients(level=1e6), place(sizes))
    np.testing.assert_allclose(line, np.log(1e6) - 0.9 * np.log(sizes / 24576), atol=1e-9)


def test_a_sharpness_of_one_adds_the_limits():
    at, size = coefficients(level=100.0, minimum=20.0, bits=2.0, sharpness=1.0), 98304.0
    expected = 100 * (size / 24576) ** -0.9 + LEAST_EXPOSURES + 20 + (SUPPLY / size) / 2
    assert law_of().log_critical_exposures(at, VALUES[2]) == pytest.approx(np.log(expected))


def test_a_capacity_that_binds_gives_bits_per_parameter():
    """In facts: K b = 2 N at the half-point, whatever the size."""
    sizes, bits_per_fact, supply = np.geomspace(1e5, 1e7, 5), 10.0, 1e7
    values = place(sizes, supply * bits_per_fact / sizes)
    line = law_of().log_critical_exposures(coefficients(level=1e-3, bits=2.0), values)
    np.testing.assert_allclose(supply / np.exp(line) * bits_per_fact / sizes, 2.0, rtol=0.02)


def test_each_domain_has_a_law_of_its_own_about_what_domains_have_in_common():
    domains = np.tile(np.eye(2), (3, 1))
    values = np.concatenate([np.repeat(VALUES[:, :1], 2, axis=0), domains, np.repeat(VALUES[:, 1:], 2, axis=0)], axis=1)
    law = LimitsLaw.of(load_law("limits"), ("params",), values, domains=("legal", "medical"))
    draws = np.random.default_rng(0).normal(law.mean, law.sd, (5, len(law.columns)))
    lines = law.log_critical_exposures(draws, values)
    for index, name in enumerate(law.domains):
        alone, enters = law.alone(name)
        assert alone.columns == law_of().columns
        own = alone.log_critical_exposures(draws @ enters, VALUES)
        np.testing.assert_allclose(lines[:, index::2], own)
    np.testing.assert_array_equal(law.named(draws)["domain_intercept"], draws[:, [3, 5]])


def test_the_prior_of_a_domain_is_that_of_a_law_without_domains():
    values = np.column_stack([VALUES[:, 0], np.eye(3)[:, :2], VALUES[:, 1]])
    law, plain = LimitsLaw.of(load_law("limits"), ("params",), values, domains=("legal", "medical")), law_of()
    _, enters = law.alone("legal")
    np.testing.assert_allclose(np.sqrt(law.sd**2 @ enters), plain.sd)
    np.testing.assert_allclose(law.mean @ enters, plain.mean)


@given(
    st.floats(0.05, 3.0), st.floats(-2.0, 2.0), st.floats(1.0, 1e4), st.floats(0.01, 100.0), st.floats(0.5, 4.0),
    st.floats(0.5, 20.0),
)  # fmt: skip
def test_critical_exposures_never_rise_with_size_and_never_fall_below_their_minimum(
    exponent, turn, level, minimum, bits, sharpness
):
    sizes = np.geomspace(1e2, 1e13, 200)
    at = coefficients(exponent, turn, level, minimum, bits, sharpness)
    line = law_of().log_critical_exposures(at, place(sizes, SUPPLY / sizes))
    assert (np.diff(line) <= 1e-9).all()
    assert line.min() >= np.log(LEAST_EXPOSURES + minimum) - 1e-9


@pytest.mark.parametrize("name", LAWS)
def test_named_quantities_are_the_derivatives_at_the_reference(name):
    law, h = law_of(name), 1e-3
    at = law.mean + 0.2 * law.sd
    here = np.array([*law.reference, law.one_bit])
    up, mid, down = (law.log_critical_exposures(at, here * [np.exp(s), np.exp(-s)]) for s in (h, 0, -h))
    named = law.named(at)
    assert named["intercept"] == pytest.approx(mid)
    assert named["exponent"][0] == pytest.approx(-(up - down) / (2 * h), rel=1e-5)
    assert named["curvature"][0] == pytest.approx((up - 2 * mid + down) / h**2, rel=1e-3, abs=1e-6)


def test_the_tangent_touches_the_law():
    law, step = law_of(), 1e-3
    centre = law.mean + 0.3 * law.sd
    design, offset = law.linear_at(centre, VALUES)
    near = centre + step * np.random.default_rng(0).standard_normal(len(centre))
    np.testing.assert_allclose(design @ centre + offset, law.log_critical_exposures(centre, VALUES))
    np.testing.assert_allclose(design @ near + offset, law.log_critical_exposures(near, VALUES), atol=1e-5)


def test_shares_of_the_limits_sum_to_one_and_name_the_one_that_binds():
    far_below = coefficients(level=1.0, minimum=50.0, bits=1e6)
    share = law_of().binding(far_below, VALUES)
    np.testing.assert_allclose(share.sum(axis=0), 1.0)
    assert (share.argmax(axis=0) == 1).all()


def test_what_is_fixed_by_name_comes_back_by_name():
    law = LimitsLaw.of(load_law("limits"), ("params", "tokens"), np.insert(VALUES, 1, [1e6, 2e6, 4e6], axis=1))
    fixed = {
        "intercept": np.log(200.0), "exponent": np.array([0.8, -0.7]), "turn": 0.3, "minimum_exposures": 12.0,
        "bits_per_parameter": 1.7, "sharpness": 4.0,
    }  # fmt: skip
    at = law.mean.copy()
    for column, value in law.fixed_columns(fixed).items():
        at[column] = value
    assert at[[0, 3]] == pytest.approx([np.log(200.0), -0.7])
    assert np.exp(at[1]) == pytest.approx(0.8)
    named = law.named(at)
    for name in ("turn", "minimum_exposures", "bits_per_parameter", "sharpness"):
        assert named[name] == pytest.approx(fixed[name])


@pytest.mark.parametrize("covariates", [("params",), ("params", "tokens", "ratio")])
@pytest.mark.parametrize("domains", [(), ("legal", "medical")])
def test_the_layout_is_that_of_the_names(covariates, domains):
    law = LimitsLaw(covariates, np.ones(len(covariates)), np.zeros(0), np.zeros(0), domains)
    names, layout = law.columns, law.layout
    assert layout.count == len(names)
    assert names[layout.level] == "log learning exposures"
    assert names[layout.log_exponent] == "log exponent params"
    assert [names[each] for each in layout.shared] == [
        "turn", "log minimum exposures", "log bits per parameter", "log sharpness"
    ]  # fmt: skip
    assert [names[each] for each in layout.other_exponents] == [f"exponent {each}" for each in covariates[1:]]
    assert [names[each] for each in layout.levels_of_domains] == [f"log learning exposures of {d}" for d in domains]
    assert layout.split_domains(np.array(names)).tolist() == [
        [name for name in names if name.endswith(f" of {domain}")] for domain in domains
    ]


@pytest.mark.parametrize("name", LAWS)
def test_a_minimum_has_one_meaning_and_bits_are_named_where_there_is_a_capacity(name):
    law, priors = law_of(name), load_law(name).priors
    named = law.named(law.mean)
    assert named["minimum_exposures"] == pytest.approx(priors.minimum_exposures.median)
    assert ("bits_per_parameter" in named) == (priors.bits_per_parameter is not None)


def test_exponents_of_the_mixture_hold_what_a_capacity_adds():
    """Exposures at one bit per parameter are r D b / (l N)."""
    powers, h = {"ratio": 1, "tokens_per_fact": -1, "depth": 0}, 1e-3
    names = ("params", "tokens", *powers)
    content = load_law("limits").to_dict()
    content["priors"]["exponent"] |= {each: {"mean": 0.2, "sd": 0.1} for each in powers}
    law = parse_law(content | {"covariates": names})
    assert law.covariates == ("params", "tokens", "depth", "ratio", "tokens_per_fact")
    values = np.column_stack([VALUES[:, :1], np.tile([1e6, 4.0, 0.3, 6.0], (len(VALUES), 1)), VALUES[:, 1:]])
    size_law = LimitsLaw.of(law, law.covariates, values)
    at = size_law.mean.copy()
    at[-2] = np.log(size_law.one_bit) - at[0]  # the capacity demands as much as learning
    here = np.array([*size_law.reference, size_law.one_bit])
    for i, name in enumerate(law.covariates[2:], start=2):
        step = np.ones(len(here))
        step[i], step[-1] = np.exp(h), np.exp(h * powers[name])
        up, down = (size_law.log_critical_exposures(at, here * each) for each in (step, 1 / step))
        assert size_law.named(at)["exponent"][i] == pytest.approx(-(up - down) / (2 * h), rel=1e-4), name


def test_the_uncertain_weight_of_a_fact_widens_the_capacity():
    wide = LimitsLaw.of(load_law("limits"), ("params",), VALUES, bits_log_sd=0.4)
    assert wide.sd[-2] == pytest.approx(0.5)
    assert law_of().sd[-2] == pytest.approx(0.3)
