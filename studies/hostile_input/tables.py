"""Tables and mappings: columns of likely and unlikely names and cells, expressions, and files of any bytes."""

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from hypothesis import strategies as st

from bayeskisl import schema
from bayeskisl.curves import curves_from_table, load_curves, save_curves, validate
from bayeskisl.curves.tables.fields import NUMBERS, TEXTS
from studies.hostile_input.door import Door, few, require_alone

__all__ = ["TABLES"]

Table = dict[str, list[Any]]

_CANARY = Path("/tmp/bayeskisl-canary-of-the-hostile-tables")
_NAMES = [*NUMBERS, *TEXTS, "acc", "n", "K", "model_size", "recalled_background", "accuracy.infused", "acc_percent"]
_EXTREMES = st.sampled_from([5e-324, 1e-310, 1e-16, 1e-15, -0.0, 1e15, 1e308, "1e-310"])
_CELLS = st.one_of(
    st.integers(-5, 2000),
    st.floats(),
    st.floats(0, 1),
    _EXTREMES,
    st.sampled_from(["7B", "300M", "1.5T", "94.1%", "NA", "", "infused", "background", "<script>alert(1)</script>"]),
    st.sampled_from([f"__import__('os').system('touch {_CANARY}')", "=cmd|' /C calc'!A0", "\x00", "\ud800", "1e400"]),
    st.text(max_size=8),
    st.none(),
    st.booleans(),
    st.lists(st.integers(), max_size=2),
    st.integers(-(10**30), 10**30),
)
# Columns of a table that is read as it is, but for seeds: runs may not be the same.
_LIKELY = {
    schema.PARAMS: st.sampled_from([6144, "6144", "14k", 24576.0]),
    schema.TOKENS: st.sampled_from(["1.8M", 1_843_200]),
    schema.RATIO: st.just("50%"),
    schema.FACTS: st.integers(1, 4000),
    schema.TOKENS_PER_FACT: st.just(6),
    schema.RECALLED: st.integers(0, 100),
    schema.PROBED: st.integers(100, 200),
}
_WORDS = st.sampled_from(
    ["acc", "n", "recalled", "probed", '"', "'", "(", ")", "*", "+", "/", "1", "7B", "round", "max", "CASE WHEN",
     "THEN", "END", "SELECT", "read_csv('/etc/passwd')", ";", "--", ",", "NULL", "sqrt", "CAST", "AS INT", ".", "::"]
)  # fmt: skip
_EXPRESSIONS = st.one_of(
    st.sampled_from(_NAMES),
    st.lists(_WORDS, max_size=8).map(" ".join),
    st.text(max_size=12),
    st.floats(),
    st.none(),
)
_OPTIONS = {
    "axis": st.sampled_from(["amount", "ratio", "dose", "frequency", "x"]),
    "levels": st.sampled_from(["facts", "ratio", "params", "seed"]),
    "decimal": st.sampled_from([".", ","]),
    "by": st.sampled_from([("facts",), ("params", "seed")]),
    "ignore": st.sampled_from([("facts",), ("seed",)]),
    "where": st.sampled_from(["facts > 1", "params = 'a'"])
    | _EXPRESSIONS.filter(lambda source: isinstance(source, str)),
    "probed": st.integers(-1, 500),
    "guessing": st.floats(0, 1),
    "replicates": st.booleans(),
    "skip_bad_rows": st.booleans(),
}
_FEW_OPTIONS = st.lists(
    st.one_of([st.tuples(st.just(name), values) for name, values in _OPTIONS.items()]), max_size=1
).map(dict)


@st.composite
def _wild_tables(draw: st.DrawFn) -> Table:
    """Columns of likely and unlikely names and cells."""
    rows = draw(st.integers(1, 6))
    names = draw(st.lists(st.one_of(st.sampled_from(_NAMES), st.text(max_size=6)), min_size=1, max_size=9, unique=True))
    return {name: draw(st.lists(_CELLS, min_size=rows, max_size=rows)) for name in names}


@st.composite
def _spoilt_tables(draw: st.DrawFn) -> Table:
    """Tables that would be fine, but for one to three changes."""
    rows = draw(st.integers(1, 8))
    table = {name: draw(st.lists(cells, min_size=rows, max_size=rows)) for name, cells in _LIKELY.items()}
    table[schema.SEED] = list(range(rows))
    for change in draw(few(st.sampled_from(["cell", "cell", "cell", "gone", "renamed", "added", "row"]))):
        name, row = draw(st.sampled_from(sorted(table))), draw(st.integers(0, rows - 1))
        if change == "cell":
            table[name][row] = draw(_CELLS)
        elif change == "row":
            table = {each: [*cells[:row], *cells[row + 1 :], cells[row]] for each, cells in table.items()}
        elif change == "added":
            table[draw(_COLUMNS)] = draw(st.lists(_CELLS, min_size=rows, max_size=rows))
        elif len(table) > 1:
            cells = table.pop(name)
            table |= {draw(_COLUMNS): cells} if change == "renamed" else {}
    return table


