"""Import of a large table: a million rows of six columns, as text and as Parquet, one row a run and two groups a run.

python benchmarks/tables.py [--rows 1000000] [--repeats 3]

Each measurement is a process of its own, its imports and the file that it writes included: seconds of the wall,
seconds of the cores, and the largest resident set.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import polars as pl
from machine import describe, in_a_process, show, summarise, write

from bayeskisl.sweeping.memory import gibibytes

WORK = """
from bayeskisl.curves import curves_from_table, save_curves
curves = curves_from_table({path!r})
save_curves(curves, {path!r} + ".nc")
print(dict(curves.sizes))
"""


def generate(folder: Path, rows: int) -> dict[str, Path]:
    """Write the tables of so many rows."""
    rng, row = np.random.default_rng(0), np.arange(rows)
    run = row // 2
    alone = pl.DataFrame(
        {
            "params": np.array(["70M", "160M", "410M"])[row % 3],
            "facts": 100 * (1 + row // 3 % 40),
            "seed": row // 120,
            "accuracy": rng.random(rows).round(6),
            "n_samples": 400,
            "note": [f"run{i}" for i in row],
        }
    )
    pairs = alone.with_columns(
        *(pl.Series(name, alone[name].to_numpy()[run]) for name in ("params", "facts", "seed")),
        run=pl.Series([f"run-{i}-s{seed}" for i, seed in zip(run, alone["seed"].to_numpy()[run], strict=True)]),
        group=pl.Series(np.array(["infused", "background"])[row % 2]),
    ).drop("note")
    paths = {name: folder / name for name in ("alone.csv", "alone.parquet", "pairs.csv")}
    alone.write_csv(paths["alone.csv"])
    alone.write_parquet(paths["alone.parquet"])
    pairs.write_csv(paths["pairs.csv"])
    return paths


NAMES = {"alone.csv": "CSV, a run a row", "alone.parquet": "Parquet, a run a row", "pairs.csv": "CSV, two groups a run"}


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ask.add_argument("--rows", type=int, default=1_000_000)
    ask.add_argument("--repeats", type=int, default=3)
    asked = ask.parse_args()
    machine = describe("cpu")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, path in generate(Path(folder), asked.rows).items():
            turns = [in_a_process(WORK.format(path=str(path))) for _ in range(asked.repeats)]
            spent = {k: summarise([turn[k] for turn in turns]) for k in ("seconds", "core_seconds")}
            memory = max(turn["memory"] for turn in turns)
            rows.append({"table": NAMES[name], **spent, "memory": memory, "said": turns[0]["said"]})
    print(machine)
    show(
        f"{asked.rows:,} rows",
        ("", "seconds (low to high)", "core-seconds", "largest resident set"),
        [
            (r["table"], "{median:.1f} ({low:.1f} to {high:.1f})".format(**r["seconds"]),
             "{median:.1f}".format(**r["core_seconds"]), gibibytes(r["memory"]))
            for r in rows
        ],
    )  # fmt: skip
    write("tables", {"machine": machine, "settings": vars(asked), "rows": rows})


if __name__ == "__main__":
    main()
