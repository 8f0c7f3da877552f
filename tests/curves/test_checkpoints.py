"""Measurements during training: a dimension of their own, never runs."""

import json

import numpy as np
import pytest
import xarray as xr

from bayeskisl.curves import bits_per_parameter, build_curves, final, load_curves, save_curves, validate
from bayeskisl.errors import InputError
from bayeskisl.sweeping import load_sweep
from tests.sweeping.tiny import specification, trained

SPEC = specification(checkpoints=[0.25, 0.5], tables="""
[background]
facts = 3
share = 0.5

[templates]
count = 3
heldout = 1
""")  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("measured"), SPEC)


@pytest.fixture(scope="module")
def curves(folder):
    return build_curves(folder)


def test_every_run_is_measured_at_its_checkpoints_and_at_its_end(curves):
    assert dict(curves.sizes) == {"run": 2, "group": 3, "checkpoint": 3}
    assert curves.group.values.tolist() == ["infused", "infused_heldout", "background"]
    np.testing.assert_array_equal(curves.tokens_seen, [[3840, 7680, 15360]] * 2)
    assert np.isfinite(curves.general_loss).all()
    assert curves.guessing.dims == ("run", "group")


def test_measurements_are_those_of_the_records(folder, curves):
    for path in folder.glob("*/records/*.jsonl"):
        for line in map(json.loads, path.read_text().splitlines()):
            if line["kind"] == "probe":
                run = curves.sel(run=line["run"], group=line["group"])
                here = run.isel(checkpoint=run.tokens_seen.values.tolist().index(line["tokens_seen"]))
                assert (int(here.recalled), int(here.probed)) == (line["recalled"], line["probed"])
                assert float(here.answer_nats) == line["answer_nats"]


def test_measuring_changes_nothing_that_is_trained(folder, curves, tmp_path):
    """The identity of a run counts its checkpoints, so only the material differs; with equal material nothing does."""
    from dataclasses import replace

    from bayeskisl.sweeping.training import train_stack

    (run, *_) = load_sweep(folder.parent / "sweep.toml").runs()
    seen = []
    measured = train_stack((run,), on_pause=lambda done, _: seen.append(done))
    unmeasured = train_stack((run,))
    assert {20, 40} <= set(seen)
    np.testing.assert_array_equal(measured.steps.state().weights, unmeasured.steps.state().weights)
    assert replace(run, checkpoints=None).identity != run.identity


def test_final_is_the_end_of_training_and_never_counts_checkpoints_as_runs(curves):
    last = final(curves)
    assert dict(last.sizes) == {"run": 2, "group": 3}
    np.testing.assert_array_equal(last.recalled, curves.recalled.isel(checkpoint=2))
    assert "tokens_seen" not in last.variables
    assert final(last) is last
    validate(last)


def test_runs_measured_less_often_are_aligned_at_their_end(folder, tmp_path):
    import shutil

    both = shutil.copytree(folder, tmp_path / "both")
    other = trained(tmp_path / "other", SPEC.replace("[0.25, 0.5]", "[0.75]").replace("measured", "other"))
    shutil.copytree(next(p for p in other.iterdir() if p.is_dir()), both / "other")
    curves = build_curves(both).sortby("seed")
    seen = sorted(curves.tokens_seen.values.tolist())
    assert seen == [[0, 11520, 15360]] * 2 + [[3840, 7680, 15360]] * 2
    unmeasured = curves.tokens_seen == 0
    assert int(curves.probed.where(unmeasured, 0).sum()) == 0
    assert np.isnan(curves.general_loss.values[unmeasured.values]).all()
    assert (final(curves).probed > 0).all()


def test_save_and_load_round_trip(curves, tmp_path):
    xr.testing.assert_identical(load_curves(save_curves(curves, tmp_path / "curves.nc")), curves)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda c: c.isel(checkpoint=[1, 0, 2]), "expected checkpoints in the order of training"),
        (lambda c: c.isel(checkpoint=[0, 1]), "expected the end of training as the last checkpoint"),
        (lambda c: c.drop_vars("tokens_seen"), "expected a coordinate 'tokens_seen'"),
    ],
)
def test_broken_checkpoints_are_told(curves, damage, message):
    with pytest.raises(InputError, match=message):
        validate(damage(curves))


def test_bits_count_all_facts_of_both_groups_once(curves):
    bits = bits_per_parameter(curves)
    run = curves.isel(run=0, checkpoint=-1)
    by_hand = 0.0
    for group, facts in (("infused", run.facts), ("background", run.background_facts)):
        asked = run.sel(group=group)
        by_hand += float(facts * (8 - asked.answer_nats / asked.probed / np.log(2)))  # 16^2 answers are 8 bits
    assert float(bits.isel(run=0, checkpoint=-1)) == pytest.approx(by_hand / float(run.params), rel=1e-12)
    assert bits.attrs["units"] == "bits / non-embedding parameters"


def test_bits_of_perfect_and_of_no_knowledge(curves):
    knowing = final(curves).copy(deep=True)
    knowing.answer_nats[:] = 0
    expected = (knowing.facts + knowing.background_facts) * 8 / knowing.total_params
    np.testing.assert_allclose(bits_per_parameter(knowing, "total_params"), expected)
    guessing = knowing.assign(answer_nats=knowing.probed * np.log(256))
    np.testing.assert_allclose(bits_per_parameter(guessing), 0, atol=1e-12)
