"""Terminals of any width, without colours, and names in any script."""

import os
import subprocess
import sys

import pytest

from bayeskisl.curves import load_curves
from bayeskisl.sweeping import load_sweep

NAME = "化学知识-テスト-😀-långt-namn-som-är-mycket-längre-än-en-kolumn"


def printed(*arguments, **environment):
    command = [sys.executable, "-m", "bayeskisl", *map(str, arguments)]
    environment = {**os.environ, "NO_COLOR": "1", "FORCE_COLOR": "1", "PYTHONIOENCODING": "utf-8", **environment}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=True).stdout


@pytest.mark.parametrize("columns", ["20", "400"])
def test_every_word_is_printed_at_any_width_and_none_in_colour(columns):
    narrow, usual = printed("laws", COLUMNS=columns), printed("laws", COLUMNS="80")
    assert narrow.split() == usual.split()
    assert "\x1b[3" not in narrow
    assert "…" not in narrow


def test_names_in_any_script_come_through_an_import(tmp_path):
    rows = [
        f"{params},{facts},{recalled},100,1e9,{domain}"
        for domain in (NAME, "B")
        for params in (1_000_000, 4_000_000)
        for facts, recalled in ((100, 95), (1_000, 50), (10_000, 3))
    ]
    table, curves = tmp_path / "wide.csv", tmp_path / "wide.nc"
    table.write_text("\n".join(["params,facts,recalled,probed,tokens,domain", *rows]), encoding="utf-8")
    known = ["--map", "tokens_per_fact=100", "--map", "ratio=0.5"]
    said = printed("curves", "import", table, "--out", curves, *known, COLUMNS="20")
    assert NAME[:20] in said
    assert set(load_curves(curves)["domain"].values.astype(str)) == {NAME, "B"}


def test_an_estimate_has_one_line_for_each_size():
    lines = printed("sweep", "estimate", "gpu-amount", "--tokens-per-second", "2e6", COLUMNS="80").splitlines()
    assert [line.split()[0] for line in lines if line.endswith(" GiB")] == [
        str(width) for width in load_sweep("gpu-amount").widths
    ]
