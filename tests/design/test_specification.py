"""What a plan writes is a sweep that trains exactly the planned runs, beside those that were trained before."""

import json
import tomllib

import numpy as np
import pytest

from bayeskisl.design import Run, ladder_sizes, next_sweep, sweep_behind
from bayeskisl.errors import InputError, at_the_command_line
from bayeskisl.sweeping import load_sweep
from bayeskisl.sweeping.plan import plan_stacks
from tests.design.hand_made import GaussianFit

TOKENS = 737_280
SMALL, LARGE = 6_144, 55_296
RUNS = (Run(SMALL, TOKENS, 200.0, 2), Run(LARGE, TOKENS, 1_120.0), Run(LARGE, TOKENS, 900.0), Run(SMALL, TOKENS, 200.0))


@pytest.fixture(scope="module")
def curves():
    """One run each of three sizes at 200 and 400 facts, seed 0."""
    return GaussianFit(levels=(200, 400), tokens=(TOKENS,)).curves


def written(tmp_path, runs, curves, **options):
    path = tmp_path / "next.toml"
    path.write_text(next_sweep(runs, curves, sweep_behind(curves), **options))
    return load_sweep(path)


def test_it_trains_the_planned_runs_with_fresh_seeds(tmp_path, curves):
    spec = written(tmp_path, RUNS, curves, comment="why\nand what for")
    trained = sorted((run.params, run.mixture.facts, run.seed) for run in spec.runs())
    assert trained == [(6_144, 200, 1), (6_144, 200, 2), (6_144, 200, 3), (55_296, 900, 0), (55_296, 1_120, 0)]
    assert sum(len(stack.runs) for stack in plan_stacks(spec.runs(), spec.stack)) == 5


def test_a_planned_run_is_the_run_that_the_first_sweep_would_have_made(tmp_path, curves):
    first = load_sweep("demo")
    spec = written(tmp_path, (Run(6_144, TOKENS, 120.0),), curves)
    assert spec.runs()[0].identity in {run.identity for run in first.runs()}


def test_the_sweep_of_shipped_data_is_found_and_named(curves):
    joined = curves.assign_attrs(sweeps='{"memory-amount-slow": "a", "memory-amount-98304": "b"}')
    with at_the_command_line(), pytest.raises(InputError, match="or a shipped one, as `--sweep memory-six`"):
        sweep_behind(joined)
    assert sweep_behind(joined, "memory-six")["name"] == "memory-amount-slow"


@pytest.mark.parametrize(("axis", "sweep"), [("ratio", "desk-ratio"), ("dose", "desk-dose")])
def test_ratios_are_trained_as_planned(tmp_path, axis, sweep):
    curves = GaussianFit(axis=axis).curves
    path = tmp_path / "next.toml"
    path.write_text(next_sweep((Run(SMALL, 614_400, 0.731, 2), Run(LARGE, 614_400, 0.954)), curves,
                               sweep_behind(curves, sweep)))  # fmt: skip
    trained = sorted((run.params, round(run.mixture.ratio, 3), run.seed) for run in load_sweep(path).runs())
    assert trained == [(SMALL, 0.731, 0), (SMALL, 0.731, 1), (LARGE, 0.954, 0)]


def test_the_same_runs_in_another_order_are_the_same_file(curves):
    table = sweep_behind(curves)
    assert next_sweep(RUNS[::-1], curves, table) == next_sweep(RUNS, curves, table)


def test_other_runs_are_another_sweep(curves):
    table = sweep_behind(curves)
    names = {next_sweep(runs, curves, table).splitlines()[0] for runs in (RUNS, RUNS[:1], RUNS[1:])}
    assert len(names) == 3


def test_background_and_compilation_are_taken_over(tmp_path, curves):
    base = tmp_path / "base.toml"
    base.write_text(
        f'axis = "amount"\nladder = "desk"\nwidths = [16]\ntokens = {TOKENS}\nlevels = [100]\ncompile = false\n'
        "[background]\nfacts = 50\nshare = 0.2\n[refine]\nlevels = 2\n"
    )
    path = tmp_path / "next.toml"
    path.write_text(next_sweep(RUNS, curves, sweep_behind(curves, base)))
    spec = load_sweep(path)
    assert (spec.background_facts, spec.background_share, spec.compile, spec.refine) == (50, 0.2, False, None)


def test_real_text_is_taken_over(tmp_path, curves):
    base = tmp_path / "base.toml"
    base.write_text(
        f'axis = "amount"\nladder = "desk"\nwidths = [16]\ntokens = {TOKENS}\nlevels = [100]\n'
        '[corpus]\nfiles = ["a b/*.txt"]\nvocabulary = 512\n'
        '[knowledge]\ntriples = "facts.csv"\n[knowledge.templates]\n"the capital" = ["{subject}: {object}"]\n'
    )
    first, following = base.read_text(), next_sweep(RUNS, curves, sweep_behind(curves, base))
    for table in ("corpus", "knowledge"):
        assert tomllib.loads(following)[table] == tomllib.loads(first)[table]


def test_text_beyond_the_basic_plane_is_taken_over(curves):
    table = {**sweep_behind(curves), "knowledge": {"templates": {"\U0001f600": ["\U0001f9e0", "\u00e9"]}}}
    assert tomllib.loads(next_sweep(RUNS, curves, table))["knowledge"] == table["knowledge"]


def test_a_size_that_the_ladder_lacks_is_refused(curves):
    with pytest.raises(InputError, match="sizes of the ladder"):
        next_sweep((Run(7_000, TOKENS, 200.0),), curves, sweep_behind(curves))


def test_curves_of_unknown_origin_need_their_sweep(curves):
    with pytest.raises(InputError, match="the sweep's own TOML file"):
        sweep_behind(curves.assign_attrs(sweeps=json.dumps({"mine": "mine-0"})))


def test_ladder_sizes_are_those_of_the_ladder(curves):
    sizes = ladder_sizes(sweep_behind(curves))
    assert np.isclose(sizes, sorted(24 * w**2 for w in (12, 16, 20, 24, 32, 40, 48, 64, 96, 128))).all()
