"""Documents: what each kind of file holds, and what is said of one that does not."""

import pytest

from bayeskisl.errors import InputError
from bayeskisl.knowledge.text import DatasetSource, FileSource
from studies.simulated.text_sweep import sentences, write_json_lines

pa = pytest.importorskip("pyarrow")


def parquet(path, **columns):
    import pyarrow.parquet

    pyarrow.parquet.write_table(pa.table(columns), path)
    return path


def documents(*patterns, **how):
    return list(FileSource(tuple(map(str, patterns)), **how).documents())


def test_every_kind_of_file_gives_the_same_documents(tmp_path):
    texts = sentences(5)
    for number, text in enumerate(texts):
        (tmp_path / f"{number}.txt").write_text(text)
    rows = write_json_lines(tmp_path / "rows.jsonl", [{"text": text, "id": 1} for text in texts])
    table = parquet(tmp_path / "rows.parquet", body=texts)
    assert documents(tmp_path / "*.txt") == documents(rows) == documents(table, column="body") == texts


def test_python_files_give_their_docstrings(tmp_path):
    (tmp_path / "a.py").write_text('"""Module."""\n\n\ndef f():\n    """Function."""\n    return "no docstring"\n')
    assert documents(tmp_path / "**/*.py") == ["Module.", "Function."]
    assert "Support for regular expressions (RE)." in documents("$STDLIB/re/__init__.py")[0]


def test_a_long_text_is_cut_at_blank_lines_and_nothing_is_lost(tmp_path, monkeypatch):
    monkeypatch.setattr("bayeskisl.knowledge.text.documents._LONG", 100)
    paragraphs = ["\n".join(sentences(2, seed)) + "\n" for seed in range(6)]
    path = tmp_path / "book.txt"
    path.write_text("\n".join(paragraphs))
    cut = documents(path)
    assert "".join(cut) == path.read_text()
    assert [text.strip() for text in cut] == [text.strip() for text in paragraphs]


def test_blank_documents_are_none_and_files_count_once(tmp_path):
    rows = write_json_lines(tmp_path / "rows.jsonl", [{"text": "one"}, {"text": "  "}, {"text": "two"}])
    assert documents(rows, tmp_path / "*.jsonl") == ["one", "two"]


def test_a_local_dataset_is_streamed_as_one_from_the_hub_would_be(tmp_path, text_cache):
    pytest.importorskip("datasets")
    texts = sentences(50)
    write_json_lines(tmp_path / "train.jsonl", [{"body": text} for text in texts])
    source = DatasetSource(str(tmp_path), column="body")
    assert list(source.documents()) == texts
    first = list(DatasetSource(str(tmp_path), column="body", characters=len("".join(texts[:7]))).documents())
    assert first == texts[:7]


def test_what_comes_from_the_hub_is_kept(text_cache, monkeypatch):
    datasets = pytest.importorskip("datasets")
    asked = []

    def load_dataset(path, **how):
        asked.append((path, how))
        return [{"text": text} for text in sentences(9)]

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    source = DatasetSource("someone/words", subset="small")
    assert list(source.documents()) == list(source.documents()) == sentences(9)
    assert asked == [("someone/words", {"name": "small", "revision": None, "split": "train", "streaming": True})]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"text": "a"}\n{"body": "b"}\n', "line 2: expected a column 'text', got columns body; name it with `column`"),
        ('{"text": 3}\n', "line 1: expected text in column 'text', got 3"),
        ('{"text": "a"}\nnonsense\n', "line 2: expected a JSON object on every line"),
        ("[1]\n", r"line 1: expected a JSON object on every line, got \[1\]"),
    ],
)
def test_rows_that_are_no_documents_are_told_by_their_line(tmp_path, content, message):
    path = tmp_path / "rows.jsonl"
    path.write_text(content)
    with pytest.raises(InputError, match=message):
        documents(path)


def test_files_that_are_no_text_are_refused(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "a.py").write_text("def f(:")
    (tmp_path / "a.parquet").write_text("no")
    for name, message in (
        ("a.txt", "expected text in UTF-8"),
        ("a.py", "expected Python that can be parsed"),
        ("a.parquet", "expected a Parquet file"),
        ("b.txt", "expected a pattern that matches a file, got none"),
    ):
        with pytest.raises(InputError, match=message):
            documents(tmp_path / name)


def test_a_dataset_that_is_not_there_is_refused_in_one_sentence(tmp_path, text_cache):
    pytest.importorskip("datasets")
    (tmp_path / "train.jsonl").write_text('{"text": "a"}\n')
    with pytest.raises(InputError, match=r"a dataset that can be streamed, got .*split"):
        list(DatasetSource(str(tmp_path), split="nowhere").documents())


def test_a_library_that_is_missing_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
    with pytest.raises(InputError, match=r"library 'pyarrow' for reading Parquet files.*bayeskisl\[text\]"):
        documents(parquet_stub(tmp_path))


def parquet_stub(folder):
    path = folder / "x.parquet"
    path.write_bytes(b"PAR1")
    return path


def test_half_of_a_surrogate_pair_is_replaced(tmp_path):
    path = tmp_path / "web.jsonl"
    path.write_text('{"text": "ok \\ud83d bad"}\n{"text": "whole \\ud83d\\ude00"}\n')
    texts = list(FileSource((str(path),)).documents())
    assert texts == ["ok \N{REPLACEMENT CHARACTER} bad", "whole \N{GRINNING FACE}"]
    (tmp_path / "a.py").write_text('"""half \\ud83d"""')
    assert documents(tmp_path / "a.py") == ["half \N{REPLACEMENT CHARACTER}"]
