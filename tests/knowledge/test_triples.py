"""Triples: three kinds of file, and all problems told at once by their lines."""

import numpy as np
import pytest

from bayeskisl.errors import InputError
from bayeskisl.knowledge.text import INVENTED, Triple, guessing_rate, invent_triples, read_triples
from studies.simulated.text_sweep import write_json_lines

ROWS = [
    {"subject": "Peru", "relation": "capital", "object": "Lima", "aliases": ["Ciudad de los Reyes"]},
    {
        "subject": "Mali",
        "relation": "capital",
        "object": "Bamako",
        "templates": ["{subject}: {object}", "{subject}, {object}"],
    },
]
EXPECTED = (
    Triple("Peru", "capital", "Lima", ("Ciudad de los Reyes",)),
    Triple("Mali", "capital", "Bamako", (), ("{subject}: {object}", "{subject}, {object}")),
)


def csv_file(tmp_path, text):
    path = tmp_path / "facts.csv"
    path.write_text(text)
    return path


def test_csv_json_lines_and_parquet_are_read_alike(tmp_path):
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet

    table = csv_file(
        tmp_path,
        "subject,relation,object,aliases,templates\nPeru,capital,Lima,Ciudad de los Reyes,\n"
        'Mali,capital, Bamako ,,"{subject}: {object}|{subject}, {object}"\n',
    )
    pyarrow.parquet.write_table(pa.Table.from_pylist([{"aliases": None, "templates": None, **row} for row in ROWS]),
                                tmp_path / "facts.parquet")  # fmt: skip
    rows = write_json_lines(tmp_path / "facts.jsonl", ROWS)
    assert read_triples(table) == read_triples(rows) == read_triples(tmp_path / "facts.parquet") == EXPECTED


def test_half_of_a_surrogate_pair_is_replaced_in_every_cell(tmp_path):
    half = {"subject": "a\ud800", "relation": "b\ud800", "object": "c\ud800", "aliases": ["d\ud800"]}
    (triple,) = read_triples(write_json_lines(tmp_path / "facts.jsonl", [half]))
    assert triple == Triple("a\ufffd", "b\ufffd", "c\ufffd", ("d\ufffd",))


def test_every_problem_is_told_once_by_its_line(tmp_path):
    path = csv_file(
        tmp_path,
        'subject,relation,object,aliases\nPeru,capital,Lima,\n"Ma\nli",capital,Bamako,\nPeru,capital,Lima,\n'
        "Peru,capital,Cusco,\nPeru,,Lima,\nChad,capital,N'Djamena,Fort-Lamy\nChad,capital,Fort-Lamy,\n",
    )
    with pytest.raises(InputError) as refused:
        read_triples(path)
    message = str(refused.value)
    assert "4 problem(s)" in message
    for problem in (
        "line 7 has no text for relation",
        "line 5 repeats line 2 (Peru, capital, Lima)",
        "line 6 contradicts line 2 (Peru, capital: Cusco and Lima)",
        "line 9 repeats under an alias line 8 (Chad, capital: Fort-Lamy and N'Djamena)",
    ):
        assert problem in message
    assert "\n" not in message


def test_a_long_list_of_problems_is_counted(tmp_path):
    path = csv_file(tmp_path, "subject,relation,object\n" + "a,b,c\n" * 101)
    with pytest.raises(InputError, match=r"100 problem\(s\): line 3 repeats line 2 .*; and 80 more"):
        read_triples(path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("facts.csv", "subject,object\na,b\n", r"line 2: expected columns .*, got subject, object \(no relation\)"),
        ("facts.csv", "subject,relation,object\n", "expected at least one triple, got none"),
        ("facts.csv", 'subject,relation,object\na,"b,c\n', "expected CSV in UTF-8"),
        ("facts.txt", "", "expected triples as .csv, .jsonl or .parquet, got 'facts.txt'"),
        ("facts.jsonl", '{"subject": "a", "relation": "b", "object": "c", "aliases": 3}', "aliases must be texts"),
    ],
)
def test_files_that_are_no_triples_are_refused(tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=message):
        read_triples(tmp_path / name)


def test_guessing_is_to_answer_each_relation_by_its_commonest_object():
    triples = [Triple(str(i), "colour", colour) for i, colour in enumerate("rrrgb")]
    triples += [Triple(str(i), "shape", shape) for i, shape in enumerate("xyz")]
    assert guessing_rate(tuple(triples)) == (3 + 1) / 8
    assert guessing_rate(EXPECTED) == 1 / 2


def test_invented_facts_are_distinct_and_follow_from_the_generator():
    triples = invent_triples(5000, np.random.default_rng(3))
    assert triples == invent_triples(5000, np.random.default_rng(3))
    assert len({triple.subject for triple in triples}) == 5000
    assert max(len(triple.object.split()) for triple in triples) == INVENTED.answer_length
    assert len({word for t in triples for word in t.object.split()}) == 2 * INVENTED.symbols
    assert INVENTED.guessing == 1 / 4096
