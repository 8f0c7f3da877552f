"""Does anything break it? Valid input with one to three mutations, at each door.

    python -m studies.hostile --door records --count 20000

Every case is accepted rightly or refused in one sentence, in 10 seconds at most, and nothing is written outside the
folder that was named. Cases are drawn by Hypothesis in batches of a hundred; the batch's number is its seed. Finished
batches are written down with the case that broke them, so that the command goes on where it was stopped.
"""

import resource
from functools import partial
from typing import Annotated, Any

import typer

from bayeskisl.shipped import shipped_folder
from studies.command import Folder, counting, run
from studies.hostile_input.answers import DECISIONS, FITS
from studies.hostile_input.door import BATCH, Door, try_cases
from studies.hostile_input.netcdf import NETCDF
from studies.hostile_input.records import RECORDS
from studies.hostile_input.specifications import SPECIFICATIONS
from studies.hostile_input.tables import TABLES
from studies.simulated.trials import Trials

__all__ = ["DOORS"]

OUT = shipped_folder("data") / "proof" / "hostile"
DOORS = {door.name: door for door in (SPECIFICATIONS, RECORDS, TABLES, NETCDF, DECISIONS, FITS)}


def _batches(door: Door, seeds: list[int]) -> list[dict[str, Any]]:
    return [_batch(door, seed) for seed in seeds]


def _batch(door: Door, seed: int) -> dict[str, Any]:
    try:
        found: dict[str, Any] = dict(try_cases(door, seed))
    except BaseException as problem:
        if isinstance(problem, KeyboardInterrupt):
            raise
        notes = " ".join(getattr(problem, "__notes__", []))
        found = {"broken": f"{type(problem).__name__}: {problem}"[:2000], "case": notes[:4000]}
    return {**found, "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}


def main(
    door: Annotated[str, typer.Option(help=f"{', '.join(DOORS)}; all of them by default.")] = "",
    count: Annotated[int, typer.Option(min=1, help="Cases at each door, in batches of a hundred.")] = 20_000,
    out: Folder = OUT,
) -> None:
    """Try generated cases at the doors; finished batches are not tried again."""
    with counting("batches") as tell:
        for each in [DOORS[door]] if door in DOORS else DOORS.values():
            trials = Trials(out / f"{each.name}.jsonl", {"study": "hostile input", "door": each.name})
            wanted = -(-count // BATCH)
            for done in trials.run(wanted, partial(_batches, each), batch=1):
                tell(each.name, done, wanted)
            rows = trials.rows(wanted)
            sums = {key: sum(row.get(key, 0) for row in rows) for key in ("accepted", "refused")}
            peak, broken = max(row["peak_mib"] for row in rows), [row for row in rows if "broken" in row]
            counted = f"{sums['accepted']:,} accepted, {sums['refused']:,} refused, {len(broken)} batches broken"
            print(f"{each.name}: {counted}, {peak:,} MiB at most")
            for row in broken:
                print(f"  seed {row['number']}: {row['broken']} {row['case']}")


if __name__ == "__main__":
    run(main)
