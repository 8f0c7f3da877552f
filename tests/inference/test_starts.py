from functools import partial

import numpy as np
import pytest

from bayeskisl.inference.starts import start_of_chain


def two_peaks(point):
    """Log density and gradient of two normal peaks, the one at -3 far below that at +3."""
    heights = np.array([-0.5 * np.sum((point - 3) ** 2), -0.5 * np.sum((point + 3) ** 2) - 40.0])
    weights = np.exp(heights - heights.max())
    weights /= weights.sum()
    slope = weights[0] * -(point - 3) + weights[1] * -(point + 3)
    return float(heights.max() + np.log(np.sum(np.exp(heights - heights.max())))), slope


def test_chains_start_near_the_highest_optimum_and_apart_from_each_other():
    starts = [start_of_chain(two_peaks, np.full(4, -0.5), np.random.default_rng(seed)) for seed in range(8)]
    near = [np.abs(start - 3).max() < 0.2 for start in starts]
    assert np.mean(near) > 0.5
    assert len({start.tobytes() for start in starts}) == 8


def test_an_ascent_turns_back_from_places_outside_the_support():
    def half_line(point):
        return (float(-np.sum(point)), -np.ones(2)) if (point > 0).all() else (-np.inf, np.full(2, np.nan))

    start = start_of_chain(half_line, np.ones(2), np.random.default_rng(0))
    assert np.isfinite(start).all()
    assert (start > -0.2).all()


def test_coordinates_that_are_held_stay_near_where_ascents_start():
    held = np.array([False, True, False, False])
    starts = [start_of_chain(two_peaks, np.full(4, 2.0), np.random.default_rng(seed), held) for seed in range(8)]
    for start in starts:
        np.testing.assert_allclose(start[~held], 3.0, atol=0.2)
        assert abs(start[1] - 2.0) <= 1.1
    assert np.ptp([start[1] for start in starts]) > 0.5


def of_held_and_two_peaks(point, lower, slope=0.0):
    """Log density and gradient: a slope along the first coordinate, narrow peaks at -1 and 1 along the second."""
    heights = -0.5 * ((point[1] + np.array([1.0, -1.0])) / 0.2) ** 2 - np.array([lower, 0.0])
    weights = np.exp(heights - heights.max())
    of_peaks = heights.max() + np.log(weights.sum())
    slopes = weights @ -(point[1] + np.array([1.0, -1.0])) / 0.2**2 / weights.sum()
    return float(slope * point[0] + of_peaks), np.array([slope, slopes])


@pytest.mark.parametrize(
    ("lower", "slope", "least", "most"), [(20.0, 100.0, 0.0, 0.12), (np.log(2.0), 0.0, 0.2, 0.5)],
    ids=["far below, whatever is held", "half as likely"],
)  # fmt: skip
def test_chains_start_from_optima_in_proportion_to_their_densities(lower, slope, least, most):
    """Half of the ascents end in either; of 32 chains one has all five of its ascents end in the lower one."""
    density, held = partial(of_held_and_two_peaks, lower=lower, slope=slope), np.array([True, False])
    starts = [start_of_chain(density, np.zeros(2), np.random.default_rng(seed), held) for seed in range(150)]
    assert least <= np.mean([start[1] < 0 for start in starts]) <= most
