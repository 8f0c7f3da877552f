"""Refinement: new levels where the curve moves."""

import numpy as np
import pytest

from bayeskisl.sweeping import Refine
from bayeskisl.sweeping.refine import refined_levels

LEVELS = (10.0, 40.0, 160.0, 640.0)


def refined(retention, levels=3, axis="amount", coarse=LEVELS):
    return refined_levels(coarse, np.array(retention)[:, None], Refine(levels), axis)


def test_levels_fall_into_the_gap_of_the_cliff():
    assert refined([1, 1, 0, 0]) == (57, 80, 113)


def test_a_cliff_not_yet_reached_is_followed_upwards():
    assert refined([1, 1, 1, 0.95]) == (2560, 10240, 40960)


def test_a_cliff_already_passed_is_followed_downwards():
    (new,) = refined([0.05, 0, 0, 0], levels=1)
    assert 2 <= new <= 3


def test_ratios_stay_between_the_levels():
    new = refined([0, 0, 1, 1], axis="ratio", coarse=(0.05, 0.2, 0.6, 0.9))
    assert all(0.2 < ratio < 0.6 for ratio in new)


def test_every_group_counts():
    retention = np.array([[0.0, 1.0], [0.9, 1.0], [1.0, 1.0], [1.0, 0.0]])
    new = refined_levels((0.05, 0.2, 0.6, 0.9), retention, Refine(2), "ratio")
    assert 0.05 < new[0] < 0.2
    assert 0.6 < new[1] < 0.9


@pytest.mark.parametrize("coarse", [(50.0,), (50.0, 60.0)])
def test_few_levels_still_refine(coarse):
    assert refined([0.5] * len(coarse), coarse=coarse)
