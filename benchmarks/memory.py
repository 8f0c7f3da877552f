"""Peak memory of training a stack against the plan's estimate.

python benchmarks/memory.py [--device cuda] [--widths 16 64 128] [--stacks 1 4 16] [--tokens 614400]

Each measurement is a process of its own. On a CPU the peak is the largest resident set less what it was before the runs
were drawn; on CUDA it is what torch's allocator held at most.
"""

import argparse
import itertools
import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from machine import describe, runs_of, show, write

from bayeskisl.sweeping.memory import gibibytes, stack_memory
from bayeskisl.sweeping.plan import Stack
from bayeskisl.sweeping.probing import train_and_probe

_STEPS = 4  # memory has reached its peak long before; the whole budget is drawn all the same


class _Enough(Exception):
    pass


def peak_of(width: int, stack: int, tokens: int, device: str, kind: str) -> int:
    """Bytes that drawing, training and probing a stack took at most."""
    compiled = kind == "compiled"

    def on_step(done: int, _: int) -> None:
        if done >= _STEPS:
            raise _Enough

    def train(runs: tuple) -> None:
        with suppress(_Enough):
            train_and_probe(runs, device, compiled=compiled, on_step=on_step)

    train(runs_of(width, 1, 15_360))  # what is loaded once: libraries, the kernel
    if device != "cpu":
        import torch

        torch.cuda.reset_peak_memory_stats(device)
        train(runs_of(width, stack, tokens))
        return torch.cuda.max_memory_allocated(device)
    Path("/proc/self/clear_refs").write_text("5")  # the highest so far is forgotten
    before = resident("VmRSS")
    train(runs_of(width, stack, tokens))
    return resident("VmHWM") - before


def resident(what: str) -> int:
    """Bytes of resident memory: now (VmRSS) or at most (VmHWM)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(what))


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ask.add_argument("--device", default="cpu")
    ask.add_argument("--widths", type=int, nargs="+", default=[16, 64, 128])
    ask.add_argument("--stacks", type=int, nargs="+", default=[1, 4, 16])
    ask.add_argument("--tokens", type=int, default=614_400)
    ask.add_argument("--one", help=argparse.SUPPRESS)
    asked = ask.parse_args()
    if asked.one:
        print(peak_of(**json.loads(asked.one)))
        return
    rows = []
    for width, stack, kind in itertools.product(asked.widths, asked.stacks, ("compiled", "torch")):
        one = {"width": width, "stack": stack, "tokens": asked.tokens, "device": asked.device, "kind": kind}
        done = subprocess.run([sys.executable, __file__, "--one", json.dumps(one)], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(done.stderr)
        plan = stack_memory(Stack(runs_of(width, stack, asked.tokens)), asked.device, compiled=kind == "compiled")
        rows.append({**one, "measured": int(done.stdout), "planned": plan})
    machine = describe(asked.device)
    print(machine)
    show(
        f"Peak memory of a stack, runs of {asked.tokens:,} tokens",
        ("width", "runs", "steps by", "measured", "planned", "planned / measured"),
        [
            (r["width"], r["stack"], r["kind"], gibibytes(r["measured"]), gibibytes(r["planned"]),
             f"{r['planned'] / r['measured']:.2f}")
            for r in rows
        ],
    )  # fmt: skip
    write(f"memory-{asked.device.split(':')[0]}", {"machine": machine, "rows": rows})


if __name__ == "__main__":
    main()
