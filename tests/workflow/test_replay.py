"""A replay buys only what it can, knows only what it has bought, and goes on from where it was."""

import json
import sys

import numpy as np
import pytest
import xarray as xr

from bayeskisl.design import Costs
from bayeskisl.errors import InputError
from bayeskisl.inference import fit, simulate
from bayeskisl.workflow import replay
from bayeskisl.workflow.market import Market
from bayeskisl.workflow.replay import Step, _digest

COSTS = Costs(2e-6, 1e-10, "device-seconds", "test")
SHARES = (0.72, 0.85)
PLANNERS = ("greedy", "v-optimal", "random")
SIZES = [3_456, 6_144, 13_824, 24_576, 55_296]


@pytest.fixture(scope="module")
def curves():
    truth = {"intercept": np.log(150), "exponent": 0.7, "curvature": 0.05, "tau": 0.05, "sigma_run": 0.08,
             "steepness_intercept": np.log(6), "steepness_scatter": 0.05, "lapse_intercept": -6.0}  # fmt: skip
    design = {"params": SIZES, "facts": [60, 120, 250, 500, 1000, 2000], "tokens": 614_400, "seeds": 1}
    return simulate("collapse", design, truth, seed=3)


def quick(curves, seed):
    few = {"draws": 150, "tune": 200, "chains": 2, "retry": False}
    return fit(curves, "collapse", rivals=(), seed=seed, throw=False, **few)


def played(curves, out, **options):
    return replay(curves, PLANNERS, shares=SHARES, repeats=1, costs=COSTS, fit=quick, out=out, **options)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("replay")


@pytest.fixture(scope="module")
def frame(curves, folder):
    return played(curves, folder)


def test_a_ratio_sweep_is_played_by_the_group_that_falls():
    truth = {
        "intercept": np.log(100),
        "exponent": 0.7,
        "tau": 0.05,
        "sigma_run": 0.08,
        "steepness_intercept": np.log(6),
    }
    design = {"axis": "ratio", "params": SIZES, "facts": 250, "ratio": [0.2, 0.5, 0.7, 0.85, 0.93, 0.97],
              "tokens": 614_400, "seeds": 1, "background_facts": 250, "background_share": 0.8,
              "groups": ("infused", "background")}  # fmt: skip
    ratio = simulate("collapse", design, truth, seed=1)
    (step,) = replay(ratio, ["greedy"], shares=[0.75], repeats=1, costs=COSTS, fit=quick).itertuples()
    known = xr.Dataset.from_dict(json.loads(ratio.attrs["truth"]))["critical_exposures"]
    of_target = known.sel(group="background", cell=[c for c in known["cell"].values if c.startswith("55296p")])
    assert step.truth == pytest.approx(float(np.log(of_target).squeeze()), abs=1e-6)
    assert step.low < step.median < step.high
    assert step.cost <= 0.75 * Market.of(ratio, COSTS).price.sum()


def bought(folder, planner):
    return [json.loads(line)["bought"] for line in (folder / f"{planner}-0.jsonl").read_text().splitlines()]


def test_no_planner_spends_more_than_its_share(frame, curves):
    total = Market.of(curves, COSTS).price.sum()
    assert (frame["cost"] <= frame["share"] * total * (1 + 1e-9)).all()
    assert len(frame) == len(PLANNERS) * len(SHARES)


def test_runs_of_the_targets_size_are_never_bought(frame, curves, folder):
    sizes = dict(zip(curves["run"].values, curves["params"].values, strict=True))
    for planner in PLANNERS:
        assert max(sizes[name] for name in bought(folder, planner)[-1]) < max(SIZES)


def test_everyone_starts_alike_and_keeps_what_it_bought(frame, folder):
    first, *others = (bought(folder, planner) for planner in PLANNERS)
    start = set.intersection(*(set(steps[0]) for steps in (first, *others)))
    assert len(start) >= 3 * 6
    for early, late in (first, *others):
        assert set(early) <= set(late)
        assert len(set(late)) == len(late)


def test_a_table_tells_what_everyone_bought(frame, folder):
    for planner in PLANNERS:
        told = frame[frame["planner"] == planner]["bought"].str.split(";").tolist()
        assert told == bought(folder, planner)


