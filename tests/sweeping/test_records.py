"""A record is the run that its name says, and a folder that of its sweep."""

import json
import shutil
from dataclasses import replace

import pytest
import xarray as xr

from bayeskisl.curves import build_curves
from bayeskisl.errors import InputError, SweepError
from bayeskisl.sweeping import Replicates, Stack, SweepEvents, run_sweep, sweep_folders, sweep_status
from bayeskisl.sweeping.store import SweepFolder
from tests.sweeping.conftest import records_of, rewritten


@pytest.fixture
def copy(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "copy")


@pytest.fixture
def records(copy):
    return sorted(copy.glob("*/records/*.jsonl"))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda lines: [], "there is nothing before its closing line"),
        (lambda lines: lines[:1], "one probe of each group"),
        (lambda lines: [line for line in lines if line["kind"] != "probe"], "one probe of each group"),
        (lambda lines: [*lines, lines[-1]], "one probe of each group"),
        (lambda lines: lines[1:], "does not describe a run"),
        (lambda lines: lines[0].update(params=7), "its params is not that of its specification"),
        (lambda lines: lines[0]["spec"].update(engine=2), "its run is not that of its specification"),
        (lambda lines: lines[0]["spec"].update(seed=77), "its run is not that of its specification"),
        (lambda lines: lines[0]["spec"].update(sede=7), "'sede'"),
        (lambda lines: lines[0]["spec"]["mixture"].update(facts=-1), "its specification is invalid"),
        (lambda lines: lines[0].update(background_facts=False), "its background_facts is not that"),
        (lambda lines: lines[0].update(more=1), "an unknown key 'more'"),
        (lambda lines: lines[1].update(run="0" * 16), "a line belongs to another run"),
        (lambda lines: lines[1].update(recalled=-1), "a line does not belong to a record"),
        (lambda lines: lines[1].update(recalled=lines[1]["probed"] + 1), "more facts were recalled than probed"),
        (lambda lines: lines[1].update(probed=lines[1]["probed"] + 1), "one probe of each group"),
        (lambda lines: lines[1].update(kind=["probe"]), "neither a probe, a general loss nor a failure"),
        (lambda lines: lines[2].update(general_loss="low"), "'general_loss' to be a valid number"),
        (lambda lines: lines[2].update(tokens_seen=5), "one probe of each group"),
    ],
)
def test_a_record_that_is_not_its_run_is_named_and_done_again(smoke, finished, copy, records, change, reason):
    rewritten(records[3], change)
    assert reason in sweep_status(copy)[0].broken[records[3].name]
    with pytest.raises(InputError, match=f"{records[3].name}: expected a complete record, got .*it redoes this run"):
        build_curves(copy)


def test_another_runs_record_is_recognised_and_the_run_done_again(smoke, finished, copy, records):
    records[3].write_bytes(records[5].read_bytes())
    assert sweep_status(copy)[0].broken == {records[3].name: f"it is the record of run {records[5].stem}"}
    assert run_sweep(smoke, copy, workers=1).trained == 1
    assert records_of(copy) == records_of(finished)


def test_a_link_that_leads_nowhere_is_done_again(smoke, finished, copy, records):
    records[3].unlink()
    records[3].symlink_to(copy / "nowhere")
    assert sweep_status(copy)[0].broken == {records[3].name: "it is a broken link"}
    run_sweep(smoke, copy, workers=1)
    assert records_of(copy) == records_of(finished)


def test_a_folder_in_place_of_a_record_has_to_be_moved_away(smoke, copy, records):
    records[3].unlink()
    records[3].mkdir()
    assert sweep_status(copy)[0].misplaced == {records[3].name: "it is not a file"}
    with pytest.raises(SweepError, match=f"{records[3].name} is not a record of this sweep: it is not a file; move"):
        run_sweep(smoke, copy, workers=1)
    with pytest.raises(InputError, match="got it is not a file; move it away"):
        build_curves(copy)


def test_a_record_of_another_sweep_has_to_be_moved_away(smoke, copy, tmp_path):
    (other,) = replace(smoke, name="other", probes=100, widths=(8,), levels=(4.0,), seeds=(0,), refine=None).runs()
    run_sweep(replace(smoke, name="other", probes=100, widths=(8,), levels=(4.0,), seeds=(0,), refine=None), tmp_path)
    foreign = next(tmp_path.glob(f"other-*/records/{other.name}.jsonl"))
    shutil.copy(foreign, sweep_folders(copy)[0].records)
    assert sweep_status(copy)[0].misplaced == {foreign.name: "its probes is not that of the sweep"}
    with pytest.raises(SweepError, match="its probes is not that of the sweep; move it away"):
        run_sweep(smoke, copy, workers=1)


