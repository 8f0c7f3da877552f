"""Specifications: what is read, what is refused, what identifies a run."""

import hashlib
import tomllib
from pathlib import Path

import pytest

from bayeskisl.curves import load_curves
from bayeskisl.errors import InputError
from bayeskisl.shipped import shipped_folder
from bayeskisl.sweeping import load_ladder, load_sweep, plan_stacks
from bayeskisl.sweeping.records import coordinates
from tests.sweeping.conftest import SMOKE

IDENTITIES = tomllib.loads(Path(__file__).with_name("identities.toml").read_text())


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


def spec_of(tmp_path, change=lambda text: text, more=""):
    return load_sweep(written(tmp_path, change(SMOKE) + more))


@pytest.mark.parametrize("path", IDENTITIES)
def test_identities_of_shipped_sweeps_stand(path):
    """Neither keys that joined the specification later nor its reader rename a sweep or a run."""
    spec = load_sweep(shipped_folder("data").parent / path)
    runs = [run.identity for run in spec.runs()]
    assert [spec.identity, len(runs), hashlib.sha256("".join(runs).encode()).hexdigest()] == IDENTITIES[path]


@pytest.mark.parametrize(
    "name",
    [
        "desk-amount", "desk-dose", "desk-proportional", "desk-ratio", "desk-replay", "desk-tokens", "memory-amount",
        "memory-budget", "memory-dose", "memory-ratio", "memory-six",
    ],
)  # fmt: skip
def test_shipped_curves_hold_the_runs_of_their_specification(name):
    spec = load_sweep(shipped_folder("data") / "sweeps" / name / "sweep.toml")
    assert {run.name for run in spec.runs()} <= set(load_curves(name).run.values)


def test_budgets_in_proportion_to_the_size_are_whole_steps(tmp_path):
    spec = spec_of(tmp_path, lambda text: text.replace("tokens = 15_360", "tokens_per_param = [10, 20]"))
    step = 8 * 24
    for run in spec.runs():
        assert run.mixture.tokens % step == 0
        assert min(abs(run.mixture.tokens - share * run.params) for share in (10, 20)) <= step / 2
    assert len({(run.params, run.mixture.tokens) for run in spec.runs()}) == 4


def test_crossed_values_make_cells_of_their_own(tmp_path):
    spec = spec_of(tmp_path, more="\n[cross]\nratio = [0.25, 0.5]\n")
    assert len(spec.cells()) == 4
    assert len(spec.runs()) == 2 * 2 * 3 * 2
    assert {run.mixture.ratio for run in spec.runs()} == {0.25, 0.5}
    plain_half = {run.identity for run in spec_of(tmp_path).runs()}
    assert plain_half < {run.identity for run in spec.runs()}, "the same run, crossed or not"


def test_replicates_are_more_seeds_at_chosen_places(tmp_path):
    spec = spec_of(tmp_path, more="\n[[replicates]]\nwidths = 8\nlevels = 16\nseeds = [1, 2, 3]\n")
    extra = set(spec.runs()) - set(spec_of(tmp_path).runs())
    assert {(run.model.width, run.mixture.facts, run.seed) for run in extra} == {(8, 16, 2), (8, 16, 3)}
    assert len(spec.runs()) == 12 + 2, "a seed that is there already is not run twice"


BACKGROUND = "\n[background]\nfacts = 8\nshare = 0.5\n"


def test_tokens_before_the_budget_lengthen_every_run_and_leave_the_budget_alone(tmp_path, smoke):
    longer = spec_of(tmp_path, lambda text: f"tokens_before = 7_680\n{text}", more=BACKGROUND)
    plain, run = smoke.runs()[0], longer.runs()[0]
    assert (run.mixture.tokens, run.tokens_read) == (plain.mixture.tokens, 15_360 + 7_680)
    assert run.steps == 1.5 * plain.steps
    assert run.flops == 1.5 * plain.flops
    assert coordinates(run)["tokens_before"] == 7_680
    assert "tokens_before" not in coordinates(plain)


