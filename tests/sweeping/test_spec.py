"""Specifications: what is read, what is refused, what identifies a run."""

import pytest

from bayeskisl.errors import InputError
from bayeskisl.sweeping import load_ladder, load_sweep, plan_stacks
from tests.sweeping.conftest import SMOKE


def written(tmp_path, text):
    path = tmp_path / "sweep.toml"
    path.write_text(text)
    return path


def test_runs_are_the_cross_product(smoke):
    assert len(smoke.runs()) == 2 * 3 * 2
    assert len({run.identity for run in smoke.runs()}) == 12


def test_identity_is_of_what_determines_the_records(smoke, tmp_path):
    same = load_sweep(written(tmp_path, SMOKE.replace("15_360", "15360") + "\n# a comment\n"))
    other = load_sweep(written(tmp_path, SMOKE.replace("15_360", "30720")))
    assert same.identity == smoke.identity
    assert other.identity != smoke.identity


def test_stacks_follow_from_the_specification_and_hold_one_size(smoke):
    stacks = plan_stacks(smoke.runs(), 4)
    assert [len(stack.runs) for stack in stacks] == [3, 3, 3, 3]
    assert stacks == plan_stacks(smoke.runs(), 4)
    assert all(len({run.params for run in stack.runs}) == 1 for stack in stacks)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('axis = "amount"', 'axis = "depth"', "expected axis to be amount, ratio or dose, got 'depth'"),
        ("seeds = [0, 1]", "seeds = [0, 1]\nsedes = 3", "expected keys among .*seeds.*, got 'sedes'"),
        ("widths = [8, 16]", "widths = [8, 17]", "expected a width of ladder 'smoke' .*, got 17"),
        ("15_360", "15_361", "expected tokens in whole steps of 192, got 15361; take 15360"),
        ("[4, 16, 64]", '"many"', "expected levels to be one or more numbers of type float, got 'many'"),
        ("[4, 16, 64]", "[4, 16, 1e6]", "expected at most 4096 facts .*, got 1000000"),
        ('ladder = "smoke"', 'ladder = "smok"', "one of the shipped ladders .*, got 'smok'"),
        ("levels = 1", "levles = 1", r"\[refine\]: expected keys among levels, lower, upper, got 'levles'"),
        ('name = "smoke"', "name = smoke", "expected valid TOML"),
    ],
)
def test_bad_specifications_are_refused_in_one_sentence(tmp_path, old, new, message):
    assert old in SMOKE
    with pytest.raises(InputError, match=message) as refused:
        load_sweep(written(tmp_path, SMOKE.replace(old, new)))
    assert "\n" not in str(refused.value).strip()


def test_missing_file_is_named():
    with pytest.raises(InputError, match=r"nowhere.toml: expected a TOML file, got no such file"):
        load_sweep("nowhere.toml")


def test_shipped_ladders_load_and_count_parameters():
    desk = load_ladder("desk")
    assert desk.sizes[64].params == 98_304
    assert desk.sizes[64].total_params(66, 24) == 98_304 + (66 + 24 + 66) * 64
    assert load_ladder("smoke").width_of(3072) == 16


def test_dose_holds_exposures_fixed():
    from dataclasses import replace

    dose = replace(
        load_sweep("demo"),
        axis="dose",
        exposures=100.0,
        levels=(0.1, 0.3, 0.6),
        background_facts=50,
        background_share=0.3,
    )
    for run in dose.runs():
        assert run.mixture.exposures == pytest.approx(100, rel=0.01)
        assert run.mixture.background_facts == 50