@pytest.mark.parametrize("content", [b"[]", b"{}", b"null", b"\xff", b"", b'{"name": 3}', b"[" * 10_000])
def test_a_damaged_specification_is_told_and_written_again(smoke, finished, copy, content):
    path = next(copy.glob("*/sweep.json"))
    before = path.read_bytes()
    path.write_bytes(content)
    for use in (build_curves, sweep_status):
        with pytest.raises(InputError, match=r"sweep.json: expected a sweep's specification, got .* writes it again"):
            use(copy)
    assert run_sweep(smoke, copy, workers=1).trained == 0
    assert path.read_bytes() == before


@pytest.mark.parametrize("line", [b"[]", b"{}", b"null", b"\xff", b'{"seconds": "x"}', b'{"seconds": NaN}', b'{"sec'])
def test_a_damaged_line_of_the_sidecar_is_left_out(copy, line):
    before = sweep_status(copy)
    path = next(copy.glob("*/sidecar.jsonl"))
    path.write_bytes(line + b"\n" + path.read_bytes())
    assert sweep_status(copy) == before


def test_a_folder_under_the_name_of_another_sweep_is_refused(smoke, finished, tmp_path):
    other = replace(smoke, probes=100)
    shutil.copytree(next(finished.glob("smoke-*")), tmp_path / f"smoke-{other.identity[:12]}")
    with pytest.raises(InputError, match=r"got another one \(probes: 500 -> 100\); move the folder away"):
        run_sweep(other, tmp_path, workers=1)


def test_a_copy_beside_a_sweep_changes_nothing(copy):
    before = build_curves(copy)
    folder = next(copy.glob("smoke-*"))
    shutil.copytree(folder, folder.with_name("copied"))
    xr.testing.assert_equal(build_curves(copy), before)


def test_two_sweeps_share_their_runs(smoke, tmp_path):
    one = replace(smoke, name="one", levels=(4.0, 16.0), refine=None, widths=(8,))
    two = replace(one, name="two", levels=(16.0, 64.0))
    run_sweep(one, tmp_path, workers=1)
    result = run_sweep(two, tmp_path, workers=1)
    assert (result.trained, result.reused) == (2, 2)
    assert build_curves(tmp_path).sizes["run"] == 6


def test_a_status_counts_the_runs_that_are_planned(smoke, finished, copy, records):
    records[0].unlink()
    (status,) = sweep_status(copy)
    assert (status.finished, status.planned) == (len(records) - 1, len(records))
    (path,) = copy.glob("*/sweep.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), "widths": "other"}))
    assert sweep_status(copy)[0].planned is None


def test_replicates_at_levels_of_the_sweep_are_planned_once(smoke):
    more = (Replicates(levels=(4.0, 8.0), seeds=(1, 2), widths=(8,)),)
    spec = replace(smoke, refine=None, replicates=more)
    assert spec.most_runs == len(spec.runs()) == 2 * 3 * 2 + 3


def test_only_missing_runs_are_trained_and_their_records_name_the_planned_stack(smoke, tmp_path):
    one = replace(smoke, name="one", seeds=(0, 1), levels=(4.0,), refine=None, widths=(8,))
    two = replace(one, name="two", seeds=(0, 1, 2))
    begun = []

    class Watch(SweepEvents):
        def started(self, sweep_pass, remaining, broken):
            begun.append(remaining)

    run_sweep(one, tmp_path, workers=1)
    result = run_sweep(two, tmp_path, workers=1, events=Watch())
    assert (result.trained, result.reused) == (1, 2)
    *_, new = two.runs()
    assert begun == [[Stack((new,))]]
    first, *_ = SweepFolder(result.folder).lines(new)
    assert first["stack"] == Stack(two.runs()).place(new)
    assert not list(result.folder.glob("states/*"))


def test_two_measurements_of_one_run_are_refused(copy):
    folder = next(copy.glob("smoke-*"))
    copied = shutil.copytree(folder, folder.with_name("copied"))

    def change(lines):
        lines[2]["general_loss"] += 1

    rewritten(next(copied.glob("records/*.jsonl")), change)
    with pytest.raises(InputError, match=r"one measurement of each run, got a different one in copied"):
        build_curves(copy)


@pytest.mark.parametrize("name", ["..", "a/b", "", "x\n", "n" * 300])
def test_a_specification_made_in_python_does_not_leave_its_folder_either(smoke, tmp_path, name):
    with pytest.raises(InputError, match="expected a name to be"):
        run_sweep(replace(smoke, name=name), tmp_path / "out", workers=1)
    assert list(tmp_path.iterdir()) == []
