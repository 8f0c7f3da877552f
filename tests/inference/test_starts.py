from functools import partial

import numpy as np
import pytest

from bayeskisl.inference.starts import ascents


def two_peaks(point):
    """Log density and gradient of two normal peaks, the one at -3 far below that at +3."""
    heights = np.array([-0.5 * np.sum((point - 3) ** 2), -0.5 * np.sum((point + 3) ** 2) - 40.0])
    weights = np.exp(heights - heights.max())
    weights /= weights.sum()
    slope = weights[0] * -(point - 3) + weights[1] * -(point + 3)
    return float(heights.max() + np.log(np.sum(np.exp(heights - heights.max())))), slope


def starts_of_chains(density, support_point, held=False, fits=8):
    """A start of a chain for each of several fits."""
    rngs = map(np.random.default_rng, range(fits))
    return [ascents(density, support_point, rng, held).start_of_chain(rng) for rng in rngs]


def test_chains_start_near_the_highest_optimum_and_apart_from_each_other():
    found = ascents(two_peaks, np.full(4, -0.5), np.random.default_rng(0))
    starts = [found.start_of_chain(np.random.default_rng(chain)) for chain in range(8)]
    np.testing.assert_allclose(starts, 3.0, atol=0.2)
    assert len({start.tobytes() for start in starts}) == 8


def test_an_ascent_turns_back_from_places_outside_the_support():
    def half_line(point):
        return (float(-np.sum(point)), -np.ones(2)) if (point > 0).all() else (-np.inf, np.full(2, np.nan))

    (start,) = starts_of_chains(half_line, np.full(2, 2.5), fits=1)
    assert np.isfinite(start).all()
    assert (start > -0.2).all()


def test_coordinates_that_are_held_stay_near_the_support_point():
    held = np.array([False, True, False, False])
    for start in starts_of_chains(two_peaks, np.full(4, 2.0), held):
        np.testing.assert_allclose(start[~held], 3.0, atol=0.2)
        assert abs(start[1] - 2.0) <= 0.1


def of_held_and_two_peaks(point, lower, slope=0.0):
    """Log density and gradient: a slope along the first coordinate, narrow peaks at -1 and 1 along the second."""
    heights = -0.5 * ((point[1] + np.array([1.0, -1.0])) / 0.2) ** 2 - np.array([lower, 0.0])
    weights = np.exp(heights - heights.max())
    of_peaks = heights.max() + np.log(weights.sum())
    slopes = weights @ -(point[1] + np.array([1.0, -1.0])) / 0.2**2 / weights.sum()
    return float(slope * point[0] + of_peaks), np.array([slope, slopes])


@pytest.mark.parametrize(
    ("lower", "slope", "least", "most"), [(20.0, 100.0, 0.0, 0.03), (np.log(2.0), 0.0, 0.2, 0.5)],
    ids=["far below, whatever is held", "half as likely"],
)  # fmt: skip
def test_chains_start_from_optima_in_proportion_to_their_densities(lower, slope, least, most):
    """Half of the ascents end in either peak; all twelve in the lower one of a fit in 4,000."""
    density, held = partial(of_held_and_two_peaks, lower=lower, slope=slope), np.array([True, False])
    starts = starts_of_chains(density, np.zeros(2), held, fits=100)
    assert least <= np.mean([start[1] < 0 for start in starts]) <= most
