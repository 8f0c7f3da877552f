"""The table of outcomes equals integration by brute force."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import betabinom, norm

from bayeskisl.design.outcomes import _BLURS, outcomes_of
from bayeskisl.design.typical_run import TypicalRun
from bayeskisl.inference.run_counts import precision

TYPICAL = TypicalRun(floor=0.002, ceiling=0.995, concentration=300.0, guess_concentration=600.0)


def binned(pmf, trials, bins):
    place = np.minimum((np.arcsin(np.sqrt(np.arange(trials + 1) / trials)) / (np.pi / 2) * 48).astype(int), 47)
    sums = np.bincount(place, pmf)
    return sums[np.unique(place)][:bins]


@pytest.mark.parametrize("probed", [31, 500])
@pytest.mark.parametrize(("ahead", "blur"), [(0.0, 12), (1.7, 18), (-2.3, 12), (9.0, 8)])
def test_it_is_the_beta_binomial_with_the_run_effect_integrated_out(probed, ahead, blur):
    blur = _BLURS[blur]
    table = outcomes_of(probed, 1, TYPICAL)
    ours = table.likelihood(np.array([ahead]), np.array([blur]))[0]
    z = np.linspace(-6, 6, 4001)
    share = TYPICAL.floor + (TYPICAL.ceiling - TYPICAL.floor) / (1 + np.exp(-(ahead - blur * z)))
    c = precision(share, TYPICAL.floor, TYPICAL.concentration, TYPICAL.guess_concentration)
    given_z = betabinom.pmf(np.arange(probed + 1)[:, None], probed, share * c, (1 - share) * c)
    pmf = given_z @ norm.pdf(z) * (z[1] - z[0])
    expected = binned(pmf, probed, len(ours))
    assert np.abs(ours - expected).sum() < 0.02  # twice the total variation


def test_probabilities_sum_to_one_also_where_every_run_is_saturated():
    ahead = np.linspace(-40, 40, 81)
    likelihood = outcomes_of(120, 3, TYPICAL).likelihood(ahead, np.full(81, 0.7))
    np.testing.assert_allclose(likelihood.sum(axis=1), 1, atol=1e-4)
    assert (likelihood >= 0).all()


def test_replicates_are_one_run_with_more_probes_and_less_scatter():
    many, one = (
        outcomes_of(100, 4, TYPICAL),
        outcomes_of(400, 1, replace(TYPICAL, concentration=1200.0, guess_concentration=2400.0)),
    )
    ahead = np.linspace(-3, 3, 7)
    np.testing.assert_allclose(
        many.likelihood(ahead, np.full(7, 1.0)), one.likelihood(ahead, np.full(7, 0.5)), atol=1e-6
    )
