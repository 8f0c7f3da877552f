"""The least width that a plan could leave: no allocation beats it, more money never widens it, a textbook case."""

from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip("pymc")

from studies.least_widths import World
from studies.replays import PRIOR_SD, simulated_sweep


@pytest.fixture(scope="module")
def world():
    return World.of(simulated_sweep(3))


def test_no_way_to_spend_the_money_leaves_less(world):
    money = world.grid_cost / 2
    least, rng = world.least_sd(money), np.random.default_rng(0)
    for _ in range(300):
        spending = rng.dirichlet(np.ones(len(world.price))) * (money - world.spent)
        runs = np.floor(spending / world.price).astype(int)
        bought = np.array([offers[:number].sum() for offers, number in zip(world.offers, runs, strict=True)])
        assert world.sd(world.started + bought) >= least * (1 - 1e-3)


def test_more_money_leaves_no_more(world):
    left = [world.least_sd(part * world.grid_cost) for part in (0.05, 0.2, 1 / 3, 1.0)]
    assert left[0] == world.sd(world.started)  # less than what everyone starts with
    assert all(later <= earlier * (1 + 1e-3) for earlier, later in pairwise(left))


def test_the_grid_could_have_been_planned(world):
    assert world.least_sd(world.grid_cost + world.spent) <= world.sd(world.grid) * (1 + 1e-3)


def test_what_is_left_lies_between_the_scatter_of_the_target_and_the_prior(world):
    target = world.rows[-1]
    prior = np.sqrt(np.sum((target * PRIOR_SD) ** 2) + world.tau**2)
    assert world.sd(np.zeros(len(world.price))) == pytest.approx(prior, rel=1e-6)
    known = world.sd(np.full(len(world.price), 1e9))
    assert world.tau < known < prior
