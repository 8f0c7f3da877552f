"""How much the counts say of a half-point: nothing where they only show guesses."""

import numpy as np
import pytest

from bayeskisl.curves import curves_from_table
from bayeskisl.inference.data import prepare
from bayeskisl.inference.freedom import freedoms, information
from bayeskisl.inference.rough import rough_inputs
from bayeskisl.laws import load_law

LAW = load_law("limits")
GUESSING = 0.04


def data_of(shares, guessing=GUESSING, probed=1000):
    """One run at each of the shares that are kept above guessing, at 10, 20, 40, ... facts of one size."""
    rows = [
        {"params": params, "facts": 10 * 2**i, "recalled": round(probed * (guessing + (1 - guessing) * share)),
         "probed": probed, "guessing": guessing, "tokens": 1e6}
        for params in (1_000, 2_000)
        for i, share in enumerate(shares)
    ]  # fmt: skip
    return prepare(curves_from_table(rows), LAW)


def test_a_run_that_only_guesses_says_nothing_of_the_half_point():
    of_runs = information(data_of([0.98, 0.5, 0.0, 0.0]), LAW)[:4, 0]
    assert of_runs[2:].max() < 0.02 * of_runs[1]


def test_without_guessing_it_is_that_of_binomial_trials_on_a_logistic():
    share, trials = (500.5 / 1001), 1000 / (1 + 1000 / LAW.priors.concentration.median)
    alone = trials * share * (1 - share) * LAW.priors.steepness.median**2
    expected = alone / (1 + alone * LAW.priors.sigma_run.median**2)
    assert information(data_of([0.5, 0.5], guessing=0.0), LAW)[0, 0] == pytest.approx(expected, rel=1e-3)


def test_the_typical_run_of_a_cell_is_near_its_half_point_however_many_runs_lie_beyond():
    """Levels beyond the fall drew it there, by hundreds of guesses right (LOG, 2026-11-28)."""
    few, many = (rough_inputs(data_of([0.98, 0.6, 0.4, *[0.0] * beyond]), LAW) for beyond in (1, 12))
    np.testing.assert_allclose(few.share, many.share, atol=0.05)
    np.testing.assert_allclose(many.share, 0.5, atol=0.1)


def test_cells_know_their_half_points_each_by_its_own_runs():
    found = freedoms(data_of([0.98, 0.6, 0.4, 0.0]), LAW)
    assert found.threshold.shape == (2, 1)
    np.testing.assert_allclose(found.typical_threshold, np.median(found.threshold, axis=0))