def test_checkpoints_are_steps_before_the_end(tmp_path):
    spec = spec_of(tmp_path, lambda text: "checkpoints = [0.001, 0.25, 0.999]\n" + text)
    assert spec.runs()[0].steps == 80
    assert spec.runs()[0].checkpoint_steps == (1, 20)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('axis = "amount"', 'axis = "depth"', "expected an axis among amount, ratio, dose, frequency, got 'depth'"),
        (
            "seeds = [0, 1]",
            "seeds = [0, 1]\nsedes = 3",
            "the keys of the sweep to be among .*seeds.*, got 'sedes'; the nearest is 'seeds'",
        ),
        ("widths = [8, 16]", "widths = [8, 17]", "expected a width of ladder 'smoke' .*, got 17"),
        ("15_360", "15_361", "expected tokens in whole steps of 192, got 15361; take 15360"),
        ("[4, 16, 64]", '"many"', "expected 'levels' to be a valid number, got 'many'"),
        ("[4, 16, 64]", "[4, 16, 1e6]", "expected at most 4096 facts .*, got 1000000"),
        ('ladder = "smoke"', 'ladder = "smok"', "one of the shipped ladders .*, got 'smok'"),
        (
            "levels = 1",
            "levles = 1",
            "table 'refine' to be among levels, upper, lower, rounds, got 'levles'; the nearest is 'levels'",
        ),
        ("levels = 1", "levels = 1\nrounds = 0", "expected 'refine.rounds' to be greater than or equal to 1, got 0"),
        ('name = "smoke"', "name = smoke", "expected valid TOML"),
        ("tokens = 15_360", "", "expected a key 'tokens' or 'tokens_per_param', got neither"),
        ("[refine]", "[cross]\nfacts = 3\n[refine]", r"\[cross\]: expected keys among ratio, .*, got 'facts'"),
        ("seeds = [0, 1]", "checkpoints = [0.5, 1.0]", "expected 'checkpoints' to be less than 1, got 1.0"),
        (
            "[refine]",
            "[[replicates]]\nlevels = 3\n[refine]",
            "expected a key 'replicates.seeds', got none",
        ),
        (
            "[refine]",
            "[[replicates]]\nlevels = 3\nseeds = 9\nwidths = 9\n[refine]",
            "of cells of this sweep, got widths",
        ),
        (
            "seeds = [0, 1]",
            "tokens_before = 7_681",
            "expected tokens_before in whole steps of 192, got 7681; take 7680",
        ),
        ("seeds = [0, 1]", "tokens_before = 7_680", r"\[background\] facts, which tokens_before teach, got none"),
        ("[refine]", "[templates]\ncount = 2\nheldout = 2\n[refine]", "fewer templates held out than there are"),
    ],
)
def test_bad_specifications_are_refused_in_one_sentence(tmp_path, old, new, message):
    assert old in SMOKE
    with pytest.raises(InputError, match=message) as refused:
        load_sweep(written(tmp_path, SMOKE.replace(old, new)))
    assert "\n" not in str(refused.value).strip()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "smoke"', f"name = {name}", "'name' to (be|have)")
        for name in ('".."', '"/etc/x"', '"a/b"', '"a\\u0000b"', '"a\\nb"', f'"{"n" * 300}"', '""', "7")
    ]
    + [
        ("[4, 16, 64]", "[nan]", "'levels' to be a finite number, got nan"),
        ("[4, 16, 64]", f"[{'9' * 5000}]", "expected valid TOML, got a number of thousands of digits"),
        ("[4, 16, 64]", f"[0x{'9' * 5000}]", "'levels' to be .*, got a number of thousands of digits"),
        ("[4, 16, 64]", "[" * 5000 + "]" * 5000, "expected valid TOML, got tables or lists that are nested too deeply"),
        ("[4, 16, 64]", "[" * 60 + "]" * 60, "'levels' to be a valid number"),
        ("[4, 16, 64]", "[20, 20.4]", "20 and 20.4, which are the same run"),
        ("[4, 16, 64]", "[4, 4.0]", "'levels' to be distinct"),
        ("[4, 16, 64]", "1979-05-27", "'levels' to be a valid number"),
        ("[0, 1]", "-1", "'seeds' to be greater than or equal to 0, got -1"),
        ("[0, 1]", f"{list(range(9_000))}\ntokens_per_param = {list(range(1, 9_000))}", "at most 100,000 runs"),
        ("[0, 1]", "0\nprobes = 1.5", "'probes' to be a whole number, got 1.5"),
        ("[0, 1]", '0\nprobes = "x"', "'probes' to be a whole number, got 'x'"),
        ("stack = 3", "stack = nan", "'stack' to be a whole number, got nan"),
        ("[0, 1]", "0\nlearning_rates = [inf]", "'learning_rates' to be a finite number, got inf"),
        ("levels = 1", "levels = 1000000000", "'refine.levels' to be less than or equal to 100"),
        ("levels = 1", "levels = 1\nupper = 0.1\nlower = 0.2", r"\[refine\]: expected lower below upper"),
        ('ladder = "smoke"', "ladder = 5", "'ladder' to be a valid string, got 5"),
        ('ladder = "smoke"', 'ladder = "a\\u0000b"', "'ladder' to be text without a null character"),
        ("[refine]\nlevels = 1", "refine = 3", "'refine' to be a table, got 3"),
    ],
)
def test_hostile_specifications_are_refused_in_one_sentence(tmp_path, old, new, message):
    assert old in SMOKE
    with pytest.raises(InputError, match=message) as refused:
        load_sweep(written(tmp_path, SMOKE.replace(old, new)))
    assert len(str(refused.value)) < 1000
    assert "\n" not in str(refused.value)


