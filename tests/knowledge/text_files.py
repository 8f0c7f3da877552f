"""Small files of text and triples, and a sweep that reads them."""

from studies.simulated.text_sweep import sentences

SPEC = """
name = "words"
axis = "amount"
ladder = "smoke"
widths = 8
tokens = {tokens}
levels = [4, 12]
seeds = [0]
stack = 3
compile = false

[corpus]
files = {files}
vocabulary = 300

[knowledge]
"""


def write_corpus(folder, documents=40):
    """One text file; its path."""
    path = folder / "corpus.txt"
    path.write_text("\n".join(sentences(documents * 10)))
    return path


def write_triples(path, count=30):
    """Countries and capitals, with aliases for every second one."""
    rows = ["subject,relation,object,aliases"]
    rows += [f"land {i},capital,city {i},{f'town {i}|burg {i}' if i % 2 else ''}" for i in range(count)]
    path.write_text("\n".join(rows) + "\n")
    return path


def text_of(tokeniser, tokens):
    """The text of tokens, without separators."""
    return tokeniser._encoder.decode([token for token in tokens if token < tokeniser.vocabulary])
