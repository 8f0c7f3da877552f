"""Draws under laws of several falls, and the typical one."""

import numpy as np

from bayeskisl.laws.falls import GOMPERTZ, LOGISTIC, NO_FALL, SMOOTH_BREAK, Shape, shape_of_draws, typical_shape

FALLS = np.array(["break", "none", "gompertz", "break", "logistic"])
ASYMMETRY = np.array([0.5, np.nan, np.nan, 2.0, np.nan])
EACH = [
    SMOOTH_BREAK.with_values(0.5), NO_FALL.with_values(), GOMPERTZ.with_values(), SMOOTH_BREAK.with_values(2.0),
    LOGISTIC.with_values(),
]  # fmt: skip
X = np.linspace(-2, 2, 15).reshape(5, 3)


def test_each_draw_has_its_own_fall():
    mixed = shape_of_draws(FALLS, {"asymmetry": ASYMMETRY})
    over_points = mixed.map(lambda of_draw: of_draw[:, None])
    np.testing.assert_allclose(over_points.share(X), [one.share(x) for one, x in zip(EACH, X, strict=True)])
    np.testing.assert_allclose(over_points.slope(X), [one.slope(x) for one, x in zip(EACH, X, strict=True)])
    np.testing.assert_allclose(mixed.inverse(0.9), [one.inverse(0.9) for one in EACH])
    np.testing.assert_array_equal(mixed.named()["asymmetry"], ASYMMETRY)


def test_draws_of_one_fall_are_not_mixed():
    shape = shape_of_draws(np.array(["break", "break"]), {"asymmetry": np.array([0.5, 2.0])})
    assert isinstance(shape, Shape)
    np.testing.assert_array_equal(shape.own, [[0.5, 2.0]])


def test_the_typical_fall_is_that_of_most_draws_at_its_median():
    breaks = [SMOOTH_BREAK.with_values(np.array(values)) for values in ([0.5, 1.0], [2.0])]
    assert typical_shape([LOGISTIC.with_values(), *breaks], [2, 2, 1]) == SMOOTH_BREAK.with_values(1.0)
    assert typical_shape([LOGISTIC.with_values(), *breaks], [9, 2, 1]) == LOGISTIC.with_values()