def test_levels_are_sorted_for_refinement(tmp_path, smoke):
    """It looks between neighbours."""
    assert spec_of(tmp_path, lambda text: text.replace("[4, 16, 64]", "[64, 4, 16]")).levels == smoke.levels


def test_missing_file_is_named():
    with pytest.raises(InputError, match=r"nowhere.toml: expected a TOML file, got no such file"):
        load_sweep("nowhere.toml")


def test_shipped_ladders_load_and_count_parameters():
    desk = load_ladder("desk")
    assert desk.sizes[64].params == 98_304
    assert desk.sizes[64].total_params(66, 24) == 98_304 + (66 + 24 + 66) * 64


def test_sizes_may_have_layers_and_heads_of_their_own(tmp_path):
    path = tmp_path / "deep.toml"
    row = "[[sizes]]\nwidth = {}\nlearning_rate = 1e-2\n"
    path.write_text("[model]\nlayers = 2\nheads = 2\n" + row.format(16) + row.format(48) + "layers = 4\nheads = 3\n")
    sizes = load_ladder(path).sizes
    assert (sizes[16].layers, sizes[16].heads) == (2, 2)
    assert (sizes[48].layers, sizes[48].heads) == (4, 3)
    assert sizes[48].params == 12 * 4 * 48**2
    path.write_text(row.format(16) + "heads = 3\n")
    with pytest.raises(InputError, match="divisible by 3 heads"):
        load_ladder(path)


def frequency_of(tmp_path, more=""):
    """20 facts in 15,360 tokens: 100 parts per million of each are 0.002 of the tokens."""
    text = SMOKE.replace('"amount"', '"frequency"\nfacts = 20').replace("[4, 16, 64]", "[4_000, 10_000, 25_000]")
    return load_sweep(written(tmp_path, text + more))


def test_frequency_holds_facts_fixed_and_exposures_follow(tmp_path):
    for run in frequency_of(tmp_path).runs():
        mixture = run.mixture
        frequency = mixture.exposures * mixture.tokens_per_fact / mixture.tokens * 1e6
        assert mixture.facts == 20
        assert mixture.ratio == pytest.approx(20 * frequency / 1e6)
        assert min(abs(frequency / level - 1) for level in (4_000, 10_000, 25_000)) < 0.02


def test_frequency_may_be_crossed_with_facts_and_stays_below_all_tokens(tmp_path):
    spec = frequency_of(tmp_path, "\n[cross]\nfacts = [10, 20]\n")
    assert {run.mixture.facts for run in spec.runs()} == {10, 20}
    with pytest.raises(InputError, match=r"a ratio in \(0, 1\), got 1.25"):
        frequency_of(tmp_path, "\n[cross]\nfacts = [50]\n")


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