def test_the_truth_is_the_simulations_own(frame, curves):
    truth = json.loads(curves.attrs["truth"])["data_vars"]["collapse"]["data"][-1][0]
    assert np.allclose(frame["truth"], np.log(truth))


def test_outcomes_that_were_not_bought_are_never_seen(frame, curves, folder, tmp_path):
    known = {name for planner in PLANNERS for name in bought(folder, planner)[-1]}
    hidden = ~np.isin(curves["run"].values, list(known))
    assert hidden.sum() >= 6  # the target's runs at least
    poisoned = curves.copy(deep=True)
    poisoned["recalled"].values[hidden] = poisoned["probed"].values[hidden] // 3
    again = played(poisoned, tmp_path)
    assert again.equals(frame)


def test_it_goes_on_from_what_is_on_disk(frame, curves, folder):
    file = folder / "greedy-0.jsonl"
    whole = file.read_text()
    first = whole.splitlines()[0]
    file.write_text(first + '\n{"planner": "gre')
    calls = []
    replay(curves, PLANNERS, shares=SHARES, repeats=1, costs=COSTS, out=folder,
           fit=lambda c, s: calls.append(1) or quick(c, s))  # fmt: skip
    assert 0 < len(calls) <= 6  # only greedy's second step
    assert file.read_text().splitlines()[0] == first
    assert len(file.read_text().splitlines()) == len(SHARES)


def test_another_replay_does_not_mix_with_this_one(frame, curves, folder):
    with pytest.raises(InputError, match="choose another folder"):
        played(curves, folder, seed=7)


@pytest.mark.parametrize(
    "altered",
    [
        lambda c: c.assign(probed=c.probed + 1),
        lambda c: c.assign(recalled=c.recalled // 2),
        lambda c: c.assign_coords(tokens=2 * c.tokens),
        lambda c: c.assign_coords(group=["infused_heldout"]),
        lambda c: c.assign_coords(run=c.run.values[::-1]),
    ],
)
def test_altered_curves_are_another_replay(curves, altered):
    assert _digest(altered(curves)) != _digest(curves) == _digest(curves.copy(deep=True))


def test_a_share_below_the_start_is_refused(curves):
    with pytest.raises(InputError, match="the cost of the start"):
        replay(curves, ["random"], shares=(0.1,), costs=COSTS, fit=quick)


def test_shares_left_out_are_those_beyond_the_start(curves, monkeypatch):
    with pytest.raises(InputError, match="start with fewer sizes"):
        replay(curves, ["cheapest"], repeats=1, costs=COSTS, fit=quick)
    monkeypatch.setattr(sys.modules["bayeskisl.workflow.replay"], "SHARES", (0.1, 0.72))
    (step,) = replay(curves, ["cheapest"], repeats=1, costs=COSTS, fit=quick).itertuples()
    assert step.share == 0.72


def test_an_unknown_planner_is_named(curves):
    with pytest.raises(InputError, match="oracle"):
        replay(curves, ["oracle"])


def step(low, median, high, truth):
    return Step("greedy", 0, 0.1, 1.0, 5, low, median, high, truth, True, ())


def test_interval_score_is_the_width_and_twenty_times_a_miss():
    assert step(1.0, 1.5, 2.0, 1.2).interval_score == pytest.approx(1.0)
    assert step(1.0, 1.5, 2.0, 2.3).interval_score == pytest.approx(1.0 + 20 * 0.3)
    assert step(1.0, 1.5, 2.0, 0.9).interval_score == pytest.approx(1.0 + 20 * 0.1)
    assert not step(1.0, 1.5, 2.0, 0.9).covered


def test_figure(frame):
    pytest.importorskip("matplotlib")
    from bayeskisl.reporting import plot_replay

    left, right = plot_replay(frame).axes
    assert {line.get_label() for line in left.get_lines()} >= set(PLANNERS)
    assert right.get_xlabel() == "spent, share of the whole sweep's cost"
    _, right = plot_replay(frame, whole="the grid").axes
    assert right.get_xlabel() == "spent, share of the grid's cost"
