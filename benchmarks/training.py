"""A size's 16 runs trained by the sweep, against the same runs one after the other in a plain loop (`loop.py`).

python benchmarks/training.py [--device cuda] [--widths 12 16 32 64 128] [--runs 16] [--repeats 3]

Every measurement is a process of its own with empty caches of compiled code, and its time runs from before the first
run is drawn until the last is trained: compilation, the start of worker processes and drawing the data count, importing
torch for the loop does not. The loop compiles once; it trains two runs in full, and the other 14 are
counted as the second. Of {eager, compiled} x {one thread, all} the loop's best is taken. The sweep uses its
default workers. Variants take turns; the machine's other load falls on all of them.

Seconds are of the wall; beside them the cores' seconds (user and system, all processes), which neighbours on a shared
machine change less.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from itertools import pairwise

from machine import describe, runs_of, show, summarise, write

CACHES = ("TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR", "XDG_CACHE_HOME")


def by_sweep(args: argparse.Namespace) -> dict:
    from bayeskisl.sweeping.execution import Job
    from bayeskisl.sweeping.plan import plan_stacks
    from bayeskisl.sweeping.workers import Trainers, default_workers

    runs = runs_of(args.width, args.runs, args.tokens, args.precision)
    begun, cores = time.perf_counter(), core_seconds()
    workers = default_workers(args.device)
    stacks = plan_stacks(runs, args.stack or -(-args.runs // workers))
    with Trainers(workers=workers) as trainers:
        for _ in trainers.train([Job(stack, args.device) for stack in stacks], lambda *_: None):
            pass
    return {"seconds": time.perf_counter() - begun, "core_seconds": core_seconds() - cores}


def by_loop(args: argparse.Namespace) -> dict:
    import torch
    from loop import Loop

    if args.threads:
        torch.set_num_threads(args.threads)
    first, second, *_ = runs = runs_of(args.width, args.runs, args.tokens, args.precision)
    begun, cores = time.perf_counter(), core_seconds()
    loop = Loop(first, args.device, args.variant == "compiled")
    loop.train(first, first.steps)
    with_compilation, cores_with = time.perf_counter() - begun, core_seconds() - cores
    begun, cores = time.perf_counter(), core_seconds()
    _, ticks = loop.train(second, second.steps)
    without, cores_without = time.perf_counter() - begun, core_seconds() - cores
    steps = sorted(b - a for a, b in pairwise(ticks))
    return {
        "seconds": with_compilation + (len(runs) - 1) * without,
        "core_seconds": cores_with + (len(runs) - 1) * cores_without,
        "milliseconds_a_step": 1e3 * steps[len(steps) // 2],
    }


def core_seconds() -> float:
    """User and system time of this process and of its finished children."""
    return sum(os.times()[:4])


def measured(args: argparse.Namespace, **settings: object) -> dict:
    """Run one measurement in a process of its own, with empty caches."""
    with tempfile.TemporaryDirectory() as empty:
        options = {**vars(args), **settings}
        command = [sys.executable, __file__, "--one", json.dumps(options)]
        environment = {**os.environ, **dict.fromkeys(CACHES, empty)}
        for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            environment.pop(name, None)
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(done.stderr)
        result = json.loads(done.stdout.splitlines()[-1])
        print(f"width {options['width']}, {options['variant']}: {result['seconds']:.1f} s", file=sys.stderr, flush=True)
        return result


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ask.add_argument("--device", default="cpu")
    ask.add_argument("--widths", type=int, nargs="+", default=[12, 16, 32, 64, 128])
    ask.add_argument("--runs", type=int, default=16)
    ask.add_argument("--tokens", type=int, default=614_400, help="budget of each run")
    ask.add_argument("--stack", type=int, help="runs a stack; by default as many as give every worker one")
    ask.add_argument("--precision", default="float32", choices=("float32", "bfloat16"))
    ask.add_argument("--repeats", type=int, default=3)
    ask.add_argument("--threads", type=int, nargs="+", help="of the loop on a CPU; by default one and all")
    ask.add_argument("--one", help=argparse.SUPPRESS)
    args = ask.parse_args()
    if args.one:
        one = argparse.Namespace(**json.loads(args.one))
        print(json.dumps(by_sweep(one) if one.variant == "sweep" else by_loop(one)))
        return
    machine = describe(args.device)
    threads = (args.threads or (1, machine["cores"])) if args.device == "cpu" else (0,)
    loops = [(how, n) for how in ("eager", "compiled") for n in dict.fromkeys(threads)]
    results: dict[int, dict[str, list[dict]]] = {width: {} for width in args.widths}
    for _ in range(args.repeats):
        for width, of_width in results.items():
            of_width.setdefault("sweep", []).append(measured(args, width=width, variant="sweep"))
            for how, n in loops:
                name = f"loop, {how}" + (f", {n} thread{'s'[: n > 1]}" if n else "")
                of_width.setdefault(name, []).append(measured(args, width=width, variant=how, threads=n))
    rows = [row_of(width, of_width) for width, of_width in results.items()]
    print(machine)
    show(
        f"{args.runs} runs of {args.tokens:,} tokens, {args.precision}: seconds (low to high of {args.repeats})",
        ("width", "sweep", "best loop", "", "ratio", "ratio in core-seconds"),
        [
            (r["width"], spread(r["sweep"]), spread(r["loop"]), r["best"], f"{r['ratio']:.1f}",
             f"{r['core_ratio']:.1f}")
            for r in rows
        ],
    )  # fmt: skip
    write(f"training-{args.device.split(':')[0]}", {"machine": machine, "settings": vars(args), "rows": rows})


def row_of(width: int, of_width: dict[str, list[dict]]) -> dict:
    """One line of the table: the sweep beside the loop with the smallest median."""
    seconds = {name: summarise([one["seconds"] for one in all_]) for name, all_ in of_width.items()}
    cores = {name: summarise([one["core_seconds"] for one in all_]) for name, all_ in of_width.items()}
    loops = [name for name in of_width if name != "sweep"]
    best = min(loops, key=lambda name: seconds[name]["median"])
    least = min(cores[name]["median"] for name in loops)
    return {
        "width": width,
        "sweep": seconds["sweep"],
        "loop": seconds[best],
        "best": best,
        "ratio": seconds[best]["median"] / seconds["sweep"]["median"],
        "core_ratio": least / cores["sweep"]["median"],
        "all": of_width,
    }


def spread(value: dict) -> str:
    return f"{value['median']:.1f} ({value['low']:.1f} to {value['high']:.1f})"


if __name__ == "__main__":
    main()
