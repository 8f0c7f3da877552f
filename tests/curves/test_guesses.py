"""Counts below the level of guessing."""

import numpy as np
import pytest
from scipy.stats import binom

from bayeskisl.curves.guesses import at_least_guessed, below_guesses


@pytest.mark.parametrize(("guessing", "probed"), [(0.04, 8192), (0.25, 2000), (0.25, 500)])
def test_ordinary_guesses_stay_as_counted(guessing, probed):
    """Guesses of runs that know nothing, as far apart as they were ever seen: few are raised."""
    rng = np.random.default_rng(0)
    rates = rng.beta(100 * guessing, 100 * (1 - guessing), 4_000)
    recalled = rng.binomial(probed, rates)[:, None]
    raised = at_least_guessed(recalled, np.full_like(recalled, probed), np.array([guessing])) > recalled
    assert 0.03 < raised.mean() < 0.065


def test_what_is_no_guess_is_raised_to_the_lower_end_of_independent_guesses():
    recalled, probed, guessing = np.array([[0], [452], [1_290]]), np.full((3, 1), 32_768), np.array([0.0394])
    assert below_guesses(recalled, probed, guessing).ravel().tolist() == [True, False, False]
    lowest = int(binom.ppf(0.05, 32_768, 0.0394))
    assert at_least_guessed(recalled, probed, guessing).ravel().tolist() == [lowest, 452, 1_290]


@pytest.mark.parametrize("probed", [0, 1, 3])
def test_a_few_questions_are_never_below_guesses(probed):
    counts = np.array([[0]]), np.array([[probed]])
    assert not below_guesses(*counts, np.array([0.25])).any()
    assert not below_guesses(*counts, np.array([0.0])).any()
