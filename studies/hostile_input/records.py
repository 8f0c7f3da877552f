"""Records: a sweep's folder, written without training, its bytes, lines and entries changed."""

import hashlib
import json
import shutil
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from bayeskisl.curves import build_curves
from bayeskisl.sweeping import SweepSpec, load_sweep, plan_stacks, sweep_status
from bayeskisl.sweeping.records import GroupProbe, Measured, RunProbe, record_bytes
from bayeskisl.sweeping.store import open_folder
from studies.hostile_input.door import LIES, Door, few, require_alone

__all__ = ["RECORDS"]


_FILES = ("record", "record", "record", "specification", "sidecar")
_MOVES = ("swap", "folder", "link", "loop", "gone", "copy")
_JUNK = st.sampled_from([b"", b"[]", b"{}", b"null", b"\xff", b"\n", b"[" * 5000, b'{"kind":"end"}\n', b"1e400"])
_RECORD_CHANGES = st.one_of(
    st.tuples(st.just("byte"), st.sampled_from(_FILES), st.integers(0, 5000), st.integers(0, 255)),
    st.tuples(st.just("cut"), st.sampled_from(_FILES), st.integers(0, 5000), st.none()),
    st.tuples(st.just("junk"), st.sampled_from(_FILES), st.integers(0, 5000), _JUNK),
    st.tuples(st.just("lie"), st.just("record"), st.integers(0, 5000), st.tuples(st.integers(0, 40), LIES)),
    st.tuples(st.just("lines"), st.just("record"), st.integers(0, 5000), st.permutations(range(3))),
    st.tuples(st.sampled_from(_MOVES), st.just("record"), st.integers(0, 99), st.none()),
)


@cache
def _sweep() -> SweepSpec:
    """Four runs of the smallest ladder."""
    spec = load_sweep("demo-reduced")
    return replace(spec, name="hostile", widths=spec.widths[:1], levels=spec.levels[:2], seeds=(0, 1), refine=None)


@cache
def _written() -> tuple[tempfile.TemporaryDirectory[str], Path]:
    """The folder of that sweep, written once; it goes with the process."""
    keeper = tempfile.TemporaryDirectory(prefix="hostile-")
    return keeper, _write_sweep(Path(keeper.name) / "out")


def _write_sweep(out: Path) -> Path:
    with open_folder(_sweep(), out) as folder:
        for stack in plan_stacks(_sweep().runs(), 2):
            for each in stack.runs:
                asked = min(each.probes, each.mixture.facts)
                measured = (Measured(each.mixture.tokens, {"infused": GroupProbe(asked // 2, asked, 1.5)}, 2.5),)
                folder.record_path(each).write_bytes(record_bytes(each, stack, RunProbe(measured)))
            folder.note({"stack": stack.name, "seconds": 1.0, "runs": [each.name for each in stack.runs]})
    return folder.path


def _change_folder(folder: Path, change: tuple[str, str, int, Any]) -> None:
    kind, of, place, what = change
    records = sorted((folder / "records").glob("*.jsonl"))
    path = {"record": records[place % len(records)], "specification": folder / "sweep.json"}.get(
        of, folder / "sidecar.jsonl"
    )
    if kind == "copy":
        shutil.rmtree(folder.with_name("copied"), ignore_errors=True)
        shutil.copytree(folder, folder.with_name("copied"), symlinks=True)
    elif kind in _MOVES:
        other = records[(place + 1) % len(records)]
        content = other.read_bytes() if other.is_file() else b""
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)
        if kind == "swap":
            path.write_bytes(content)
        elif kind == "folder":
            path.mkdir()
        elif kind in ("link", "loop"):
            path.symlink_to(path if kind == "loop" else folder / "nowhere")
    elif path.is_file():
        path.write_bytes(_changed_bytes(path, kind, place, what))


def _changed_bytes(path: Path, kind: str, place: int, what: Any) -> bytes:
    content = bytearray(path.read_bytes())
    at = place % (len(content) or 1)
    if kind == "cut" or not content:
        return bytes(content[:at])
    if kind == "byte":
        content[at] = what
        return bytes(content)
    if kind == "junk":
        return bytes(content[:at] + what if place % 2 else what)
    return _closed_again(bytes(content), kind, what)


def _closed_again(content: bytes, kind: str, what: Any) -> bytes:
    """The record with other lines, and a closing line that fits them: whole, but not true."""
    try:
        *lines, end = map(json.loads, content.splitlines())
        if kind == "lines":
            lines = [lines[number % len(lines)] for number in what]
        else:
            number, value = what
            line = lines[number % len(lines)]
            line[sorted(line)[number % len(line)]] = value
        body = "".join(json.dumps(line) + "\n" for line in lines).encode()
        end |= {"lines": len(lines), "sha256": hashlib.sha256(body).hexdigest()}
    except (ValueError, TypeError, ZeroDivisionError, RecursionError):
        return content
    return body + json.dumps(end).encode() + b"\n"


def _enter(case: list[Any], folder: Path) -> None:
    written = _written()[1]
    path = shutil.copytree(written, folder / "out" / written.name)
    for change in case:
        _change_folder(path, change)
    status = sweep_status(folder / "out")
    assert all(0 <= one.finished <= 4 for one in status), "more runs finished than there are"
    curves = build_curves(folder / "out")
    assert set(curves["run"].values) <= {each.name for each in _sweep().runs()}, "a run that is not the sweep's"
    require_alone(folder, "out")


RECORDS = Door("records", few(_RECORD_CHANGES), _enter)
