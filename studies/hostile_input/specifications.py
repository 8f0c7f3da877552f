"""Specifications of sweeps: lines of a shipped file changed, left out, doubled or added, or its bytes."""

import json
import math
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from bayeskisl.shipped import shipped_file, shipped_names
from bayeskisl.sweeping import SweepSpec, load_sweep
from bayeskisl.sweeping.spec import canonical_json
from bayeskisl.sweeping.store import open_folder
from studies.hostile_input.door import Door, few, require_alone

__all__ = ["SPECIFICATIONS"]

_NEEDS_TEXT = "desk-text"  # reads documents and trains a tokeniser


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


def _enter(case: tuple[int, list[Any]], folder: Path) -> None:
    number, changes = case
    content = _specifications()[number % len(_specifications())].encode()
    for change in changes:
        content = _changed_text(content.decode(errors="replace"), change)
    (folder / "sweep.toml").write_bytes(content)
    spec = load_sweep(folder / "sweep.toml")
    _check_accepted(spec)
    with open_folder(spec, folder / "out") as opened:
        assert opened.path.parent == folder / "out", "a folder outside the one that was named"
    require_alone(folder, "sweep.toml", "out")


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


SPECIFICATIONS = Door("specifications", st.tuples(st.integers(0, 99), few(_LINE_CHANGES)), _enter)
