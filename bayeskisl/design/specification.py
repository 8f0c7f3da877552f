"""A plan as a sweep's TOML file: `plan` writes it and `sweep run` trains it."""

import hashlib
import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import xarray as xr

from bayeskisl import schema
from bayeskisl.curves import levels_of_runs
from bayeskisl.design.runs import Run, of_cell, same_level
from bayeskisl.errors import InputError, way
from bayeskisl.shipped import shipped_file, shipped_folder, shipped_names
from bayeskisl.specifications import read_toml, toml_value
from bayeskisl.sweeping.ladder import Ladder, load_ladder

__all__ = ["ladder_sizes", "next_sweep", "sweep_behind"]

# What the next sweep does not take over: its own places, and what would add runs that nobody planned.
_OWN = ("name", "title", "widths", "tokens", "tokens_per_param", "levels", "seeds", "refine", "replicates")


def sweep_behind(curves: xr.Dataset, spec: str | Path | None = None) -> dict[str, Any]:
    """Return the table of the sweep behind the curves: of a named file, or of the shipped sweep of that name.

    Raises
    ------
    InputError
        If no file is named and the curves come from none or several of the shipped sweeps.
    """
    if spec is None:
        spec = _named_by(curves)
    path = _file(spec)
    table = read_toml(path)
    if len(table.get("learning_rates", [])) > 1 or {"cross", "layers"} & set(table):
        raise InputError("a sweep of one recipe and one setting", "several", str(path), "plan for one of them")
    if "tune" in table:
        raise InputError("a sweep whose learning rates are known", "one that tunes them first", str(path),
                         "write the rates of its tune.json into a ladder of its own, and name the sweep without "
                         "[tune]")  # fmt: skip
    return {"name": path.stem, **table}


def _named_by(curves: xr.Dataset) -> str:
    """Return the shipped sweep that curves name; none or several are refused."""
    names = json.loads(curves.attrs.get("sweeps", "{}"))
    made_by = [name for name in names if name in shipped_names("sweeps")]
    if len(made_by) == 1:
        return made_by[0]
    data = [path.parent.name for path in _of_data() if read_toml(path)["name"] in names]
    shipped = [*data, *made_by]
    own, first = way("`sweep='SPEC.toml'`", "`--sweep SPEC.toml`"), next(iter(shipped), "")
    way_out = f", or a shipped one, as {way(f'`sweep={first!r}`', f'`--sweep {first}`')}" if shipped else ""
    got = f"runs of {', '.join(names)}" if names else "none"
    raise InputError("the sweep's own TOML file", got, "sweep", f"name it with {own}{way_out}")


def _file(spec: str | Path) -> Path:
    """Return the file of a sweep: a path, a shipped sweep, or the sweep of shipped data."""
    of_data = {path.parent.name: path for path in _of_data()}
    only_data = str(spec) in of_data and str(spec) not in shipped_names("sweeps")
    return of_data[str(spec)] if only_data else shipped_file("sweeps", spec)


def _of_data() -> list[Path]:
    return sorted((shipped_folder("data") / "sweeps").glob("*/sweep.toml"))


def ladder_sizes(table: dict[str, Any]) -> list[float]:
    """Non-embedding parameters of every size that the sweep's ladder can train."""
    return sorted(float(size.params) for size in load_ladder(table["ladder"]).sizes.values())


def next_sweep(runs: tuple[Run, ...], curves: xr.Dataset, table: dict[str, Any], comment: str = "") -> str:
    """Return the TOML file that trains `runs` in the same way as the sweep of `table`.

    Seeds go on where those of the same place in `curves` end. The name holds a digest of the runs, so that another
    plan is another sweep.

    Raises
    ------
    InputError
        If there is nothing to train, the runs are of several domains, or the ladder lacks a size.
    """
    if not runs:
        raise InputError("at least one run", "none", "plan", "raise the budget")
    if len(domains := sorted({run.domain for run in runs})) > 1:
        raise InputError("runs of one domain in a sweep's file", f"those of {', '.join(domains)}", "plan",
                         "write a table of them, whose rows name the domain")  # fmt: skip
    widths = _widths(load_ladder(table["ladder"]))
    places: dict[tuple[Any, ...], list[float]] = defaultdict(list)
    for (params, tokens, level), seeds in sorted(_seeds(runs, curves).items()):
        if round(params) not in widths:
            raise InputError(f"sizes of the ladder ({', '.join(map(str, sorted(widths)))})", f"{params:,.0f}", "plan",
                             "add it to the ladder, or plan with the ladder's sizes")  # fmt: skip
        places[widths[round(params)], round(tokens), tuple(seeds)].append(level)
    rows = [
        {"widths": [w], "tokens": [d], "levels": sorted(_whole(v) for v in levels), "seeds": list(seeds)}
        for (w, d, seeds), levels in places.items()
    ]
    digest = hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:8]
    own = {
        "name": f"{re.sub('(-next-[0-9a-f]+)+$', '', table['name'])}-next-{digest}",
        **{key: value for key, value in table.items() if key not in _OWN},
        "widths": sorted({row["widths"][0] for row in rows}),
        "tokens": sorted({row["tokens"][0] for row in rows}),
        "levels": [],
        "seeds": [0],
    }
    scalars = {key: value for key, value in own.items() if not isinstance(value, dict)}
    about = [*comment.splitlines(), *(f"Domain: {domain}" for domain in domains if domain)]
    lines = [f"# {line}".rstrip() for line in about] + _assignments(scalars)
    for key, value in own.items():
        if isinstance(value, dict):
            lines += ["", f"[{key}]", *_assignments(value)]
    for row in rows:
        lines += ["", "[[replicates]]", *_assignments(row)]
    return "\n".join(lines) + "\n"


def _seeds(runs: tuple[Run, ...], curves: xr.Dataset) -> dict[tuple[float, float, float], list[int]]:
    """Unused seeds by (params, tokens, level)."""
    levels = levels_of_runs(curves)
    seeds: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for run in runs:
        there = of_cell(run, curves) & same_level(levels, run.level)
        used = seeds[run.params, run.tokens, run.level]
        first = max([-1, *curves[schema.SEED].values[there].astype(int).tolist(), *used]) + 1
        used += range(first, first + run.replicates)
    return seeds


def _widths(ladder: Ladder) -> dict[int, int]:
    return {size.params: width for width, size in ladder.sizes.items()}


def _whole(level: float) -> float | int:
    return int(level) if level == int(level) else level


def _assignments(table: dict[str, Any]) -> list[str]:
    return [f"{key} = {toml_value(value)}" for key, value in table.items()]