_COLUMNS = st.one_of(st.sampled_from(_NAMES), st.text(max_size=6))
_MAPPINGS: st.SearchStrategy[dict[str, str]] = st.one_of(
    st.just({}),
    st.dictionaries(_COLUMNS, _EXPRESSIONS, max_size=3),
    st.sampled_from(
        [
            {"recalled": "ROUND(recalled / 2)"},
            {"recalled": "generate_series(1, 1000000000000)"},
            {"recalled": "CASE WHEN recalled > 9 THEN 9 ELSE COALESCE(recalled, 0) END"},
            {"params": "CAST(REPLACE(params, 'k', '') AS INT) * 1000"},
            {"run": "lpad('x', 2000000000, 'y')"},
            {"seed": "LENGTH(REPLACE(params, '1', '" + "1" * 400 + "'))"},
            {"facts": "(" * 240 + "facts" + ")" * 240},
            {"facts": "facts * 1e308 * 1e308"},
        ]
    ),
)
_FILES = st.one_of(
    st.binary(max_size=300),
    _wild_tables().map(lambda table: _delimited(table, ",", 0)),
    st.text(max_size=300).map(lambda text: text.encode(errors="surrogatepass")),
    _spoilt_tables().map(lambda table: json.dumps(table, default=str).encode()),
    _spoilt_tables().map(lambda table: "\n".join(json.dumps(row, default=str) for row in _rows_of(table)).encode()),
    st.tuples(_spoilt_tables(), st.sampled_from(",;\t|"), st.integers(0, 400)).map(lambda x: _delimited(*x)),
)
_SUFFIXES = st.sampled_from([".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson", ".parquet", ".xlsx"])


def _rows_of(table: Table) -> list[dict[str, Any]]:
    return [dict(zip(table, cells, strict=True)) for cells in zip(*table.values(), strict=True)]


def _delimited(table: Table, delimiter: str, cut: int) -> bytes:
    lines = [delimiter.join(table), *(delimiter.join(map(str, row.values())) for row in _rows_of(table))]
    return "\n".join(lines).encode(errors="replace")[: cut if cut > 20 else None]


_CASES = st.tuples(
    st.one_of(_wild_tables(), _spoilt_tables(), _spoilt_tables(), st.tuples(_FILES, _SUFFIXES)),
    _MAPPINGS,
    _FEW_OPTIONS,
    st.booleans(),
)


def _enter(case: tuple[Table | tuple[bytes, str], dict[str, Any], dict[str, Any], bool], folder: Path) -> None:
    source, mapping, options, saved = case
    table = source if isinstance(source, dict) else _written(folder, *source)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.filterwarnings("ignore", "table.*rows are left out", UserWarning)
            curves = curves_from_table(table, mapping, **options)
    finally:
        assert not _CANARY.exists(), "code of a table was run"
    validate(curves)
    left_out = json.loads(curves.attrs["import_left_out"])["count"]
    if isinstance(source, dict) and not {"levels", "by", "where"} & set(options):
        _check_counted(curves, len(next(iter(source.values()))) - left_out)
    if saved:
        _check_kept(curves, folder / "out" / "curves.nc")
    require_alone(folder, "out", *(["table" + source[1]] if isinstance(source, tuple) else []))


def _written(folder: Path, content: bytes, suffix: str) -> Path:
    path = folder / f"table{suffix}"
    path.write_bytes(content)
    return path


def _check_counted(curves: xr.Dataset, rows: int) -> None:
    """Every row is a run, or one of its groups."""
    if any("." in field for field in json.loads(curves.attrs["import_mapping"])):
        return
    assert int((curves.probed > 0).sum()) <= rows, "more was probed than there are rows"
    assert curves.sizes["run"] <= rows <= curves.sizes["run"] * curves.sizes["group"], "rows were lost"


def _check_kept(curves: xr.Dataset, path: Path) -> None:
    loaded = load_curves(save_curves(curves, path))
    assert loaded.attrs == curves.attrs, "attributes were lost on disk"
    np.testing.assert_array_equal(loaded.recalled, curves.recalled)


TABLES = Door("tables", _CASES, _enter, lists=True)
