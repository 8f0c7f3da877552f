"""Reading a sweep's TOML file, and refusing what cannot be run before anything is spent."""

from dataclasses import replace
from pathlib import Path

from bayeskisl import schema
from bayeskisl.axes import axis_named
from bayeskisl.errors import InputError
from bayeskisl.knowledge import Templates
from bayeskisl.shipped import shipped_file
from bayeskisl.sweeping.ladder import from_table, load_ladder, read_toml, refuse_unknown
from bayeskisl.sweeping.spec import Refine, Replicates, SweepSpec, Tune
from bayeskisl.sweeping.text import read_text

__all__ = ["check_sweep", "load_sweep", "sweep_from_table"]

# What a sweep may cross with its axis: the term that the axis holds fixed, and the background.
_KINDS = {schema.RATIO: float, schema.FACTS: int, schema.EXPOSURES: float}
_BACKGROUND = {"background_share": float, "background_facts": int}

_SWEEP_KEYS = {
    "name", "title", "axis", "ladder", "widths", "tokens", "levels", "seeds", "ratio", "facts", "exposures",
    "learning_rates", "probes", "stack", "compile", "background", "refine", "tokens_per_param", "cross", "replicates",
    "checkpoints", "templates", "tune", "corpus", "knowledge",
}  # fmt: skip


def load_sweep(path: str | Path) -> SweepSpec:
    """Read and check a sweep's TOML file, or a shipped sweep by its name.

    Raises
    ------
    InputError
        On the first thing that is unknown, missing, of the wrong type or impossible.
    """
    path = shipped_file("sweeps", path) if Path(path).suffix != ".toml" else Path(path)
    table = read_toml(path)
    return sweep_from_table(table, path.name, default_name=path.stem)


def sweep_from_table(table: dict, where: str, default_name: str = "sweep") -> SweepSpec:
    """Build and check a `SweepSpec` from the table of its TOML file."""
    refuse_unknown(table, _SWEEP_KEYS, where)
    for key in ("axis", "ladder", "widths", "levels"):
        if key not in table:
            raise InputError(f"a key {key!r}", "none", where)
    if "tokens" not in table and "tokens_per_param" not in table:
        raise InputError("a key 'tokens' or 'tokens_per_param'", "neither", where)
    axis_named(table["axis"], where)
    ladder = load_ladder(table["ladder"])
    if "templates" in table:
        templates = from_table(Templates, table["templates"], f"{where} [templates]")
        ladder = replace(ladder, facts=replace(ladder.facts, templates=templates))
    if "corpus" in table:
        if "templates" in table:
            raise InputError("[corpus] of text, with templates in [knowledge]", "[templates] of symbols", where)
        facts, corpus = read_text(table["corpus"], table.get("knowledge", {}), where)
        ladder = replace(ladder, facts=facts, corpus=corpus)
    elif "knowledge" in table:
        raise InputError("a [corpus] of text beside [knowledge]", "none", where)
    background = table.get("background", {})
    refuse_unknown(background, {"facts", "share"}, f"{where} [background]")
    plain = {k: table[k] for k in ("ratio", "facts", "exposures", "probes", "stack", "compile") if k in table}
    spec = SweepSpec(
        name=str(table.get("name", default_name)),
        axis=table["axis"],
        ladder=ladder,
        widths=_numbers(table["widths"], int, "widths", where),
        tokens=_numbers(table.get("tokens", []), int, "tokens", where, empty="tokens_per_param" in table),
        levels=_numbers(table["levels"], float, "levels", where, empty="replicates" in table),
        seeds=_numbers(table.get("seeds", [0]), int, "seeds", where),
        learning_rates=_numbers(table.get("learning_rates", []), float, "learning_rates", where, empty=True),
        background_facts=background.get("facts", 0),
        background_share=float(background.get("share", 0.0)),
        refine=from_table(Refine, table["refine"], f"{where} [refine]") if "refine" in table else None,
        tokens_per_param=_optional(table, float, "tokens_per_param", where),
        cross=_cross(table, where),
        replicates=_replicates(table, where),
        checkpoints=_optional(table, float, "checkpoints", where),
        tune=_tune(table, where),
        **plain,
    )
    return check_sweep(spec, where)


def _optional(table: dict, kind: type, key: str, where: str) -> tuple | None:
    return _numbers(table[key], kind, key, where) if key in table else None


