import numpy as np

from bayeskisl.laws.falls import GOMPERTZ, LOGISTIC, SMOOTH_BREAK

X = np.linspace(-8, 8, 33)


def test_it_is_the_smooth_break_of_a_large_asymmetry():
    limit = SMOOTH_BREAK.with_values(1e7)
    np.testing.assert_allclose(GOMPERTZ.with_values().share(X), limit.share(X), atol=1e-6)


def test_retention_is_lost_more_suddenly_and_reaches_its_ceiling_later_than_under_the_logistic():
    gompertz, logistic = GOMPERTZ.with_values(), LOGISTIC.with_values()
    assert gompertz.inverse(0.01) > logistic.inverse(0.01)
    assert gompertz.inverse(0.99) > logistic.inverse(0.99)
