"""Status and curves of a large sweep: 10,000 runs with 20 measurements each, on generated records.

python benchmarks/store.py [--runs 10000] [--checkpoints 20] [--repeats 3]

The records are those of a specification; their counts are drawn at random. Each measurement is a process of its own,
its imports included: seconds of the wall, seconds of the cores, and the largest resident set.
"""

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from machine import describe, in_a_process, show, summarise, write

from bayeskisl.sweeping import load_sweep, plan_stacks
from bayeskisl.sweeping.memory import gibibytes
from bayeskisl.sweeping.records import GroupProbe, Measured, RunProbe, record_bytes
from bayeskisl.sweeping.store import open_folder

WORK = {
    "sweep status": "from bayeskisl.sweeping import sweep_status; print(sweep_status({out!r})[0].finished)",
    "curves build": "from bayeskisl.curves import build_curves; print(dict(build_curves({out!r}).sizes))",
}


def generate(out: Path, runs: int, checkpoints: int) -> None:
    """Write the records of a sweep of so many runs."""
    seeds = tuple(range(-(-runs // 250)))
    spec = replace(
        load_sweep("desk-amount"),
        widths=(12, 16, 20, 24, 32, 40, 48, 64, 96, 128),
        levels=tuple(float(round(30 * 1.2**i)) for i in range(25)),
        seeds=seeds,
        refine=None,
        checkpoints=tuple(np.arange(1, checkpoints) / checkpoints),
    )
    rng = np.random.default_rng(0)
    with open_folder(spec, out) as folder:
        for stack in plan_stacks(spec.runs()[:runs], 16):
            for run in stack.runs:
                steps = (*run.checkpoint_steps, run.steps)
                asked = min(run.probes, run.mixture.facts)
                measured = tuple(
                    Measured(
                        step * run.training.batch * run.mixture.context,
                        {"infused": GroupProbe(int(rng.integers(asked + 1)), asked, float(rng.random() * 1000))},
                        float(rng.random()),
                    )
                    for step in steps
                )
                folder.record_path(run).write_bytes(record_bytes(run, stack, RunProbe(measured)))
            folder.note({"stack": stack.name, "seconds": 1.0})


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ask.add_argument("--runs", type=int, default=10_000)
    ask.add_argument("--checkpoints", type=int, default=20)
    ask.add_argument("--repeats", type=int, default=3)
    asked = ask.parse_args()
    machine = describe("cpu")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder), asked.runs, asked.checkpoints)
        sizes = [path.stat().st_size for path in Path(folder).glob("*/records/*.jsonl")]
        for name, code in WORK.items():
            turns = [in_a_process(code.format(out=folder)) for _ in range(asked.repeats)]
            rows.append({"work": name, **{k: summarise([t[k] for t in turns]) for k in ("seconds", "core_seconds")},
                         "memory": max(t["memory"] for t in turns), "said": turns[0]["said"].strip()})  # fmt: skip
    print(machine)
    show(
        f"{len(sizes):,} records, {sum(sizes) / 2**20:.0f} MiB",
        ("", "seconds (low to high)", "core-seconds", "largest resident set"),
        [
            (r["work"], "{median:.1f} ({low:.1f} to {high:.1f})".format(**r["seconds"]),
             "{median:.1f}".format(**r["core_seconds"]), gibibytes(r["memory"]))
            for r in rows
        ],
    )  # fmt: skip
    write("store", {"machine": machine, "settings": vars(asked), "rows": rows})


if __name__ == "__main__":
    main()