def _tune(table: dict, where: str) -> Tune | None:
    if "tune" not in table:
        return None
    kinds, given, where = {"rates": float, "seeds": int, "levels": float}, table["tune"], f"{where} [tune]"
    refuse_unknown(given, {*kinds, "tokens"}, where)
    if not {"rates", "tokens"} <= set(given):
        raise InputError("rates and tokens", ", ".join(given) or "nothing", where)
    (tokens,) = _numbers([given["tokens"]], int, "tokens", where)
    return Tune(
        tokens=tokens, **{key: _numbers(given[key], kind, key, where) for key, kind in kinds.items() if key in given}
    )


def _cross(table: dict, where: str) -> dict[str, tuple] | None:
    if "cross" not in table:
        return None
    given = axis_named(table["axis"], where).given
    where, kinds = f"{where} [cross]", {given: _KINDS[given], **_BACKGROUND}
    refuse_unknown(table["cross"], set(kinds), where)
    return {name: _numbers(values, kinds[name], name, where) for name, values in table["cross"].items()}


def _replicates(table: dict, where: str) -> tuple[Replicates, ...] | None:
    if "replicates" not in table:
        return None
    kinds, where = {"levels": float, "seeds": int, "widths": int, "tokens": int}, f"{where} [[replicates]]"
    if not isinstance(table["replicates"], list):
        raise InputError("tables [[replicates]] with levels and seeds", repr(table["replicates"]), where)
    more = []
    for row in table["replicates"]:
        refuse_unknown(row, set(kinds), where)
        if not {"levels", "seeds"} <= set(row):
            raise InputError("levels and seeds", ", ".join(row), where)
        more.append(Replicates(**{key: _numbers(value, kinds[key], key, where) for key, value in row.items()}))
    return tuple(more)


def check_sweep(spec: SweepSpec, where: str) -> SweepSpec:
    """Return `spec` if every one of its runs can be made, else say which cannot and why."""
    key = axis_named(spec.axis, where).given
    value = getattr(spec, key)
    if key not in (spec.cross or {}) and not value > 0:
        raise InputError(f"{key} > 0 for axis {spec.axis!r}", value, where)
    if spec.stack < 1 or spec.probes < 1:
        raise InputError("stack and probes of at least 1", f"{spec.stack} and {spec.probes}", where)
    if spec.refine and not spec.levels:
        raise InputError("levels for [refine] to start from", "none", where)
    if spec.refine and min(spec.refine.levels, spec.refine.rounds) < 1:
        said = f"{spec.refine.levels} and {spec.refine.rounds}"
        raise InputError("levels and rounds of at least 1", said, f"{where} [refine]", "or leave that table out")
    shares = spec.checkpoints or ()
    if list(shares) != sorted(shares) or not all(0 < share < 1 for share in shares):
        raise InputError("checkpoints to be ascending shares of the budget in (0, 1)", str(list(shares)), where)
    if not all(share > 0 for share in spec.tokens_per_param or ()):
        raise InputError("tokens_per_param > 0", str(list(spec.tokens_per_param)), where)
    if spec.tune and spec.learning_rates:
        raise InputError("[tune] or learning_rates", "both", where, "drop one")
    if spec.tune:
        check_sweep(spec.tuning(), f"{where} [tune]")
    for more in spec.replicates or ():
        if not any(more.at(cell) for cell in spec.cells()):
            got = f"widths {list(more.widths)}, tokens {list(more.tokens)}"
            raise InputError("[[replicates]] of cells of this sweep", got, where)
    for cell in spec.cells():
        step = spec.ladder.context * spec.ladder.training.batch
        if cell.tokens % step:
            near = max(step, round(cell.tokens / step) * step)
            raise InputError(f"tokens in whole steps of {step}", cell.tokens, where, f"take {near}")
        try:
            (*spec.runs_of(cell, spec.levels), *spec.replicates_of(cell))
        except InputError as problem:
            place = ", ".join(part for part in (where, problem.where) if part)
            raise InputError(problem.expected, problem.got, place, problem.remedy) from None
    return spec


def _numbers(value: object, kind: type, key: str, where: str, empty: bool = False) -> tuple:
    values = value if isinstance(value, list) else [value]
    good = all(type(v) is int or (kind is float and type(v) is float) for v in values)
    if not good or (not values and not empty):
        raise InputError(f"{key} to be one or more numbers of type {kind.__name__}", repr(value), where)
    if len(set(values)) < len(values):
        raise InputError(f"distinct {key}", repr(value), where)
    return tuple(kind(v) for v in values)
