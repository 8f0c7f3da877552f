"""One tiny sweep, trained once for the session."""

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
