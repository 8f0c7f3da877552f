"""Records as event files: read back by our own import, they are the same runs."""

import struct

import pytest

from bayeskisl.curves import build_curves, curves_from_table, read_runs
from bayeskisl.sweeping import SweepEvents, TensorBoardMirror, mirror_records
from bayeskisl.sweeping.tensorboard import _masked


def test_checksums_are_those_of_the_format():
    crc = 0xE3069283  # of "123456789", the check value of CRC-32C
    masked = ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
    assert _masked(b"123456789") == struct.pack("<I", masked)


def test_what_is_mirrored_comes_back_as_the_same_curves(finished, tmp_path):
    own = build_curves(finished)
    written = mirror_records(finished, tmp_path / "board")
    assert len(written) == own.sizes["run"]
    assert mirror_records(finished, tmp_path / "board") == []
    back = curves_from_table(read_runs(tmp_path / "board", "tensorboard"), axis="amount").sel(run=own["run"].values)
    for name in ("recalled", "probed"):
        assert (back[name].sel(group="infused").values == own[name].sel(group="infused").values).all()
    for name in ("params", "total_params", "tokens", "facts", "seed"):
        assert back[name].values.tolist() == own[name].values.tolist()
    for name in ("ratio", "exposures", "guessing", "learning_rate"):
        assert back[name].values == pytest.approx(own[name].values, rel=1e-6)


def test_the_listener_writes_and_passes_on(finished, tmp_path):
    heard = []

    class Display(SweepEvents):
        def finished(self, stack, seconds):
            heard.append((stack, seconds))

    TensorBoardMirror(finished, tmp_path / "board", Display()).finished("stack", 1.0)
    assert heard == [("stack", 1.0)]
    assert list((tmp_path / "board").glob("*/events*"))
