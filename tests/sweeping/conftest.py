"""One tiny sweep, trained once for the session."""

import hashlib
import json

import pytest

from bayeskisl.sweeping import run_sweep
from tests.sweeping.tiny import loaded

SMOKE = """
name = "smoke"
axis = "amount"
ladder = "smoke"
widths = [8, 16]
tokens = 15_360
levels = [4, 16, 64]
seeds = [0, 1]
stack = 3
compile = false

[refine]
levels = 1
"""


@pytest.fixture(scope="session")
def smoke(tmp_path_factory):
    return loaded(tmp_path_factory.mktemp("spec"), SMOKE)


@pytest.fixture(scope="session")
def finished(smoke, tmp_path_factory):
    """An undisturbed sweep."""
    out = tmp_path_factory.mktemp("undisturbed")
    run_sweep(smoke, out, workers=1)
    return out


def records_of(out):
    return {path.name: path.read_bytes() for path in sorted(out.glob("*/records/*.jsonl"))}


def rewritten(path, change):
    """The record after a change of its lines, with a closing line that fits them: whole, but not true."""
    *lines, _ = map(json.loads, path.read_text().splitlines())
    changed = change(lines)
    lines = lines if changed is None else changed
    body = "".join(json.dumps(line, sort_keys=True, separators=(",", ":")) + "\n" for line in lines).encode()
    end = {"kind": "end", "run": path.stem, "lines": len(lines), "sha256": hashlib.sha256(body).hexdigest()}
    path.write_bytes(body + json.dumps(end).encode() + b"\n")
