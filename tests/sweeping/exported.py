"""A small sweep in real text, to be exported: a corpus, short facts and a ladder of two sizes."""

import numpy as np

from tests.knowledge.text_files import sentences, write_json_lines

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


def write_sweep(folder, *, axis="amount", widths=(16, 32), steps=4, levels=(4, 9), held="ratio = 0.5", heldout=0,
                documents=400, background=""):  # fmt: skip
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
