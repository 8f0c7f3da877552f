"""Does anything break it? Valid specifications, records and curves with one to three mutations, at the doors.

    python -m studies.hostile --door records --count 20000

Every case is accepted rightly or refused in one sentence, in 10 seconds at most, and nothing is written outside the
folder that was named. Cases are drawn by Hypothesis in batches of a hundred; the batch's number is its seed. Finished
batches are written down with the case that broke them, so that the command goes on where it was stopped.
"""

import hashlib
import json
import math
import resource
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any

import h5py
import hypothesis
import numpy as np
import typer
from hypothesis import strategies as st

from bayeskisl.curves import build_curves, load_curves, save_curves, validate
from bayeskisl.errors import BayeskislError
from bayeskisl.shipped import shipped_file, shipped_folder, shipped_names
from bayeskisl.sweeping import SweepSpec, load_sweep, plan_stacks, sweep_status
from bayeskisl.sweeping.records import GroupProbe, Measured, RunProbe, record_bytes
from bayeskisl.sweeping.spec import canonical_json
from bayeskisl.sweeping.store import open_folder
from studies.command import Folder, counting, run
from studies.simulated.trials import Trials

__all__ = ["DOORS", "Door", "try_cases"]

OUT = shipped_folder("data") / "proof" / "hostile"
BATCH = 100  # cases of one seed
_SECONDS = 10.0  # a case may take
_LONGEST = 4000  # characters of a sentence; it may list 20 shipped names and a path
_NEEDS_TEXT = "desk-text"  # reads documents and trains a tokeniser


@dataclass(frozen=True)
class Door:
    """A place where files come in.

    Attributes
    ----------
    name : str
    cases : strategy
        What to do to valid input.
    enter : callable
        Does it below a folder that is empty but for ``out``, and comes in by the door; raises `BayeskislError` where
        the case is refused, `AssertionError` where it is accepted wrongly.
    """

    name: str
    cases: st.SearchStrategy[Any]
    enter: Callable[[Any, Path], None]


# ---- specifications: lines of a shipped file changed, left out, doubled or added, or its bytes ---------------------

_VALUES = st.one_of(
    st.sampled_from(
        [
            "-1", "0", "1", "1.5", "nan", "inf", "-inf", "true", '"x"', '""', "[]", "[[]]", "[nan]", "[inf, 1]", "{}",
            "1e9", "1e300", "1e-300", "9" * 30, "9" * 5000, "0x" + "f" * 5000, '".."', '"/etc/passwd"', '"a/../../b"',
            '"\\u0000"', '"a\\nb"', '"' + "n" * 300 + '"', "1979-05-27", "[1, 1.0]", "[20, 20.4]", "[160, 40]",
            "[" * 5000 + "]" * 5000, "[" * 90 + "]" * 90, "[" + "1, " * 20_000 + "]", '{ levels = 1, "" = 2 }',
        ]
    ),
    st.integers().map(str),
    st.floats().map(lambda value: repr(value)),
    st.text(max_size=12).map(json.dumps),
    st.lists(st.integers(-3, 5000), max_size=4).map(repr),
    st.lists(st.floats(0, 1), max_size=4).map(repr),
)  # fmt: skip
_KEYS = st.one_of(
    st.sampled_from(
        [
            "name", "axis", "ladder", "widths", "tokens", "levels", "seeds", "ratio", "facts", "exposures", "probes",
            "stack", "learning_rates", "compile", "tokens_per_param", "checkpoints", "sedes", "background", "refine",
            "cross", "replicates", "templates", "tune", "corpus", "knowledge", "rounds", "upper", "lower", "share",
            "count",
        ]
    ),
    st.text(max_size=6).map(json.dumps),
)  # fmt: skip
_LINE_CHANGES = st.one_of(
    st.tuples(st.just("value"), st.integers(0, 60), _VALUES),
    st.tuples(st.just("add"), st.integers(0, 60), st.tuples(_KEYS, _VALUES).map(" = ".join)),
    st.tuples(st.just("add"), st.integers(0, 60), _KEYS.map("[{}]".format)),
    st.tuples(st.just("leave out"), st.integers(0, 60), st.just("")),
    st.tuples(st.just("double"), st.integers(0, 60), st.just("")),
    st.tuples(st.just("byte"), st.integers(0, 2000), st.integers(0, 255)),
)


@cache
def _specifications() -> tuple[str, ...]:
    names = [name for name in shipped_names("sweeps") if name != _NEEDS_TEXT]
    return tuple(shipped_file("sweeps", name).read_text() for name in names)


def _changed_text(text: str, change: tuple[str, int, Any]) -> bytes:
    kind, place, what = change
    if kind == "byte":
        content = bytearray(text.encode())
        content[place % len(content)] = what
        return bytes(content)
    lines = text.splitlines()
    at = place % len(lines)
    if kind == "value":
        assigned = [number for number, line in enumerate(lines) if "=" in line] or [at]
        at = assigned[place % len(assigned)]
        lines[at] = f"{lines[at].partition('=')[0]}= {what}"
    else:
        lines[at : at + 1] = {"add": [lines[at], what], "leave out": [], "double": [lines[at]] * 2}[kind]
    return "\n".join(lines).encode() or b"\n"


