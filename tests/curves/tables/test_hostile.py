"""Whatever comes in, out come valid curves or a typed error: never a crash, a hang, a silent loss, or code run."""

import json
import os
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bayeskisl import schema
from bayeskisl.curves import curves_from_table, load_curves, save_curves, validate
from bayeskisl.curves.tables.fields import NUMBERS, TEXTS
from bayeskisl.errors import BayeskislError

# As many times as many generated cases, for who has the time.
EXAMPLES = int(os.environ.get("BAYESKISL_EXAMPLES", "1"))
CANARY = Path("/tmp/bayeskisl-canary-of-the-hostile-tests")
NAMES = [*NUMBERS, *TEXTS, "acc", "n", "K", "model_size", "recalled_background", "accuracy.infused", "acc_percent"]
EXTREMES = st.sampled_from([5e-324, 1e-310, 1e-16, 1e-15, -0.0, 1e15, 1e308, "1e-310"])
CELLS = st.one_of(
    st.integers(-5, 2000),
    st.floats(),
    st.floats(0, 1),
    EXTREMES,
    st.sampled_from(["7B", "300M", "1.5T", "94.1%", "NA", "", "infused", "background", "<script>alert(1)</script>"]),
    st.sampled_from([f"__import__('os').system('touch {CANARY}')", "=cmd|' /C calc'!A0", "\x00", "\ud800", "1e400"]),
    st.text(max_size=8),
    st.none(),
    st.booleans(),
    st.lists(st.integers(), max_size=2),
    st.integers(-(10**30), 10**30),
)
LIKELY = {
    schema.PARAMS: st.sampled_from([6144, "6144", "14k", 24576.0]),
    schema.TOKENS: st.sampled_from(["1.8M", 1_843_200, 921_600]),
    schema.RATIO: st.sampled_from([0.5, "50%", 0.2, 0.8]),
    schema.FACTS: st.integers(1, 4000),
    schema.TOKENS_PER_FACT: st.just(6),
    schema.SEED: st.integers(0, 9),
    schema.RECALLED: st.integers(0, 100),
    schema.PROBED: st.integers(90, 200),
    "accuracy": st.floats(0, 1),
    schema.GROUP: st.sampled_from([schema.INFUSED, schema.INFUSED, schema.INFUSED_HELDOUT]),
}
WORDS = st.sampled_from(
    ["acc", "n", "recalled", "probed", '"', "'", "(", ")", "*", "+", "/", "1", "7B", "round", "max", "CASE WHEN",
     "THEN", "END", "SELECT", "read_csv('/etc/passwd')", ";", "--", ",", "NULL", "sqrt", "CAST", "AS INT", ".", "::"]
)  # fmt: skip
EXPRESSIONS = st.one_of(
    st.sampled_from(NAMES),
    st.lists(WORDS, max_size=8).map(" ".join),
    st.text(max_size=12),
    st.floats(),
    st.none(),
)
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "axis": st.sampled_from(["amount", "ratio", "dose", "frequency", "x"]),
        "levels": st.sampled_from(["facts", "ratio", "params", "seed"]),
        "decimal": st.sampled_from([".", ","]),
        "by": st.sampled_from([("facts",), ("params", "seed")]),
        "ignore": st.sampled_from([("facts",), ("seed",)]),
        "where": st.sampled_from(["facts > 1", "params = 'a'"]),
        "probed": st.integers(-1, 500),
        "guessing": st.floats(0, 1),
        "replicates": st.booleans(),
        "skip_bad_rows": st.booleans(),
    },
)


@st.composite
def wild_tables(draw):
    """Columns of likely and unlikely names and cells."""
    rows = draw(st.integers(1, 6))
    names = draw(st.lists(st.one_of(st.sampled_from(NAMES), st.text(max_size=6)), min_size=1, max_size=9, unique=True))
    return {name: draw(st.lists(CELLS, min_size=rows, max_size=rows)) for name in names}


@st.composite
def spoilt_tables(draw):
    """Tables that would be fine, but for at most a few cells."""
    rows = draw(st.integers(1, 8))
    left_out = draw(st.sets(st.sampled_from(sorted(LIKELY)), max_size=5))
    table = {
        name: draw(st.lists(cells, min_size=rows, max_size=rows))
        for name, cells in LIKELY.items()
        if name not in left_out
    }
    for _ in range(draw(st.integers(0, 2))):
        name = draw(st.sampled_from(sorted(table) or ["params"]))
        if name in table:
            table[name][draw(st.integers(0, rows - 1))] = draw(st.one_of(CELLS, EXTREMES))
    return table


