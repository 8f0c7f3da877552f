import numpy as np
import pytest

from bayeskisl.inference.weights import FLOOR, law_weights, leave_one_out

RNG = np.random.default_rng(0)


def test_laws_that_predict_alike_share():
    base = RNG.normal(-60, 3, size=5)
    weights = law_weights({"one": base, "other": base + RNG.normal(0, 0.01, size=5)})
    assert weights["one"] == pytest.approx(0.5, abs=0.03)


def test_a_law_that_predicts_every_cell_worse_keeps_the_floor():
    base = RNG.normal(-60, 3, size=5)
    assert law_weights({"good": base, "bad": base - 3})["bad"] == pytest.approx(FLOOR / 2, abs=0.01)


def test_one_cell_alone_does_not_decide():
    base = np.zeros(4)
    weights = law_weights({"good": base, "bad": base - np.array([3.0, 0, 0, 0])})
    assert 0.15 < weights["bad"] < 0.35


@pytest.mark.parametrize("laws", [1, 2, 3, 5])
def test_weights_sum_to_one(laws):
    weights = law_weights({str(i): RNG.normal(-60, 3, size=7) for i in range(laws)})
    assert sum(weights.values()) == pytest.approx(1)
    assert min(weights.values()) >= FLOOR / laws


def test_leave_one_out_of_a_normal_mean_is_exact():
    observed, draws = RNG.normal(size=40), 4000
    mean = RNG.normal(observed.mean(), 1 / np.sqrt(40), size=draws)
    log_likelihood = -0.5 * (observed - mean[:, None]) ** 2 - 0.5 * np.log(2 * np.pi)
    left_out = leave_one_out(log_likelihood)
    others = (observed.sum() - observed) / 39
    exact = -0.5 * (observed - others) ** 2 / (1 + 1 / 39) - 0.5 * np.log(2 * np.pi * (1 + 1 / 39))
    assert left_out.elpd == pytest.approx(exact.sum(), abs=0.1)
    assert left_out.pareto_k < 0.5


@pytest.mark.parametrize("lowest", [300, 1_500])
def test_a_cell_that_many_draws_rule_out_alike_is_marked_and_stops_nothing(lowest):
    ruled_out = np.where(np.arange(4_000) < lowest, -745.0, RNG.normal(-20, 1, 4_000))
    left_out = leave_one_out(np.stack([ruled_out, RNG.normal(-2, 0.1, 4_000)], axis=1))
    assert left_out.pareto_k == np.inf
    assert left_out.pointwise[0] == pytest.approx(-745.0 + np.log(4_000 / lowest), abs=1e-6)
    assert left_out.pointwise[1] == pytest.approx(-2, abs=0.1)


def test_what_every_draw_predicts_alike_is_left_out_as_it_is():
    log_likelihood = np.stack([np.full(500, -3.0), RNG.normal(-2, 0.1, 500)], axis=1)
    left_out = leave_one_out(log_likelihood)
    assert left_out.pointwise[0] == -3.0
    assert left_out.pointwise[1] == pytest.approx(-2, abs=0.1)
    assert leave_one_out(log_likelihood[:, :1]).elpd == -3.0
