"""A sweep in sittings: only what fits is begun, records come home in small files, a bare machine goes on from them."""

import json
import shutil
import subprocess
import sys
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from bayeskisl.errors import InputError
from bayeskisl.sweeping import load_sweep, sitting
from bayeskisl.sweeping.sitting import sit
from bayeskisl.sweeping.spec import Replicates
from tests.sweeping.conftest import records_of

RUNS = 2 * 4 * 2  # sizes, levels with the refined one, seeds
SCRIPT = Path(__file__).parents[2] / "scripts" / "gpu_sweep.py"


def quiet(_):
    pass


@pytest.fixture(scope="module")
def seated(smoke, tmp_path_factory):
    """A sitting that is long enough for everything."""
    place = tmp_path_factory.mktemp("sitting")
    return sit(smoke, place / "out", place / "home", minutes=5, device="cpu", tell=quiet), place


def records_in(path):
    with tarfile.open(path) as archive:
        return [Path(name).name for name in archive.getnames() if name.endswith(".jsonl")]


def counts(path):
    return {
        name: [
            (line["group"], line["recalled"], line["probed"])
            for line in map(json.loads, text.decode().splitlines())
            if line["kind"] == "probe"
        ]
        for name, text in records_of(path).items()
    }


def test_a_long_sitting_does_what_run_sweep_does(seated, finished):
    done, place = seated
    assert (done.trained, done.left) == (RUNS, 0)
    assert counts(place / "out") == counts(finished)


def test_archives_hold_every_record_and_are_small(seated):
    done, place = seated
    members = [name for path in done.archives for name in records_in(path)]
    assert set(members) == set(records_of(place / "out"))
    assert len(members) == RUNS
    assert max(path.stat().st_size for path in done.archives) < 20_000


def test_a_bare_machine_goes_on_from_archives(seated, smoke, tmp_path):
    done, place = seated
    brought = tmp_path / "brought"
    brought.mkdir()
    lost = next(path for path in done.archives)  # the smallest size's coarse runs
    for path in done.archives:
        if path != lost:
            shutil.copy(path, brought)
    again = sit(smoke, tmp_path / "out", tmp_path / "home", minutes=5, earlier=brought, device="cpu", tell=quiet)
    assert 0 < again.trained < RUNS
    assert counts(tmp_path / "out") == counts(place / "out")


def test_what_will_not_end_in_time_is_not_begun(smoke, tmp_path, monkeypatch):
    # 60 s, less a moment: at 400 tokens/s only one run of 15,360 tokens ends in time, with the margin of 1.4
    monkeypatch.setattr(sitting, "measured_speed", lambda stack, device, compiled: 400.0)
    told = []
    done = sit(smoke, tmp_path / "out", tmp_path / "home", minutes=1, device="cpu", tell=told.append)
    assert told[3] == "  width 8, depth 1: 1 of 6 runs fit; all of them take 323 s"
    assert told[4] == "  width 16, depth 1: 0 of 6 runs fit; all of them take 323 s"
    assert len(records_in(done.archives[0])) == 1


def test_a_size_without_time_to_calibrate_is_judged_by_its_flops(smoke, tmp_path, monkeypatch):
    monkeypatch.setattr(sitting, "_CALIBRATION", 0.0)
    monkeypatch.setattr(sitting, "measured_speed", lambda stack, device, compiled: 1.0)
    told = []
    sit(smoke, tmp_path / "out", tmp_path / "home", minutes=0.01, device="cpu", tell=told.append)
    small, large = (next(run for run in smoke.runs() if run.model.width == width) for width in (8, 16))
    speed = small.flops / large.flops
    assert told[1].startswith(f"width 16, depth 1: {speed:,.0f} tokens/s")
    assert told[1].endswith("from width 8, depth 1 by its FLOPs")


def test_foreign_members_of_an_archive_are_refused(seated, smoke, tmp_path):
    done, _ = seated
    brought = tmp_path / "brought"
    brought.mkdir()
    evil = tmp_path / "evil"
    evil.write_text("x")
    with tarfile.open(brought / done.archives[0].name, "w:gz") as archive:
        archive.add(evil, arcname="../evil")
    with pytest.raises(InputError, match="expected records of smoke-"):
        sit(smoke, tmp_path / "out", tmp_path / "home", minutes=1, earlier=brought, device="cpu", tell=quiet)


@pytest.mark.parametrize("name", ["gpu-rates", "gpu-amount", "gpu-ratio", "gpu-dose"])
def test_the_specifications_for_a_gpu_can_be_made(name):
    spec = load_sweep(name)
    params = [run.params for run in spec.runs()]
    assert min(params) == 294_912
    assert all(run.training.precision == "bfloat16" for run in spec.runs())


def test_the_gpu_ladder_reaches_a_hundred_million():
    assert max(run.params for run in load_sweep("gpu-amount").runs()) == 95_551_488


def test_the_script_needs_torch_numpy_and_pydantic_alone_and_says_what_is_wrong(tmp_path):
    blocked = ["typer", "rich", "xarray", "polars", "pymc", "scipy", "pandas"]
    code = (
        "import sys, runpy\n"
        f"sys.modules.update(dict.fromkeys({blocked!r}))\n"
        f"sys.argv = ['gpu_sweep', 'no-such-sweep', '--home', {str(tmp_path)!r}]\n"
        f"runpy.run_path({str(SCRIPT)!r}, run_name='__main__')"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ended.returncode == 1
    assert ended.stderr.startswith("gpu_sweep: sweeps: expected a TOML file or one of the shipped sweeps")


def test_replicates_are_trained_too(smoke, tmp_path):
    more = replace(smoke, widths=(8,), levels=(), seeds=(0,), refine=None,
                   replicates=(Replicates(levels=(20.0,), seeds=(5, 6)),))  # fmt: skip
    done = sit(more, tmp_path / "out", tmp_path / "home", minutes=5, device="cpu", tell=quiet)
    assert (done.trained, done.left) == (2, 0)
