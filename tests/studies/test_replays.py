"""Replays of simulated sweeps: the table counts what was recorded, and the same number is the same sweep."""

import numpy as np
import pytest

pytest.importorskip("pymc")

from bayeskisl.errors import InputError
from studies import replays
from studies.replays import prove_replays


def step(part, cost, width, covered=True, gate=True):
    return {"part": part, "share": part / 4, "cost": cost, "runs": 30, "width": width,
            "error": 0.1 if covered else 3.0, "covered": covered, "interval_score": width, "gate": gate}  # fmt: skip


def trials_of(folder, planner, rows):
    trials = replays.replay_trials(folder, planner)
    list(trials.run(len(rows), lambda numbers: [rows[number] for number in numbers]))
    return trials


def test_the_table_counts_who_was_as_narrow_as_the_grid_and_for_what(tmp_path):
    ours = trials_of(
        tmp_path,
        "greedy",
        [
            {"steps": [step(1 / 3, 30.0, 0.9), step(1.0, 90.0, 0.5)]},
            {"steps": [step(1 / 3, 50.0, 0.6, covered=False), step(1.0, 150.0, 0.4, gate=False)]},
            {"steps": [], "failed": "a reason"},
        ],
    )
    grid = trials_of(
        tmp_path,
        "grid",
        [{"steps": [step(1.0, 90.0, 0.75)]}, {"steps": [step(1.0, 150.0, 0.75)]}, {"steps": [step(1.0, 80.0, 0.7)]}],
    )
    first, second, of_grid = replays.replay_table([ours, grid]).iter_rows(named=True)
    assert (first["sweeps"], first["failed"], of_grid["sweeps"], of_grid["failed"]) == (2, 1, 3, 0)
    assert (first["part"], second["part"], of_grid["part"]) == (1 / 3, 1.0, 1.0)
    assert (first["as_narrow"], second["as_narrow"], of_grid["as_narrow"]) == (0.5, 1.0, 1.0)
    assert first["width_over_grid"] == pytest.approx((0.9 / 0.75 + 0.6 / 0.75) / 2)
    assert (first["covers_90"], second["covers_90"], second["failed_gates"]) == (0.5, 1.0, 0.5)
    assert first["width"] == pytest.approx(0.75)
    assert first["rms_error"] == pytest.approx(np.sqrt((0.1**2 + 3**2) / 2))


def test_a_number_is_one_sweep_for_every_planner():
    one, again, other = (replays.simulated_sweep(seed) for seed in (5, 5, 6))
    assert one.equals(again)
    assert not one.equals(other)


def test_an_unknown_planner_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"expected a planner among greedy, .* got 'lucky'"):
        prove_replays(tmp_path, planners=["lucky"])


@pytest.mark.slow
def test_a_planner_and_the_grid_are_played_and_resumed(tmp_path):
    told = []
    table = prove_replays(tmp_path, planners=["cheapest", "grid"], count=1, tell=lambda *said: told.append(said))
    assert told == [("cheapest", 1, 1), ("grid", 1, 1)]
    assert table["planner"].to_list() == [*["cheapest"] * 3, "grid"]
    assert table["cost"].to_list()[:3] == sorted(table["cost"].to_list()[:3])
    assert table["cost"].to_list()[2] <= table["cost"].to_list()[3]  # never more than the grid
    assert table["sweeps"].to_list() == [1] * 4
    assert (table["width"] > 0).all()
    told.clear()
    assert prove_replays(tmp_path, planners=["cheapest", "grid"], count=1).equals(table)
    assert prove_replays(tmp_path, planners=["grid"], count=1).equals(table)  # what was asked for before stays
    assert not told
