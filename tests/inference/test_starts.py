import numpy as np

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