def _enter_specification(case: tuple[int, list[Any]], folder: Path) -> None:
    number, changes = case
    content = _specifications()[number % len(_specifications())].encode()
    for change in changes:
        content = _changed_text(content.decode(errors="replace"), change)
    (folder / "sweep.toml").write_bytes(content)
    spec = load_sweep(folder / "sweep.toml")
    _check_accepted(spec)
    with open_folder(spec, folder / "out") as opened:
        assert opened.path.parent == folder / "out", "a folder outside the one that was named"
    assert {path.name for path in folder.iterdir()} == {"sweep.toml", "out"}, "something written beside it"


def _check_accepted(spec: SweepSpec) -> None:
    runs = spec.runs()
    assert 0 < len(runs) <= 100_000, "no runs, or too many"
    assert json.loads(canonical_json(spec.as_dict())), "a specification without canonical JSON"
    for each in runs[:50]:
        assert each.mixture.facts >= 1, "no facts"
        assert 0 < each.mixture.ratio < 1, "no mixture"
        assert each.seed >= 0, "a negative seed"
        assert each.probes >= 1, "nothing probed"
        assert 0 < each.training.learning_rate < math.inf, "no learning rate"


# ---- records: a sweep's folder, written without training, its bytes, lines and entries changed --------------------

_FILES = ("record", "record", "record", "specification", "sidecar")
_MOVES = ("swap", "folder", "link", "loop", "gone", "copy")
_JUNK = st.sampled_from([b"", b"[]", b"{}", b"null", b"\xff", b"\n", b"[" * 5000, b'{"kind":"end"}\n', b"1e400"])
_LIES = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 10**6), st.floats(), st.text(max_size=5), st.just([]), st.just({})
)
_RECORD_CHANGES = st.one_of(
    st.tuples(st.just("byte"), st.sampled_from(_FILES), st.integers(0, 5000), st.integers(0, 255)),
    st.tuples(st.just("cut"), st.sampled_from(_FILES), st.integers(0, 5000), st.none()),
    st.tuples(st.just("junk"), st.sampled_from(_FILES), st.integers(0, 5000), _JUNK),
    st.tuples(st.just("lie"), st.just("record"), st.integers(0, 5000), st.tuples(st.integers(0, 40), _LIES)),
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


def _enter_records(case: list[Any], folder: Path) -> None:
    written = _written()[1]
    path = shutil.copytree(written, folder / "out" / written.name)
    for change in case:
        _change_folder(path, change)
    status = sweep_status(folder / "out")
    assert all(0 <= one.finished <= 4 for one in status), "more runs finished than there are"
    curves = build_curves(folder / "out")
    assert set(curves["run"].values) <= {each.name for each in _sweep().runs()}, "a run that is not the sweep's"
    assert {each.name for each in folder.iterdir()} == {"out"}, "something written beside it"


# ---- NetCDF: bytes, attributes and arrays changed ------------------------------------------------------------------

_ARRAYS = (
    "run",
    "group",
    "params",
    "tokens",
    "ratio",
    "facts",
    "recalled",
    "probed",
    "guessing",
    "general_loss",
    "seed",
)
_FILE_CHANGES = st.one_of(
    st.tuples(st.just("bytes"), st.integers(0, 10**6), st.lists(st.integers(0, 255), min_size=1, max_size=3)),
    st.tuples(st.just("cut"), st.integers(0, 10**6), st.none()),
    st.tuples(st.just("attribute"), st.sampled_from(["axis", "schema", "sweeps", "diverged", "title"]), _LIES),
    st.tuples(st.just("unit"), st.sampled_from(_ARRAYS), st.sampled_from(["seconds since 1970-01-01", "days", "%"])),
    st.tuples(st.just("scale"), st.sampled_from(_ARRAYS), st.sampled_from(["x", 0.0, math.nan, 1e300])),
    st.tuples(st.just("value"), st.sampled_from(_ARRAYS), st.floats() | st.integers(-5, 10**18)),
    st.tuples(
        st.just("array"),
        st.sampled_from(_ARRAYS),
        st.sampled_from(["text", "one", "enormous", "external", "soft", "outside", "pairs", "gone", "deep"]),
    ),
)


@cache
def _curves() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        few = load_curves("desk-dose").isel(run=slice(0, 160, 20))
        return save_curves(few, Path(folder) / "curves.nc").read_bytes()


def _change_file(path: Path, change: tuple[str, Any, Any]) -> None:
    kind, where, what = change
    content = bytearray(path.read_bytes())
    if kind == "bytes":
        at = where % (len(content) or 1)
        content[at : at + len(what)] = bytes(what)
        path.write_bytes(content)
    elif kind == "cut":
        path.write_bytes(content[: where % (len(content) or 1)])
    else:
        try:
            with h5py.File(path, "r+") as file:
                _change_arrays(file, kind, where, what)
        except Exception:  # an earlier change spoilt the file for the library that makes the next one
            return


def _change_arrays(file: h5py.File, kind: str, where: str, what: Any) -> None:
    if kind == "attribute":
        file.attrs[where] = np.zeros(3) if what in (None, [], {}) else what
    elif kind in ("unit", "scale"):
        file[where].attrs["units" if kind == "unit" else "scale_factor"] = what
    elif kind == "value":
        file[where][...] = what
    else:
        shape = file[where].shape
        del file[where]
        if what == "text":
            file.create_dataset(where, data=np.full(shape, b"x"))
        elif what == "one":
            file[where] = 1
        elif what == "enormous":
            file.create_dataset(where, (10**12,), "f8", chunks=(1024,))
        elif what == "external":
            file.create_dataset(where, (8,), "f8", external=[("/etc/hostname", 0, 64)])
        elif what == "soft":
            file[where] = h5py.SoftLink(f"/{where}")
        elif what == "outside":
            file[where] = h5py.ExternalLink("/etc/hostname", "/")
        elif what == "pairs":
            file.create_dataset(where, shape, [("a", "i4"), ("b", "f8")])
        elif what == "deep":
            file["/".join([where] * 200)] = 1


def _enter_netcdf(case: list[Any], folder: Path) -> None:
    path = folder / "out" / "curves.nc"
    path.parent.mkdir()
    path.write_bytes(_curves())
    for change in case:
        _change_file(path, change)
    curves = load_curves(path)
    validate(curves)
    assert curves.nbytes < 2**26, "more than 64 MiB out of a few kilobytes"
    assert {each.name for each in folder.iterdir()} == {"out"}, "something written beside it"


# ---- all doors -----------------------------------------------------------------------------------------------------


def _few(changes: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(changes, min_size=1, max_size=3)


DOORS = {
    door.name: door
    for door in (
        Door("specifications", st.tuples(st.integers(0, 99), _few(_LINE_CHANGES)), _enter_specification),
        Door("records", _few(_RECORD_CHANGES), _enter_records),
        Door("netcdf", _few(_FILE_CHANGES), _enter_netcdf),
    )
}


def try_cases(door: Door, seed: int, count: int = BATCH) -> dict[str, int]:
    """Try some cases of one seed; raises on the first that breaks it.

    Returns
    -------
    dict of str to int
        How many were accepted and how many refused.
    """
    outcomes = {"accepted": 0, "refused": 0}

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=count,
        database=None,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=[hypothesis.Phase.generate],
    )
    @hypothesis.given(door.cases)
    def attempt(case: Any) -> None:
        outcomes["accepted" if _comes_in(door, case) else "refused"] += 1

    attempt()
    return outcomes


def _comes_in(door: Door, case: Any) -> bool:
    """Whether a case is accepted; its time, its sentence and what it leaves behind are checked."""
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="hostile-") as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            door.enter(case, Path(folder))
            accepted = True
        except BayeskislError as refusal:
            said = str(refusal)
            assert "\n" not in said, f"more than one line: {said!r}"
            assert len(said) <= _LONGEST, f"a sentence of {len(said)} characters"
            accepted = False
    assert time.perf_counter() - begun <= _SECONDS, "more than 10 seconds"
    return accepted


