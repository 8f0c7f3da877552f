"""Refinement: new levels where the curve moves."""

from dataclasses import replace

import numpy as np
import pytest

from bayeskisl.axes import AXES
from bayeskisl.curves import build_curves
from bayeskisl.sweeping import Refine, Stack, run_sweep
from bayeskisl.sweeping.refine import refined_levels
from bayeskisl.sweeping.run import _can_be_trained, _passes, mean_retention
from bayeskisl.sweeping.sitting import sit
from bayeskisl.sweeping.store import open_folder
from tests.sweeping.conftest import records_of
from tests.sweeping.tiny import probe_of

NAN = np.nan
LEVELS = (10.0, 40.0, 160.0, 640.0)


def refined(retention, levels=3, axis="amount", coarse=LEVELS):
    return refined_levels(coarse, np.array(retention)[:, None], Refine(levels), AXES[axis])


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


@pytest.mark.parametrize(
    ("retention", "new"),
    [
        ([1, 1, 0, NAN], (57, 80, 113)),
        ([NAN, 1, 1, 0], (226, 320, 453)),
        ([1, 1, 1, NAN], (2560, 10240)),
        ([NAN] * 4, ()),
    ],
)
def test_a_level_whose_runs_diverged_says_nothing_of_the_cliff(retention, new):
    assert refined(retention) == new


def test_one_level_that_is_left_has_no_gap():
    assert refined([NAN, 1, NAN, NAN], axis="ratio", coarse=(0.05, 0.2, 0.6, 0.9)) == ()


def test_every_group_counts():
    retention = np.array([[0.0, 1.0], [0.9, 1.0], [1.0, 1.0], [1.0, 0.0]])
    new = refined_levels((0.05, 0.2, 0.6, 0.9), retention, Refine(2), AXES["ratio"])
    assert 0.05 < new[0] < 0.2
    assert 0.6 < new[1] < 0.9


@pytest.mark.parametrize("coarse", [(50.0,), (50.0, 60.0)])
def test_few_levels_still_refine(coarse):
    assert refined([0.5] * len(coarse), coarse=coarse)


def test_each_round_looks_at_the_records_of_those_before_it(smoke, tmp_path):
    twice = replace(smoke, widths=(8,), refine=Refine(1, rounds=2))
    done = run_sweep(twice, tmp_path / "run", workers=1)
    curves = build_curves(done.folder)
    share = (curves["recalled"] / curves["probed"]).groupby("facts").mean().values

    def after(levels):
        known = [share[np.unique(curves["facts"]).tolist().index(level)] for level in levels]
        return refined_levels(levels, np.array(known), Refine(1), AXES["amount"])

    first = after(smoke.levels)
    second = after(tuple(sorted({*smoke.levels, *first})))
    assert second != first
    assert set(np.unique(curves["facts"])) == {*smoke.levels, *first, *second}
    sit(twice, tmp_path / "sat", tmp_path / "home", minutes=5, device="cpu", tell=lambda _: None)
    assert list(records_of(tmp_path / "sat")) == list(records_of(tmp_path / "run"))


def test_a_round_that_is_the_only_one_leaves_the_identity_of_the_sweep(smoke):
    assert "rounds" not in smoke.as_dict()["refine"]
    assert replace(smoke, refine=Refine(1, rounds=2)).identity != smoke.identity


def test_the_cliff_is_that_of_the_group_that_falls():
    retention = np.array([[1.0, 1.0], [0.98, 1.0], [0.02, 1.0], [0.0, 1.0]])
    new = refined_levels((60.0, 240.0, 960.0, 3840.0), retention, Refine(2), AXES["amount"], np.array([True, False]))
    assert all(240 < level < 960 for level in new)


def test_refined_levels_that_give_one_run_are_trained_once(smoke, tmp_path):
    spec = replace(smoke, widths=(8,), axis="ratio", facts=20, levels=(0.05, 0.06), refine=Refine(8))
    _, refined = passes_of(spec, tmp_path)
    assert 0 < refined.runs < 8 * len(spec.seeds)
    runs = [run for stack in refined.stacks for run in stack.runs]
    assert len(set(runs)) == len(runs)


def test_a_cell_whose_runs_diverged_has_no_refined_runs(smoke, tmp_path):
    spec = replace(smoke, widths=(8, 16))
    _, refined = passes_of(spec, tmp_path, lambda run: None if run.model.width == 8 else 0.5)
    assert {run.model.width for stack in refined.stacks for run in stack.runs} == {16}


def test_guesses_are_no_knowledge(smoke, tmp_path):
    (run, *_) = smoke.runs()
    with open_folder(smoke, tmp_path) as folder:
        folder.write(run, Stack((run,)), probe_of(run, 0.5))
        guessing = run.facts.guessing
        (known,) = mean_retention(folder, (run,), levels=1, seeds=1)[:, 0]
    assert known == pytest.approx((0.5 - guessing) / (1 - guessing))


def passes_of(spec, out, retained=lambda run: 0.5):
    """The passes of a sweep whose records are written without training: a share of facts, or None if diverged."""
    with open_folder(spec, out) as folder:
        for sweep_pass in _passes(spec, folder):
            yield sweep_pass
            for stack in sweep_pass.stacks:
                for run in stack.runs:
                    folder.write(run, stack, probe_of(run, retained(run)))


def test_levels_stay_where_facts_are_seen_and_there_are_enough(smoke, tmp_path):
    far = replace(smoke, widths=(8,), levels=(2.0, 4.0), refine=Refine(4))
    asked = [level for cell in far.cells() for level in (16, 10**9) if _can_be_trained(far, cell, level)]
    assert asked == [16]
