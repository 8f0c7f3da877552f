"""Description of an import, in lines."""

import json

import xarray as xr

from bayeskisl.curves.tables.raw import SPREAD
from bayeskisl.curves.tables.screen import as_lines

__all__ = ["describe_import"]

_NAMED = 10


def describe_import(curves: xr.Dataset) -> str:
    """Describe an import: fields read, recognised, derived, assumed, unused and left out.

    Parameters
    ----------
    curves : xarray.Dataset
        Result of `curves_from_table`; other curves have no description.

    Returns
    -------
    str
        Plain text, one statement per line.

    Examples
    --------
    >>> import bayeskisl as bk
    >>> import polars as pl
    >>> table = pl.DataFrame({"params": ["1M", "1M"], "facts": [100, 400], "recalled": [98, 41], "probed": 100})
    >>> print(bk.describe_import(bk.curves_from_table(table)).splitlines()[0])
    2 runs, groups infused, axis amount
    """
    attrs = curves.attrs
    if "import_mapping" not in attrs:
        return "not imported from a table"
    left_out = json.loads(attrs["import_left_out"])
    unused, assumed = (json.loads(attrs[name]) for name in ("import_unused_columns", "import_assumed"))
    lines = [
        f"{curves.sizes['run']:,} runs, groups {', '.join(map(str, curves['group'].values))}, axis {attrs['axis']}",
        *as_lines(json.loads(attrs.get("import_columns", "[]"))),
        *(f"from the table: {comment}" for comment in json.loads(attrs["import_comments"])),
        *json.loads(attrs["import_notes"]),
        *(f"assumed: {sentence}" for sentence in assumed),
    ]
    if unused:
        may_be_fields = assumed and not all(name.endswith(SPREAD) for name in unused)
        hint = (
            " (if one of them contains a value that was assumed, map it: --map FIELD=COLUMN)" if may_be_fields else ""
        )
        lines.append(f"columns not used: {_some(list(map(repr, unused)), len(unused))}{hint}")
    if left_out["count"]:
        rows = [f"{place} ({reason})" for place, reason in left_out["listed"]]
        lines.append(f"left out: {left_out['count']:,} rows: {_some(rows, left_out['count'])}")
    else:
        lines.append("left out: nothing")
    return "\n".join(lines)


def _some(items: list[str], count: int) -> str:
    named = items[:_NAMED]
    return ", ".join(named) + (f" and {count - len(named):,} more" if count > len(named) else "")