MAPPINGS = st.dictionaries(st.one_of(st.sampled_from(NAMES), st.text(max_size=6)), EXPRESSIONS, max_size=3)
FILES = st.one_of(
    st.binary(max_size=300),
    wild_tables().map(lambda table: delimited(table, ",", 0)),
    st.text(max_size=300).map(lambda text: text.encode(errors="surrogatepass")),
    spoilt_tables().map(lambda table: json.dumps(table, default=str).encode()),
    spoilt_tables().map(lambda table: "\n".join(json.dumps(row, default=str) for row in rows_of(table)).encode()),
    st.tuples(spoilt_tables(), st.sampled_from(",;\t|"), st.integers(0, 400)).map(lambda x: delimited(*x)),
)
SUFFIXES = st.sampled_from([".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson", ".parquet", ".xlsx"])


def rows_of(table):
    return [dict(zip(table, cells, strict=True)) for cells in zip(*table.values(), strict=True)]


def delimited(table, delimiter, cut):
    lines = [delimiter.join(table), *(delimiter.join(map(str, row.values())) for row in rows_of(table))]
    return "\n".join(lines).encode(errors="replace")[: cut if cut > 20 else None]


def check(source, mapping, options, folder):
    """Valid curves in which every row is accounted for, or an error of ours."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.filterwarnings("ignore", "table.*rows are left out", UserWarning)
            curves = curves_from_table(source, mapping, **options)
    except BayeskislError as problem:
        str(problem).encode()  # can be printed
        return
    finally:
        assert not CANARY.exists()
    validate(curves)
    left_out = json.loads(curves.attrs["import_left_out"])["count"]
    if (
        isinstance(source, dict)
        and not {"levels", "by", "where"} & set(options)
        and not any("." in f for f in import_mapping(curves))
    ):
        rows = len(next(iter(source.values())))
        told = int((curves.probed > 0).sum())
        assert told <= rows - left_out
        assert curves.sizes["run"] <= rows - left_out <= curves.sizes["run"] * curves.sizes["group"]
    if folder is not None:
        loaded = load_curves(save_curves(curves, folder / "curves.nc"))
        assert loaded.attrs == curves.attrs
        np.testing.assert_array_equal(loaded.recalled, curves.recalled)


def import_mapping(curves):
    return json.loads(curves.attrs["import_mapping"])


def budget(examples):
    return settings(
        max_examples=EXAMPLES * examples, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )


@budget(120)
@given(st.one_of(wild_tables(), spoilt_tables()), MAPPINGS, OPTIONS)
def test_hostile_tables(table, mapping, options):
    check(table, mapping, options, None)


@budget(60)
@given(spoilt_tables(), OPTIONS)
def test_spoilt_tables_survive_the_disk(tmp_path_factory, table, options):
    check(table, {}, options, tmp_path_factory.getbasetemp())


@pytest.mark.parametrize("cells", [",1e-310,1,,", ",1e-310,,,\n,.1,,,"])
def test_numbers_too_small_to_reckon_with_are_refused(tmp_path, cells):
    path = tmp_path / "table.csv"
    path.write_bytes(f",ratio,facts,\x00,\x01\n{cells}".encode())
    with pytest.raises(BayeskislError, match="an infusion ratio, 0 or in"):
        curves_from_table(path)


def test_a_table_of_which_no_row_was_probed_is_refused():
    with pytest.raises(BayeskislError, match="runs that finished and have infused facts"):
        curves_from_table({"params": [0], "recalled_background": [-1], "facts": [0], "run": [0]})


@budget(120)
@given(FILES, SUFFIXES, MAPPINGS, OPTIONS)
def test_hostile_files(tmp_path_factory, content, suffix, mapping, options):
    path = tmp_path_factory.getbasetemp() / f"table{suffix}"
    path.write_bytes(content)
    check(path, mapping, options, None)


@pytest.mark.slow
@budget(1_500)
@given(st.one_of(wild_tables(), spoilt_tables()), MAPPINGS, OPTIONS)
def test_many_hostile_tables(table, mapping, options):
    check(table, mapping, options, None)


@pytest.mark.slow
@budget(300)
@given(spoilt_tables(), OPTIONS)
def test_many_spoilt_tables_survive_the_disk(tmp_path_factory, table, options):
    check(table, {}, options, tmp_path_factory.getbasetemp())


@pytest.mark.slow
@budget(1_500)
@given(FILES, SUFFIXES, MAPPINGS, OPTIONS)
def test_many_hostile_files(tmp_path_factory, content, suffix, mapping, options):
    path = tmp_path_factory.getbasetemp() / f"table{suffix}"
    path.write_bytes(content)
    check(path, mapping, options, None)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf"), 1e300])
def test_a_number_in_place_of_a_column_is_refused_in_one_sentence(number):
    with pytest.raises(BayeskislError):
        curves_from_table({"params": [0], "facts": [1], "accuracy": [0.5]}, {"params": number})