def _batches(door: Door, seeds: list[int]) -> list[dict[str, Any]]:
    return [_batch(door, seed) for seed in seeds]


def _batch(door: Door, seed: int) -> dict[str, Any]:
    try:
        found: dict[str, Any] = dict(try_cases(door, seed))
    except BaseException as problem:
        if isinstance(problem, KeyboardInterrupt):
            raise
        notes = " ".join(getattr(problem, "__notes__", []))
        found = {"broken": f"{type(problem).__name__}: {problem}"[:2000], "case": notes[:4000]}
    return {**found, "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}


def main(
    door: Annotated[str, typer.Option(help=f"{', '.join(DOORS)}; all of them by default.")] = "",
    count: Annotated[int, typer.Option(min=1, help="Cases at each door, in batches of a hundred.")] = 20_000,
    out: Folder = OUT,
) -> None:
    """Try generated cases at the doors; finished batches are not tried again."""
    with counting("batches") as tell:
        for each in [DOORS[door]] if door in DOORS else DOORS.values():
            trials = Trials(out / f"{each.name}.jsonl", {"study": "hostile input", "door": each.name})
            wanted = -(-count // BATCH)
            for done in trials.run(wanted, partial(_batches, each), batch=1):
                tell(each.name, done, wanted)
            rows = trials.rows(wanted)
            sums = {key: sum(row.get(key, 0) for row in rows) for key in ("accepted", "refused")}
            peak, broken = max(row["peak_mib"] for row in rows), [row for row in rows if "broken" in row]
            counted = f"{sums['accepted']:,} accepted, {sums['refused']:,} refused, {len(broken)} batches broken"
            print(f"{each.name}: {counted}, {peak:,} MiB at most")
            for row in broken:
                print(f"  seed {row['number']}: {row['broken']} {row['case']}")


if __name__ == "__main__":
    run(main)
