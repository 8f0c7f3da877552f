"""A small sweep in text, to be exported or killed: a corpus, short facts and a ladder of two sizes."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["WORDS", "sentences", "write_json_lines", "write_sweep"]

WORDS = (
    *("the", "model", "reads", "a", "page", "and", "forgets", "what", "it", "said", "about"),
    *("water", "stone", "light", "tree", "river", "house"),
)
LETTERS = "abcdefghijklmnopqrstuvwxyz"
PAIRS = [a + b for a in LETTERS for b in LETTERS]

LADDER = """
name = "tiny"
context = 32

[model]
layers = 2
heads = 2

[training]
batch = 16
base_width = 16
warmup_steps = 20

[[sizes]]
width = 16
learning_rate = 2e-2

[[sizes]]
width = 32
learning_rate = 2e-2
"""

SWEEP = """
name = "tiny"
axis = "{axis}"
ladder = "{folder}/ladder.toml"
widths = {widths}
tokens = {tokens}
levels = {levels}
{held}

[corpus]
files = ["{folder}/corpus.jsonl"]
vocabulary = 320

[knowledge]
triples = "{folder}/facts.csv"
templates = ["{{subject}}={{object}}", "{{subject}}:{{object}}", "{{subject}} is {{object}}."]
heldout = {heldout}
"""


def sentences(count: int, seed: int = 0) -> list[str]:
    """Lines of a few words each, always the same ones."""
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(WORDS, 12)) + "." for _ in range(count)]


def write_json_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def write_sweep(
    folder: Path,
    *,
    axis: str = "amount",
    widths: Sequence[int] = (16, 32),
    steps: int = 4,
    levels: Sequence[float] = (4, 9),
    held: str = "ratio = 0.5",
    heldout: int = 0,
    documents: int = 400,
    background: str = "",
) -> Path:
    """The files of a sweep; the path of its specification."""
    rng = np.random.default_rng(0)
    write_json_lines(folder / "corpus.jsonl", [{"text": text} for text in sentences(documents)])
    subjects = rng.permutation([pair + letter for pair in PAIRS for letter in LETTERS])[:1500]
    objects = rng.choice(PAIRS, len(subjects))
    rows = [f"{a.upper()},is,{b.upper()}\n" for a, b in zip(subjects, objects, strict=True)]
    (folder / "facts.csv").write_text("subject,relation,object\n" + "".join(rows))
    (folder / "ladder.toml").write_text(LADDER)
    path = folder / "tiny.toml"
    text = SWEEP.format(axis=axis, folder=folder, widths=list(widths), tokens=32 * 16 * steps, levels=list(levels),
                        held=held, heldout=heldout)  # fmt: skip
    path.write_text(text + background)
    return path
