import numpy as np
import pytest
from scipy.stats import norm

from studies.simulated.uniformity import band, holm, p_value

RNG = np.random.default_rng(7)


def test_uniform_values_are_rejected_as_often_as_stated():
    p_values = np.array([p_value(RNG.random(100)) for _ in range(400)])
    assert 0.02 < np.mean(p_values < 0.05) < 0.09
    assert 0.42 < np.mean(p_values < 0.5) < 0.58


@pytest.mark.parametrize(
    "values",
    [
        norm.cdf(np.sqrt(2) * RNG.standard_normal(300)),  # a posterior of half the variance
        norm.cdf(RNG.standard_normal(300) / np.sqrt(2)),  # of twice the variance
        norm.cdf(RNG.standard_normal(300) + 0.4),  # displaced
        np.full(300, 0.5),
    ],
)
def test_other_values_are_found_out(values):
    assert p_value(values) < 0.001


def test_the_band_holds_a_whole_uniform_sample_as_often_as_stated():
    edges = band(200, 0.9)
    held = 0
    for _ in range(500):
        share = np.searchsorted(np.sort(RNG.random(200)), edges.at, side="right") / 200
        held += bool(np.all((edges.low <= share) & (share <= edges.high)))
    assert 0.85 < held / 500 < 0.96


def test_the_band_and_the_p_value_agree():
    values = np.sort(RNG.random(200)) ** 1.3
    edges = band(200, 0.95)
    share = np.searchsorted(values, edges.at, side="right") / 200
    assert bool(np.all((edges.low <= share) & (share <= edges.high))) == (p_value(values) > 0.05)


def test_holm_steps_down():
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03}) == ("a",)
    assert holm({"a": 0.01, "b": 0.02, "c": 0.03}) == ("a", "b", "c")
    assert holm({"a": 0.02, "b": 0.02, "c": 0.03}) == ()
