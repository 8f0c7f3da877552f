import numpy as np
import pytest
import xarray as xr

from bayeskisl import schema
from studies.simulated.today import line_through_the_logs
from studies.simulated.worlds import SIZES, WORLDS, simulate_sweep


@pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS)
def test_every_world_makes_sweeps_that_fall(world):
    curves, targets = simulate_sweep(world, 1)
    recall = (curves[schema.RECALLED] / curves[schema.PROBED]).squeeze().groupby(curves[schema.FACTS]).mean()
    assert recall[0] > 0.9
    assert recall[-1] < 0.1
    largest = curves[schema.PARAMS].values.max()
    assert {times: target.params / largest for times, target in targets.items()} == {10: 10, 100: 100}
    assert all(target.log_admissible() < target.log_collapse for target in targets.values())


def test_a_simulation_is_its_number():
    world = WORLDS["power-1"]
    (one, _), (same, _), (other, _) = (simulate_sweep(world, number) for number in (3, 3, 4))
    xr.testing.assert_identical(one, same)
    assert one.sizes[schema.RUN] != other.sizes[schema.RUN]


def test_every_number_of_sizes_is_equally_frequent():
    counts = [len(np.unique(simulate_sweep(WORLDS["power-0"], i)[0][schema.PARAMS])) for i in range(6)]
    assert sorted(counts) == sorted(2 * SIZES)


def test_bends_and_crossings_bend_the_way_they_say():
    z = np.array([-2.0, 0.0, 2.0])

    def slopes(name):
        return -np.diff(WORLDS[name].line(z)) / np.diff(z)  # d log x50 / d log N

    assert slopes("power-0") == pytest.approx([0.7, 0.7])
    assert np.diff(slopes("bend-03")) == pytest.approx(-0.03 * 4)
    assert np.diff(slopes("bend-10")) == pytest.approx(-0.1 * 4)
    far = np.array([-20.0, -19.0, 19.0, 20.0])
    assert (-np.diff(WORLDS["crossing"].line(far)))[[0, 2]] == pytest.approx([1, 0], abs=1e-6)


def test_one_size_lies_off_and_never_the_target():
    world, rng = WORLDS["outlier"], np.random.default_rng(0)
    off_line = np.array([world.scatter(5, 2, rng) for _ in range(200)])
    far = np.abs(off_line) > 0.4
    assert (far[:, :5].sum(axis=1) == 1).all()
    assert not far[:, 5:].any()


def test_a_line_through_the_logs_finds_a_power_law_and_claims_too_much():
    world = WORLDS["power-1"]
    covered, errors = [], []
    for number in range(60):
        curves, targets = simulate_sweep(world, number)
        forecast = line_through_the_logs(curves, targets[10].params)
        covered.append(0.05 < forecast.cdf(targets[10].log_collapse) < 0.95)
        errors.append(forecast.mean() - targets[10].log_collapse)
    assert abs(np.mean(errors)) < 0.1
    assert 0.6 < np.mean(covered) < 0.87  # of intervals that claim 90 %
